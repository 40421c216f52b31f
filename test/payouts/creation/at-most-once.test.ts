import { describe, expect, it, vi } from 'vitest';
import type { CreationEvents } from '../../../src/payouts/creation/creation-events.ts';
import type { Decimal } from '../../../src/payouts/values/decimal.ts';
import { LeanNotSent } from '../../../src/errors/lean-errors.ts';
import { StoreUnavailable } from '../../../src/errors/gateway-errors.ts';
import { destinations } from '../../../src/sandbox/fixtures.ts';
import type { RunningSandbox, SandboxOptions } from '../../../src/sandbox/sandbox.ts';
import {
  unusedAddress,
  failureOf,
  gate,
  json,
  rawServer,
  startLean,
  refuseNext,
} from '../../lean/fixtures.ts';
import type { Transfer } from '../../../src/payouts/creation/transfer.ts';
import { createTestCore, keyOf, transfer, transfers, type TestCoreOptions } from '../../support/test-core.ts';
import { freshStore, openEmptyStore, openTestStore, storeKinds } from '../../support/stores.ts';

const creationRequests = (lean: RunningSandbox) =>
  lean.requests.filter(({ operation }) => operation === 'createPayoutPayment');

describe.each(storeKinds)('at most one payout per key (%s)', storeKind => {
  /** Starts a core that knows Lean's time. The core, the store and Lean all use the clock of the test. */
  async function startCore(options: TestCoreOptions & { readonly sandbox?: SandboxOptions } = {}) {
    const { sandbox, ...rest } = options;
    const clock = { ms: Date.now() };
    const now = () => clock.ms;
    const lean = await startLean({ clock: now, ...sandbox });
    const { store, database } = await openEmptyStore(storeKind, now);
    const core = createTestCore(lean.url, database, { now, ...rest });
    await core.client.listPayouts({ page_number: '0', page_size: '1' });
    lean.requests.length = 0;
    return { lean, store, database, clock, ...core };
  }

  /** More than the default resend delay, the deadline of a request and the precision of Lean's `Date` together. */
  const delayMs = 600_000 + 25_000;
  /** The shortest time between two reconciliation reads of a key. */
  const readIntervalMs = 5000;

  describe('a repeated key', () => {
    it('a repeated key gets the recorded answer without a call to Lean', async () => {
      const { lean, create } = await startCore();
      const first = await create('key-1');
      expect(first).toMatchObject({
        kind: 'created',
        recipient: { displayName: expect.any(String) as string },
      });
      expect(await create('key-1')).toEqual(first);
      expect(lean.requests).toHaveLength(1);
    });

    it('a repeated key gets the recorded answer after a restart', async () => {
      const { lean, database, create } = await startCore();
      const first = await create('key-1');
      expect(await createTestCore(lean.url, database).create('key-1')).toEqual(first);
      expect(creationRequests(lean)).toHaveLength(1);
    });

    it('a repeated key gets the recorded answer for the same input in another notation', async () => {
      const { lean, create } = await startCore();
      const first = await create('key-1');
      const same = transfer(destinations.pays.toUpperCase(), {
        amount: { amount: '16.5' as Decimal, currency: 'AED' },
      });
      expect(await create('key-1', same)).toEqual(first);
      expect(creationRequests(lean)).toHaveLength(1);
    });

    it.each([
      ['amount', { amount: { amount: '16.51' as Decimal, currency: 'AED' } }],
      ['destination', { destinationId: destinations.staysPending }],
      ['description', { description: 'INV 002' }],
      ['reference', { externalReference: 'order-2' }],
      ['authorisation', { authorize: false }],
    ])('a repeated key with another %s is a conflict without a call to Lean', async (_field, change) => {
      const { lean, create } = await startCore();
      await create('key-1');
      expect(await create('key-1', transfer(undefined, change))).toMatchObject({
        kind: 'rejected',
        code: 'IDEMPOTENCY_CONFLICT',
        inputErrors: [{ field: 'idempotencyKey', code: 'ALREADY_USED' }],
        leanCode: null,
      });
      expect(lean.requests).toHaveLength(1);
    });

    it('a key with another input is a conflict while the first request is in flight', async () => {
      const { lean, create } = await startCore();
      lean.latencyMs = 300;
      const first = create('key-1', transfer(destinations.staysPending));
      await vi.waitFor(() => expect(lean.requests).toHaveLength(1), { timeout: 60_000 });
      expect(await create('key-1')).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
      expect(await first).toMatchObject({ kind: 'created' });
      expect(creationRequests(lean)).toHaveLength(1);
    });

    it('concurrent requests with the same key share one call to Lean', async () => {
      const { lean, create } = await startCore();
      const answers = await Promise.all(Array.from({ length: 20 }, () => create('key-1')));
      for (const answer of answers) expect(answer).toEqual(answers[0]);
      expect(answers[0]).toMatchObject({ kind: 'created' });
      expect(lean.requests).toHaveLength(1);
    });

    it('a repeated key gets the recorded rejection without a call to Lean', async () => {
      const { lean, create } = await startCore();
      const refused = await create('key-1', transfer(destinations.refused));
      expect(refused).toMatchObject({ kind: 'rejected', leanCode: 'BENEFICIARY_NOT_ACTIVE' });
      expect(await create('key-1', transfer(destinations.refused))).toEqual(refused);
      expect(lean.requests).toHaveLength(1);
    });

    it('a repeated key gets the recorded results of a batch', async () => {
      const { lean, createAll } = await startCore();
      const batch = [
        transfer(),
        transfer(destinations.failsAtOnce, { externalReference: 'order-2' }),
        transfer(undefined, { externalReference: 'order-3' }),
      ];
      const first = await createAll('key-1', batch);
      expect(first).toMatchObject({ created: [{}, {}], rejected: [{ transferIndex: 1 }] });
      expect(await createAll('key-1', batch)).toEqual(first);
      expect(creationRequests(lean)).toHaveLength(1);
    });
  });

  it('the same key of two callers is two payouts, with different keys at Lean', async () => {
    const { lean, creation } = await startCore();
    const ofA = await creation.createPayout(keyOf('key-1', 'a'), transfer());
    const ofB = await creation.createPayout(keyOf('key-1', 'b'), transfer(destinations.staysPending));
    expect([ofA, ofB]).toMatchObject([{ kind: 'created' }, { kind: 'created' }]);
    expect(await creation.createPayout(keyOf('key-1', 'a'), transfer())).toEqual(ofA);
    const [first, second, ...more] = creationRequests(lean).map(({ idempotencyKey }) => idempotencyKey);
    expect(more).toEqual([]);
    expect(first).toMatch(/^key-1\../);
    expect(second).toMatch(/^key-1\../);
    expect(second).not.toBe(first);
  });

  it('a key that was used without authentication answers every caller with the same input', async () => {
    const { lean, creation } = await startCore();
    const anonymous = await creation.createPayout(keyOf('key-1'), transfer());
    expect(await creation.createPayout(keyOf('key-1', 'a'), transfer())).toEqual(anonymous);
    expect(creationRequests(lean)).toHaveLength(1);
    expect(
      await creation.createPayout(keyOf('key-1', 'a'), transfer(destinations.staysPending)),
    ).toMatchObject({ kind: 'created' });
    expect(creationRequests(lean)).toHaveLength(2);
  });

  it('a single payout and a batch of one with the same key are one payout', async () => {
    const { lean, create, createAll } = await startCore();
    const wanted: Transfer = { ...transfer(), externalReference: null };
    const single = await create('key-1', wanted);
    const batch = await createAll('key-1', [wanted]);
    expect(batch).toMatchObject({ kind: 'batch', rejected: [] });
    expect('created' in batch && batch.created).toEqual([single]);
    expect(creationRequests(lean)).toHaveLength(1);
    expect(lean.payouts.all()[0]?.externalReference).toBe('key-1');
  });

  describe('a key that was not sent', () => {
    it('a key is free for a corrected input after the gateway has rejected the input', async () => {
      const { create } = await startCore();
      expect(await create('key-1', transfer('x'))).toMatchObject({ code: 'INVALID_INPUT' });
      expect(await create('key-1')).toMatchObject({ kind: 'created' });
    });

    it('a key is free again if nothing reached Lean', async () => {
      const { lean, database } = await startCore();
      const disconnected = createTestCore(await unusedAddress(), database);
      expect(await failureOf(disconnected.create('key-1'))).toBeInstanceOf(LeanNotSent);
      expect(await disconnected.records.read(keyOf('key-1'))).toBeUndefined();
      expect(
        await createTestCore(lean.url, database).create('key-1', transfer(destinations.staysPending)),
      ).toMatchObject({ kind: 'created' });
    });
  });

  describe('a key with an unknown outcome', () => {
    it('a payout with a lost answer is found at Lean by a repetition and is not sent again', async () => {
      const { lean, create } = await startCore();
      lean.faults.add({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 });
      expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'WAITING' });
      const [payout] = lean.payouts.all();
      const found = await create('key-1');
      expect(found).toMatchObject({
        kind: 'created',
        intentId: payout?.intentId,
        amount: { amount: '16.50', currency: 'AED' },
        state: { status: 'CREATED' },
      });
      expect(await create('key-1')).toEqual(found);
      expect(creationRequests(lean)).toHaveLength(1);
      expect(lean.payouts.all()).toHaveLength(1);
    });

    it('a repetition sends the identical request once more, but only after the resend delay', async () => {
      const { lean, clock, create } = await startCore();
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      const answer = await create('key-1');
      expect(answer).toMatchObject({ kind: 'unknown', reason: 'WAITING' });
      const { resendAt } = answer as { resendAt: string };
      expect(Date.parse(resendAt) - clock.ms).toBeGreaterThanOrEqual(600_000);
      clock.ms = Date.parse(resendAt) - 1000;
      expect(await create('key-1')).toMatchObject({ kind: 'unknown', resendAt });
      expect(creationRequests(lean)).toHaveLength(1);
      clock.ms += delayMs;
      const same = transfer(undefined, { amount: { amount: '16.5' as Decimal, currency: 'AED' } });
      const answers = await Promise.all([create('key-1'), create('key-1', same)]);
      expect(answers).toMatchObject([{ kind: 'created' }, { kind: 'created' }]);
      const [first, second, ...more] = creationRequests(lean);
      expect(more).toEqual([]);
      expect(second).toMatchObject({ body: first?.body, idempotencyKey: 'key-1' });
      expect(lean.payouts.all()).toHaveLength(1);
    });

    it('after the resend delay, retryAfterSeconds is the time until the next read of Lean’s list, and a repetition after it pays', async () => {
      const { lean, clock, create } = await startCore();
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      const first = await create('key-1');
      const { resendAt } = first as { resendAt: string };
      expect(first).toMatchObject({ message: expect.stringContaining(`After ${resendAt}`) as string });
      clock.ms = Date.parse(resendAt) - 1000;
      // This repetition reads the list too early to prove anything, as a read in the background may do.
      expect(await create('key-1')).toMatchObject({ kind: 'unknown', retryAfterSeconds: 5 });
      clock.ms = Date.parse(resendAt);
      const late = await create('key-1');
      expect(late).toMatchObject({
        kind: 'unknown',
        retryAfterSeconds: 4,
        message: expect.not.stringContaining(resendAt) as string,
      });
      clock.ms += 4000;
      expect(await create('key-1')).toMatchObject({ kind: 'created' });
      expect(creationRequests(lean)).toHaveLength(2);
    });

    it('a key is sent again only once without an operator', async () => {
      const { lean, clock, create } = await startCore();
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 2 });
      await create('key-1');
      clock.ms += delayMs;
      expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'WAITING', resendAt: null });
      clock.ms += delayMs;
      expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'OPERATOR', resendAt: null });
      expect(creationRequests(lean)).toHaveLength(2);
    });

    it('a repetition does not send again if PAYOUT_RESEND_AFTER_MS is never', async () => {
      const { lean, clock, create } = await startCore({ resendAfter: 'never' });
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      expect(await create('key-1')).toMatchObject({ reason: 'WAITING', resendAt: null });
      clock.ms += delayMs;
      expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'OPERATOR' });
      expect(creationRequests(lean)).toHaveLength(1);
    });

    it('with PAYOUT_RESEND_AFTER_MS of 0 a repetition sends again at once, but not if Lean’s list cannot be read', async () => {
      const { lean, clock, create } = await startCore({ resendAfter: 0 });
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await create('key-1');
      expect(await create('key-1')).toMatchObject({ kind: 'created' });
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await create('key-2', transfer(destinations.staysPending));
      lean.requests.length = 0;
      clock.ms += 3_599_000;
      lean.faults.add({ kind: 'status', status: 503, operation: 'listPayouts', times: 3 });
      expect(await create('key-2', transfer(destinations.staysPending))).toMatchObject({ kind: 'unknown' });
      expect(creationRequests(lean)).toEqual([]);
    });

    it('one empty page of Lean’s list does not prove that a payout is absent', async () => {
      const { lean, clock, create, client, records } = await startCore();
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await create('key-1');
      lean.payouts.add({ amount: '99' });
      clock.ms += delayMs;
      const listPayouts = client.listPayouts.bind(client);
      vi.spyOn(client, 'listPayouts').mockImplementationOnce(async (...args) => {
        const { page, answer } = await listPayouts(...args);
        return { page: { ...page, content: [], page: { ...page.page, total_elements: 0 } }, answer };
      });
      expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'WAITING' });
      expect(await records.read(keyOf('key-1'))).toMatchObject({ finding: 'list_incomplete' });
      expect(creationRequests(lean)).toHaveLength(1);
    });

    it('the records of other keys are read after Lean’s list and not before', async () => {
      const { lean, create, evidence } = await startCore();
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await create('key-1');
      lean.requests.length = 0;
      const reads: number[] = [];
      for (const name of ['otherRecords', 'owners'] as const) {
        const read = evidence[name].bind(evidence) as (...args: unknown[]) => Promise<never>;
        vi.spyOn(evidence, name).mockImplementation((...args: unknown[]) => {
          reads.push(lean.requests.filter(({ operation }) => operation === 'listPayouts').length);
          return read(...args);
        });
      }
      await create('key-1');
      expect(reads).toEqual([2, 2]);
    });

    it('a gateway of another Lean application does not overwrite the recorded finding', async () => {
      const { lean, clock, database, create, records } = await startCore();
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await create('key-1');
      clock.ms += readIntervalMs;
      await create('key-1');
      const other = createTestCore(lean.url, database, { now: () => clock.ms, application: 'another' });
      lean.requests.length = 0;
      expect(await other.create('key-1')).toMatchObject({ kind: 'unknown', reason: 'OPERATOR' });
      expect(lean.requests).toEqual([]);
      expect(await records.read(keyOf('key-1'))).toMatchObject({ finding: 'absent' });
      expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'WAITING' });
    });

    it('Lean’s list is read at most once in five seconds for a key, however many requests arrive', async () => {
      const { lean, clock, store, create } = await startCore();
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await create('key-1');
      lean.requests.length = 0;
      const other =
        'url' in store
          ? createTestCore(lean.url, openTestStore(store, { clock: () => clock.ms }))
          : { create };
      for (let times = 0; times < 3; times += 1)
        for (const answer of await Promise.all([create('key-1'), create('key-1'), other.create('key-1')]))
          expect(answer).toMatchObject({ kind: 'unknown', reason: 'WAITING' });
      // An empty list is read twice to confirm it.
      expect(lean.requests).toHaveLength(2);
      clock.ms += readIntervalMs;
      await create('key-1');
      expect(lean.requests).toHaveLength(4);
    });

    it('the outcome stays unknown and nothing is sent if Lean cannot be read', async () => {
      const { lean, clock, create } = await startCore();
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await create('key-1');
      clock.ms += delayMs;
      lean.faults.add({ kind: 'status', status: 400, operation: 'listPayouts', times: 1 });
      expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'WAITING' });
      expect(creationRequests(lean)).toHaveLength(1);
      clock.ms += readIntervalMs;
      expect(await create('key-1')).toMatchObject({ kind: 'created' });
      expect(lean.payouts.all()).toHaveLength(1);
    });

    it('a payout is found by its reference among payouts of the same amount', async () => {
      const { lean, create, createAll } = await startCore();
      lean.payouts.add({ amount: '16.5', externalReference: 'another', destinationId: destinations.pays });
      await createAll('others', [
        transfer(undefined, { externalReference: 'o-1' }),
        transfer(undefined, { externalReference: 'o-2' }),
      ]);
      lean.faults.add({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 });
      await create('key-1');
      const ours = lean.payouts.all().find(({ externalReference }) => externalReference === 'order-1');
      lean.requests.length = 0;
      expect(await create('key-1')).toMatchObject({ kind: 'created', intentId: ours?.intentId });
      expect(creationRequests(lean)).toHaveLength(0);
    });

    it('a payout with the same reference that another key owns is not assigned to this key', async () => {
      const { lean, clock, create } = await startCore();
      const other = await create('other');
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await create('key-1');
      clock.ms += delayMs;
      const again = await create('key-1');
      expect(again).toMatchObject({ kind: 'created' });
      expect(again).not.toHaveProperty('intentId', (other as { intentId: string }).intentId);
      expect(lean.payouts.all()).toHaveLength(2);
    });

    it('a key is not sent again as long as Lean has a payout that may be its own', async () => {
      const { lean, clock, create } = await startCore();
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await create('key-1');
      lean.payouts.add({ amount: '16.5', destinationId: destinations.pays, description: 'INV 001' });
      clock.ms += delayMs;
      expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR', resendAt: null });
      expect(creationRequests(lean)).toHaveLength(1);
    });

    it('a key is UNCLEAR and its duplicates are reported once if Lean has two payouts with its reference', async () => {
      const reported: unknown[] = [];
      const { lean, clock, create, records } = await startCore({
        reconciliationEvents: { duplicates: (_key, intentIds) => reported.push(intentIds) },
      });
      lean.faults.add({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 });
      await create('key-1');
      const duplicate = lean.payouts.add({
        amount: '16.5',
        destinationId: destinations.pays,
        externalReference: 'order-1',
      });
      for (let times = 0; times < 2; times += 1) {
        expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
        clock.ms += readIntervalMs;
      }
      expect(reported).toEqual([expect.arrayContaining([duplicate.intentId])]);
      expect((await records.read(keyOf('key-1')))?.duplicateIntents).toHaveLength(2);
    });

    it('a payout that Lean has failed becomes a rejection only after the resend delay', async () => {
      const { lean, clock, create } = await startCore();
      lean.faults.add({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 });
      await create('key-1', transfer(destinations.failsAtOnce));
      const [payout] = lean.payouts.all();
      const repeat = () => create('key-1', transfer(destinations.failsAtOnce));
      expect(await repeat()).toMatchObject({ kind: 'unknown', reason: 'WAITING' });
      clock.ms += delayMs;
      expect(await repeat()).toMatchObject({
        kind: 'rejected',
        code: 'REJECTED_BY_LEAN',
        rejectedIntentId: payout?.intentId,
      });
    });

    it.each([
      ['a refusal', { kind: 'status', status: 400, code: 'INSUFFICIENT_BALANCE' }],
      ['a refusal with a final code', { kind: 'status', status: 400, code: 'INVALID_AMOUNT' }],
    ] as const)(
      '%s of a repetition becomes a rejection only once Lean is proven not to have the first send',
      async (_refusal, fault) => {
        const { lean, clock, create } = await startCore();
        lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
        await create('key-1');
        clock.ms += delayMs;
        lean.faults.add({ ...fault, operation: 'createPayoutPayment', times: 1 });
        expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'WAITING', resendAt: null });
        clock.ms += readIntervalMs;
        expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'WAITING' });
        clock.ms += delayMs;
        const rejected = await create('key-1');
        expect(rejected).toMatchObject({ kind: 'rejected', leanCode: fault.code });
        expect(await create('key-1')).toEqual(rejected);
        expect(creationRequests(lean)).toHaveLength(2);
        expect(lean.payouts.all()).toEqual([]);
      },
    );

    it('a repetition that Lean fails at once becomes a rejection only after the resend delay', async () => {
      const { lean, clock, create } = await startCore();
      const wanted = transfer(destinations.failsAtOnce);
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await create('key-1', wanted);
      clock.ms += delayMs;
      expect(await create('key-1', wanted)).toMatchObject({ kind: 'unknown', reason: 'WAITING' });
      const [failed] = lean.payouts.all();
      clock.ms += readIntervalMs;
      expect(await create('key-1', wanted)).toMatchObject({ kind: 'unknown', reason: 'WAITING' });
      clock.ms += delayMs;
      expect(await create('key-1', wanted)).toMatchObject({
        kind: 'rejected',
        rejectedIntentId: failed?.intentId,
      });
      expect(creationRequests(lean)).toHaveLength(2);
    });

    it.each(['DUPLICATED_REQUEST', 'IDEMPOTENCY_REQUEST_IN_PROGRESS'])(
      'a key is sent again after the resend delay if Lean’s code refers to an earlier request (%s)',
      async code => {
        const { lean, clock, create } = await startCore();
        lean.faults.add({ kind: 'status', status: 409, code, operation: 'createPayoutPayment', times: 1 });
        expect(await create('key-1')).toMatchObject({
          kind: 'unknown',
          resendAt: expect.any(String) as string,
        });
        clock.ms += delayMs;
        expect(await create('key-1')).toMatchObject({ kind: 'created' });
      },
    );

    it('a payout of the first send is found and recorded after Lean has refused the repetition', async () => {
      const { lean, clock, create } = await startCore();
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await create('key-1');
      clock.ms += delayMs;
      lean.faults.add({ kind: 'status', status: 422, operation: 'createPayoutPayment', times: 1 });
      expect(await create('key-1')).toMatchObject({ kind: 'unknown' });
      const { intentId } = lean.payouts.add({
        amount: '16.5',
        destinationId: destinations.pays,
        externalReference: 'order-1',
      });
      expect(await create('key-1')).toMatchObject({ kind: 'created', intentId });
    });

    it('the transfers of a batch are found one by one, and absent ones are rejected and never sent again', async () => {
      const { lean, clock, createAll, records } = await startCore();
      const wanted = [
        transfer(undefined, { externalReference: 'a' }),
        transfer(undefined, { externalReference: 'b' }),
      ];
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      expect(await createAll('key-1', wanted)).toMatchObject({ kind: 'unknown', resendAt: null });
      lean.payouts.add({ amount: '16.5', destinationId: destinations.pays, externalReference: 'b' });
      expect(await createAll('key-1', wanted)).toMatchObject({ kind: 'unknown' });
      expect((await records.read(keyOf('key-1')))?.records).toMatchObject([
        { state: 'unknown' },
        { state: 'created' },
      ]);
      clock.ms += delayMs;
      const answer = await createAll('key-1', wanted);
      expect(answer).toMatchObject({
        kind: 'batch',
        created: [{ transferIndex: 1 }],
        rejected: [{ transferIndex: 0, code: 'REJECTED_BY_LEAN' }],
      });
      clock.ms += delayMs;
      expect(await createAll('key-1', wanted)).toEqual(answer);
      expect(creationRequests(lean)).toHaveLength(1);
    });

    it.each(['v1', 'ksa'] as const)(
      'a key is UNCLEAR and not sent again if a Lean without references (%s) has a similar payout',
      async profile => {
        const { lean, clock, create } = await startCore({ sandbox: { profile } });
        const currency = profile === 'ksa' ? 'SAR' : 'AED';
        const wanted = transfer(undefined, { amount: { amount: '16.50' as Decimal, currency } });
        lean.faults.add({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 });
        await create('key-1', wanted);
        for (let times = 0; times < 2; times += 1) {
          expect(await create('key-1', wanted)).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
          clock.ms += delayMs;
        }
        expect(creationRequests(lean)).toHaveLength(1);
      },
    );

    it.each([
      ['amount', { amount: { amount: '17.00' as Decimal, currency: 'SAR' } }],
      ['description', { description: 'RENT MAY' }],
      ['destination', { destinationId: destinations.staysPending }],
    ])(
      'a Lean without references does not prevent another send by payouts with another %s',
      async (_field, change) => {
        const { lean, clock, create } = await startCore({ sandbox: { profile: 'ksa' } });
        const wanted = transfer(undefined, { amount: { amount: '16.00' as Decimal, currency: 'SAR' } });
        lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
        await create('key-1', wanted);
        const { amount, description, destinationId } = { ...wanted, ...change };
        lean.payouts.add({ amount: amount.amount, currency: 'SAR', description, destinationId });
        clock.ms += delayMs;
        expect(await create('key-1', wanted)).toMatchObject({ kind: 'created' });
      },
    );

    it('a failed read of another payout does not prevent the search for a lost one', async () => {
      const { lean, client, clock, create, reads } = await startCore();
      lean.faults.add({ kind: 'status', status: 404, code: 'INVALID_URL', operation: 'getPayout', times: 1 });
      await reads
        .payout('b0000000-0000-4000-8000-000000000001', { deadline: client.deadline() })
        .catch(() => undefined);
      lean.faults.add({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 });
      await create('key-1');
      clock.ms += readIntervalMs;
      expect(await create('key-1')).toMatchObject({ kind: 'created' });
    });

    it('a list that lacks a known payout does not prove that another one is absent', async () => {
      const { lean, clock, create, records } = await startCore();
      await create('other', transfer(undefined, { externalReference: 'other' }));
      clock.ms += 1000;
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await create('key-1');
      lean.payouts.clear();
      clock.ms += delayMs;
      expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'WAITING' });
      expect((await records.read(keyOf('key-1')))?.finding).toBe('reference_payout_missing');
      expect(creationRequests(lean)).toHaveLength(2);
    });

    it.each([
      ['ahead of', 7_200_000],
      ['behind', -7_200_000],
      ['days ahead of', 172_800_000],
    ])(
      'an absence is not proven while the gateway’s clock is %s Lean’s',
      async (_difference, differenceMs) => {
        const clock = { ms: Date.now() };
        const lean = await startLean({ clock: () => clock.ms });
        const wrongClock = () => clock.ms + differenceMs;
        const { database } = await openEmptyStore(storeKind, wrongClock);
        const { create, client, records } = createTestCore(lean.url, database, { now: wrongClock });
        await client.listPayouts({ page_number: '0', page_size: '1' });
        lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
        await create('key-1');
        clock.ms += delayMs;
        expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'WAITING' });
        expect((await records.read(keyOf('key-1')))?.finding).toBe('clocks_differ');
        lean.faults.add({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 });
        await create('key-2', transfer(destinations.staysPending));
        expect(await create('key-2', transfer(destinations.staysPending))).toMatchObject({ kind: 'created' });
        expect(creationRequests(lean)).toHaveLength(2);
      },
    );

    it('a gateway of another Lean application neither proves an absence nor sends again', async () => {
      const { lean, database, clock, create } = await startCore();
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await create('key-1');
      clock.ms += delayMs;
      const other = createTestCore(lean.url, database, { application: 'another', now: () => clock.ms });
      expect(await other.create('key-1')).toMatchObject({ kind: 'unknown', reason: 'OPERATOR' });
      expect(creationRequests(lean)).toHaveLength(1);
    });

    it('the longer one of the recorded and the configured resend delay applies', async () => {
      const { lean, database, clock, create } = await startCore();
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await create('key-1');
      clock.ms += 60_000;
      const shortDelay = createTestCore(lean.url, database, { resendAfter: 1000, now: () => clock.ms });
      expect(await shortDelay.create('key-1')).toMatchObject({ kind: 'unknown', reason: 'WAITING' });
      const longDelay = createTestCore(lean.url, database, { resendAfter: 2 * delayMs, now: () => clock.ms });
      clock.ms += delayMs;
      expect(await longDelay.create('key-1')).toMatchObject({ kind: 'unknown', reason: 'WAITING' });
      expect(creationRequests(lean)).toHaveLength(1);
    });
  });

  it('a batch that Lean turned away is sent again after a reconciliation read', async () => {
    const { lean, clock, createAll } = await startCore();
    refuseNext(lean, 429, 'RATE_LIMIT_EXCEEDED');
    expect(await failureOf(createAll('key-1', transfers(2)))).toMatchObject({ code: 'LEAN_RATE_LIMITED' });
    clock.ms += readIntervalMs;
    expect(await createAll('key-1', transfers(2))).toMatchObject({ kind: 'batch', created: [{}, {}] });
  });

  describe('a key that Lean turned away', () => {
    it('a turned-away key is not sent again with refuseSimilar while a similar payout has an unknown outcome', async () => {
      const { lean, clock, create, creation } = await startCore();
      const second = transfer(undefined, { externalReference: 'order-2' });
      refuseNext(lean, 429, 'RATE_LIMIT_EXCEEDED');
      await failureOf(create('key-2', second));
      lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
      await create('key-1');
      clock.ms += readIntervalMs;
      const repeat = (refuseSimilar: boolean) =>
        creation.createPayout(keyOf('key-2'), second, { refuseSimilar });
      expect(await failureOf(repeat(true))).toMatchObject({ similarUnknownKey: 'key-1' });
      expect(creationRequests(lean)).toHaveLength(2);
      clock.ms += readIntervalMs;
      expect(await repeat(false)).toMatchObject({ kind: 'created' });
    });

    it('a turned-away key is sent again after each reconciliation read without a resend delay', async () => {
      const { lean, clock, create } = await startCore();
      for (let times = 0; times < 3; times += 1) {
        refuseNext(lean, 429, 'RATE_LIMIT_EXCEEDED');
        expect(await failureOf(create('key-1'))).toMatchObject({ code: 'LEAN_RATE_LIMITED' });
        clock.ms += readIntervalMs;
      }
      lean.requests.length = 0;
      expect(await create('key-1')).toMatchObject({ kind: 'created' });
      expect(lean.requests.map(({ operation }) => operation)).toEqual([
        'listPayouts',
        'listPayouts',
        'createPayoutPayment',
      ]);
    });

    it('a turned-away payout is found if Lean has accepted another copy of the request', async () => {
      const { lean, create } = await startCore();
      lean.faults.add({
        kind: 'status',
        status: 403,
        code: 'INSUFFICIENT_ACCESS_LEVEL',
        operation: 'createPayoutPayment',
        after: true,
        times: 1,
      });
      expect(await failureOf(create('key-1'))).toMatchObject({ code: 'LEAN_UNAUTHORIZED' });
      expect(await create('key-1')).toMatchObject({ kind: 'created' });
      expect(creationRequests(lean)).toHaveLength(1);
    });

    it('a turned-away batch is not sent again if Lean has accepted one of its transfers', async () => {
      const { lean, clock, createAll, loop, records } = await startCore();
      Object.assign(lean.behaviour, { batches: 'partly' });
      lean.faults.add({
        kind: 'status',
        status: 403,
        code: 'INSUFFICIENT_ACCESS_LEVEL',
        operation: 'createPayoutPayment',
        after: true,
        times: 1,
      });
      expect(await failureOf(createAll('key-1', transfers(2)))).toMatchObject({ code: 'LEAN_UNAUTHORIZED' });
      clock.ms += readIntervalMs;
      await loop.poll();
      expect(await records.read(keyOf('key-1'))).toMatchObject({
        records: [{ state: 'created' }, { state: 'unknown' }],
      });
      clock.ms += delayMs;
      await loop.poll();
      Object.assign(lean.behaviour, { batches: 'whole' });
      expect(await createAll('key-1', transfers(2))).toMatchObject({
        kind: 'batch',
        created: [{ transferIndex: 0 }],
        rejected: [{ transferIndex: 1 }],
      });
      expect(creationRequests(lean)).toHaveLength(1);
    });

    it('a turned-away payout is rejected and not sent again if Lean has failed a copy of it', async () => {
      const { lean, clock, create, loop } = await startCore();
      refuseNext(lean, 429, 'SLOW_DOWN');
      await failureOf(create('key-1'));
      lean.payouts.add({
        amount: '16.5',
        destinationId: destinations.pays,
        externalReference: 'order-1',
        status: 'FAILED',
      });
      clock.ms += readIntervalMs;
      expect(await create('key-1')).toMatchObject({ kind: 'unknown', reason: 'WAITING' });
      clock.ms += delayMs;
      await loop.poll();
      expect(await create('key-1')).toMatchObject({ kind: 'rejected' });
      expect(creationRequests(lean)).toHaveLength(1);
    });

    it('a turned-away key is free again once Lean is proven not to have its payout', async () => {
      const { lean, clock, create, loop, records } = await startCore();
      refuseNext(lean, 429, 'SLOW_DOWN');
      await failureOf(create('key-1'));
      clock.ms += delayMs;
      await loop.poll();
      expect(await records.read(keyOf('key-1'))).toBeUndefined();
    });
  });

  it('a payout names another key of the caller whose similar payout has an unknown outcome', async () => {
    const { lean, create, creation } = await startCore();
    lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
    await create('key-1');
    const similar = transfer(undefined, {
      externalReference: 'order-1b',
      amount: { amount: '16.5' as Decimal, currency: 'AED' },
    });
    expect(
      await failureOf(creation.createPayout(keyOf('key-2'), similar, { refuseSimilar: true })),
    ).toMatchObject({ code: 'SIMILAR_PAYOUT_UNKNOWN', similarUnknownKey: 'key-1' });
    expect(creationRequests(lean)).toHaveLength(1);
    const answer = await create('key-2', similar);
    expect(answer).toMatchObject({ kind: 'created', similarUnknownKey: 'key-1' });
    expect(await create('key-2', similar)).toEqual(answer);
    for (const [key, change] of [
      ['key-3', { description: 'INV 002' }],
      ['key-4', { destinationId: destinations.staysPending }],
      ['key-5', { amount: { amount: '16.51' as Decimal, currency: 'AED' } }],
    ] as const)
      expect(await create(key, transfer(undefined, change))).toMatchObject({ similarUnknownKey: null });
    expect(await creation.createPayout(keyOf('key-6', 'another caller'), similar)).toMatchObject({
      similarUnknownKey: null,
    });
  });

  describe('a key in a store that may have lost records', () => {
    /** Adds a core with a new store, as after the loss of the store's files. */
    async function startAfterLoss() {
      const before = await startCore();
      const { lean, clock } = before;
      const now = () => clock.ms;
      const database = openTestStore(await freshStore(storeKind), { clock: now, lossWindowMs: 600_000 });
      await database.migrate();
      return { ...before, after: createTestCore(lean.url, database, { now }) };
    }

    it('a first send from a new store reads Lean’s list before it', async () => {
      const { lean, after } = await startAfterLoss();
      expect(await after.create('key-1')).toMatchObject({ kind: 'created' });
      expect(lean.requests.map(({ operation }) => operation)).toEqual([
        'listPayouts',
        'listPayouts',
        'createPayoutPayment',
      ]);
    });

    it('a first send from a new store counts once against the limit of the caller', async () => {
      const { lean, clock } = await startAfterLoss();
      const take = vi.fn(() => Promise.resolve());
      const now = () => clock.ms;
      const database = openTestStore(await freshStore(storeKind), { clock: now, lossWindowMs: 600_000 });
      await database.migrate();
      expect(
        await createTestCore(lean.url, database, { now, allowance: { take } }).create('key-1'),
      ).toMatchObject({
        kind: 'created',
      });
      expect(take).toHaveBeenCalledOnce();
    });

    it('a key is free again if the store fails during the read before a first send', async () => {
      const { lean, after } = await startAfterLoss();
      vi.spyOn(after.evidence, 'otherRecords').mockRejectedValueOnce(
        new StoreUnavailable(new Error('unavailable')),
      );
      expect(await failureOf(after.create('key-1'))).toBeInstanceOf(StoreUnavailable);
      expect(await after.records.read(keyOf('key-1'))).toBeUndefined();
      expect(await after.create('key-1')).toMatchObject({ kind: 'created' });
      expect(creationRequests(lean)).toHaveLength(1);
    });

    it('a payout that was sent under a lost record is found and not sent again', async () => {
      const { lean, create, after } = await startAfterLoss();
      const first = await create('key-1');
      expect(await after.create('key-1')).toMatchObject({
        kind: 'created',
        intentId: (first as { intentId: string }).intentId,
      });
      expect(creationRequests(lean)).toHaveLength(1);
    });

    it('a payout is not taken for the first transfer of a batch that was sent under a lost record', async () => {
      const { createAll, after } = await startAfterLoss();
      const input = { ...transfer(), externalReference: null };
      await createAll('order', [input, input]);
      expect(await after.create('order.0', input)).toMatchObject({ kind: 'unknown', reason: 'UNCLEAR' });
    });

    it('a payout that Lean has failed under a lost record becomes a rejection and is not sent again', async () => {
      const { lean, clock, create, after } = await startAfterLoss();
      const wanted = transfer(destinations.failsAtOnce);
      const first = await create('key-1', wanted);
      expect(await after.create('key-1', wanted)).toMatchObject({ kind: 'unknown', reason: 'WAITING' });
      clock.ms += delayMs;
      expect(await after.create('key-1', wanted)).toMatchObject({
        kind: 'rejected',
        rejectedIntentId: (first as { rejectedIntentId: string }).rejectedIntentId,
      });
      expect(creationRequests(lean)).toHaveLength(1);
    });

    it('nothing is sent from a new store if Lean cannot be read', async () => {
      const { lean, after } = await startAfterLoss();
      lean.faults.add({ kind: 'status', status: 400, operation: 'listPayouts' });
      expect(await failureOf(after.create('key-1'))).toBeInstanceOf(LeanNotSent);
      expect(creationRequests(lean)).toEqual([]);
      lean.faults.clear();
      expect(await after.create('key-1')).toMatchObject({ kind: 'created' });
    });

    it('a first send needs no read of Lean’s list once the store is older than the resend delay', async () => {
      const { lean, clock, after } = await startAfterLoss();
      clock.ms += 600_000;
      expect(await after.create('key-1')).toMatchObject({ kind: 'created' });
      expect(lean.requests.map(({ operation }) => operation)).toEqual(['createPayoutPayment']);
    });
  });

  it('an answer with the intent of another key leaves the outcome unknown and raises an alarm', async () => {
    const { url } = await rawServer((response, { method }) =>
      json(
        response,
        method === 'POST'
          ? { payouts_payment_details: [{ payment_intent_id: 'the-same' }] }
          : { content: [], page: { total_elements: 0 } },
      ),
    );
    const alarms: Parameters<CreationEvents['alarm']>[] = [];
    const { create } = createTestCore(url, openTestStore(await freshStore(storeKind)), {
      events: { alarm: (...alarm) => alarms.push(alarm) },
    });
    expect(await create('key-1')).toMatchObject({ kind: 'created', intentId: 'the-same' });
    expect(await create('key-2')).toMatchObject({ kind: 'unknown' });
    expect(alarms).toMatchObject([[{ idempotencyKey: 'key-2' }, 'duplicate intent', ['the-same']]]);
  });

  it('nothing is sent if the request cannot be recorded', async () => {
    const { lean, database, create } = await startCore();
    await database.close();
    expect(await failureOf(create('key-1'))).toBeInstanceOf(StoreUnavailable);
    expect(lean.requests).toEqual([]);
  });

  it('an answer that cannot be recorded leaves the outcome unknown, and the payout is found later', async () => {
    const answered = gate();
    const release = gate();
    const lean = await startLean();
    const config = await freshStore(storeKind);
    const database = openTestStore(config);
    const unrecorded: unknown[] = [];
    const { create, client } = createTestCore(lean.url, database, {
      events: { unrecorded: key => unrecorded.push(key) },
    });
    const createPayouts = client.createPayouts.bind(client);
    client.createPayouts = async (...args) => {
      const answer = await createPayouts(...args);
      answered.open();
      await release.opened;
      return answer;
    };
    const creation = create('key-1');
    await answered.opened;
    await database.close();
    release.open();
    expect(await creation).toMatchObject({ kind: 'unknown' });
    expect(unrecorded).toEqual([expect.objectContaining(keyOf('key-1'))]);
    const restarted = createTestCore(lean.url, openTestStore(config));
    expect(await restarted.create('key-1')).toMatchObject({
      kind: 'created',
      intentId: lean.payouts.all()[0]?.intentId,
    });
    expect(creationRequests(lean)).toHaveLength(1);
  });
});
