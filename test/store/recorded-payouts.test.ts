import { describe, expect, it } from 'vitest';
import type { PayoutCreated } from '../../src/payouts/creation/creation-answer.ts';
import { unknownParty } from '../../src/payouts/payout.ts';
import { payoutFromRecord, type RecordedPayout } from '../../src/payouts/recorded-payout.ts';
import { SqlRecordedPayouts } from '../../src/store/recorded-payouts.ts';
import { keyOf, transfer } from '../support/creating.ts';
import { stores } from '../support/stores.ts';
import { created, minute, recording, rejected, remainingMs, response } from './recording.ts';

describe.each(stores)('the records of created payouts (%s)', kind => {
  async function recorded() {
    const store = await recording(kind);
    const payouts = new SqlRecordedPayouts(store.database);
    return { ...store, payouts, of: async (id: string) => (await payouts.byIntents([id])).get(id) };
  }

  it('are known by their intents, each with its own transfer and answer', async () => {
    const { records, sent, settled, payouts } = await recorded();
    const two = [transfer(), transfer(undefined, { externalReference: 'order-2', authorize: false })];
    await records.settle(await sent(keyOf('batch'), two), response, [created('i'), created('j', 1)]);
    await settled('k', keyOf('key-1', 'another caller'));
    const found = await payouts.byIntents(['j', 'i', 'unknown', 'k']);
    expect([...found.keys()].toSorted()).toEqual(['i', 'j', 'k']);
    expect(found.get('j')).toMatchObject({
      intentId: 'j',
      transfer: two[1],
      answer: { intentId: 'j', transferIndex: 1 },
    });
    expect(found.get('i')?.transfer).toEqual(two[0]);
  });

  it('are none for no intents, and none of those of which nothing is known', async () => {
    const { records, sent, payouts } = await recorded();
    await sent(keyOf('under way'));
    await records.markUnknown(await sent(keyOf('unknown')));
    expect(await payouts.byIntents([])).toEqual(new Map());
    expect(await payouts.byIntents(['i', '', 'null'])).toEqual(new Map());
  });

  it('tell of a payout that Lean failed inside its answer that it has failed', async () => {
    const { records, sent, payouts } = await recorded();
    await records.settle(await sent(keyOf('rejected')), response, [{ ...rejected, rejectedIntentId: 'i' }]);
    expect((await payouts.byIntents(['i'])).get('i')).toMatchObject({
      answer: { state: { status: 'FAILED' }, paymentId: null },
      isNew: true,
    });
  });

  it('are found among more than one statement can ask for', async () => {
    const { records, sent, payouts } = await recorded();
    const ids = Array.from({ length: 1003 }, (_, index) => `i${String(index)}`);
    const ours = ['i0', 'i499', 'i500', 'i1002'];
    const transfers = ours.map((id, index) =>
      transfer(undefined, { externalReference: `order-${String(index)} ${id}` }),
    );
    await records.settle(
      await sent(keyOf('batch'), transfers),
      response,
      ours.map((id, index) => created(id, index)),
    );
    expect([...(await payouts.byIntents(ids)).keys()].toSorted()).toEqual(ours.toSorted());
  });

  it('are new for ten minutes after Lean’s answer: by then its list shows them', async () => {
    const { clock, settled, of } = await recorded();
    await settled('i');
    expect((await of('i'))?.isNew).toBe(true);
    clock.ms += 10 * minute - 1;
    expect((await of('i'))?.isNew).toBe(true);
    clock.ms += 1;
    expect((await of('i'))?.isNew).toBe(false);
  });

  it('say between which times Lean was asked, by Lean’s clock', async () => {
    const { clock, records, sent, of } = await recorded();
    clock.leanAheadMs = 90_000;
    const start = clock.ms;
    const lease = await sent();
    clock.ms += minute;
    await records.settle(lease, response, [created('i')]);
    clock.ms += 20 * minute;
    expect((await of('i'))?.requested).toEqual({
      from: start + clock.leanAheadMs,
      to: start + minute + clock.leanAheadMs,
    });
  });

  it('say it by the store’s clock where Lean’s was not known', async () => {
    const { clock, records, lease, noteSending, of } = await recorded();
    const start = clock.ms;
    const its = await lease();
    await noteSending(its, { leanNow: undefined });
    await records.settle(its, response, [created('i')]);
    expect((await of('i'))?.requested).toEqual({ from: start, to: start });
  });

  it('hold a payout that was found later within the time in which it was asked for', async () => {
    const { clock, reconciliation, unknown, of } = await recorded();
    const start = clock.ms;
    const request = await unknown();
    clock.ms += 5 * minute;
    await reconciliation.found(request, 0, created('i'));
    const { from = Infinity, to = 0 } = (await of('i'))?.requested ?? {};
    expect(from).toBe(start);
    expect(to).toBeGreaterThanOrEqual(start + remainingMs);
  });
});

describe('a payout as our record tells it', () => {
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

  it('is what was asked for, and what Lean answered', () => {
    expect(record({}, { recipient, paymentId: 'p' })).toMatchObject({
      intentId: 'i',
      paymentId: 'p',
      // The caller's 16.50, as Lean writes it.
      amount: { amount: '16.5', currency: 'AED' },
      description: 'INV 001',
      state: { status: 'CREATED' },
      recipient,
      sender: undefined,
    });
  });

  it('says how it stands only while it is new', () => {
    expect(record({ isNew: false }).state).toBeUndefined();
  });

  it('leaves the recipient to be looked for where Lean did not name one', () => {
    expect(record().recipient).toEqual(unknownParty);
  });
});
