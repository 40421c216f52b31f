import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CreatePayoutAnswer } from '../../src/payouts/creation-answer.ts';
import { destinations } from '../../src/sandbox/named.ts';
import type { FaultRule, RunningSandbox } from '../../src/sandbox/sandbox.ts';
import { startLean } from '../lean/wiring.ts';
import { crashingCore, startForgetfulLean, type Death } from '../support/crashing-core.ts';
import { transfer } from '../support/creating.ts';
import { freshStore, stores } from '../support/stores.ts';

/*
 * Whatever goes wrong, in whichever order: for one key Lean never has two payouts, and what is told of it is true.
 * This Lean ignores idempotency keys, so nothing is owed to its memory.
 */

/** Short of anything that a healthy call takes. */
const timeoutMs = 1500;

/** What may befall the next payout that Lean is sent. */
const troubles: Readonly<Record<string, readonly FaultRule[]>> = {
  none: [],
  'lost before Lean took it': [{ kind: 'drop_before' }],
  'lost after Lean took it': [{ kind: 'drop_after' }],
  'cut short': [{ kind: 'truncate' }],
  'a page of some proxy': [{ kind: 'html' }],
  'a fault before Lean took it': [{ kind: 'status', status: 503 }],
  'a fault after Lean took it': [{ kind: 'status', status: 500, after: true }],
  'no answer in time, not taken': [
    { kind: 'latency', ms: timeoutMs * 2 },
    { kind: 'status', status: 503 },
  ],
  'no answer in time, taken': [{ kind: 'stall', part: 'headers' }],
  'a refusal': [{ kind: 'status', status: 422, code: 'BENEFICIARY_NOT_ACTIVE' }],
  'turned away': [{ kind: 'status', status: 429 }],
  'something that is already there': [{ kind: 'status', status: 409, code: 'DUPLICATED_REQUEST' }],
};

/** What may befall the next look at Lean. */
const blindness: Readonly<Record<string, readonly FaultRule[]>> = {
  none: [],
  'no list': [{ kind: 'status', status: 400, operation: 'listPayouts' }],
  'no intent': [{ kind: 'status', status: 400, operation: 'getPayoutIntent' }],
};

interface Step {
  readonly key: number;
  /** Which of two inputs. */
  readonly input: number;
  /** How many callers send it at once. */
  readonly callers: number;
  readonly trouble: string;
  readonly blind: string;
  readonly death: Death | undefined;
}

const step: fc.Arbitrary<Step> = fc.record({
  key: fc.nat({ max: 1 }),
  input: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(1) }),
  callers: fc.integer({ min: 1, max: 3 }),
  trouble: fc.constantFrom(...Object.keys(troubles)),
  blind: fc.oneof(
    { weight: 3, arbitrary: fc.constant('none') },
    { weight: 1, arbitrary: fc.constantFrom(...Object.keys(blindness)) },
  ),
  death: fc.option(
    fc.record({
      transactions: fc.integer({ min: 1, max: 5 }),
      when: fc.constantFrom('before' as const, 'after' as const),
    }),
    { nil: undefined, freq: 3 },
  ),
});

const keyName = (key: number): string => `key-${String(key)}`;

/** Both inputs of a key carry its reference, so that Lean's payouts can be told by key. */
function wanted({ key, input }: Pick<Step, 'key' | 'input'>) {
  return transfer(destinations.staysPending, {
    externalReference: keyName(key),
    description: `input ${String(input)}`,
  });
}

function payoutsOf(lean: RunningSandbox, key: number) {
  return lean.payouts.all().filter(({ externalReference }) => externalReference === keyName(key));
}

describe.each(stores)('on %s', kind => {
  it('no schedule of failures pays a key twice, tells an untruth, or leaves anything unresolved', async () => {
    const lean = await startLean();
    const url = await startForgetfulLean(lean);
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async steps => {
        lean.reset();
        const store = await freshStore(kind);
        const settings = { lean: { timeoutMs } };
        let core = crashingCore(url, store, settings);
        const told: { readonly step: Step; readonly answer: CreatePayoutAnswer }[] = [];

        for (const current of steps) {
          lean.faults.clear();
          for (const rule of troubles[current.trouble] ?? [])
            lean.faults.add({ ...rule, operation: 'createPayoutPayment', times: 1 });
          for (const rule of blindness[current.blind] ?? []) lean.faults.add({ ...rule, times: 1 });
          if (current.death !== undefined) core.dieAt(current.death);
          const calls = Array.from({ length: current.callers }, () =>
            core.create(keyName(current.key), wanted(current)).then(
              answer => void told.push({ step: current, answer }),
              (error: unknown) => {
                // What is thrown has a name: Lean turned us away, or nothing was sent in time.
                expect(error).toHaveProperty('code', expect.stringMatching(/^LEAN_(RATE_LIMITED|TIMEOUT)$/));
              },
            ),
          );
          await Promise.race([Promise.all(calls), core.dying]);
          for (const key of [0, 1]) expect(payoutsOf(lean, key).length).toBeLessThanOrEqual(1);
          if (current.death !== undefined) {
            await core.die();
            core = crashingCore(url, store, settings);
          }
        }

        lean.faults.clear();
        await core.die();
        core = crashingCore(url, store);
        for (const key of new Set(steps.map(({ key }) => key))) {
          const [first] = steps.filter(each => each.key === key);
          let answer: CreatePayoutAnswer | undefined;
          for (const input of [first?.input ?? 0, 0, 1]) {
            answer = await core.create(keyName(key), wanted({ key, input }));
            told.push({ step: { ...(first as Step), input }, answer });
            if (answer.kind === 'created') break;
          }
          expect(answer?.kind, 'nothing is unresolved once Lean is back').not.toBe('unknown');
          const there = payoutsOf(lean, key);
          expect(there.length).toBeLessThanOrEqual(1);
          for (const { step: asked, answer: said } of told.filter(each => each.step.key === key)) {
            if (said.kind === 'created')
              expect(said.intentId, 'created is what Lean has').toBe(there[0]?.intentId);
            if (said.kind === 'created' && said.transferIndex === 0)
              expect(there[0]?.description).toBe(`input ${String(asked.input)}`);
            if (said.kind === 'rejected' && said.code === 'REJECTED_BY_LEAN')
              expect(there, 'rejected is what Lean does not have').toEqual([]);
          }
        }
        await core.die();
      }),
      { numRuns: Number(process.env['SCHEDULES'] ?? (kind === 'SQLite' ? 40 : 15)), endOnFailure: false },
    );
  }, 900_000);
});
