import { afterEach, describe, expect, it, vi } from 'vitest';
import { LeanBadAnswer, LeanNotOffered } from '../../src/errors/lean-errors.ts';
import { PayoutReads } from '../../src/payouts/payout-reads.ts';
import { destinations, exampleIntentId, examplePayoutId } from '../../src/sandbox/fixtures.ts';
import { clientTo, failureOf, json, rawServer, startLean } from '../lean/fixtures.ts';

afterEach(() => {
  vi.useRealTimers();
});

describe('a read of a single payout, intent or destination', () => {
  it('returns what Lean has', async () => {
    const reads = new PayoutReads(clientTo((await startLean({ payouts: 1 })).url));
    expect(await reads.payout(examplePayoutId, {})).toMatchObject({ paymentId: examplePayoutId });
    expect(await reads.intent(exampleIntentId, {})).toMatchObject({ id: exampleIntentId });
    expect(await reads.destination(destinations.pays, {})).toMatchObject({ id: destinations.pays });
    expect(reads.lacksDetailCalls).toBe(false);
  });

  it('returns null if Lean does not know the id', async () => {
    const reads = new PayoutReads(clientTo((await startLean()).url));
    expect(await reads.payout(examplePayoutId, {})).toBeNull();
    expect(await reads.intent(exampleIntentId, {})).toBeNull();
    expect(await reads.destination(exampleIntentId, {})).toBeNull();
    expect(reads.lacksDetailCalls).toBe(false);
  });

  it('returns a payment that Lean finds by the id of its intent', async () => {
    const payment = { id: 'p', payment_intent_id: 'i', amount: 1, currency: 'AED' };
    const { url } = await rawServer(response => json(response, payment));
    expect(await new PayoutReads(clientTo(url)).payout('i', {})).toMatchObject({
      paymentId: 'p',
      intentId: 'i',
    });
  });

  it('uses the requested id if the response does not repeat it', async () => {
    const { url } = await rawServer((response, { target }) => {
      json(response, {
        amount: 1,
        currency: 'AED',
        ...(target.endsWith('/p') && { payment_intent_id: 'owner' }),
      });
    });
    const reads = new PayoutReads(clientTo(url));
    expect(await reads.payout('p', {})).toMatchObject({ paymentId: 'p', intentId: 'owner' });
    expect(await reads.intent('i', {})).toMatchObject({ id: 'i' });
  });

  it.each(['payout', 'destination'] as const)(
    'fails with a bad response for a %s without an id',
    async kind => {
      const { url } = await rawServer(response => json(response, { id: null, amount: 1, currency: 'AED' }));
      const reads = new PayoutReads(clientTo(url));
      expect(await failureOf(reads[kind]('p', {}))).toMatchObject({
        name: 'LeanBadAnswer',
        code: 'LEAN_BAD_RESPONSE',
      });
    },
  );

  it.each([
    ['payout', { id: 'other', payment_intent_id: 'i' }],
    ['intent', { payment_intent_id: 'other' }],
    ['destination', { id: 'other' }],
  ] as const)('fails with a bad response if Lean answers with another %s', async (kind, ids) => {
    const { url } = await rawServer(response => json(response, { ...ids, amount: 1, currency: 'AED' }));
    const reads = new PayoutReads(clientTo(url));
    expect(await failureOf(reads[kind]('asked', {}))).toMatchObject({
      name: 'LeanBadAnswer',
      message: expect.stringContaining('than the one that was asked for') as unknown,
    });
  });

  it('accepts ids in either case', async () => {
    const { url } = await rawServer(response =>
      json(response, { payment_intent_id: 'INTENT', amount: 1, currency: 'AED' }),
    );
    expect(await new PayoutReads(clientTo(url)).intent('intent', {})).toMatchObject({ id: 'intent' });
  });

  it('fails with a bad response for an intent without an amount', async () => {
    const { url } = await rawServer(response => json(response, { payment_intent_id: 'i' }));
    const failure = await failureOf(new PayoutReads(clientTo(url)).intent('i', {}));
    expect(failure).toBeInstanceOf(LeanBadAnswer);
  });
});

describe('a Lean application without detail calls', () => {
  it('is detected for a second after the first error and at most for a minute after more', async () => {
    let now = 0;
    const reads = new PayoutReads(clientTo((await startLean({ profile: 'v1' })).url), () => now);
    const failure = await failureOf(reads.payout(examplePayoutId, {}));
    expect(failure).toBeInstanceOf(LeanNotOffered);
    expect(reads.lacksDetailCalls).toBe(true);
    now = 999;
    expect(reads.lacksDetailCalls).toBe(true);
    now = 1000;
    expect(reads.lacksDetailCalls).toBe(false);
    for (let count = 0; count < 9; count += 1) await failureOf(reads.payout(examplePayoutId, {}));
    now += 59_999;
    expect(reads.lacksDetailCalls).toBe(true);
    now += 1;
    expect(reads.lacksDetailCalls).toBe(false);
  });

  it('is no longer assumed after a second, even if the clock of the machine is set back meanwhile', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'performance'] });
    const reads = new PayoutReads(clientTo((await startLean({ profile: 'v1' })).url));
    await failureOf(reads.payout(examplePayoutId, {}));
    expect(reads.lacksDetailCalls).toBe(true);
    vi.setSystemTime(Date.now() - 3_600_000);
    vi.advanceTimersByTime(1000);
    expect(reads.lacksDetailCalls).toBe(false);
  });

  it('is no longer assumed once a detail call succeeds', async () => {
    const lean = await startLean({ payouts: 1 });
    const reads = new PayoutReads(clientTo(lean.url), () => 0);
    lean.faults.add({ kind: 'status', status: 404, code: 'INVALID_URL', times: 1 });
    await failureOf(reads.intent(exampleIntentId, {}));
    expect(reads.lacksDetailCalls).toBe(true);
    await reads.payout(examplePayoutId, {});
    expect(reads.lacksDetailCalls).toBe(false);
  });

  it('is not assumed after one error if a detail call has succeeded before', async () => {
    const lean = await startLean({ payouts: 1 });
    const reads = new PayoutReads(clientTo(lean.url));
    await reads.payout(examplePayoutId, {});
    lean.faults.add({ kind: 'status', status: 404, code: 'INVALID_URL', times: 1 });
    expect(await failureOf(reads.intent(exampleIntentId, {}))).toMatchObject({ code: 'LEAN_REFUSED' });
    expect(reads.lacksDetailCalls).toBe(false);
    expect(await reads.intent(exampleIntentId, {})).toMatchObject({ id: exampleIntentId });
  });

  it('is not assumed after any other error', async () => {
    const lean = await startLean({ payouts: 1 });
    const reads = new PayoutReads(clientTo(lean.url));
    lean.faults.add({ kind: 'status', status: 500 });
    expect(await failureOf(reads.payout(examplePayoutId, {}))).not.toBeInstanceOf(LeanNotOffered);
    expect(reads.lacksDetailCalls).toBe(false);
  });
});

describe("the tracking of an intent's payment", () => {
  const payment = { id: 'p', status: 'ACCEPTED_BY_BANK', amount: 1, currency: 'AED' };

  /** The reads of a Lean that returns an intent with each of these payments, one after the other. */
  async function readsWith(...payments: readonly unknown[]): Promise<PayoutReads> {
    const remaining = [...payments];
    const { url } = await rawServer(response =>
      json(response, { payment_intent_id: 'i', amount: 1, currency: 'AED', payment: remaining.shift() }),
    );
    return new PayoutReads(clientTo(url));
  }

  it('is reported as missing until an intent carries it', async () => {
    const reads = await readsWith(payment, { ...payment, post_initiation_status: null });
    expect(reads.intentsLackTracking).toBe(false);
    expect((await reads.intent('i', {}))?.payout.postInitiationStatus).toBeUndefined();
    expect(reads.intentsLackTracking).toBe(true);
    expect((await reads.intent('i', {}))?.payout.postInitiationStatus).toBeNull();
    expect(reads.intentsLackTracking).toBe(false);
  });

  it('stays reported as missing after an intent without a payment', async () => {
    const reads = await readsWith(payment, null);
    await reads.intent('i', {});
    expect((await reads.intent('i', {}))?.payout.postInitiationStatus).toBeNull();
    expect(reads.intentsLackTracking).toBe(true);
  });
});
