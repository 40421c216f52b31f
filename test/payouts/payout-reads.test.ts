import { describe, expect, it } from 'vitest';
import { LeanBadAnswer, LeanNotOffered } from '../../src/errors/lean-errors.ts';
import { PayoutReads } from '../../src/payouts/payout-reads.ts';
import { destinations, exampleIntentId, examplePayoutId } from '../../src/sandbox/named.ts';
import { clientTo, failureOf, json, rawServer, startLean } from '../lean/wiring.ts';

describe('a single read', () => {
  it('is what Lean said', async () => {
    const reads = new PayoutReads(clientTo((await startLean({ payouts: 1 })).url));
    expect(await reads.payout(examplePayoutId, {})).toMatchObject({ paymentId: examplePayoutId });
    expect(await reads.intent(exampleIntentId, {})).toMatchObject({ id: exampleIntentId });
    expect(await reads.destination(destinations.pays, {})).toMatchObject({ id: destinations.pays });
    expect(reads.lacksDetails).toBe(false);
  });

  it('is null where Lean does not know the id', async () => {
    const reads = new PayoutReads(clientTo((await startLean()).url));
    expect(await reads.payout(examplePayoutId, {})).toBeNull();
    expect(await reads.intent(exampleIntentId, {})).toBeNull();
    expect(await reads.destination(exampleIntentId, {})).toBeNull();
    expect(reads.lacksDetails).toBe(false);
  });

  it('takes the id that was asked for where the answer does not repeat it', async () => {
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
    'of a %s that does not say which it is, is a bad answer',
    async what => {
      const { url } = await rawServer(response => json(response, { id: null, amount: 1, currency: 'AED' }));
      const reads = new PayoutReads(clientTo(url));
      expect(await failureOf(reads[what]('p', {}))).toMatchObject({
        name: 'LeanBadAnswer',
        code: 'LEAN_BAD_RESPONSE',
      });
    },
  );

  it('of an intent without an amount is a bad answer', async () => {
    const { url } = await rawServer(response => json(response, { payment_intent_id: 'i' }));
    const failure = await failureOf(new PayoutReads(clientTo(url)).intent('i', {}));
    expect(failure).toBeInstanceOf(LeanBadAnswer);
  });
});

describe('an application without these operations', () => {
  it('is noticed, for a second at first and for a minute in the end', async () => {
    let now = 0;
    const reads = new PayoutReads(clientTo((await startLean({ profile: 'v1' })).url), () => now);
    const failure = await failureOf(reads.payout(examplePayoutId, {}));
    expect(failure).toBeInstanceOf(LeanNotOffered);
    expect(reads.lacksDetails).toBe(true);
    now = 999;
    expect(reads.lacksDetails).toBe(true);
    now = 1000;
    expect(reads.lacksDetails).toBe(false);
    for (let times = 0; times < 9; times += 1) await failureOf(reads.payout(examplePayoutId, {}));
    now += 59_999;
    expect(reads.lacksDetails).toBe(true);
    now += 1;
    expect(reads.lacksDetails).toBe(false);
  });

  it('is one no longer once it answers', async () => {
    const lean = await startLean({ payouts: 1 });
    const reads = new PayoutReads(clientTo(lean.url), () => 0);
    lean.faults.add({ kind: 'status', status: 404, code: 'INVALID_URL', times: 1 });
    await failureOf(reads.intent(exampleIntentId, {}));
    expect(reads.lacksDetails).toBe(true);
    await reads.payout(examplePayoutId, {});
    expect(reads.lacksDetails).toBe(false);
  });

  it('is never one that has answered such a call: then Lean has refused this one read', async () => {
    const lean = await startLean({ payouts: 1 });
    const reads = new PayoutReads(clientTo(lean.url));
    await reads.payout(examplePayoutId, {});
    lean.faults.add({ kind: 'status', status: 404, code: 'INVALID_URL', times: 1 });
    expect(await failureOf(reads.intent(exampleIntentId, {}))).toMatchObject({ code: 'LEAN_REFUSED' });
    expect(reads.lacksDetails).toBe(false);
    expect(await reads.intent(exampleIntentId, {})).toMatchObject({ id: exampleIntentId });
  });

  it('is not taken from any other failure', async () => {
    const lean = await startLean({ payouts: 1 });
    const reads = new PayoutReads(clientTo(lean.url));
    lean.faults.add({ kind: 'status', status: 500 });
    expect(await failureOf(reads.payout(examplePayoutId, {}))).not.toBeInstanceOf(LeanNotOffered);
    expect(reads.lacksDetails).toBe(false);
  });
});

describe("an intent's payment", () => {
  const payment = { id: 'p', status: 'ACCEPTED_BY_BANK', amount: 1, currency: 'AED' };

  /** Reads intents whose payments are these, one after the other. */
  async function readsOf(...payments: readonly unknown[]): Promise<PayoutReads> {
    const left = [...payments];
    const { url } = await rawServer(response =>
      json(response, { payment_intent_id: 'i', amount: 1, currency: 'AED', payment: left.shift() }),
    );
    return new PayoutReads(clientTo(url));
  }

  it('may be without its tracking: that is noticed, until one comes with it', async () => {
    const reads = await readsOf(payment, { ...payment, post_initiation_status: null });
    expect(reads.intentsLackTracking).toBe(false);
    expect((await reads.intent('i', {}))?.payout.postInitiationStatus).toBeUndefined();
    expect(reads.intentsLackTracking).toBe(true);
    expect((await reads.intent('i', {}))?.payout.postInitiationStatus).toBeNull();
    expect(reads.intentsLackTracking).toBe(false);
  });

  it('says nothing of the tracking where there is none', async () => {
    const reads = await readsOf(payment, null);
    await reads.intent('i', {});
    expect((await reads.intent('i', {}))?.payout.postInitiationStatus).toBeNull();
    expect(reads.intentsLackTracking).toBe(true);
  });
});
