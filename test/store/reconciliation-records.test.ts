import { describe, expect, it } from 'vitest';
import type { Decimal } from '../../src/payouts/values/decimal.ts';
import { destinations } from '../../src/sandbox/named.ts';
import { SqlReconciliationRecords } from '../../src/store/reconciliation-records.ts';
import { keyOf, transfer, transfers } from '../support/creating.ts';
import { stores } from '../support/stores.ts';
import { created, delayMs, hour, minute, recording, rejected, rejection, response } from './recording.ts';

const aed = (amount: string) => ({ amount: amount as Decimal, currency: 'AED' });

describe.each(stores)('reconciliation records (%s)', kind => {
  it('a request is looked for first five seconds after its outcome became unknown', async () => {
    const { clock, reconciliation, unknown } = await recording(kind);
    await unknown();
    clock.ms += 4999;
    expect(await reconciliation.due(5, 'test')).toEqual([]);
    clock.ms += 1;
    expect(await reconciliation.due(5, 'test')).toMatchObject([{ idempotencyKey: 'key-1' }]);
  });

  it('of many requests those that are due longest come first', async () => {
    const { clock, reconciliation, unknown } = await recording(kind);
    for (const key of ['first', 'second', 'third']) {
      await unknown(keyOf(key));
      clock.ms += 1;
    }
    clock.ms += hour;
    const keys = (await reconciliation.due(2, 'test')).map(({ idempotencyKey }) => idempotencyKey);
    expect(keys.toSorted()).toEqual(['first', 'second']);
  });

  it('a request that is being sent is not due, whatever was planned before', async () => {
    const { clock, reconciliation, unknown, passDelay, leaseAgain } = await recording(kind);
    const request = await unknown();
    passDelay();
    await leaseAgain(request);
    clock.ms += hour;
    expect(await reconciliation.due(5, 'test')).toEqual([]);
  });

  it('a look is put off by one of several gateways', async () => {
    const { config, clock, open, database, reconciliation, unknown, read } = await recording(kind);
    const request = await unknown();
    const others = Array.from(
      { length: 7 },
      () => new SqlReconciliationRecords('url' in config ? open() : database),
    );
    const next = { checks: 1, inMs: 20_000 };
    const done = await Promise.all([reconciliation, ...others].map(each => each.postpone(request, next)));
    expect(done.filter(Boolean)).toHaveLength(1);
    expect(await read()).toMatchObject({ checks: 1, nextCheckAt: clock.ms + 20_000 });
  });

  it('a look is not put off when the request has been leased meanwhile', async () => {
    const { reconciliation, unknown, passDelay, leaseAgain } = await recording(kind);
    const request = await unknown();
    passDelay();
    await leaseAgain(request);
    expect(await reconciliation.postpone(request, { checks: 1, inMs: 1 })).toBe(false);
  });

  it('the turn to look for a request is given once in five seconds, over several gateways', async () => {
    const { config, clock, open, database, reconciliation, unknown } = await recording(kind);
    await unknown();
    const others = Array.from(
      { length: 7 },
      () => new SqlReconciliationRecords('url' in config ? open() : database),
    );
    const turns = async () =>
      (await Promise.all([reconciliation, ...others].map(each => each.startReading(keyOf('key-1'))))).filter(
        turn => turn !== undefined,
      );
    expect(await turns()).toMatchObject([{ idempotencyKey: 'key-1', readAt: clock.ms }]);
    clock.ms += 4999;
    expect(await turns()).toEqual([]);
    clock.ms += 1;
    expect(await turns()).toHaveLength(1);
  });

  it('the turn to look for one request does not hold up another', async () => {
    const { reconciliation, unknown } = await recording(kind);
    await unknown(keyOf('a'));
    await unknown(keyOf('b'));
    expect(await reconciliation.startReading(keyOf('a'))).toBeDefined();
    expect(await reconciliation.startReading(keyOf('b'))).toBeDefined();
  });

  it('a turn to look that a wrong clock has noted in the future does not hold up the next one', async () => {
    const { clock, reconciliation, unknown } = await recording(kind);
    await unknown();
    clock.ms += hour;
    await reconciliation.startReading(keyOf('key-1'));
    clock.ms -= hour;
    expect(await reconciliation.startReading(keyOf('key-1'))).toBeDefined();
  });

  it('there is no turn to look for a request that is being sent, and none for one that is not there', async () => {
    const { reconciliation, sent } = await recording(kind);
    await sent();
    expect(await reconciliation.startReading(keyOf('key-1'))).toBeUndefined();
    expect(await reconciliation.startReading(keyOf('never heard of'))).toBeUndefined();
  });

  it('a request can be looked for at once after it was sent again', async () => {
    const { records, reconciliation, unknown, passDelay, leaseAgain, noteSending } = await recording(kind);
    const request = await unknown();
    passDelay();
    await reconciliation.startReading(request);
    const again = await leaseAgain(request);
    await noteSending(again);
    await records.markUnknown(again);
    expect(await reconciliation.startReading(request)).toBeDefined();
  });

  it('what a look has found is kept until the request is sent again', async () => {
    const { reconciliation, unknown, passDelay, leaseAgain, noteSending, read } = await recording(kind);
    const request = await unknown();
    expect(request.finding).toBeNull();
    await reconciliation.noteFinding(request, 'look_alike');
    expect((await read()).finding).toBe('look_alike');
    passDelay();
    await noteSending(await leaseAgain(request));
    expect((await read()).finding).toBeNull();
  });

  it('a transfer is found once', async () => {
    const { clock, reconciliation, unknown, read } = await recording(kind);
    const request = await unknown();
    expect(await reconciliation.found(request, 0, created('i'))).toBe(true);
    expect(await reconciliation.found(request, 0, created('j'))).toBe(false);
    expect(await read()).toMatchObject({
      records: [{ state: 'created', intentId: 'i', answer: created('i') }],
      nextCheckAt: clock.ms + delayMs,
      finding: null,
    });
  });

  it('a transfer of a batch that is found leaves the others to be looked for', async () => {
    const { reconciliation, unknown, read, states } = await recording(kind);
    const request = await unknown(undefined, [transfer(), transfer()]);
    expect(await reconciliation.found(request, 1, created('i', 1))).toBe(true);
    expect(await states()).toEqual(['unknown', 'created']);
    expect((await read()).nextCheckAt).toBe(request.nextCheckAt);
  });

  it('what Lean is proven not to have is rejected', async () => {
    const { reconciliation, unknown, read } = await recording(kind);
    const request = await unknown();
    expect(await reconciliation.rejectAbsent(request, [rejection])).toEqual([rejection]);
    expect(await read()).toMatchObject({ records: [{ state: 'rejected', answer: rejected }], finding: null });
    expect(await reconciliation.rejectAbsent(await read(), [rejection])).toEqual([]);
  });

  it('of a batch what Lean is proven not to have is rejected, and what was found stays', async () => {
    const { reconciliation, unknown, read, states } = await recording(kind);
    await reconciliation.found(
      await unknown(undefined, [transfer(), transfer(), transfer()]),
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

  it('what is rejected with an intent that another record has is rejected without it', async () => {
    const { reconciliation, unknown, settled, read } = await recording(kind);
    await settled('i', keyOf('other'));
    const named = { position: 0, answer: { ...rejected, rejectedIntentId: 'i' } };
    expect(await reconciliation.rejectAbsent(await unknown(), [named])).toEqual([named]);
    expect(await read()).toMatchObject({ records: [{ state: 'rejected', intentId: null }] });
  });

  it('a finding from before a request was leased again is not kept', async () => {
    const { records, reconciliation, unknown, passDelay, leaseAgain, noteSending, read } =
      await recording(kind);
    const request = await unknown();
    passDelay();
    const again = await leaseAgain(request);
    await noteSending(again);
    await records.markUnknown(again);
    await reconciliation.noteFinding(request, 'needs_decision');
    expect((await read()).finding).toBeNull();
  });

  it('nothing is rejected as absent while an attempt has taken the lease', async () => {
    const { reconciliation, unknown, passDelay, leaseAgain, states } = await recording(kind);
    const request = await unknown();
    passDelay();
    await leaseAgain(request);
    expect(await reconciliation.rejectAbsent(request, [rejection])).toEqual([]);
    expect(await states()).toEqual(['reserved']);
  });

  it('nothing is rejected as absent by a reading from before the request was sent again', async () => {
    const { records, reconciliation, unknown, passDelay, leaseAgain, noteSending, states } =
      await recording(kind);
    const request = await unknown();
    passDelay();
    const again = await leaseAgain(request);
    await noteSending(again);
    await records.markUnknown(again);
    expect(await reconciliation.rejectAbsent(request, [rejection])).toEqual([]);
    expect(await states()).toEqual(['unknown']);
  });

  it('nothing is rejected as absent by a reading from before a lease that was given back', async () => {
    const { records, reconciliation, unknown, passDelay, leaseAgain, states } = await recording(kind);
    const request = await unknown();
    passDelay();
    await records.release(await leaseAgain(request));
    expect(await reconciliation.rejectAbsent(request, [rejection])).toEqual([]);
    expect(await states()).toEqual(['unknown']);
  });

  it('a request that was only ever turned away is freed', async () => {
    const { records, reconciliation, sent, read } = await recording(kind);
    const its = await sent();
    await records.turnedAway(its);
    await reconciliation.freeTurnedAway(await read());
    expect(await records.read(its)).toBeUndefined();
  });

  it('a request that was turned away and is being sent again is not freed', async () => {
    const { records, reconciliation, sent, read, leaseAgain } = await recording(kind);
    await records.turnedAway(await sent());
    const request = await read();
    await leaseAgain(request);
    await reconciliation.freeTurnedAway(request);
    expect(await read()).toMatchObject({ inFlight: true });
  });

  it('a batch that was turned away is not freed once one of its transfers was found', async () => {
    const { records, reconciliation, sent, read } = await recording(kind);
    await records.turnedAway(await sent(undefined, transfers(2)));
    const request = await read();
    await reconciliation.found(request, 0, created('i'));
    await reconciliation.freeTurnedAway(request);
    expect(await read()).toMatchObject({ records: [{ state: 'created' }, { state: 'unknown' }] });
  });

  it('a request that was turned away and of which Lean has shown several payouts is not freed', async () => {
    const { records, reconciliation, sent, read } = await recording(kind);
    await records.turnedAway(await sent());
    const request = await read();
    await reconciliation.noteDuplicates(request, ['i', 'j']);
    await reconciliation.freeTurnedAway(request);
    expect(await read()).toMatchObject({ duplicateIntents: ['i', 'j'] });
  });

  it('a request that Lean may have taken is not freed', async () => {
    const { reconciliation, unknown, read } = await recording(kind);
    await reconciliation.freeTurnedAway(await unknown());
    expect(await read()).toMatchObject({ records: [{ state: 'unknown' }] });
  });

  it('a delay that is started anew counts from now by both clocks', async () => {
    const { clock, reconciliation, unknown, read } = await recording(kind);
    const request = await unknown();
    clock.ms += minute;
    await reconciliation.restartDelay(request, clock.ms + 1233.5);
    expect((await read()).sends).toEqual({
      ...request.sends,
      until: clock.ms,
      leanUntil: clock.ms + 1234,
    });
  });

  it('a delay is not started anew while the request is being sent', async () => {
    const { clock, reconciliation, unknown, passDelay, leaseAgain, read } = await recording(kind);
    const request = await unknown();
    passDelay();
    await leaseAgain(request);
    await reconciliation.restartDelay(request, clock.ms);
    expect((await read()).sends).toEqual(request.sends);
  });

  it('of duplicate intents only the new ones are told, and all are kept', async () => {
    const { reconciliation, unknown, read } = await recording(kind);
    const request = await unknown();
    expect(await reconciliation.noteDuplicates(request, ['a', 'b'])).toEqual(['a', 'b']);
    expect(await reconciliation.noteDuplicates(request, ['b', 'a'])).toEqual([]);
    expect(await reconciliation.noteDuplicates(request, ['b', 'c'])).toEqual(['c']);
    expect((await read()).duplicateIntents).toEqual(['a', 'b', 'c']);
  });

  it('duplicate intents that several gateways find at once are all kept, and each is told once', async () => {
    const { config, open, database, unknown, read } = await recording(kind);
    const request = await unknown();
    const ids = Array.from({ length: 12 }, (_, index) => `intent-${String(index)}`);
    const told = await Promise.all(
      ids.map((id, index) =>
        new SqlReconciliationRecords('url' in config && index < 4 ? open() : database).noteDuplicates(
          request,
          [id, 'both'],
        ),
      ),
    );
    expect([...(await read()).duplicateIntents].toSorted()).toEqual([...ids, 'both'].toSorted());
    expect(told.flat().toSorted()).toEqual([...ids, 'both'].toSorted());
  });

  it('an absence is doubted for one Lean application, with the first reason, until an operator ends it', async () => {
    const { reconciliation, operator } = await recording(kind);
    expect(await reconciliation.doubt('test')).toBeUndefined();
    await reconciliation.doubtAbsence('test', 'an-intent', 'the first reason');
    expect(await reconciliation.doubtAbsence('test', 'an-intent', 'another reason')).toBe(false);
    expect(await reconciliation.doubt('test')).toBe('the first reason');
    expect(await reconciliation.doubt('another application')).toBeUndefined();
    expect(await operator.endDoubt('test', 'me', 'Lean has fixed it')).toBe(true);
    expect(await reconciliation.doubt('test')).toBeUndefined();
    // The list has been accepted with this payout, and not with another one.
    expect(await reconciliation.doubtAbsence('test', 'an-intent', 'again')).toBe(false);
    expect(await reconciliation.doubt('test')).toBeUndefined();
    expect(await reconciliation.doubtAbsence('test', 'another intent', 'anew')).toBe(true);
    expect(await reconciliation.doubt('test')).toBe('anew');
  });

  it('a request that is rejected after its outcome was unknown is looked at again one delay later', async () => {
    const { clock, reconciliation, unknown, read } = await recording(kind);
    await reconciliation.rejectAbsent(await unknown(), [rejection]);
    expect(await read()).toMatchObject({ checks: 0, nextCheckAt: clock.ms + delayMs });
    clock.ms += delayMs - 1;
    expect(await reconciliation.due(5, 'test')).toEqual([]);
    clock.ms += 1;
    expect(await reconciliation.due(5, 'test')).toHaveLength(1);
  });

  it('a request that was sent twice is looked at again one delay after it is settled', async () => {
    const { clock, records, unknown, passDelay, leaseAgain, noteSending, read } = await recording(kind);
    const request = await unknown();
    passDelay();
    const again = await leaseAgain(request);
    await noteSending(again);
    clock.ms += 1000;
    await records.settle(again, response, [created('i')]);
    expect(await read()).toMatchObject({ checks: 0, nextCheckAt: clock.ms + delayMs });
  });

  it('a request that was sent once and is settled by Lean’s answer is not looked at again', async () => {
    const { records, sent, read } = await recording(kind);
    for (const answer of [created('i'), rejected]) {
      const key = keyOf(answer.kind);
      await records.settle(await sent(key), response, [answer]);
      expect(await read(key)).toMatchObject({ nextCheckAt: null });
    }
  });

  it('a settled request that is looked at again keeps its answer when the look is over', async () => {
    const { clock, reconciliation, unknown, read } = await recording(kind);
    await reconciliation.rejectAbsent(await unknown(), [rejection]);
    clock.ms += delayMs;
    const [due] = await reconciliation.due(5, 'test');
    expect(due && (await reconciliation.postpone(due, { checks: 1, inMs: null }))).toBe(true);
    expect(await read()).toMatchObject({ checks: 1, nextCheckAt: null, records: [{ answer: rejected }] });
    clock.ms += 1000 * hour;
    expect(await reconciliation.due(5, 'test')).toEqual([]);
  });
});

describe.each(stores)('a payout of which Lean tells (%s)', kind => {
  /** Requests of unknown outcome that are to be looked for in a while. */
  async function waiting() {
    const recorded = await recording(kind);
    const { clock, unknown, read } = recorded;
    const keys = ['this', 'other amount', 'other destination'] as const;
    await unknown(keyOf('this'), [transfer(destinations.pays, { amount: aed('16.50') })]);
    await unknown(keyOf('other amount'), [transfer(destinations.pays, { amount: aed('17.00') })]);
    await unknown(keyOf('other destination'), [
      transfer(destinations.staysPending, { amount: aed('16.50') }),
    ]);
    clock.ms += 1000;
    const hurried = async () => {
      const names: string[] = [];
      for (const key of keys) if ((await read(keyOf(key))).nextCheckAt === clock.ms) names.push(key);
      return names;
    };
    return { ...recorded, hurried };
  }

  it('hurries the requests of its amount and destination alone', async () => {
    const { reconciliation, hurried } = await waiting();
    await reconciliation.rescheduleNow({ amount: '16.5', destinationId: destinations.pays, intentId: null });
    expect(await hurried()).toEqual(['this']);
  });

  it('hurries the requests of its destination where its amount is not known', async () => {
    const { reconciliation, hurried } = await waiting();
    await reconciliation.rescheduleNow({ amount: null, destinationId: destinations.pays, intentId: null });
    expect(await hurried()).toEqual(['this', 'other amount']);
  });

  it('hurries the requests of its amount where its destination is not known', async () => {
    const { reconciliation, hurried } = await waiting();
    await reconciliation.rescheduleNow({ amount: '16.500', destinationId: null, intentId: null });
    expect(await hurried()).toEqual(['this', 'other destination']);
  });

  it('hurries nothing where no request is like it', async () => {
    const { reconciliation, hurried } = await waiting();
    await reconciliation.rescheduleNow({ amount: '99', destinationId: destinations.pays, intentId: null });
    await reconciliation.rescheduleNow({
      amount: '16.5',
      destinationId: destinations.refused,
      intentId: null,
    });
    expect(await hurried()).toEqual([]);
  });

  it('hurries a request whose destination was written in capital letters', async () => {
    const { clock, reconciliation, unknown, read } = await recording(kind);
    await unknown(undefined, [transfer(destinations.pays.toUpperCase())]);
    clock.ms += 1000;
    await reconciliation.rescheduleNow({ amount: '16.5', destinationId: destinations.pays, intentId: null });
    expect((await read()).nextCheckAt).toBe(clock.ms);
  });

  it('does not put off a request that is due already, and touches none that is settled or being sent', async () => {
    const { clock, reconciliation, unknown, settled, sent, read } = await recording(kind);
    const due = await unknown(keyOf('due'));
    await settled('i', keyOf('settled'));
    await sent(keyOf('sending'));
    clock.ms += hour;
    await reconciliation.rescheduleNow({ amount: '16.5', destinationId: destinations.pays, intentId: null });
    expect((await read(keyOf('due'))).nextCheckAt).toBe(due.nextCheckAt);
    for (const key of ['settled', 'sending']) expect((await read(keyOf(key))).nextCheckAt).toBeNull();
  });
});
