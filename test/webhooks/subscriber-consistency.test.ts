import fc from 'fast-check';
import { expect, it } from 'vitest';
import { instantAt } from '../../src/payouts/values/instant.ts';
import type { PayoutUpdate } from '../../src/payouts/payout-update.ts';
import { updateCursor } from '../../src/payouts/update-cursor.ts';
import { eventFromLean } from '../../src/webhooks/event-from-lean.ts';
import { LiveUpdates } from '../../src/webhooks/live-updates.ts';
import { clientTo, startLean } from '../lean/fixtures.ts';
import { freshStore, openTestStore } from '../support/stores.ts';
import { createBackfill, createEventProcessor, updateStore } from '../support/updates.ts';

/**
 * State sequences of payouts, some of which return to earlier states. A state is the status, a space and the tracking.
 * A third word `-` means that there is no payment, although the status may have one.
 */
const sequences = [
  ['CREATED ', 'AUTHORISATION_FAILED ', 'PENDING_WITH_BANK ', 'ACCEPTED_BY_BANK '],
  ['CREATED ', 'AUTHORISATION_FAILED ', 'PENDING_WITH_BANK ', 'AUTHORISATION_FAILED ', 'PENDING_WITH_BANK '],
  ['CREATED ', 'FAILED  -', 'PENDING_WITH_BANK ', 'ACCEPTED_BY_BANK '],
  ['CREATED ', 'PENDING_WITH_BANK ', 'NEW_STATUS ', 'PENDING_WITH_BANK '],
  ['PROCESSED', 'REJECTED', 'PROCESSED', 'REJECTED'].reduce<readonly string[]>(
    (states, tracking) => [...states, `ACCEPTED_BY_BANK ${tracking}`],
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

/** A sandbox and the update parts of a gateway. The test delivers the webhooks itself. */
async function startWorld() {
  const time = { ms: Date.UTC(2026, 2, 1, 12) };
  const lean = await startLean({ clock: () => time.ms });
  const client = clientTo(lean.url);
  const store = updateStore(openTestStore(await freshStore('SQLite')));
  const { events } = store;
  const live = new LiveUpdates({
    events,
    intervalMs: 2 ** 31 - 1,
    onNewUpdates: () => {
      client.stopSharingReads();
    },
  });
  const processor = createEventProcessor(client, store, {
    onPublished: () => {
      live.wake();
    },
  });
  const webhookBackfill = createBackfill(client, store, processor);
  const start = instantAt(time.ms);
  await store.leases.recordStart(start);
  await live.start();
  const backfill = () => webhookBackfill.backfill(start, instantAt(time.ms));
  const stop = async (): Promise<void> => {
    await Promise.all([live.close(), processor.stop(), webhookBackfill.stop()]);
  };
  return { time, lean, client, events, live, processor, backfill, stop };
}
type World = Awaited<ReturnType<typeof startWorld>>;

/** A payout at the sandbox that goes through a state sequence. */
class ChangingPayout {
  readonly intentId: string;
  /** The states so far. */
  readonly states: string[] = ['CREATED '];
  /** Whether each state has no event. Only a read at the right time shows such a state. */
  readonly hasNoEvent: boolean[] = [true];
  /** The state that each of Lean's events announces, by event id. */
  readonly stateOfEvent = new Map<string, string>();
  readonly #sequence: readonly string[];
  readonly #world: World;

  constructor(world: World, sequence: readonly string[]) {
    this.#world = world;
    this.#sequence = sequence;
    this.intentId = world.lean.payouts.add({ status: 'CREATED' }).intentId;
  }

  /** Enters the next state. Returns Lean's new events. */
  async advance(): Promise<readonly unknown[]> {
    const next = this.#sequence[this.states.length];
    if (next === undefined) return [];
    const { time, lean, client } = this.#world;
    time.ms += 1000;
    const [status = '', tracking = '', noPayment] = next.split(' ');
    const payment = noPayment === undefined && !beforePayment.has(status);
    lean.payouts.change(this.intentId, { status, postInitiationStatus: tracking || null, payment });
    const state = `${status} ${tracking}`;
    this.states.push(state);
    this.hasNoEvent.push(!payment);
    const from = instantAt(time.ms);
    const events = (await client.listEvents({ page: '0', size: '100', from }))?.data ?? [];
    for (const event of events) this.stateOfEvent.set(eventFromLean(event)?.eventId ?? '', state);
    return events;
  }
}

/** A subscriber that reads payouts with a cursor, subscribes after it, and reconnects with the last cursor. */
class Client {
  readonly shown = new Map<string, string>();
  /** For each read: the position of its cursor, and the positions of the updates after it. */
  readonly sessions: { readonly after: number; readonly positions: number[] }[] = [];
  readonly #world: World;
  #abort = new AbortController();
  #subscription: Promise<void> = Promise.resolve();

  constructor(world: World) {
    this.#world = world;
  }

  get position(): number {
    const { after = 0, positions = [] } = this.sessions.at(-1) ?? {};
    return positions.at(-1) ?? after;
  }

  async read(readers: number): Promise<void> {
    await this.disconnect();
    const { client, live } = this.#world;
    this.sessions.push({ after: live.latest?.position ?? 0, positions: [] });
    const query = { page_number: '0', page_size: '100' };
    const [list] = await Promise.all(Array.from({ length: readers }, () => client.listPayouts(query)));
    for (const row of list?.page.content ?? [])
      this.shown.set(row.payment_intent_id ?? '', `${row.status ?? ''} ${row.post_initiation_status ?? ''}`);
    this.reconnect();
  }

  reconnect(): void {
    this.#abort = new AbortController();
    this.#subscription = this.#subscribe(this.#abort.signal);
  }

  async #subscribe(signal: AbortSignal): Promise<void> {
    const { live } = this.#world;
    const cursor = updateCursor({ store: live.latest?.store ?? '', position: this.position });
    const after = await live.positionAt(cursor);
    for await (const update of live.subscribe({ after, matches: () => true, signal })) {
      this.sessions.at(-1)?.positions.push(update.position);
      this.shown.set(update.intentId, stateOf(update));
    }
  }

  async disconnect(): Promise<void> {
    this.#abort.abort();
    await this.#subscription;
  }
}

/** A step of a test run. `index` selects the payout, the client or the event. */
interface Action {
  readonly do:
    | 'advance'
    | 'deliver'
    | 'deliver again'
    | 'deliver without intent'
    | 'lose'
    | 'reconnect'
    | 'read'
    | 'backfill'
    | 'wait';
  readonly index: number;
}

const anyAction: fc.Arbitrary<Action> = fc.record({
  do: fc.oneof(
    { weight: 6, arbitrary: fc.constant('advance' as const) },
    { weight: 8, arbitrary: fc.constantFrom('deliver', 'deliver again', 'deliver without intent', 'lose') },
    { weight: 4, arbitrary: fc.constantFrom('reconnect', 'read') },
    { weight: 2, arbitrary: fc.constantFrom('backfill', 'wait') },
  ),
  index: fc.nat(20),
});

/** Runs the actions in order, then waits until every client is up to date. Returns the published updates. */
async function run(
  world: World,
  payouts: readonly ChangingPayout[],
  clients: readonly Client[],
  actions: readonly Action[],
): Promise<readonly PayoutUpdate[]> {
  const { events, live, processor, backfill } = world;
  const undelivered: unknown[] = [];
  const backfills: Promise<void>[] = [];
  await Promise.all(clients.map(client => client.read(1)));
  for (const { do: action, index } of actions) {
    const payout = payouts[index % payouts.length];
    const client = clients[index % clients.length];
    if (action === 'advance') undelivered.push(...((await payout?.advance()) ?? []));
    else if (action === 'read') await client?.read(1 + (index % 3));
    else if (action === 'reconnect') {
      await client?.disconnect();
      client?.reconnect();
    } else if (action === 'backfill') backfills.push(backfill());
    else if (action === 'wait') await Promise.all(backfills);
    else {
      const at = index % (undelivered.length || 1);
      const envelope = action === 'deliver again' ? undelivered[at] : undelivered.splice(at, 1)[0];
      const event = eventFromLean(action === 'deliver without intent' ? withoutIntent(envelope) : envelope);
      if (event === undefined || action === 'lose') continue;
      await events.receive([event]);
      processor.wake();
    }
  }
  await Promise.all(backfills);
  await backfill();
  const isUpToDate = async (): Promise<boolean> => {
    processor.wake();
    const { updates, last } = await events.publishedAfter(0, 1000);
    const lastOf = new Map(updates.map(update => [update.intentId, stateOf(update)]));
    return (
      payouts.every(({ intentId, states }) => lastOf.get(intentId) === states.at(-1)) &&
      clients.every(({ position }) => position === last)
    );
  };
  await expect.poll(isUpToDate, { timeout: 60_000 }).toBe(true);
  await Promise.all(clients.map(client => client.disconnect()));
  expect(live.subscribers).toBe(0);
  return (await events.publishedAfter(0, 1000)).updates;
}

function withoutIntent(envelope: unknown): unknown {
  const { payload, ...rest } = (envelope ?? {}) as { readonly payload?: Record<string, unknown> };
  return { ...rest, payload: { ...payload, intent_id: undefined } };
}

it('every subscriber gets each state change once and in order, and ends up with Lean’s states, whatever the order of webhooks, reads and backfills', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...sequences), { minLength: 1, maxLength: 4 }),
      fc.array(anyAction, { minLength: 5, maxLength: 40 }),
      async (chosen, actions) => {
        const world = await startWorld();
        const payouts = chosen.map(sequence => new ChangingPayout(world, sequence));
        const clients = [new Client(world), new Client(world)];
        const updates = await run(world, payouts, clients, actions);
        await world.stop();

        expect(updates.map(({ position }) => position)).toEqual(updates.map((_, index) => index + 1));
        expect(new Set(updates.map(({ eventId }) => eventId)).size).toBe(updates.length);
        for (const { intentId, states, hasNoEvent, stateOfEvent } of payouts) {
          const ofPayout = updates.filter(update => update.intentId === intentId);
          // A state without an event may be missed. Every other state is published once, in Lean's order.
          const published = ofPayout.map(stateOf);
          expect(published).toEqual(
            states.filter((state, index) => hasNoEvent[index] !== true || published.includes(state)),
          );
          for (const update of ofPayout)
            expect([stateOf(update), undefined]).toContain(stateOfEvent.get(update.eventId));
        }
        for (const { sessions, shown } of clients) {
          for (const { after, positions } of sessions)
            expect(positions).toEqual(positions.map((_, index) => after + 1 + index));
          expect(shown).toEqual(new Map(payouts.map(({ intentId, states }) => [intentId, states.at(-1)])));
        }
      },
    ),
    { seed: 24, numRuns: 30 },
  );
});
