import { describe, expect, it } from 'vitest';
import { maxReadIntervalMs } from '../../src/payouts/creation/payout-record.ts';
import type { Decimal } from '../../src/payouts/values/decimal.ts';
import { destinations } from '../../src/sandbox/fixtures.ts';
import { SqlReconciliationRecords } from '../../src/store/reconciliation-records.ts';
import { keyOf, transfer, transfers } from '../support/test-core.ts';
import { storeKinds } from '../support/stores.ts';
import {
  created,
  delayMs,
  hour,
  minute,
  startStore,
  rejected,
  rejection,
  response,
} from './store-fixture.ts';

const aed = (amount: string) => ({ amount: amount as Decimal, currency: 'AED' });

describe.each(storeKinds)('reconciliation records (%s)', kind => {
  it('the first reconciliation read is due five seconds after the outcome became unknown', async () => {
    const { clock, reconciliation, createUnknown } = await startStore(kind);
    await createUnknown();
    clock.ms += 4999;
    expect(await reconciliation.due(5, 'test')).toEqual([]);
    clock.ms += 1;
    expect(await reconciliation.due(5, 'test')).toMatchObject([{ idempotencyKey: 'key-1' }]);
  });

  it('requests that have been due longest come first', async () => {
    const { clock, reconciliation, createUnknown } = await startStore(kind);
    for (const key of ['first', 'second', 'third']) {
      await createUnknown(keyOf(key));
      clock.ms += 1;
    }
    clock.ms += hour;
    const keys = (await reconciliation.due(2, 'test')).map(({ idempotencyKey }) => idempotencyKey);
    expect(keys.toSorted()).toEqual(['first', 'second']);
  });

  it('a request is due at once if a wrong clock has stored its due time too far ahead', async () => {
    const { clock, reconciliation, createUnknown, read } = await startStore(kind);
    clock.ms += 3 * hour;
    const request = await createUnknown();
    clock.ms -= 3 * hour;
    expect(await reconciliation.due(5, 'test')).toMatchObject([{ idempotencyKey: 'key-1' }]);
    expect(await reconciliation.postpone(request, { checks: 20, inMs: maxReadIntervalMs })).toBe(true);
    expect(await reconciliation.due(5, 'test')).toEqual([]);
    expect(await read()).toMatchObject({ nextCheckAt: clock.ms + maxReadIntervalMs });
  });

  it('a settled request whose audit is due in a day is not due before', async () => {
    const { clock, reconciliation, createUnknown, read } = await startStore(kind);
    await reconciliation.rejectAbsent(await createUnknown(), [rejection]);
    await reconciliation.postpone(await read(), { checks: 1, inMs: 24 * hour });
    expect(await reconciliation.due(5, 'test')).toEqual([]);
    clock.ms += 24 * hour;
    expect(await reconciliation.due(5, 'test')).toHaveLength(1);
  });

  it('a request in flight is not due', async () => {
    const { clock, reconciliation, createUnknown, passDelay, leaseAgain } = await startStore(kind);
    const request = await createUnknown();
    passDelay();
    await leaseAgain(request);
    clock.ms += hour;
    expect(await reconciliation.due(5, 'test')).toEqual([]);
  });

  it('only one of several gateways postpones a read', async () => {
    const { config, clock, open, database, reconciliation, createUnknown, read } = await startStore(kind);
    const request = await createUnknown();
    const others = Array.from(
      { length: 7 },
      () => new SqlReconciliationRecords('url' in config ? open() : database),
    );
    const next = { checks: 1, inMs: 20_000 };
    const done = await Promise.all([reconciliation, ...others].map(each => each.postpone(request, next)));
    expect(done.filter(Boolean)).toHaveLength(1);
    expect(await read()).toMatchObject({ checks: 1, nextCheckAt: clock.ms + 20_000 });
  });

  it('a read is not postponed if the request has been leased meanwhile', async () => {
    const { reconciliation, createUnknown, passDelay, leaseAgain } = await startStore(kind);
    const request = await createUnknown();
    passDelay();
    await leaseAgain(request);
    expect(await reconciliation.postpone(request, { checks: 1, inMs: 1 })).toBe(false);
  });

  it('only one of several gateways may read for a request in five seconds', async () => {
    const { config, clock, open, database, reconciliation, createUnknown } = await startStore(kind);
    await createUnknown();
    const others = Array.from(
      { length: 7 },
      () => new SqlReconciliationRecords('url' in config ? open() : database),
    );
    const reads = async () =>
      (await Promise.all([reconciliation, ...others].map(each => each.startReading(keyOf('key-1'))))).filter(
        request => request !== undefined,
      );
    expect(await reads()).toMatchObject([{ idempotencyKey: 'key-1', readAt: clock.ms }]);
    clock.ms += 4999;
    expect(await reads()).toEqual([]);
    clock.ms += 1;
    expect(await reads()).toHaveLength(1);
  });

  it('a read for one request does not block a read for another', async () => {
    const { reconciliation, createUnknown } = await startStore(kind);
    await createUnknown(keyOf('a'));
    await createUnknown(keyOf('b'));
    expect(await reconciliation.startReading(keyOf('a'))).toBeDefined();
    expect(await reconciliation.startReading(keyOf('b'))).toBeDefined();
  });

  it('a time of the last read in the future does not block the next read, because a wrong clock wrote it', async () => {
    const { clock, reconciliation, createUnknown } = await startStore(kind);
    await createUnknown();
    clock.ms += hour;
    await reconciliation.startReading(keyOf('key-1'));
    clock.ms -= hour;
    expect(await reconciliation.startReading(keyOf('key-1'))).toBeDefined();
  });

  it('no read starts for a request in flight or for an unknown key', async () => {
    const { reconciliation, createSent } = await startStore(kind);
    await createSent();
    expect(await reconciliation.startReading(keyOf('key-1'))).toBeUndefined();
    expect(await reconciliation.startReading(keyOf('never heard of'))).toBeUndefined();
  });

  it('a read may start at once after the request was sent again', async () => {
    const { records, reconciliation, createUnknown, passDelay, leaseAgain, noteSending } =
      await startStore(kind);
    const request = await createUnknown();
    passDelay();
    await reconciliation.startReading(request);
    const again = await leaseAgain(request);
    await noteSending(again);
    await records.markUnknown(again);
    expect(await reconciliation.startReading(request)).toBeDefined();
  });

  it('a finding is kept until the request is sent again', async () => {
    const { reconciliation, createUnknown, passDelay, leaseAgain, noteSending, read } =
      await startStore(kind);
    const request = await createUnknown();
    expect(request.finding).toBeNull();
    await reconciliation.noteFinding(request, 'look_alike');
    expect((await read()).finding).toBe('look_alike');
    passDelay();
    await noteSending(await leaseAgain(request));
    expect((await read()).finding).toBeNull();
  });

  it('a transfer is recorded as found only once', async () => {
    const { clock, reconciliation, createUnknown, read } = await startStore(kind);
    const request = await createUnknown();
    expect(await reconciliation.recordFound(request, 0, created('i'))).toBe(true);
    expect(await reconciliation.recordFound(request, 0, created('j'))).toBe(false);
    expect(await read()).toMatchObject({
      records: [{ state: 'created', intentId: 'i', answer: created('i') }],
      nextCheckAt: clock.ms + delayMs,
      finding: null,
    });
  });

  it('a found transfer of a batch leaves the others to be read for', async () => {
    const { reconciliation, createUnknown, read, states } = await startStore(kind);
    const request = await createUnknown(undefined, [transfer(), transfer()]);
    expect(await reconciliation.recordFound(request, 1, created('i', 1))).toBe(true);
    expect(await states()).toEqual(['unknown', 'created']);
    expect((await read()).nextCheckAt).toBe(request.nextCheckAt);
  });

  it('a transfer that Lean is proven not to have is rejected', async () => {
    const { reconciliation, createUnknown, read } = await startStore(kind);
    const request = await createUnknown();
    expect(await reconciliation.rejectAbsent(request, [rejection])).toEqual([rejection]);
    expect(await read()).toMatchObject({ records: [{ state: 'rejected', answer: rejected }], finding: null });
    expect(await reconciliation.rejectAbsent(await read(), [rejection])).toEqual([]);
  });

  it('the absent transfers of a batch are rejected, and the found one stays', async () => {
    const { reconciliation, createUnknown, read, states } = await startStore(kind);
    await reconciliation.recordFound(
      await createUnknown(undefined, [transfer(), transfer(), transfer()]),
      1,
      created('i', 1),
    );
    const rejections = [0, 2].map(position => ({
      position,
      answer: { ...rejected, transferIndex: position },
    }));
    expect(await reconciliation.rejectAbsent(await read(), rejections)).toEqual(rejections);
    expect(await states()).toEqual(['rejected', 'created', 'rejected']);
    expect((await read()).records.map(({ answer }) => answer?.transferIndex)).toEqual([0, 1, 2]);
  });

  it('a rejection whose intent another record has is recorded without the intent', async () => {
    const { reconciliation, createUnknown, createSettled, read } = await startStore(kind);
    await createSettled('i', keyOf('other'));
    const named = { position: 0, answer: { ...rejected, rejectedIntentId: 'i' } };
    expect(await reconciliation.rejectAbsent(await createUnknown(), [named])).toEqual([named]);
    expect(await read()).toMatchObject({ records: [{ state: 'rejected', intentId: null }] });
  });

  it('a finding of a read from before a new lease is not kept', async () => {
    const { records, reconciliation, createUnknown, passDelay, leaseAgain, noteSending, read } =
      await startStore(kind);
    const request = await createUnknown();
    passDelay();
    const again = await leaseAgain(request);
    await noteSending(again);
    await records.markUnknown(again);
    await reconciliation.noteFinding(request, 'needs_decision');
    expect((await read()).finding).toBeNull();
  });

  it('nothing is rejected as absent while an attempt holds the lease', async () => {
    const { reconciliation, createUnknown, passDelay, leaseAgain, states } = await startStore(kind);
    const request = await createUnknown();
    passDelay();
    await leaseAgain(request);
    expect(await reconciliation.rejectAbsent(request, [rejection])).toEqual([]);
    expect(await states()).toEqual(['reserved']);
  });

  it('nothing is rejected as absent after a read from before the request was sent again', async () => {
    const { records, reconciliation, createUnknown, passDelay, leaseAgain, noteSending, states } =
      await startStore(kind);
    const request = await createUnknown();
    passDelay();
    const again = await leaseAgain(request);
    await noteSending(again);
    await records.markUnknown(again);
    expect(await reconciliation.rejectAbsent(request, [rejection])).toEqual([]);
    expect(await states()).toEqual(['unknown']);
  });

  it('nothing is rejected as absent after a read from before a lease that was released', async () => {
    const { records, reconciliation, createUnknown, passDelay, leaseAgain, states } = await startStore(kind);
    const request = await createUnknown();
    passDelay();
    await records.release(await leaseAgain(request));
    expect(await reconciliation.rejectAbsent(request, [rejection])).toEqual([]);
    expect(await states()).toEqual(['unknown']);
  });

  it('the key of a request that Lean turned away every time is freed', async () => {
    const { records, reconciliation, createSent, read } = await startStore(kind);
    const lease = await createSent();
    await records.markTurnedAway(lease);
    await reconciliation.freeTurnedAway(await read());
    expect(await records.read(lease)).toBeUndefined();
  });

  it('the key of a turned-away request that is being sent again is not freed', async () => {
    const { records, reconciliation, createSent, read, leaseAgain } = await startStore(kind);
    await records.markTurnedAway(await createSent());
    const request = await read();
    await leaseAgain(request);
    await reconciliation.freeTurnedAway(request);
    expect(await read()).toMatchObject({ inFlight: true });
  });

  it('the key of a turned-away batch is not freed once one of its transfers was found', async () => {
    const { records, reconciliation, createSent, read } = await startStore(kind);
    await records.markTurnedAway(await createSent(undefined, transfers(2)));
    const request = await read();
    await reconciliation.recordFound(request, 0, created('i'));
    await reconciliation.freeTurnedAway(request);
    expect(await read()).toMatchObject({ records: [{ state: 'created' }, { state: 'unknown' }] });
  });

  it('the key of a turned-away request is not freed if Lean has shown several payouts of it', async () => {
    const { records, reconciliation, createSent, read } = await startStore(kind);
    await records.markTurnedAway(await createSent());
    const request = await read();
    await reconciliation.noteDuplicates(request, ['i', 'j']);
    await reconciliation.freeTurnedAway(request);
    expect(await read()).toMatchObject({ duplicateIntents: ['i', 'j'] });
  });

  it('the key of a request that Lean may have accepted is not freed', async () => {
    const { reconciliation, createUnknown, read } = await startStore(kind);
    await reconciliation.freeTurnedAway(await createUnknown());
    expect(await read()).toMatchObject({ records: [{ state: 'unknown' }] });
  });

  it('a restarted resend delay counts from now by the store’s clock and by Lean’s', async () => {
    const { clock, reconciliation, createUnknown, read } = await startStore(kind);
    const request = await createUnknown();
    clock.ms += minute;
    await reconciliation.restartDelay(request, clock.ms + 1233.5);
    expect((await read()).sends).toEqual({
      ...request.sends,
      until: clock.ms,
      leanUntil: clock.ms + 1234,
    });
  });

  it('a resend delay is not restarted while the request is in flight', async () => {
    const { clock, reconciliation, createUnknown, passDelay, leaseAgain, read } = await startStore(kind);
    const request = await createUnknown();
    passDelay();
    await leaseAgain(request);
    await reconciliation.restartDelay(request, clock.ms);
    expect((await read()).sends).toEqual(request.sends);
  });

  it('only new duplicate intents are returned, and all are kept', async () => {
    const { reconciliation, createUnknown, read } = await startStore(kind);
    const request = await createUnknown();
    expect(await reconciliation.noteDuplicates(request, ['a', 'b'])).toEqual(['a', 'b']);
    expect(await reconciliation.noteDuplicates(request, ['b', 'a'])).toEqual([]);
    expect(await reconciliation.noteDuplicates(request, ['b', 'c'])).toEqual(['c']);
    expect((await read()).duplicateIntents).toEqual(['a', 'b', 'c']);
  });

  it('duplicate intents that several gateways find concurrently are all kept, and each is returned once', async () => {
    const { config, open, database, createUnknown, read } = await startStore(kind);
    const request = await createUnknown();
    const ids = Array.from({ length: 12 }, (_, index) => `intent-${String(index)}`);
    const returned = await Promise.all(
      ids.map((id, index) =>
        new SqlReconciliationRecords('url' in config && index < 4 ? open() : database).noteDuplicates(
          request,
          [id, 'both'],
        ),
      ),
    );
    expect([...(await read()).duplicateIntents].toSorted()).toEqual([...ids, 'both'].toSorted());
    expect(returned.flat().toSorted()).toEqual([...ids, 'both'].toSorted());
  });

  it('a doubt about absence concerns one Lean application, keeps its first reason, and lasts until an operator ends it', async () => {
    const { reconciliation, operator } = await startStore(kind);
    expect(await reconciliation.doubtReason('test')).toBeUndefined();
    await reconciliation.doubtAbsence('test', 'an-intent', 'the first reason');
    expect(await reconciliation.doubtAbsence('test', 'an-intent', 'another reason')).toBe(false);
    expect(await reconciliation.doubtReason('test')).toBe('the first reason');
    expect(await reconciliation.doubtReason('another application')).toBeUndefined();
    expect(await operator.endDoubt('test', 'me', 'Lean has fixed it')).toBe(true);
    expect(await reconciliation.doubtReason('test')).toBeUndefined();
    // The operator has accepted the list without this payout, but not without another one.
    expect(await reconciliation.doubtAbsence('test', 'an-intent', 'again')).toBe(false);
    expect(await reconciliation.doubtReason('test')).toBeUndefined();
    expect(await reconciliation.doubtAbsence('test', 'another intent', 'anew')).toBe(true);
    expect(await reconciliation.doubtReason('test')).toBe('anew');
  });

  it('a request that is rejected after its outcome was unknown is audited one resend delay later', async () => {
    const { clock, reconciliation, createUnknown, read } = await startStore(kind);
    await reconciliation.rejectAbsent(await createUnknown(), [rejection]);
    expect(await read()).toMatchObject({ checks: 0, nextCheckAt: clock.ms + delayMs });
    clock.ms += delayMs - 1;
    expect(await reconciliation.due(5, 'test')).toEqual([]);
    clock.ms += 1;
    expect(await reconciliation.due(5, 'test')).toHaveLength(1);
  });

  it('a request that was sent twice is audited one resend delay after it is settled', async () => {
    const { clock, records, createUnknown, passDelay, leaseAgain, noteSending, read } =
      await startStore(kind);
    const request = await createUnknown();
    passDelay();
    const again = await leaseAgain(request);
    await noteSending(again);
    clock.ms += 1000;
    await records.settle(again, response, [created('i')]);
    expect(await read()).toMatchObject({ checks: 0, nextCheckAt: clock.ms + delayMs });
  });

  it('a request that was sent once and settled by Lean’s answer is not audited', async () => {
    const { records, createSent, read } = await startStore(kind);
    for (const answer of [created('i'), rejected]) {
      const key = keyOf(answer.kind);
      await records.settle(await createSent(key), response, [answer]);
      expect(await read(key)).toMatchObject({ nextCheckAt: null });
    }
  });

  it('a settled request keeps its answer after an audit', async () => {
    const { clock, reconciliation, createUnknown, read } = await startStore(kind);
    await reconciliation.rejectAbsent(await createUnknown(), [rejection]);
    clock.ms += delayMs;
    const [due] = await reconciliation.due(5, 'test');
    expect(due && (await reconciliation.postpone(due, { checks: 1, inMs: null }))).toBe(true);
    expect(await read()).toMatchObject({ checks: 1, nextCheckAt: null, records: [{ answer: rejected }] });
    clock.ms += 1000 * hour;
    expect(await reconciliation.due(5, 'test')).toEqual([]);
  });
});

describe.each(storeKinds)('rescheduling for an announced payout (%s)', kind => {
  /** Creates requests of unknown outcome whose next read is not due yet. */
  async function createScheduled() {
    const store = await startStore(kind);
    const { clock, createUnknown, read } = store;
    const keys = ['this', 'other amount', 'other destination'] as const;
    await createUnknown(keyOf('this'), [transfer(destinations.pays, { amount: aed('16.50') })]);
    await createUnknown(keyOf('other amount'), [transfer(destinations.pays, { amount: aed('17.00') })]);
    await createUnknown(keyOf('other destination'), [
      transfer(destinations.staysPending, { amount: aed('16.50') }),
    ]);
    clock.ms += 1000;
    const rescheduled = async () => {
      const names: string[] = [];
      for (const key of keys) if ((await read(keyOf(key))).nextCheckAt === clock.ms) names.push(key);
      return names;
    };
    return { ...store, rescheduled };
  }

  it('an announced payout makes only requests with its amount and destination due', async () => {
    const { reconciliation, rescheduled } = await createScheduled();
    await reconciliation.rescheduleNow({ amount: '16.5', destinationId: destinations.pays, intentId: null });
    expect(await rescheduled()).toEqual(['this']);
  });

  it('a payout announced without an amount makes requests with its destination due', async () => {
    const { reconciliation, rescheduled } = await createScheduled();
    await reconciliation.rescheduleNow({ amount: null, destinationId: destinations.pays, intentId: null });
    expect(await rescheduled()).toEqual(['this', 'other amount']);
  });

  it('a payout announced without a destination makes requests with its amount due', async () => {
    const { reconciliation, rescheduled } = await createScheduled();
    await reconciliation.rescheduleNow({ amount: '16.500', destinationId: null, intentId: null });
    expect(await rescheduled()).toEqual(['this', 'other destination']);
  });

  it('an announced payout that matches no request makes none due', async () => {
    const { reconciliation, rescheduled } = await createScheduled();
    await reconciliation.rescheduleNow({ amount: '99', destinationId: destinations.pays, intentId: null });
    await reconciliation.rescheduleNow({
      amount: '16.5',
      destinationId: destinations.refused,
      intentId: null,
    });
    expect(await rescheduled()).toEqual([]);
  });

  it('an announced payout makes a request due whose destination id is in capital letters', async () => {
    const { clock, reconciliation, createUnknown, read } = await startStore(kind);
    await createUnknown(undefined, [transfer(destinations.pays.toUpperCase())]);
    clock.ms += 1000;
    await reconciliation.rescheduleNow({ amount: '16.5', destinationId: destinations.pays, intentId: null });
    expect((await read()).nextCheckAt).toBe(clock.ms);
  });

  it('an announced payout makes a settled request due even if a wrong clock has stored its last audit too far ahead', async () => {
    const { clock, reconciliation, createSettled, read } = await startStore(kind);
    await createSettled('i');
    const announce = async () => {
      const payout = { amount: '16.5', destinationId: destinations.pays, intentId: 'another' };
      await reconciliation.rescheduleNow(payout);
      return (await read()).nextCheckAt;
    };
    clock.ms += hour;
    expect(await announce()).toBe(clock.ms);
    clock.ms -= hour;
    expect(await announce()).toBe(clock.ms);
  });

  it('an announced payout changes no request that is due already, settled or in flight', async () => {
    const { clock, reconciliation, createUnknown, createSettled, createSent, read } = await startStore(kind);
    const due = await createUnknown(keyOf('due'));
    await createSettled('i', keyOf('settled'));
    await createSent(keyOf('sending'));
    clock.ms += hour;
    await reconciliation.rescheduleNow({ amount: '16.5', destinationId: destinations.pays, intentId: null });
    expect((await read(keyOf('due'))).nextCheckAt).toBe(due.nextCheckAt);
    for (const key of ['settled', 'sending']) expect((await read(keyOf(key))).nextCheckAt).toBeNull();
  });
});
