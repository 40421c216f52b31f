import { describe, expect, it } from 'vitest';
import type { PayoutCreated } from '../../src/payouts/creation/creation-answer.ts';
import { unknownParty } from '../../src/payouts/payout.ts';
import { payoutFromRecord, type RecordedPayout } from '../../src/payouts/recorded-payout.ts';
import { SqlRecordedPayouts } from '../../src/store/recorded-payouts.ts';
import { keyOf, transfer } from '../support/test-core.ts';
import { storeKinds } from '../support/stores.ts';
import { created, minute, startStore, rejected, remainingMs, response } from './store-fixture.ts';

describe.each(storeKinds)('records of created payouts (%s)', kind => {
  async function startPayouts() {
    const store = await startStore(kind);
    const payouts = new SqlRecordedPayouts(store.database);
    return { ...store, payouts, readRecord: async (id: string) => (await payouts.byIntents([id])).get(id) };
  }

  it('records are found by their intents, each with its own transfer and answer', async () => {
    const { records, createSent, createSettled, payouts } = await startPayouts();
    const transfers = [transfer(), transfer(undefined, { externalReference: 'order-2', authorize: false })];
    await records.settle(await createSent(keyOf('batch'), transfers), response, [
      created('i'),
      created('j', 1),
    ]);
    await createSettled('k', keyOf('key-1', 'another caller'));
    const found = await payouts.byIntents(['j', 'i', 'unknown', 'k']);
    expect([...found.keys()].toSorted()).toEqual(['i', 'j', 'k']);
    expect(found.get('j')).toMatchObject({
      intentId: 'j',
      transfer: transfers[1],
      answer: { intentId: 'j', transferIndex: 1 },
    });
    expect(found.get('i')?.transfer).toEqual(transfers[0]);
  });

  it('no records are returned for an empty list of intents, or for unknown intents', async () => {
    const { records, createSent, payouts } = await startPayouts();
    await createSent(keyOf('in flight'));
    await records.markUnknown(await createSent(keyOf('unknown')));
    expect(await payouts.byIntents([])).toEqual(new Map());
    expect(await payouts.byIntents(['i', '', 'null'])).toEqual(new Map());
  });

  it('the record of a payout that Lean failed inside its answer has the status FAILED', async () => {
    const { records, createSent, payouts } = await startPayouts();
    await records.settle(await createSent(keyOf('rejected')), response, [
      { ...rejected, rejectedIntentId: 'i' },
    ]);
    expect((await payouts.byIntents(['i'])).get('i')).toMatchObject({
      answer: { state: { status: 'FAILED' }, paymentId: null },
      isNew: true,
    });
  });

  it('records are found for more intents than one statement can contain', async () => {
    const { records, createSent, payouts } = await startPayouts();
    const ids = Array.from({ length: 1003 }, (_, index) => `i${String(index)}`);
    const recordedIds = ['i0', 'i499', 'i500', 'i1002'];
    const transfers = recordedIds.map((id, index) =>
      transfer(undefined, { externalReference: `order-${String(index)} ${id}` }),
    );
    await records.settle(
      await createSent(keyOf('batch'), transfers),
      response,
      recordedIds.map((id, index) => created(id, index)),
    );
    expect([...(await payouts.byIntents(ids)).keys()].toSorted()).toEqual(recordedIds.toSorted());
  });

  it('a record is new for ten minutes after Lean’s answer, until Lean’s list shows the payout', async () => {
    const { clock, createSettled, readRecord } = await startPayouts();
    await createSettled('i');
    expect((await readRecord('i'))?.isNew).toBe(true);
    clock.ms += 10 * minute - 1;
    expect((await readRecord('i'))?.isNew).toBe(true);
    clock.ms += 1;
    expect((await readRecord('i'))?.isNew).toBe(false);
  });

  it('a record has the time range of its creation by Lean’s clock', async () => {
    const { clock, records, createSent, readRecord } = await startPayouts();
    clock.leanAheadMs = 90_000;
    const start = clock.ms;
    const lease = await createSent();
    clock.ms += minute;
    await records.settle(lease, response, [created('i')]);
    clock.ms += 20 * minute;
    expect((await readRecord('i'))?.requested).toEqual({
      from: start + clock.leanAheadMs,
      to: start + minute + clock.leanAheadMs,
    });
  });

  it('the time range of a creation begins at the earliest send under a lost record', async () => {
    const { clock, database, createSettled, readRecord } = await startPayouts();
    const start = clock.ms;
    await createSettled('i');
    await database.run({ sql: `UPDATE lean_payout_requests SET lookback_ms = ${String(5 * minute)}` });
    expect((await readRecord('i'))?.requested.from).toBe(start + clock.leanAheadMs - 5 * minute);
  });

  it('the time range of a creation is by the store’s clock if Lean’s time was not known', async () => {
    const { clock, records, takeLease, noteSending, readRecord } = await startPayouts();
    const start = clock.ms;
    const lease = await takeLease();
    await noteSending(lease, { leanNow: undefined });
    await records.settle(lease, response, [created('i')]);
    expect((await readRecord('i'))?.requested).toEqual({ from: start, to: start });
  });

  it('the time range of a payout that was found later ends after its send', async () => {
    const { clock, reconciliation, createUnknown, readRecord } = await startPayouts();
    const start = clock.ms;
    const request = await createUnknown();
    clock.ms += 5 * minute;
    await reconciliation.recordFound(request, 0, created('i'));
    const { from = Infinity, to = 0 } = (await readRecord('i'))?.requested ?? {};
    expect(from).toBe(start);
    expect(to).toBeGreaterThanOrEqual(start + remainingMs);
  });
});

describe('a payout from its record', () => {
  const recipient = { ...unknownParty, displayName: 'ABC CORP', iban: 'AE2' };
  const record = (change: Partial<RecordedPayout> = {}, answer: Partial<PayoutCreated> = {}) =>
    payoutFromRecord({
      intentId: 'i',
      transfer: transfer(),
      answer: { ...created('i'), ...answer },
      isNew: true,
      requested: { from: 0, to: 1 },
      ...change,
    });

  it('the payout has the requested values and Lean’s answer', () => {
    expect(record({}, { recipient, paymentId: 'p' })).toMatchObject({
      intentId: 'i',
      paymentId: 'p',
      // The caller sent 16.50. Lean writes it as 16.5.
      amount: { amount: '16.5', currency: 'AED' },
      description: 'INV 001',
      state: { status: 'CREATED' },
      recipient,
      sender: undefined,
    });
  });

  it('the payout has a state only while its record is new', () => {
    expect(record({ isNew: false }).state).toBeUndefined();
  });

  it('the recipient is unknown if Lean did not name one', () => {
    expect(record().recipient).toEqual(unknownParty);
  });
});
