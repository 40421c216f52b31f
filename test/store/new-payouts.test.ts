import { describe, expect, it } from 'vitest';
import type { PayoutStateChange } from '../../src/payouts/payout-update.ts';
import type { Instant } from '../../src/payouts/values/instant.ts';
import { SqlPayoutEvents } from '../../src/store/payout-events.ts';
import { keyOf, transfers } from '../support/test-core.ts';
import { storeKinds } from '../support/stores.ts';
import { created, minute, rejected, response, startStore } from './store-fixture.ts';

const maxAgeMs = 2 * minute;

const awaiting: PayoutStateChange = {
  eventId: 'event',
  type: 'PAYMENT_UPDATED',
  intentId: 'i',
  paymentId: null,
  status: 'AWAITING_AUTHORIZATION',
  leanStatus: 'AWAITING_AUTHORIZATION',
  postInitiationStatus: undefined,
  publishedAt: '2026-03-01T00:00:00Z' as Instant,
};

describe.each(storeKinds)('new payouts (%s)', kind => {
  async function startPayouts() {
    const store = await startStore(kind);
    const events = new SqlPayoutEvents(store.database, 'test');
    const newPayouts = (limit = 1000) => events.newPayouts(maxAgeMs, limit);
    const newIds = async (limit?: number) => (await newPayouts(limit)).map(({ intentId }) => intentId);
    return { ...store, events, newPayouts, newIds };
  }

  it('are those of all callers, newest first, each with its age and its last update', async () => {
    const { clock, events, createSettled, newPayouts } = await startPayouts();
    await createSettled('i', keyOf('key-1', 'a caller'));
    clock.ms += minute;
    await createSettled('j', keyOf('key-1', 'another caller'));
    await events.publish([{ ...awaiting, leanStatus: 'CREATED', status: 'CREATED' }, awaiting], 0);
    clock.ms += 1;
    expect(await newPayouts()).toEqual([
      { intentId: 'j', ageMs: 1, published: undefined },
      { intentId: 'i', ageMs: minute + 1, published: { ...awaiting, position: 2 } },
    ]);
  });

  it('are those of the own Lean application', async () => {
    const { database, createSettled, newIds } = await startPayouts();
    await createSettled('i');
    const another = new SqlPayoutEvents(database, 'another');
    expect(await another.newPayouts(maxAgeMs, 1000)).toEqual([]);
    expect(await newIds()).toEqual(['i']);
  });

  it('include payouts that Lean failed inside its answer, and those that were found later', async () => {
    const { records, reconciliation, createSent, createUnknown, newIds } = await startPayouts();
    await records.settle(await createSent(keyOf('failed')), response, [
      { ...rejected, rejectedIntentId: 'failed' },
    ]);
    await reconciliation.recordFound(await createUnknown(keyOf('found')), 0, created('found'));
    expect((await newIds()).toSorted()).toEqual(['failed', 'found']);
  });

  it('do not include those that have no intent, or had a payment in Lean’s answer', async () => {
    const { records, createSent, createUnknown, newIds } = await startPayouts();
    await createSent(keyOf('in flight'));
    await createUnknown(keyOf('unknown'));
    await records.settle(await createSent(keyOf('refused')), response, [rejected]);
    await records.settle(await createSent(keyOf('paid')), response, [{ ...created('i'), paymentId: 'p' }]);
    expect(await newIds()).toEqual([]);
  });

  it('are new for two minutes after Lean’s answer, however long ago the creation was requested', async () => {
    const { clock, records, createUnknown, leaseAgain, noteSending, passDelay, newIds } =
      await startPayouts();
    const request = await createUnknown();
    passDelay();
    const lease = await leaseAgain(request);
    await noteSending(lease);
    await records.settle(lease, response, [created('i')]);
    clock.ms += maxAgeMs - 1;
    expect(await newIds()).toEqual(['i']);
    clock.ms += 1;
    expect(await newIds()).toEqual([]);
  });

  it('are none of those that were found more than ten minutes after their last send', async () => {
    const { clock, reconciliation, createUnknown, newPayouts, newIds } = await startPayouts();
    const [early, late] = [await createUnknown(keyOf('early')), await createUnknown(keyOf('late'))];
    clock.ms += 10 * minute - 1;
    await reconciliation.recordFound(early, 0, created('early'));
    expect(await newPayouts()).toEqual([{ intentId: 'early', ageMs: 10 * minute - 1, published: undefined }]);
    clock.ms += 1;
    await reconciliation.recordFound(late, 0, created('late'));
    expect(await newIds()).toEqual([]);
  });

  it('are none of those whose time a wrong clock has stored too far ahead', async () => {
    const { clock, createSettled, newIds } = await startPayouts();
    clock.ms += maxAgeMs;
    await createSettled('i');
    clock.ms -= maxAgeMs;
    expect(await newIds()).toEqual([]);
    clock.ms += 1;
    expect(await newIds()).toEqual(['i']);
  });

  it('are at most as many as the limit', async () => {
    const { clock, records, createSent, createSettled, newIds } = await startPayouts();
    await createSettled('oldest', keyOf('oldest'));
    clock.ms += 1;
    await records.settle(
      await createSent(keyOf('batch'), transfers(3)),
      response,
      ['i', 'j', 'k'].map((id, index) => created(id, index)),
    );
    expect((await newIds(4))[3]).toBe('oldest');
    expect((await newIds(3)).toSorted()).toEqual(['i', 'j', 'k']);
  });
});
