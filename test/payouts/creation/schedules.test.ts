import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LeanClock } from '../../../src/lean/lean-clock.ts';
import type { CreatePayoutAnswer } from '../../../src/payouts/creation/creation-answer.ts';
import type { ResendSetting } from '../../../src/payouts/creation/resend-rule.ts';
import type { Transfer } from '../../../src/payouts/creation/transfer.ts';
import { destinations } from '../../../src/sandbox/fixtures.ts';
import { createCrashingCore, type CrashPoint } from '../../support/crashing-core.ts';
import { keyOf, transfer, type createTestCore } from '../../support/test-core.ts';
import { freshStore, storeKinds } from '../../support/stores.ts';
import {
  defaultBehaviour,
  startFakeLean,
  type FakePayout,
  type CreationFault,
  type ReceivedCreation,
  type FakeLeanBehaviour,
} from '../../support/fake-lean.ts';

/*
 * Runs random schedules of requests, faults, crashes and clock errors against a fake Lean. A key is paid at most once, and
 * all answers are true. Time is simulated, except for the deadline of a request, which is short and real.
 */

const delayMs = 600_000;
/** The deadline of a request. A successful call is faster even on a busy machine. */
const timeoutMs = 900;
const creationFaults: readonly CreationFault[] = [
  'none',
  'lost before Lean received it',
  'lost after Lean accepted it',
  'no answer',
  'failed in a 200',
  'a definite refusal',
  'insufficient balance',
  'turned away',
  'an HTML page of a proxy',
  'an error after Lean accepted it',
  'refused as a duplicate',
];

/** A behaviour of which one stage, the processing of a request or the listing of a payout, is delayed. */
type GeneratedBehaviour = Omit<FakeLeanBehaviour, 'processingMs' | 'listingMs'> & {
  readonly delayMs: number;
  readonly delaysProcessing: boolean;
};

const behaviours: fc.Arbitrary<FakeLeanBehaviour> = fc
  .record<GeneratedBehaviour>({
    delayMs: fc.constantFrom(0, 0, 4000, 13_000, 300_000, delayMs - 30_000),
    delaysProcessing: fc.boolean(),
    keys: fc.constantFrom('forgotten', 'forgotten', 'replayed', 'refused'),
    references: fc.constantFrom('exact', 'exact', 'exact', 'cut', 'lower case', 'dropped'),
    amounts: fc.constantFrom('exact', 'exact', 'rounded'),
    listOrder: fc.constantFrom('newest', 'unsorted'),
    maxPageSize: fc.constantFrom(100, 2),
    hasIntentEndpoint: fc.constantFrom(true, true, true, false),
    clockOffsetMs: fc.constantFrom(0, 0, 0, 180_000, -180_000, 7_200_000),
    unreadableIntents: fc.constant(0),
    answerOrder: fc.constantFrom('as sent', 'as sent', 'reversed'),
  })
  .map(({ delayMs: lateMs, delaysProcessing, ...rest }) => ({
    ...rest,
    processingMs: delaysProcessing ? lateMs : 0,
    listingMs: delaysProcessing ? 0 : lateMs,
  }));

type Step =
  | {
      readonly kind: 'request';
      readonly key: number;
      readonly gateway: number;
      readonly callers: number;
      readonly fault: CreationFault;
      /** Whether all reads fail. */
      readonly failReads: boolean;
      /** Whether the other gateway ends the lease during the send, and then gets the same request. */
      readonly takenOver: boolean;
      readonly crash: CrashPoint | undefined;
      /** How long the process is suspended between the record and the send, in ms. */
      readonly pauseMs: number;
      /** The errors of the store's clock and of the `Date` of Lean's answers during the request, in ms. */
      readonly storeOffsetMs: number;
      readonly dateOffsetMs: number;
    }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'poll'; readonly gateway: number }
  | { readonly kind: 'unrelated payout'; readonly reference: 'other reference' | 'no reference' }
  | {
      readonly kind: 'restart';
      readonly setting: ResendSetting;
      readonly caller: string;
      readonly application: string;
    }
  | { readonly kind: 'back up the store' }
  | { readonly kind: 'restore the store' };

const offset = fc.oneof(
  { weight: 8, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.constantFrom(-7_200_000, 7_200_000, -172_800_000, 7_862_400_000) },
);

const requestStep: fc.Arbitrary<Step> = fc
  .record({
    key: fc.nat({ max: 2 }),
    gateway: fc.nat({ max: 1 }),
    callers: fc.integer({ min: 1, max: 2 }),
    fault: fc.constantFrom(...creationFaults),
    failReads: fc.oneof(
      { weight: 6, arbitrary: fc.constant(false) },
      { weight: 1, arbitrary: fc.constant(true) },
    ),
    takenOver: fc.oneof(
      { weight: 4, arbitrary: fc.constant(false) },
      { weight: 1, arbitrary: fc.constant(true) },
    ),
    crash: fc.option(
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
  .map(each => ({
    kind: 'request',
    ...each,
    dateOffsetMs: each.storeOffsetMs === 0 ? each.dateOffsetMs : 0,
  }));

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: requestStep },
  {
    weight: 5,
    arbitrary: fc
      .constantFrom(1000, 6000, 20_000, 300_000, delayMs, delayMs + 40_000)
      .map(ms => ({ kind: 'wait', ms }) as const),
  },
  { weight: 2, arbitrary: fc.nat({ max: 1 }).map(gateway => ({ kind: 'poll', gateway }) as const) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom('other reference' as const, 'no reference' as const)
      .map(reference => ({ kind: 'unrelated payout', reference }) as const),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('restart' as const),
      setting: fc.constantFrom<ResendSetting[]>(delayMs, delayMs, 2 * delayMs, 1000, 'never'),
      caller: fc.constantFrom('', '', 'alice'),
      application: fc.constantFrom('test', 'test', 'test', 'another'),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'back up the store' } as const) },
  { weight: 1, arbitrary: fc.constant({ kind: 'restore the store' } as const) },
);

/** An answer that a caller has received. */
interface ReceivedAnswer {
  readonly key: number;
  readonly answer: CreatePayoutAnswer;
}

/** The transfer of a key. The transfers of all keys differ only in their references. */
function transferOf(key: number): Transfer {
  return transfer(destinations.staysPending, { externalReference: `Order-${String(key)}-of-May` });
}

const plainRequest: Step & { readonly kind: 'request' } = {
  kind: 'request',
  key: 0,
  gateway: 0,
  callers: 1,
  fault: 'none',
  failReads: false,
  takenOver: false,
  crash: undefined,
  pauseMs: 0,
  storeOffsetMs: 0,
  dateOffsetMs: 0,
};

/** Restores the store after an hour, so that the lost record is older than two resend delays. */
const restoreAfterAnHour: [FakeLeanBehaviour, Step[]] = [
  defaultBehaviour,
  [
    { kind: 'back up the store' },
    plainRequest,
    { ...plainRequest, key: 1, pauseMs: 3_600_000 },
    { kind: 'restore the store' },
    plainRequest,
  ],
];

describe.each(storeKinds)('on %s', storeKind => {
  it('no schedule pays a key twice, gives a false answer, or leaves a key that an operator cannot settle', async () => {
    const clock = { ms: 0, storeOffsetMs: 0 };
    const { lean, url } = await startFakeLean(() => clock.ms);
    const runs = Number(process.env['SCHEDULES'] ?? (storeKind === 'SQLite' ? 30 : 8));

    await fc.assert(
      fc.asyncProperty(
        behaviours,
        fc.array(step, { minLength: 2, maxLength: 14 }),
        async (behaviour, steps) => {
          Object.assign(clock, { ms: Date.parse('2026-03-01T08:00:00Z'), storeOffsetMs: 0 });
          lean.reset(behaviour);
          const store = await freshStore(storeKind);
          const gateways = new GatewayPair({ clock, store, url });
          const answers: ReceivedAnswer[] = [];
          let settings: Settings = { resendAfter: delayMs, caller: '', application: 'test' };
          let hasBackup = false;
          let isRestored = false;
          gateways.start(settings);

          const request = async (gateway: number, key: number): Promise<void> => {
            const answer = await gateways.request(gateway, key).catch((error: unknown) => {
              expect(error).toHaveProperty('code', expect.stringMatching(/^(LEAN_|PAYOUT_STORE_)/));
              return undefined;
            });
            if (answer !== undefined) answers.push({ key, answer });
          };

          for (const current of steps) {
            switch (current.kind) {
              case 'wait':
                clock.ms += current.ms;
                lean.finishProcessing();
                break;
              case 'poll':
                await gateways.poll(current.gateway);
                break;
              case 'unrelated payout':
                lean.add({
                  amount: '16.5',
                  currency: 'AED',
                  description: 'INV 001',
                  reference: current.reference === 'no reference' ? null : 'unrelated',
                  destinationId: destinations.staysPending,
                });
                break;
              case 'restart':
                // Authentication is never turned off again.
                settings = {
                  resendAfter: current.setting,
                  application: current.application,
                  caller: settings.caller === '' ? current.caller : settings.caller,
                };
                await gateways.restart(settings);
                break;
              case 'back up the store':
                if (!('folder' in store)) break;
                await gateways.backUp();
                hasBackup = true;
                break;
              case 'restore the store':
                if (!('folder' in store) || !hasBackup) break;
                await gateways.restoreBackup();
                isRestored = true;
                // Repeats the requests of all keys while the store may still lack records.
                for (const key of [0, 1, 2])
                  if (answers.some(each => each.key === key)) await request(0, key);
                break;
              case 'request': {
                clock.storeOffsetMs = current.storeOffsetMs;
                lean.dateOffsetMs = current.dateOffsetMs;
                lean.creationFaults = [current.fault];
                lean.failReads = current.failReads;
                gateways.pauseMs = current.pauseMs;
                if (current.crash !== undefined) gateways.crashAt(current.gateway, current.crash);
                const calls = Array.from({ length: current.callers }, () =>
                  request(current.gateway, current.key),
                );
                if (current.takenOver) {
                  await Promise.race([lean.nextCreation(), ...calls, gateways.crashed(current.gateway)]);
                  await Promise.race([gateways.takeOver(current.gateway), gateways.crashed(current.gateway)]);
                  calls.push(request(1 - current.gateway, current.key));
                }
                await Promise.race([Promise.all(calls), gateways.crashed(current.gateway)]);
                lean.failReads = false;
                lean.creationFaults = [];
                gateways.pauseMs = 0;
                clock.storeOffsetMs = 0;
                lean.dateOffsetMs = 0;
                if (current.crash !== undefined) await gateways.restart();
                break;
              }
            }
            checkInvariants({
              payouts: lean.allPayouts,
              received: lean.receivedCreations,
              answers,
              isRestored,
              behaviour,
              steps,
            });
          }

          // Without further faults, every key can be settled once the resend delay has passed.
          await gateways.restart({ ...settings, resendAfter: delayMs, application: 'test' });
          for (let times = 0; times < 3; times += 1) {
            clock.ms += 2 * delayMs + 60_000;
            lean.finishProcessing();
            await gateways.poll(0);
            for (const key of new Set(answers.map(each => each.key))) await request(0, key);
          }
          for (const key of new Set(answers.map(each => each.key))) {
            const last = answers.findLast(each => each.key === key);
            if (last?.answer.kind !== 'unknown') continue;
            await gateways.decide(key, lean.allPayouts);
            await request(0, key);
            expect(
              answers.findLast(each => each.key === key)?.answer.kind,
              'an operator can settle it',
            ).not.toBe('unknown');
          }
          checkInvariants({
            payouts: lean.allPayouts,
            received: lean.receivedCreations,
            answers,
            isRestored,
            behaviour,
            steps,
          });
          await gateways.stop();
        },
      ),
      {
        numRuns: runs,
        examples: [restoreAfterAnHour],
        ...(process.env['FCPATH'] !== undefined && { path: process.env['FCPATH'], endOnFailure: true }),
        endOnFailure: false,
        // `npm run test:long` uses another seed for each run.
        seed: Number(process.env['SEED'] ?? 22),
      },
    );
  }, 900_000);
});

interface Facts {
  readonly payouts: readonly FakePayout[];
  readonly received: readonly ReceivedCreation[];
  /** Everything that callers have received. */
  readonly answers: readonly ReceivedAnswer[];
  /** Whether the store was replaced by an older copy. */
  readonly isRestored: boolean;
  readonly behaviour: FakeLeanBehaviour;
  readonly steps: readonly Step[];
}

/** Checks the rules that hold after each step, by the clock of the test and the payouts of the fake Lean. */
function checkInvariants({ payouts, received, answers, isRestored, behaviour, steps }: Facts): void {
  // A lost record can only be replaced by reading Lean's list. A late Lean does not list such a payout yet.
  const isLate = behaviour.processingMs + behaviour.listingMs > 0;
  for (const [key, sent] of Map.groupBy(received, creation => creation.key)) {
    expect(new Set(sent.map(({ body }) => body)).size, 'every send of a key has the same body').toBe(1);
    const maybeAccepted = sent.filter(({ rateLimited }) => !rateLimited);
    for (const [index, send] of maybeAccepted.entries()) {
      const previous = maybeAccepted[index - 1];
      if (previous !== undefined && !isRestored)
        expect(
          send.at - previous.at,
          `${key} is not sent again within the resend delay`,
        ).toBeGreaterThanOrEqual(delayMs);
    }
    if (!isRestored)
      expect(maybeAccepted.length, 'a key is sent at most twice without an operator').toBeLessThanOrEqual(2);
    const live = payouts.filter(payout => payout.key === key && !payout.failed);
    if (!isRestored || !isLate) expect(live.length, `${key} is paid at most once`).toBeLessThanOrEqual(1);
  }
  const keyOfIntent = new Map<string, number>();
  for (const [key, ofKey] of Map.groupBy(answers, each => each.key)) {
    const final = ofKey.map(({ answer }) => answer).filter(({ kind }) => kind !== 'unknown');
    for (const answer of final)
      if (answer.kind === 'created') {
        const payout = payouts.find(({ intentId }) => intentId === answer.intentId);
        expect(payout?.reference, 'a created answer has the intent of its own key').toBe(
          transferOf(key).externalReference,
        );
        expect(keyOfIntent.get(answer.intentId) ?? key, 'an intent belongs to one key').toBe(key);
        keyOfIntent.set(answer.intentId, key);
      } else if (answer.kind === 'rejected' && answer.code === 'REJECTED_BY_LEAN' && !isRestored)
        expect(
          payouts.filter(
            ({ reference, failed }) => reference === transferOf(key).externalReference && !failed,
          ),
          'Lean has no payout of a rejected key',
        ).toEqual([]);
    const kinds = new Set(final.map(({ kind }) => kind));
    if (!isRestored) expect(kinds.size, 'a final answer does not change').toBeLessThanOrEqual(1);
    // Payouts of the other Lean application, and payouts whose records are lost, also look unrelated.
    const hasUnrelatedPayouts =
      isRestored ||
      steps.some(
        each => each.kind === 'unrelated payout' || (each.kind === 'restart' && each.application !== 'test'),
      );
    const isExact =
      behaviour.references === 'exact' && behaviour.amounts === 'exact' && behaviour.hasIntentEndpoint;
    if (isExact && !hasUnrelatedPayouts)
      for (const { answer } of ofKey)
        expect(answer, 'a key is UNCLEAR only if payouts can be confused').not.toHaveProperty(
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

/** Two gateways on one store. On SQLite, which allows only one process, they are two cores of one process. */
class GatewayPair {
  /** How long the machine is suspended after the next send is recorded, in ms. */
  pauseMs = 0;
  #cores: readonly [Core, Core] | undefined;
  #processes: readonly ReturnType<typeof createCrashingCore>[] = [];
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
      // While a machine is suspended, its monotonic clock stops and its wall clock runs on.
      clocks: { monotonic: () => performance.now(), wall: () => performance.now() + this.#clock.ms },
      onSendNoted: () => {
        this.#clock.ms += this.pauseMs;
        this.pauseMs = 0;
      },
    } satisfies Parameters<typeof createCrashingCore>[2];
    const first = createCrashingCore(this.#url, this.#store, options);
    if ('url' in this.#store) {
      const second = createCrashingCore(this.#url, this.#store, options);
      this.#processes = [first, second];
      this.#cores = [first, second];
    } else {
      this.#processes = [first];
      this.#cores = [first, first.secondCore()];
    }
  }

  async restart(settings = this.#settings, lossWindowMs = delayMs): Promise<void> {
    await this.stop();
    this.start(settings, lossWindowMs);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#processes.map(each => each.crash()));
  }

  crashAt(gateway: number, point: CrashPoint): void {
    this.#process(gateway).crashAt(point);
  }

  crashed(gateway: number): Promise<void> {
    return this.#process(gateway).crashed;
  }

  request(gateway: number, key: number): Promise<CreatePayoutAnswer> {
    return this.#core(gateway).creation.createPayout(this.#keyOf(key), transferOf(key));
  }

  async poll(gateway: number): Promise<void> {
    await this.#core(gateway).loop.poll();
  }

  /** Makes the other gateway end the leases of this running one, as after the loss of the session that held its lock. */
  async takeOver(gateway: number): Promise<void> {
    if ('url' in this.#store) await this.#process(1 - gateway).recoverAll();
    else await this.#core(1 - gateway).records.recover();
  }

  async backUp(): Promise<void> {
    await this.stop();
    if ('folder' in this.#store)
      await copyFile(join(this.#store.folder, 'payouts.db'), join(this.#store.folder, 'copy.db'));
    this.start(this.#settings, delayMs);
  }

  async restoreBackup(): Promise<void> {
    await this.stop();
    if ('folder' in this.#store) {
      const { folder } = this.#store;
      for (const file of ['payouts.db', 'payouts.db-wal', 'payouts.db-shm'])
        await rm(join(folder, file), { force: true });
      await copyFile(join(folder, 'copy.db'), join(folder, 'payouts.db'));
    }
    this.start(this.#settings, delayMs);
  }

  /** An operator decides on a key by the payouts of the fake Lean. */
  async decide(key: number, payouts: readonly FakePayout[]): Promise<void> {
    for (const caller of ['', 'alice']) {
      const request = await this.#core(0).records.read(keyOf(`key-${String(key)}`, caller));
      if (request === undefined) continue;
      await this.restart({ ...this.#settings, application: request.application ?? 'test' });
      const { decisions } = this.#core(0);
      const own = payouts.find(payout => payout.key === request.leanKey && !payout.failed);
      const decision = {
        kind: own === undefined ? ('not paid' as const) : ('created' as const),
        intentId: own?.intentId ?? null,
        by: 'ann',
        reason: 'seen in the dashboard',
        position: null,
        despite: null,
      };
      let decided = await decisions.decide(request, decision);
      if (!decided.done) {
        // If a recorded time was wrong, the resend delay has started again with this read.
        this.#clock.ms += 2 * delayMs;
        const { absence = null } = decided;
        decided = await decisions.decide(request, { ...decision, despite: absence });
      }
      expect(decided.done, decided.message).toBe(true);
    }
  }

  #keyOf(key: number) {
    return keyOf(`key-${String(key)}`, this.#settings.caller);
  }

  #core(gateway: number): Core {
    const core = this.#cores?.[gateway];
    if (core === undefined) throw new RangeError('there is no such gateway');
    return core;
  }

  #process(gateway: number): ReturnType<typeof createCrashingCore> {
    const each = this.#processes[gateway] ?? this.#processes[0];
    if (each === undefined) throw new RangeError('no gateway is running');
    return each;
  }
}

type Core = ReturnType<typeof createTestCore>;
