import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { anonymousCaller } from '../../src/access/caller.ts';
import { operations } from '../../src/lean/operations.ts';
import { OperationCalls } from '../../src/operations/operation-calls.ts';
import { payoutIdOf } from '../../src/payouts/values/ids.ts';
import {
  ChangingLean,
  finalStates,
  startChangingLean,
  type ChangingPayout,
  type DetailKind,
  type LeanState,
} from '../support/changing-lean.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';
import { signatureOf } from '../support/webhook-signature.ts';

const secret = 'webhook-secret';
const count = 3;
const page = `{ payouts(first: 50) { nodes {
  intentId bankTransactionReference statusDetails intent { externalReference } history { leanStatus }
} } }`;

interface Node {
  readonly intentId: string;
  readonly bankTransactionReference: string;
  readonly statusDetails: string | null;
  readonly intent: { readonly externalReference: string } | null;
  readonly history: readonly { readonly leanStatus: string }[] | null;
}

/** A gateway in front of a changing Lean, with the times of all webhooks and single reads. */
class CacheScenario {
  readonly #lean: ChangingLean;
  readonly #gateway: TestGateway;
  readonly #rest: OperationCalls;
  /** The moments at which there was news of a payout, by intent id. */
  readonly #news = new Map<string, number[]>();

  readonly #hasCache: boolean;

  constructor(lean: ChangingLean, gateway: TestGateway, hasCache: boolean) {
    this.#hasCache = hasCache;
    this.#lean = lean;
    this.#gateway = gateway;
    this.#rest = new OperationCalls({ ...gateway.core, requireKey: true });
  }

  /** Reads a page, perhaps twice at the same time, and checks every detail in it. */
  async readPage(times: number): Promise<void> {
    const before = this.#lean.nextMoment();
    const results = await Promise.all(
      Array.from({ length: times }, () => this.#gateway.run<{ payouts: { nodes: Node[] } | null }>(page)),
    );
    const listed = this.#lean.lists.find(moment => moment > before);
    if (listed === undefined) throw new Error('the list was not read');
    for (const { data, errors } of results) {
      expect(errors).toBeUndefined();
      for (const node of data?.payouts?.nodes ?? []) {
        this.#check(node, ['intent', 'payment'], node.statusDetails ?? null, listed);
        this.#check(node, ['intent'], node.intent?.externalReference ?? null, listed);
        this.#check(node, ['history'], node.history?.[0]?.leanStatus ?? null, listed);
      }
    }
  }

  /** A detail must be from an answer after the list, or from an earlier one that may still be used. */
  #check(node: Node, kinds: readonly DetailKind[], shown: string | null, listed: number): void {
    const version = shown === null ? null : Number(shown);
    const { intentId } = node;
    const answers = this.#lean.detailAnswers.filter(
      answer => answer.intentId === intentId && kinds.includes(answer.kind) && answer.version === version,
    );
    const allowed = answers.some(({ moment }) => moment > listed || this.#mayBeKept(node, moment, listed));
    if (!allowed)
      expect.fail(`${kinds.join()} of ${intentId} shows version ${String(version)}, which is out of date`);
  }

  /** Whether details that were asked for at a moment may be shown for a list that was read later. */
  #mayBeKept({ intentId, bankTransactionReference }: Node, asked: number, listed: number): boolean {
    const { lists, payouts } = this.#lean;
    if (!this.#hasCache) return false;
    const payout = payouts.find(each => each.intentId === intentId);
    const row = payout?.rows.find(({ value }) => value.reference === bankTransactionReference);
    if (row === undefined || row.value.updatedAt === undefined) return false;
    const askedAt = this.#lean.timeAt(asked);
    // Lean's `Date` has whole seconds.
    const slackMs = 2000;
    return (
      finalStates.some(each => each.join() === row.value.state.join()) &&
      lists.some(moment => moment > row.moment && moment < asked) &&
      askedAt - row.value.updatedAt > 60_000 - slackMs &&
      this.#lean.timeAt(listed) - askedAt < 600_000 + slackMs &&
      !(this.#news.get(intentId) ?? []).some(moment => moment > asked && moment < listed)
    );
  }

  /** Lean sends a webhook of a payout. */
  async announce({ intentId, paymentId }: ChangingPayout, namesIntent: boolean): Promise<void> {
    const envelope = {
      event_id: randomUUID(),
      type: 'payment.updated',
      timestamp: '2026-01-01T08:00:00Z',
      payload: { id: paymentId, ...(namesIntent && { intent_id: intentId }), status: 'ACCEPTED_BY_BANK' },
    };
    const body = Buffer.from(JSON.stringify(envelope));
    this.#addNews(intentId);
    expect(await this.#gateway.updatePipeline?.receiver.receive(body, signatureOf(body, secret))).toBe(
      'stored',
    );
  }

  /** Somebody reads a payout alone. */
  async readAlone({ intentId, paymentId }: ChangingPayout, how: LoneRead): Promise<void> {
    if (how === 'payout')
      await this.#gateway.run('query ($id: ID!) { payout(id: $id) { statusDetails } }', {
        id: payoutIdOf(intentId),
      });
    else if (how === 'payoutByPayment')
      await this.#gateway.run('query ($id: ID!) { payoutByPayment(paymentId: $id) { statusDetails } }', {
        id: paymentId,
      });
    else {
      const operation = operations[how];
      const values = how === 'getPayoutIntent' ? { payment_intent_id: intentId } : { payment_id: paymentId };
      await this.#rest.call({ operation, values, caller: anonymousCaller });
    }
    this.#addNews(intentId);
  }

  #addNews(intentId: string): void {
    this.#news.set(intentId, [...(this.#news.get(intentId) ?? []), this.#lean.nextMoment()]);
  }
}

const loneReads = [
  'payout',
  'payoutByPayment',
  'getPayout',
  'getPayoutIntent',
  'getPayoutPaymentHistory',
] as const;
type LoneRead = (typeof loneReads)[number];

const state: fc.Arbitrary<LeanState> = fc.constantFrom(
  ...finalStates,
  ['PENDING_WITH_BANK', null] as const,
  ['ACCEPTED_BY_BANK', null] as const,
);
const index = fc.nat(count - 1);
const failure = fc.record({
  kind: fc.constantFrom('intent' as const, 'payment' as const, 'history' as const),
  status: fc.constantFrom(404 as const, 500 as const),
});
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('page' as const), times: fc.integer({ min: 1, max: 2 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      seconds: fc.constantFrom(1, 20, 55, 70, 300, 700),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('state' as const),
      index,
      state,
      lagMs: fc.constantFrom(0, 5000, 50_000),
    }),
  },
  fc.record({ kind: fc.constant('quiet' as const), index }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('details' as const), index }) },
  fc.record({ kind: fc.constant('webhook' as const), index, namesIntent: fc.boolean() }),
  fc.record({ kind: fc.constant('alone' as const), index, how: fc.constantFrom(...loneReads) }),
  fc.record({ kind: fc.constant('failure' as const), of: failure }),
  // A payout changes while its details are being read, and Lean announces it.
  fc.record({ kind: fc.constant('overtaken' as const), index }),
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

async function runStep(scenario: CacheScenario, lean: ChangingLean, given: Step): Promise<void> {
  const payout = 'index' in given ? lean.payouts[given.index] : undefined;
  if (given.kind === 'page') await scenario.readPage(given.times);
  else if (given.kind === 'wait') lean.advance(given.seconds * 1000);
  else if (given.kind === 'failure') lean.nextFailure = given.of;
  else if (payout === undefined) throw new Error('the step names no payout');
  else if (given.kind === 'state') lean.changeState(payout, given.state, given.lagMs);
  else if (given.kind === 'quiet') lean.changeQuietly(payout);
  else if (given.kind === 'details') lean.changeDetails(payout);
  else if (given.kind === 'webhook') await scenario.announce(payout, given.namesIntent);
  else if (given.kind === 'alone') await scenario.readAlone(payout, given.how);
  else
    lean.whileAnswering = () => {
      lean.changeDetails(payout);
      return scenario.announce(payout, true);
    };
}

describe('the details of a payout in a list', () => {
  let hits = 0;
  afterAll(() => {
    expect(hits).toBeGreaterThan(0);
  });

  it.each(['0', '4'])(
    'are those that Lean has, or at most ten minutes old if nothing shows a change (READ_CACHE_MB=%s)',
    async size => {
      const options = fc.record({ intentsHaveTracking: fc.boolean(), undated: fc.boolean() });
      await fc.assert(
        fc.asyncProperty(options, fc.array(step, { minLength: 10, maxLength: 40 }), async (of, steps) => {
          const lean = new ChangingLean(count, of);
          const url = await startChangingLean(lean);
          const gateway = await startTestGateway({
            sandbox: { payouts: 0 },
            env: {
              LEAN_BASE_URL: url,
              LEAN_HISTORY_KEY: 'payment_id',
              LEAN_WEBHOOK_SECRET: secret,
              READ_CACHE_MB: size,
            },
          });
          const scenario = new CacheScenario(lean, gateway, size !== '0');
          for (const each of steps) await runStep(scenario, lean, each);
          hits += gateway.core.details.statistics.hits;
        }),
        { numRuns: 25, seed: 7 },
      );
    },
  );
});
