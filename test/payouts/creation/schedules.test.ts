import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LeanClock } from '../../../src/lean/lean-clock.ts';
import type { CreatePayoutAnswer } from '../../../src/payouts/creation/creation-answer.ts';
import type { ResendSetting } from '../../../src/payouts/creation/resend-rule.ts';
import type { Transfer } from '../../../src/payouts/creation/transfer.ts';
import { destinations } from '../../../src/sandbox/named.ts';
import { crashingCore, type Death } from '../../support/crashing-core.ts';
import { keyOf, transfer, type creatingAt } from '../../support/creating.ts';
import { freshStore, stores } from '../../support/stores.ts';
import {
  kind as kindLean,
  startUnkindLean,
  type Entry,
  type Trouble,
  type Unkindness,
} from '../../support/unkind-lean.ts';

/*
 * Whatever goes wrong, in whichever order, in front of whichever Lean: a key is paid at most once, and what callers are
 * told is true. Time is simulated, but for the deadline of a request, which is short and real.
 */

const delayMs = 600_000;
/** Short of anything that a healthy call takes on a busy machine. */
const timeoutMs = 900;
const troubles: readonly Trouble[] = [
  'none',
  'lost before Lean took it',
  'lost after Lean took it',
  'no answer',
  'failed inside a 200',
  'a definite refusal',
  'too little balance',
  'turned away',
  'a page of an edge',
  'a fault after Lean took it',
  'a duplicate, says Lean',
];

const unkindness: fc.Arbitrary<Unkindness> = fc
  .record({
    late: fc.constantFrom(0, 0, 4000, 13_000, 300_000, delayMs - 30_000),
    processing: fc.boolean(),
    keys: fc.constantFrom('forgotten', 'forgotten', 'replayed', 'refused'),
    references: fc.constantFrom('exact', 'exact', 'exact', 'cut', 'lower case', 'dropped'),
    amounts: fc.constantFrom('exact', 'exact', 'rounded'),
    order: fc.constantFrom('newest', 'unsorted'),
    pageCap: fc.constantFrom(100, 2),
    intents: fc.constantFrom(true, true, true, false),
    clockOffsetMs: fc.constantFrom(0, 0, 0, 180_000, -180_000, 7_200_000),
  } as const)
  .map(({ late, processing, ...rest }) => ({
    ...kindLean,
    ...rest,
    processingMs: processing ? late : 0,
    listingMs: processing ? 0 : late,
  }));

type Step =
  | {
      readonly what: 'ask';
      readonly key: number;
      readonly gateway: number;
      readonly callers: number;
      readonly trouble: Trouble;
      readonly blind: boolean;
      /** Whether the other gateway takes this one for ended while it sends, and is asked for the same. */
      readonly takenOver: boolean;
      readonly death: Death | undefined;
      /** How long the process is paused between the record and the send, in ms. */
      readonly pauseMs: number;
      /** How far the store's clock, or the `Date` of Lean's answers, is off while this is asked, in ms. */
      readonly storeOffsetMs: number;
      readonly dateOffsetMs: number;
    }
  | { readonly what: 'wait'; readonly ms: number }
  | { readonly what: 'round'; readonly gateway: number }
  | { readonly what: 'outsider'; readonly like: 'other reference' | 'no reference' }
  | {
      readonly what: 'restart';
      readonly setting: ResendSetting;
      readonly caller: string;
      readonly application: string;
    }
  | { readonly what: 'keep a copy' }
  | { readonly what: 'put the copy back' };

const offset = fc.oneof(
  { weight: 8, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.constantFrom(-7_200_000, 7_200_000, -172_800_000, 7_862_400_000) },
);

const ask: fc.Arbitrary<Step> = fc
  .record({
    key: fc.nat({ max: 2 }),
    gateway: fc.nat({ max: 1 }),
    callers: fc.integer({ min: 1, max: 2 }),
    trouble: fc.constantFrom(...troubles),
    blind: fc.oneof(
      { weight: 6, arbitrary: fc.constant(false) },
      { weight: 1, arbitrary: fc.constant(true) },
    ),
    takenOver: fc.oneof(
      { weight: 4, arbitrary: fc.constant(false) },
      { weight: 1, arbitrary: fc.constant(true) },
    ),
    death: fc.option(
      fc.record({
        transactions: fc.integer({ min: 1, max: 6 }),
        when: fc.constantFrom('before' as const, 'after' as const),
      }),
      { nil: undefined, freq: 5 },
    ),
    pauseMs: fc.constantFrom(0, 0, 0, 1500, 5000, 3_600_000),
    storeOffsetMs: offset,
    dateOffsetMs: offset,
  })
  .map(each => ({ what: 'ask', ...each, dateOffsetMs: each.storeOffsetMs === 0 ? each.dateOffsetMs : 0 }));

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: ask },
  {
    weight: 5,
    arbitrary: fc
      .constantFrom(1000, 6000, 20_000, 300_000, delayMs, delayMs + 40_000)
      .map(ms => ({ what: 'wait', ms }) as const),
  },
  { weight: 2, arbitrary: fc.nat({ max: 1 }).map(gateway => ({ what: 'round', gateway }) as const) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('other reference' as const, 'no reference' as const)
      .map(like => ({ what: 'outsider', like }) as const),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant('restart' as const),
      setting: fc.constantFrom<ResendSetting[]>(delayMs, delayMs, 2 * delayMs, 1000, 'never'),
      caller: fc.constantFrom('', '', 'alice'),
      application: fc.constantFrom('test', 'test', 'test', 'another'),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ what: 'keep a copy' } as const) },
  { weight: 1, arbitrary: fc.constant({ what: 'put the copy back' } as const) },
);

interface Told {
  readonly key: number;
  readonly answer: CreatePayoutAnswer;
}

/** The same amount, description and destination for all keys: references alone tell them apart. */
function wanted(key: number): Transfer {
  return transfer(destinations.staysPending, { externalReference: `Order-${String(key)}-of-May` });
}

const plainAsk: Step & { readonly what: 'ask' } = {
  what: 'ask',
  key: 0,
  gateway: 0,
  callers: 1,
  trouble: 'none',
  blind: false,
  takenOver: false,
  death: undefined,
  pauseMs: 0,
  storeOffsetMs: 0,
  dateOffsetMs: 0,
};

/** The lost record is older than two resend delays. */
const restoredAnHourLater: [Unkindness, Step[]] = [
  kindLean,
  [
    { what: 'keep a copy' },
    plainAsk,
    { ...plainAsk, key: 1, pauseMs: 3_600_000 },
    { what: 'put the copy back' },
    plainAsk,
  ],
];

describe.each(stores)('on %s', storeKind => {
  it('no schedule pays a key twice, tells an untruth, or leaves a key that cannot be brought to an end', async () => {
    const clock = { ms: 0, storeOffsetMs: 0 };
    const { lean, url } = await startUnkindLean(() => clock.ms);
    const runs = Number(process.env['SCHEDULES'] ?? (storeKind === 'SQLite' ? 60 : 15));

    await fc.assert(
      fc.asyncProperty(unkindness, fc.array(step, { minLength: 2, maxLength: 14 }), async (unkind, steps) => {
        Object.assign(clock, { ms: Date.parse('2026-03-01T08:00:00Z'), storeOffsetMs: 0 });
        lean.reset(unkind);
        const store = await freshStore(storeKind);
        const world = new World({ clock, store, url });
        const told: Told[] = [];
        let settings: Settings = { resendAfter: delayMs, caller: '', application: 'test' };
        let copied = false;
        let rolledBack = false;
        world.start(settings);

        const asking = async (gateway: number, key: number): Promise<void> => {
          const answer = await world.ask(gateway, key).catch((error: unknown) => {
            expect(error).toHaveProperty('code', expect.stringMatching(/^(LEAN_|PAYOUT_STORE_)/));
            return undefined;
          });
          if (answer !== undefined) told.push({ key, answer });
        };

        for (const current of steps) {
          switch (current.what) {
            case 'wait':
              clock.ms += current.ms;
              lean.settle();
              break;
            case 'round':
              await world.round(current.gateway);
              break;
            case 'outsider':
              lean.add({
                amount: '16.5',
                currency: 'AED',
                description: 'INV 001',
                reference: current.like === 'no reference' ? null : 'somebody else',
                destinationId: destinations.staysPending,
              });
              break;
            case 'restart':
              // Callers who are told apart once stay told apart.
              settings = {
                resendAfter: current.setting,
                application: current.application,
                caller: settings.caller === '' ? current.caller : settings.caller,
              };
              await world.restart(settings);
              break;
            case 'keep a copy':
              if (!('folder' in store)) break;
              await world.copy();
              copied = true;
              break;
            case 'put the copy back':
              if (!('folder' in store) || !copied) break;
              await world.putBack();
              rolledBack = true;
              // What the lost records were about is asked for again while the store is not yet taken for complete.
              for (const key of [0, 1, 2]) if (told.some(each => each.key === key)) await asking(0, key);
              break;
            case 'ask': {
              clock.storeOffsetMs = current.storeOffsetMs;
              lean.dateOffsetMs = current.dateOffsetMs;
              lean.troubles = [current.trouble];
              lean.blind = current.blind;
              world.pauseMs = current.pauseMs;
              if (current.death !== undefined) world.dieAt(current.gateway, current.death);
              const calls = Array.from({ length: current.callers }, () =>
                asking(current.gateway, current.key),
              );
              if (current.takenOver) {
                await Promise.race([lean.received(), ...calls, world.dying(current.gateway)]);
                await Promise.race([world.takeOver(current.gateway), world.dying(current.gateway)]);
                calls.push(asking(1 - current.gateway, current.key));
              }
              await Promise.race([Promise.all(calls), world.dying(current.gateway)]);
              lean.blind = false;
              lean.troubles = [];
              world.pauseMs = 0;
              clock.storeOffsetMs = 0;
              lean.dateOffsetMs = 0;
              if (current.death !== undefined) await world.restart();
              break;
            }
          }
          check({ lean: lean.all, posts: lean.posts, told, rolledBack, unkind, steps });
        }

        // Once Lean is quiet and the delay has passed, every key can be brought to an end.
        await world.restart({ ...settings, resendAfter: delayMs, application: 'test' });
        for (let times = 0; times < 3; times += 1) {
          clock.ms += 2 * delayMs + 60_000;
          lean.settle();
          await world.round(0);
          for (const key of new Set(told.map(each => each.key))) await asking(0, key);
        }
        for (const key of new Set(told.map(each => each.key))) {
          const last = told.findLast(each => each.key === key);
          if (last?.answer.kind !== 'unknown') continue;
          await world.decide(key, lean.all);
          await asking(0, key);
          expect(told.findLast(each => each.key === key)?.answer.kind, 'an operator can end it').not.toBe(
            'unknown',
          );
        }
        check({ lean: lean.all, posts: lean.posts, told, rolledBack, unkind, steps });
        await world.die();
      }),
      {
        numRuns: runs,
        examples: [restoredAnHourLater],
        ...(process.env['FCPATH'] !== undefined && { path: process.env['FCPATH'], endOnFailure: true }),
        endOnFailure: false,
        // Another seed for each run of `npm run test:long`.
        seed: Number(process.env['SEED'] ?? 22),
      },
    );
  }, 900_000);
});

interface Facts {
  readonly lean: readonly Entry[];
  readonly posts: readonly {
    readonly at: number;
    readonly key: string;
    readonly body: string;
    readonly turnedAway: boolean;
  }[];
  readonly told: readonly Told[];
  readonly rolledBack: boolean;
  readonly unkind: Unkindness;
  readonly steps: readonly Step[];
}

/** What must be true after each step, as the test's own clock and Lean's ledger have it. */
function check({ lean, posts, told, rolledBack, unkind, steps }: Facts): void {
  // What a store has forgotten can only be looked for: a Lean that is late may still take what it has forgotten.
  const late = unkind.processingMs + unkind.listingMs > 0;
  for (const [key, sent] of Map.groupBy(posts, post => post.key)) {
    expect(new Set(sent.map(({ body }) => body)).size, 'a key is sent letter by letter').toBe(1);
    const counted = sent.filter(({ turnedAway }) => !turnedAway);
    for (const [index, post] of counted.entries()) {
      const before = counted[index - 1];
      if (before !== undefined && !rolledBack)
        expect(post.at - before.at, `${key} is not sent again within the delay`).toBeGreaterThanOrEqual(
          delayMs,
        );
    }
    if (!rolledBack)
      expect(counted.length, 'a key is sent twice at most without a person').toBeLessThanOrEqual(2);
    const live = lean.filter(entry => entry.key === key && !entry.failed);
    if (!rolledBack || !late) expect(live.length, `${key} is paid at most once`).toBeLessThanOrEqual(1);
  }
  const named = new Map<string, number>();
  for (const [key, answers] of Map.groupBy(told, each => each.key)) {
    const final = answers.map(({ answer }) => answer).filter(({ kind }) => kind !== 'unknown');
    for (const answer of final)
      if (answer.kind === 'created') {
        const entry = lean.find(({ intentId }) => intentId === answer.intentId);
        expect(entry?.reference, 'created names a payout of this key').toBe(wanted(key).externalReference);
        expect(named.get(answer.intentId) ?? key, 'an intent is one key’s alone').toBe(key);
        named.set(answer.intentId, key);
      } else if (answer.kind === 'rejected' && answer.code === 'REJECTED_BY_LEAN' && !rolledBack)
        expect(
          lean.filter(({ reference, failed }) => reference === wanted(key).externalReference && !failed),
          'rejected is what Lean does not have',
        ).toEqual([]);
    const kinds = new Set(final.map(({ kind }) => kind));
    if (!rolledBack) expect(kinds.size, 'what was told does not change').toBeLessThanOrEqual(1);
    // The other application shares this ledger: its payouts are an outsider's. So are those whose records are lost.
    const outsiders =
      rolledBack ||
      steps.some(
        each => each.what === 'outsider' || (each.what === 'restart' && each.application !== 'test'),
      );
    const faithful = unkind.references === 'exact' && unkind.amounts === 'exact' && unkind.intents;
    if (faithful && !outsiders)
      for (const { answer } of answers)
        expect(answer, 'unclear only where something can be confused').not.toHaveProperty(
          'reason',
          'UNCLEAR',
        );
  }
}

interface Settings {
  readonly resendAfter: ResendSetting;
  readonly caller: string;
  readonly application: string;
}

/** Two gateways on one store; on SQLite, where a folder has one, they are two cores of one process. */
class World {
  /** How long the machine stands still once a payout is noted to be sent. */
  pauseMs = 0;
  #cores: readonly [Core, Core] | undefined;
  #processes: readonly ReturnType<typeof crashingCore>[] = [];
  #settings: Settings = { resendAfter: delayMs, caller: '', application: 'test' };
  readonly #clock: { ms: number; readonly storeOffsetMs: number };
  readonly #store: Awaited<ReturnType<typeof freshStore>>;
  readonly #url: string;

  constructor(options: {
    readonly clock: { ms: number; readonly storeOffsetMs: number };
    readonly store: Awaited<ReturnType<typeof freshStore>>;
    readonly url: string;
  }) {
    this.#clock = options.clock;
    this.#store = options.store;
    this.#url = options.url;
  }

  start(settings = this.#settings, lossWindowMs = 0): void {
    this.#settings = settings;
    const now = (): number => this.#clock.ms;
    const options = {
      ...settings,
      now,
      open: { clock: () => this.#clock.ms + this.#clock.storeOffsetMs, lossWindowMs },
      lean: { timeoutMs, clock: new LeanClock({ monotonic: now, wall: now }) },
      // A machine that is suspended stops its monotonic clock, and not the one on the wall.
      clocks: { monotonic: () => performance.now(), wall: () => performance.now() + this.#clock.ms },
      afterNote: () => {
        this.#clock.ms += this.pauseMs;
        this.pauseMs = 0;
      },
    };
    const first = crashingCore(this.#url, this.#store, options);
    if ('url' in this.#store) {
      const second = crashingCore(this.#url, this.#store, options);
      this.#processes = [first, second];
      this.#cores = [first, second];
    } else {
      this.#processes = [first];
      this.#cores = [first, first.beside()];
    }
  }

  async restart(settings = this.#settings, lossWindowMs = delayMs): Promise<void> {
    await this.die();
    this.start(settings, lossWindowMs);
  }

  async die(): Promise<void> {
    await Promise.all(this.#processes.map(each => each.die()));
  }

  dieAt(gateway: number, death: Death): void {
    this.#process(gateway).dieAt(death);
  }

  dying(gateway: number): Promise<void> {
    return this.#process(gateway).dying;
  }

  ask(gateway: number, key: number): Promise<CreatePayoutAnswer> {
    return this.#core(gateway).creation.createPayout(this.#key(key), wanted(key));
  }

  async round(gateway: number): Promise<void> {
    await this.#core(gateway).loop.round();
  }

  /** The other gateway takes this one for ended, although it is not: the session that held its lock was lost. */
  async takeOver(gateway: number): Promise<void> {
    if ('url' in this.#store) await this.#process(1 - gateway).recoverAll();
    else await this.#core(1 - gateway).records.recover();
  }

  async copy(): Promise<void> {
    await this.die();
    if ('folder' in this.#store)
      await copyFile(join(this.#store.folder, 'payouts.db'), join(this.#store.folder, 'copy.db'));
    this.start(this.#settings, delayMs);
  }

  async putBack(): Promise<void> {
    await this.die();
    if ('folder' in this.#store) {
      const { folder } = this.#store;
      for (const file of ['payouts.db', 'payouts.db-wal', 'payouts.db-shm'])
        await rm(join(folder, file), { force: true });
      await copyFile(join(folder, 'copy.db'), join(folder, 'payouts.db'));
    }
    this.start(this.#settings, delayMs);
  }

  /** An operator looks into Lean's ledger and decides what is true. */
  async decide(key: number, ledger: readonly Entry[]): Promise<void> {
    for (const caller of ['', 'alice']) {
      const request = await this.#core(0).records.read(keyOf(`key-${String(key)}`, caller));
      if (request === undefined) continue;
      await this.restart({ ...this.#settings, application: request.application ?? 'test' });
      const { decisions } = this.#core(0);
      const own = ledger.find(entry => entry.key === request.leanKey && !entry.failed);
      const wantedDecision = {
        kind: own === undefined ? ('not paid' as const) : ('created' as const),
        intentId: own?.intentId ?? null,
        by: 'ann',
        reason: 'seen in the dashboard',
        position: null,
        despite: null,
      };
      let decided = await decisions.decide(request, wantedDecision);
      if (!decided.done) {
        // Where its times could not be trusted, the delay has begun with this look.
        this.#clock.ms += 2 * delayMs;
        const { absence = null } = decided;
        decided = await decisions.decide(request, { ...wantedDecision, despite: absence });
      }
      expect(decided.done, decided.words).toBe(true);
    }
  }

  #key(key: number) {
    return keyOf(`key-${String(key)}`, this.#settings.caller);
  }

  #core(gateway: number): Core {
    const core = this.#cores?.[gateway];
    if (core === undefined) throw new RangeError('there is no such gateway');
    return core;
  }

  #process(gateway: number): ReturnType<typeof crashingCore> {
    const each = this.#processes[gateway] ?? this.#processes[0];
    if (each === undefined) throw new RangeError('no gateway is running');
    return each;
  }
}

type Core = ReturnType<typeof creatingAt>;
