import fc from 'fast-check';
import { expect, it } from 'vitest';
import { instantAt } from '../../src/payouts/values/lean-time.ts';
import type { PayoutUpdate } from '../../src/payouts/payout-update.ts';
import { updateCursor } from '../../src/payouts/update-cursor.ts';
import { SqlPayoutEvents } from '../../src/store/payout-events.ts';
import { eventFromLean } from '../../src/webhooks/event-from-lean.ts';
import { LiveUpdates } from '../../src/webhooks/live-updates.ts';
import { clientTo, startLean } from '../lean/wiring.ts';
import { freshStore, opened } from '../support/stores.ts';
import { comparisonAt, tellerAt } from '../support/updates.ts';

/**
 * Ways of payouts from their creation on: statuses, what the tracking has ended with, and `-` where there is no payment
 * though the status may have one. Some go back and forth.
 */
const lives = [
  ['CREATED ', 'AUTHORISATION_FAILED ', 'PENDING_WITH_BANK ', 'ACCEPTED_BY_BANK '],
  ['CREATED ', 'AUTHORISATION_FAILED ', 'PENDING_WITH_BANK ', 'AUTHORISATION_FAILED ', 'PENDING_WITH_BANK '],
  ['CREATED ', 'FAILED  -', 'PENDING_WITH_BANK ', 'ACCEPTED_BY_BANK '],
  ['CREATED ', 'PENDING_WITH_BANK ', 'ON_THE_MOON ', 'PENDING_WITH_BANK '],
  ['PROCESSED', 'REJECTED', 'PROCESSED', 'REJECTED'].reduce<readonly string[]>(
    (way, tracking) => [...way, `ACCEPTED_BY_BANK ${tracking}`],
    ['CREATED ', 'ACCEPTED_BY_BANK '],
  ),
  ['CREATED ', 'PENDING_WITH_BANK ', 'ACCEPTED_BY_BANK ', 'ACCEPTED_BY_BANK PROCESSED'],
  ['CREATED ', 'AWAITING_AUTHORIZATION ', 'ACCEPTED_BY_BANK ', 'ACCEPTED_BY_BANK REJECTED'],
  ['CREATED ', 'AWAITING_AUTHORIZATION '],
  ['CREATED ', 'PENDING_WITH_BANK ', 'FAILED '],
] as const;
const beforePayment: ReadonlySet<string> = new Set(['CREATED', 'AWAITING_AUTHORIZATION']);

const stateOf = ({ leanStatus, postInitiationStatus }: PayoutUpdate): string =>
  `${leanStatus} ${postInitiationStatus ?? ''}`;

/** A Lean, a gateway's updates, and what Lean's webhooks would be, each delivered when the test says so. */
async function stage() {
  const time = { ms: Date.UTC(2026, 2, 1, 12) };
  const lean = await startLean({ clock: () => time.ms });
  const client = clientTo(lean.url);
  const events = new SqlPayoutEvents(opened(await freshStore('SQLite')));
  const live = new LiveUpdates({
    events,
    everyMs: 2 ** 31 - 1,
    onNews: () => {
      client.startAfresh();
    },
  });
  const teller = tellerAt(client, events, {
    onTold: () => {
      live.wake();
    },
  });
  const comparison = comparisonAt(client, events, teller);
  const start = instantAt(time.ms);
  await events.since(start);
  await live.start();
  const compare = () => comparison.compare(start, instantAt(time.ms));
  const stop = async (): Promise<void> => {
    await Promise.all([live.close(), teller.stop(), comparison.stop()]);
  };
  return { time, lean, client, events, live, teller, compare, stop };
}
type Stage = Awaited<ReturnType<typeof stage>>;

/** A payout that goes its way. */
class Traveller {
  readonly intentId: string;
  /** The states that it has come to. */
  readonly way: string[] = ['CREATED '];
  /** Which of them no event tells of: only who looks meanwhile sees them. */
  readonly silent: boolean[] = [true];
  /** The state that each of Lean's events of it announces. */
  readonly truth = new Map<string, string>();
  readonly #life: readonly string[];
  readonly #stage: Stage;

  constructor(on: Stage, life: readonly string[]) {
    this.#stage = on;
    this.#life = life;
    this.intentId = on.lean.payouts.add({ status: 'CREATED' }).intentId;
  }

  /** Makes its next step. Lean's new events. */
  async goOn(): Promise<readonly unknown[]> {
    const next = this.#life[this.way.length];
    if (next === undefined) return [];
    const { time, lean, client } = this.#stage;
    time.ms += 1000;
    const [status = '', tracking = '', without] = next.split(' ');
    const payment = without === undefined && !beforePayment.has(status);
    lean.payouts.change(this.intentId, { status, postInitiationStatus: tracking || null, payment });
    const state = `${status} ${tracking}`;
    this.way.push(state);
    this.silent.push(!payment);
    const from = instantAt(time.ms);
    const events = (await client.listEvents({ page: '0', size: '100', from }))?.data ?? [];
    for (const event of events) this.truth.set(eventFromLean(event)?.eventId ?? '', state);
    return events;
  }
}

/** Who shows payouts: reads with a cursor, follows after it, goes away and comes back with the last cursor. */
class Client {
  readonly shown = new Map<string, string>();
  /** Since each read: from behind which position on, and the positions that came. */
  readonly followed: { readonly after: number; readonly had: number[] }[] = [];
  readonly #stage: Stage;
  #leaving = new AbortController();
  #following: Promise<void> = Promise.resolve();

  constructor(on: Stage) {
    this.#stage = on;
  }

  get position(): number {
    const { after = 0, had = [] } = this.followed.at(-1) ?? {};
    return had.at(-1) ?? after;
  }

  async read(readers: number): Promise<void> {
    await this.leave();
    const { client, live } = this.#stage;
    this.followed.push({ after: live.place?.position ?? 0, had: [] });
    const query = { page_number: '0', page_size: '100' };
    const [list] = await Promise.all(Array.from({ length: readers }, () => client.listPayouts(query)));
    for (const row of list?.page.content ?? [])
      this.shown.set(row.payment_intent_id ?? '', `${row.status ?? ''} ${row.post_initiation_status ?? ''}`);
    this.comeBack();
  }

  comeBack(): void {
    this.#leaving = new AbortController();
    this.#following = this.#follow(this.#leaving.signal);
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { live } = this.#stage;
    const cursor = updateCursor({ store: live.place?.store ?? '', position: this.position });
    const after = await live.positionAt(cursor);
    for await (const update of live.subscribe({ after, wants: () => true, signal })) {
      this.followed.at(-1)?.had.push(update.position);
      this.shown.set(update.intentId, stateOf(update));
    }
  }

  async leave(): Promise<void> {
    this.#leaving.abort();
    await this.#following;
  }
}

/** Something that happens; of what it happens to, `which` tells the one. */
interface Action {
  readonly do: 'go on' | 'deliver' | 'repeat' | 'strip' | 'lose' | 'come back' | 'read' | 'compare' | 'wait';
  readonly which: number;
}

const happening: fc.Arbitrary<Action> = fc.record({
  do: fc.oneof(
    { weight: 6, arbitrary: fc.constant('go on' as const) },
    { weight: 8, arbitrary: fc.constantFrom('deliver', 'repeat', 'strip', 'lose') },
    { weight: 4, arbitrary: fc.constantFrom('come back', 'read') },
    { weight: 2, arbitrary: fc.constantFrom('compare', 'wait') },
  ),
  which: fc.nat(20),
});

/** Lets it all happen, in its order, and then everything come to rest. What has been told. */
async function play(
  on: Stage,
  travellers: readonly Traveller[],
  clients: readonly Client[],
  actions: readonly Action[],
): Promise<readonly PayoutUpdate[]> {
  const { events, live, teller, compare } = on;
  const undelivered: unknown[] = [];
  const comparisons: Promise<void>[] = [];
  await Promise.all(clients.map(client => client.read(1)));
  for (const { do: what, which } of actions) {
    const traveller = travellers[which % travellers.length];
    const client = clients[which % clients.length];
    if (what === 'go on') undelivered.push(...((await traveller?.goOn()) ?? []));
    else if (what === 'read') await client?.read(1 + (which % 3));
    else if (what === 'come back') {
      await client?.leave();
      client?.comeBack();
    } else if (what === 'compare') comparisons.push(compare());
    else if (what === 'wait') await Promise.all(comparisons);
    else {
      const place = which % (undelivered.length || 1);
      const envelope = what === 'repeat' ? undelivered[place] : undelivered.splice(place, 1)[0];
      const event = eventFromLean(what === 'strip' ? withoutIntent(envelope) : envelope);
      if (event === undefined || what === 'lose') continue;
      await events.receive([event]);
      teller.wake();
    }
  }
  await Promise.all(comparisons);
  await compare();
  const everythingTold = async (): Promise<boolean> => {
    teller.wake();
    const { updates, last } = await events.toldAfter(0, 1000);
    const lastOf = new Map(updates.map(update => [update.intentId, stateOf(update)]));
    return (
      travellers.every(({ intentId, way }) => lastOf.get(intentId) === way.at(-1)) &&
      clients.every(({ position }) => position === last)
    );
  };
  await expect.poll(everythingTold, { timeout: 60_000 }).toBe(true);
  await Promise.all(clients.map(client => client.leave()));
  expect(live.subscribers).toBe(0);
  return (await events.toldAfter(0, 1000)).updates;
}

function withoutIntent(envelope: unknown): unknown {
  const { payload, ...rest } = (envelope ?? {}) as { readonly payload?: Record<string, unknown> };
  return { ...rest, payload: { ...payload, intent_id: undefined } };
}

it('whatever comes when: every subscriber has each step once and in order, and shows in the end what Lean has', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...lives), { minLength: 1, maxLength: 4 }),
      fc.array(happening, { minLength: 5, maxLength: 40 }),
      async (chosen, actions) => {
        const on = await stage();
        const travellers = chosen.map(life => new Traveller(on, life));
        const clients = [new Client(on), new Client(on)];
        const updates = await play(on, travellers, clients, actions);
        await on.stop();

        expect(updates.map(({ position }) => position)).toEqual(updates.map((_, index) => index + 1));
        expect(new Set(updates.map(({ eventId }) => eventId)).size).toBe(updates.length);
        for (const { intentId, way, silent, truth } of travellers) {
          const told = updates.filter(update => update.intentId === intentId);
          // Before there is a payment nobody may have looked; everything else is told, each once, in Lean's order.
          const states = told.map(stateOf);
          expect(states).toEqual(
            way.filter((each, index) => silent[index] !== true || states.includes(each)),
          );
          for (const update of told)
            expect([stateOf(update), undefined]).toContain(truth.get(update.eventId));
        }
        for (const { followed, shown } of clients) {
          for (const { after, had } of followed)
            expect(had).toEqual(had.map((_, index) => after + 1 + index));
          expect(shown).toEqual(new Map(travellers.map(({ intentId, way }) => [intentId, way.at(-1)])));
        }
      },
    ),
    { seed: 24, numRuns: 30 },
  );
});
