import { describe, expect, it } from 'vitest';
import type { Decimal } from '../../src/payouts/values/decimal.ts';
import { fingerprintOf } from '../../src/payouts/creation/payout-record.ts';
import { ResendRule } from '../../src/payouts/creation/resend-rule.ts';
import { neverSent } from '../../src/payouts/creation/send-history.ts';
import type { Statement } from '../../src/store/database.ts';
import { SqlOperatorRecords } from '../../src/store/operator-records.ts';
import { SqlPayoutEvidence } from '../../src/store/payout-evidence.ts';
import { SqlPayoutRecords } from '../../src/store/payout-records.ts';
import { SqlReconciliationRecords } from '../../src/store/reconciliation-records.ts';
import { destinations } from '../../src/sandbox/named.ts';
import { keyOf, transfer, transfers } from '../support/creating.ts';
import { freshStore, opened, stores } from '../support/stores.ts';
import {
  changed,
  created,
  day,
  delayMs,
  newRequest,
  recording,
  rejected,
  rejection,
  remainingMs,
  response,
} from './recording.ts';

describe.each(stores)('payout records (%s)', kind => {
  it('a record gives back what was asked for to the letter', async () => {
    const { lease, read } = await recording(kind);
    const transfers = [
      transfer(undefined, { amount: { amount: '9007199254740993.0100' as Decimal, currency: 'AED' } }),
      transfer(undefined, {
        description: 'دفعة 🚚',
        externalReference: 'it\'s; -- a "name"',
        authorize: false,
      }),
    ];
    await lease(undefined, transfers);
    expect((await read()).records.map(each => each.transfer)).toEqual(transfers);
  });

  it('a record takes a hundred transfers, and nothing of another batch under its key', async () => {
    const { lease, records, read } = await recording(kind);
    const batch = Array.from({ length: 100 }, (_, index) =>
      transfer(undefined, { externalReference: `r-${String(index)}` }),
    );
    await lease(undefined, batch);
    for (const other of [
      batch.slice(0, 3),
      [...batch, transfer(undefined, { amount: { amount: '1' as Decimal, currency: 'AED' } })],
    ])
      expect(await records.reserve(newRequest(undefined, other))).toMatchObject({
        request: { fingerprint: fingerprintOf(batch) },
      });
    expect((await read()).records.map(each => each.transfer)).toEqual(batch);
  });

  it('one of many requests for a key at once gets the lease', async () => {
    const { config, open, database } = await recording(kind);
    const gateways = [database, 'url' in config ? open() : database].map(each => new SqlPayoutRecords(each));
    const reserved = await Promise.all(
      Array.from({ length: 50 }, (_, index) => gateways[index % 2]?.reserve(newRequest())),
    );
    expect(reserved.filter(each => each !== undefined && 'lease' in each)).toHaveLength(1);
  });

  it('a key belongs to one caller: another caller’s key of the same text is another record', async () => {
    const { records } = await recording(kind);
    const reserve = (caller: string) => records.reserve(newRequest(keyOf('key-1', caller)));
    expect(await reserve('a')).toHaveProperty('lease');
    expect(await reserve('b')).toHaveProperty('lease');
    expect(await reserve('a')).toHaveProperty('request');
  });

  it('a record that was made without a caller answers for every caller who asks for the same', async () => {
    const { records, settled } = await recording(kind);
    await settled('i');
    for (const caller of ['', 'a', 'b'])
      expect(await records.reserve(newRequest(keyOf('key-1', caller)))).toMatchObject({
        request: { caller: '', records: [{ intentId: 'i' }] },
      });
  });

  it('a record that was made without a caller leaves its key to a caller who asks for something else', async () => {
    const { records, settled } = await recording(kind);
    await settled('i');
    const other = [transfer(undefined, { description: 'another' })];
    expect(await records.reserve(newRequest(keyOf('key-1', 'a'), other))).toHaveProperty('lease');
    // It is this caller's own from now on.
    expect(await records.reserve(newRequest(keyOf('key-1', 'a')))).toMatchObject({
      request: { caller: 'a' },
    });
  });

  it('a key whose lease is released before anything was sent is free again', async () => {
    const { records, lease } = await recording(kind);
    await records.release(await lease());
    expect(await records.read(keyOf('key-1'))).toBeUndefined();
    expect(await records.reserve(newRequest())).toHaveProperty('lease');
  });

  it('a lease that is released after its first send was noted frees the key, since nothing left the machine', async () => {
    const { records, sent } = await recording(kind);
    await records.release(await sent());
    expect(await records.read(keyOf('key-1'))).toBeUndefined();
  });

  it('a repetition that is released leaves the outcome unknown', async () => {
    const { records, unknown, passDelay, leaseAgain, states } = await recording(kind);
    const request = await unknown();
    passDelay();
    const again = await leaseAgain(request);
    expect(await states()).toEqual(['reserved']);
    await records.release(again);
    expect(await states()).toEqual(['unknown']);
  });

  it('a repetition that is released puts back what was noted of the sends before it', async () => {
    const { records, clock, unknown, passDelay, leaseAgain, noteSending, read } = await recording(kind);
    const before = await unknown();
    passDelay();
    const longer = new ResendRule(delayMs + 1);
    clock.ms += 1;
    const again = await leaseAgain(before, { rule: longer });
    expect(await noteSending(again, {}, { rule: longer })).toBe('noted');
    expect((await read()).sends).toMatchObject({ count: 2, lastAt: clock.ms, delayMs: delayMs + 1 });
    await records.release(again);
    expect((await read()).sends).toEqual(before.sends);
  });

  it('a repetition that is released puts back the send that an operator has allowed', async () => {
    const { records, operator, unknown, passDelay, leaseAgain, noteSending, read } = await recording(kind);
    await operator.grantSend(
      await unknown(),
      { finding: 'look_alike', payouts: ['other-intent'] },
      {
        decision: 'send again',
        intentId: null,
        by: 'me',
        reason: 'asked Lean',
        evidence: {},
      },
    );
    passDelay();
    const again = await leaseAgain(await read());
    await noteSending(again);
    expect((await read()).sends.grant).toBeNull();
    await records.release(again);
    expect((await read()).sends).toMatchObject({
      count: 1,
      grant: { finding: 'look_alike', payouts: ['other-intent'] },
    });
  });

  it('a lease that is released cannot send', async () => {
    const { records, lease, noteSending } = await recording(kind);
    const released = await lease();
    await records.release(released);
    expect(await noteSending(released)).toBe('lease lost');
  });

  it('a send is noted with the moment until which its bytes may leave, by the store’s clock and by Lean’s', async () => {
    const { clock, lease, noteSending, read } = await recording(kind);
    const first = await lease();
    expect((await read()).sends).toEqual(neverSent);
    clock.leanAheadMs = 1234.5;
    const sentAt = (clock.ms += 5000);
    expect(await noteSending(first, { remainingMs: 8000.2 })).toBe('noted');
    expect((await read()).sends).toEqual({
      ...neverSent,
      count: 1,
      firstAt: sentAt,
      lastAt: sentAt,
      until: sentAt + 8001,
      leanFirstAt: sentAt + 1235,
      leanUntil: sentAt + 1235 + 8001,
      delayMs,
    });
  });

  it('a send that is noted again by its own lease counts once, and its end moves on', async () => {
    const { clock, lease, noteSending, read } = await recording(kind);
    const first = await lease();
    await noteSending(first);
    const sentAt = clock.ms;
    clock.ms += 4000;
    expect(await noteSending(first, { remainingMs: 6500 })).toBe('noted');
    expect((await read()).sends).toMatchObject({
      count: 1,
      firstAt: sentAt,
      lastAt: sentAt + 4000,
      until: sentAt + 4000 + 6500,
      leanFirstAt: sentAt,
      leanUntil: sentAt + 4000 + 6500,
    });
  });

  it('a request that Lean turned away keeps its key, and its send is not counted', async () => {
    const { records, clock, sent, read } = await recording(kind);
    const sentAt = clock.ms;
    await records.turnedAway(await sent());
    expect(await read()).toMatchObject({
      inFlight: false,
      records: [{ state: 'unknown' }],
      sends: { count: 0, turnedAway: true, firstAt: sentAt, until: sentAt + remainingMs },
    });
    expect(await records.reserve(newRequest())).toHaveProperty('request');
  });

  it('a request that Lean turned away can be sent again without a delay, however often', async () => {
    const { records, sent, read, leaseAgain, noteSending } = await recording(kind);
    await records.turnedAway(await sent());
    for (let times = 0; times < 3; times += 1) {
      const again = await leaseAgain(await read(), { leanNow: undefined });
      expect(again).toMatchObject({ before: { count: 0 }, repeated: true });
      expect(await noteSending(again)).toBe('noted');
      await records.turnedAway(again);
    }
    expect((await read()).sends).toMatchObject({ count: 0, turnedAway: true });
  });

  it('a repetition that Lean turned away leaves the first send counted, and its delay begins anew', async () => {
    const { records, clock, unknown, passDelay, leaseAgain, noteSending, read } = await recording(kind);
    const request = await unknown();
    passDelay();
    const again = await leaseAgain(request);
    await noteSending(again);
    await records.turnedAway(again);
    const after = await read();
    expect(after.sends).toMatchObject({ count: 1, turnedAway: false, until: clock.ms + remainingMs });
    expect(
      await records.leaseAgain(after, { rule: new ResendRule(delayMs), leanNow: clock.ms }),
    ).toBeUndefined();
    passDelay();
    expect(await leaseAgain(after)).toMatchObject({ before: { count: 1 } });
  });

  it.each([
    ['in the same digits', {}],
    ['with another reference', { externalReference: 'order-2' }],
    ['in other digits', { amount: { amount: '16.5' as Decimal, currency: 'AED' } }],
    ['with its destination in capital letters', { destinationId: destinations.pays.toUpperCase() }],
  ])(
    'a reservation names another key of its caller for the same payout of unknown outcome, %s',
    async (_how, change) => {
      const { unknown, lease } = await recording(kind);
      await unknown(keyOf('key-1', 'a'));
      expect(await lease(keyOf('key-2', 'a'), [transfer(undefined, change)])).toMatchObject({
        similarUnknownKey: 'key-1',
      });
    },
  );

  it.each([
    ['amount', { amount: { amount: '16.51' as Decimal, currency: 'AED' } }],
    ['currency', { amount: { amount: '16.50' as Decimal, currency: 'SAR' } }],
    ['destination', { destinationId: destinations.staysPending }],
    ['account', { accountId: 'a0000000-0000-4000-8000-00000000ffff' }],
    ['description', { description: 'INV 002' }],
  ])('a reservation names no other key where that one’s payout has another %s', async (_what, change) => {
    const { unknown, lease } = await recording(kind);
    await unknown(keyOf('key-1', 'a'));
    expect(await lease(keyOf('key-2', 'a'), [transfer(undefined, change)])).toMatchObject({
      similarUnknownKey: null,
    });
  });

  it('a reservation names no key of another caller', async () => {
    const { unknown, lease } = await recording(kind);
    await unknown(keyOf('key-1', 'a'));
    expect(await lease(keyOf('key-2', 'b'))).toMatchObject({ similarUnknownKey: null });
  });

  it('a reservation names no key that is settled, and none that Lean turned away', async () => {
    const { records, settled, sent, lease } = await recording(kind);
    await settled('i', keyOf('settled', 'a'));
    await records.turnedAway(await sent(keyOf('turned away', 'a')));
    expect(await lease(keyOf('key-2', 'a'))).toMatchObject({ similarUnknownKey: null });
  });

  it('a batch names the key of a payout of unknown outcome that is like one of its transfers', async () => {
    const { unknown, lease } = await recording(kind);
    await unknown(keyOf('key-1'), [transfer(destinations.staysPending)]);
    expect(await lease(keyOf('key-2'), [transfer(), transfer(destinations.staysPending)])).toMatchObject({
      similarUnknownKey: 'key-1',
    });
  });

  it('Lean’s answer is kept for good', async () => {
    const { records, reconciliation, sent, read } = await recording(kind);
    const its = await sent();
    expect(await records.settle(its, response, [created('i')])).toBe('recorded');
    expect(await read()).toMatchObject({
      inFlight: false,
      upstreamResponse: response,
      records: [{ state: 'created', intentId: 'i', answer: created('i') }],
      nextCheckAt: null,
    });
    expect(await records.settle(its, response, [rejected])).toBe('overtaken');
    expect(await reconciliation.found(its, 0, created('j'))).toBe(false);
    expect((await read()).records).toMatchObject([{ state: 'created', intentId: 'i' }]);
  });

  it('a refusal is believed only of the attempt that holds the lease', async () => {
    const { records, sent, states } = await recording(kind);
    const first = await sent();
    await records.markUnknown(first);
    expect(await records.settle(first, response, [rejected])).toBe('overtaken');
    expect(await states()).toEqual(['unknown']);
  });

  it('a created payout is believed of any attempt, also while another one holds the lease', async () => {
    const { records, sent, read, passDelay, leaseAgain, states } = await recording(kind);
    const first = await sent();
    await records.markUnknown(first);
    passDelay();
    await leaseAgain(await read());
    expect(await records.settle(first, response, [created('i')])).toBe('recorded');
    expect(await states()).toEqual(['created']);
  });

  it('a request that a lost attempt has settled after all is only audited', async () => {
    const { clock, records, reconciliation, sent } = await recording(kind);
    const its = await sent();
    await records.markUnknown(its);
    expect(await records.settle(its, response, [created('i')])).toBe('recorded');
    clock.ms += delayMs - 1;
    expect(await reconciliation.due(5, 'test')).toEqual([]);
    clock.ms += 1;
    expect(await reconciliation.due(5, 'test')).toMatchObject([{ records: [{ state: 'created' }] }]);
  });

  it('a repetition is not sent when Lean turns out to have the payout at the last moment', async () => {
    const { clock, records, reconciliation, sent, read, passDelay, leaseAgain, noteSending } =
      await recording(kind);
    const first = await sent();
    await records.markUnknown(first);
    passDelay();
    const again = await leaseAgain(await read());
    await records.settle(first, response, [created('i')]);
    expect(await noteSending(again)).toBe('lease lost');
    await records.release(again);
    clock.ms += delayMs - 1;
    expect(await reconciliation.due(5, 'test')).toEqual([]);
    expect(await read()).toMatchObject({
      inFlight: false,
      records: [{ state: 'created' }],
      sends: { count: 1 },
    });
  });

  it('a second payout of Lean’s for a settled key is told as a double payment', async () => {
    const { records, unknown, passDelay, leaseAgain, noteSending, states } = await recording(kind);
    const request = await unknown();
    passDelay();
    const second = await leaseAgain(request);
    await noteSending(second);
    await records.settle(second, response, [created('i')]);
    expect(await records.settle(second, response, [created('i')])).toBe('recorded');
    expect(await records.settle(second, response, [created('j')])).toBe('double payment');
    expect(await states()).toEqual(['created']);
  });

  it('a payout of Lean’s belongs to one key alone', async () => {
    const {
      records,
      reconciliation,
      evidence,
      settled,
      unknown,
      passDelay,
      leaseAgain,
      noteSending,
      states,
    } = await recording(kind);
    await settled('i', keyOf('key-1', 'other'));
    const request = await unknown();
    expect(await reconciliation.found(request, 0, created('i'))).toBe(false);
    passDelay();
    const again = await leaseAgain(request);
    await noteSending(again);
    expect(await records.settle(again, response, [created('i')])).toBe('duplicate intent');
    expect(await states()).toEqual(['unknown']);
    expect(await evidence.owners(['i', 'j'])).toEqual(new Map([['i', keyOf('key-1', 'other')]]));
  });

  it('several transfers of a request may share an intent', async () => {
    const { records, sent, states } = await recording(kind);
    const its = await sent(undefined, [transfer(), transfer()]);
    expect(await records.settle(its, response, [created('i'), created('i', 1)])).toBe('recorded');
    expect(await states()).toEqual(['created', 'created']);
  });

  it('a refusal that is not final yet is kept with the unknown outcome', async () => {
    const { records, sent, read } = await recording(kind);
    await records.markUnknown(await sent(), rejected);
    expect(await read()).toMatchObject({ refusal: rejected, records: [{ state: 'unknown', answer: null }] });
  });

  it('a lease is left alone while its owner is alive', async () => {
    const { config, open, records, sent, states } = await recording(kind);
    await sent();
    await records.recover();
    if ('url' in config) await new SqlPayoutRecords(open()).recover();
    expect(await states()).toEqual(['sent']);
  });

  it('a lease is taken back when its owner, though alive, has held it for longer than any attempt takes', async () => {
    const { clock, config, open, sent, lease, noteSending, states } = await recording(kind);
    await sent();
    const paused = await lease(keyOf('key-2'));
    // One process has SQLite's file for itself.
    if (!('url' in config)) return;
    const other = new SqlPayoutRecords(open());
    clock.ms += 599_000;
    await other.recover();
    expect(await states()).toEqual(['sent']);
    clock.ms += 60_000;
    await other.recover();
    expect(await states()).toEqual(['unknown']);
    expect(await noteSending(paused)).toBe('lease lost');
  });

  it('a lease that no attempt of its own gateway holds is taken back', async () => {
    const { database, sent, states } = await recording(kind);
    await sent();
    await new SqlPayoutRecords(database).recover();
    expect(await states()).toEqual(['unknown']);
  });

  it('the leases of an ended gateway are taken back: a sent request is unknown, any other key is free', async () => {
    const { open, database, sent, lease } = await recording(kind);
    await sent(keyOf('key-1', 'sent'));
    await lease(keyOf('key-1', 'reserved'));
    await database.close();
    const next = new SqlPayoutRecords(open());
    await next.recover();
    expect((await next.read(keyOf('key-1', 'sent')))?.records).toMatchObject([{ state: 'unknown' }]);
    expect(await next.read(keyOf('key-1', 'reserved'))).toBeUndefined();
  });

  it('a lease that another gateway has taken back can no longer send', async () => {
    const { lease, successor, noteSending } = await recording(kind);
    const taken = await lease();
    await successor().recover();
    expect(await noteSending(taken)).toBe('lease lost');
  });

  it('a lease that another gateway has taken back can no longer be sent again or end anything', async () => {
    const { records, sent, successor, noteSending, read, states } = await recording(kind);
    const taken = await sent();
    await successor().recover();
    const { sends } = await read();
    expect(await noteSending(taken, { remainingMs: 10 * remainingMs })).toBe('lease lost');
    await records.release(taken);
    await records.turnedAway(taken);
    await records.markUnknown(taken, rejected);
    expect(await records.settle(taken, response, [rejected])).toBe('overtaken');
    expect(await states()).toEqual(['unknown']);
    expect(await read()).toMatchObject({ sends, refusal: null });
  });

  it('the lease of a repetition that another gateway has taken back can no longer send', async () => {
    const { unknown, passDelay, leaseAgain, successor, noteSending, read, states } = await recording(kind);
    const request = await unknown();
    passDelay();
    const taken = await leaseAgain(request);
    await successor().recover();
    expect(await states()).toEqual(['unknown']);
    expect(await noteSending(taken)).toBe('lease lost');
    expect((await read()).sends.count).toBe(1);
  });

  it('a settled request is forgotten once it is older than the retention by the store’s clock', async () => {
    const { clock, records, settled } = await recording(kind);
    await settled('i');
    clock.ms += 30 * day;
    await records.forget(30 * day);
    expect(await records.read(keyOf('key-1'))).toBeDefined();
    clock.ms += 1;
    await records.forget(30 * day);
    expect(await records.read(keyOf('key-1'))).toBeUndefined();
  });

  it('a request that was settled within the retention is kept, however long ago it was made', async () => {
    const { clock, records, reconciliation, unknown } = await recording(kind);
    const request = await unknown();
    clock.ms += 30 * day;
    await reconciliation.found(request, 0, created('i'));
    const audited = await records.read(request);
    expect(audited && (await reconciliation.postpone(audited, { checks: 1, inMs: null }))).toBe(true);
    clock.ms += 30 * day;
    await records.forget(30 * day);
    expect(await records.read(request)).toBeDefined();
    clock.ms += 1;
    await records.forget(30 * day);
    expect(await records.read(request)).toBeUndefined();
  });

  it('a request that was sent within two days of one of unknown outcome is kept, and no other', async () => {
    const { clock, records, reconciliation, unknown, settled } = await recording(kind);
    await settled('before', keyOf('before'));
    clock.ms += 3 * day;
    await settled('near', keyOf('near'));
    const open = await unknown(keyOf('open'));
    clock.ms += remainingMs + delayMs + 2 * day - 1;
    await settled('near too', keyOf('near too'));
    clock.ms += 1;
    await settled('after', keyOf('after'));
    clock.ms += 100 * day;
    await records.forget(30 * day);
    const kept = async (key: string) => (await records.read(keyOf(key))) !== undefined;
    expect([await kept('before'), await kept('near'), await kept('near too'), await kept('after')]).toEqual([
      false,
      true,
      true,
      false,
    ]);
    await reconciliation.found(open, 0, created('i'));
    expect(await kept('open')).toBe(true);
  });

  it('a settled request is kept until its last audit', async () => {
    const { clock, records, reconciliation, unknown, read } = await recording(kind);
    await reconciliation.found(await unknown(), 0, created('i'));
    clock.ms += 100 * day;
    await records.forget(30 * day);
    await reconciliation.postpone(await read(), { checks: 1, inMs: null });
    await records.forget(30 * day);
    expect(await records.read(keyOf('key-1'))).toBeUndefined();
  });

  it('a similar key is one of unknown outcome or in flight, for the same payout', async () => {
    const { records, unknown, sent, lease } = await recording(kind);
    const mine = await lease(keyOf('mine'));
    expect(await records.similarKey(mine)).toBeNull();
    const flying = await sent(keyOf('in flight'));
    expect(await records.similarKey(mine)).toBe('in flight');
    await records.settle(flying, response, [created('i')]);
    expect(await records.similarKey(mine)).toBeNull();
    await unknown(keyOf('another caller', 'billing'));
    await unknown(keyOf('another amount'), [
      transfer(undefined, { amount: { amount: '17' as Decimal, currency: 'AED' } }),
    ]);
    expect(await records.similarKey(mine)).toBeNull();
    await unknown(keyOf('unknown'));
    expect(await records.similarKey(mine)).toBe('unknown');
  });

  it('a request of unknown outcome is never forgotten, and neither is one that is being sent', async () => {
    const { clock, records, unknown, sent } = await recording(kind);
    const request = await unknown(keyOf('unknown'));
    const its = await sent(keyOf('sending'));
    clock.ms += 1000 * day;
    await records.forget(30 * day);
    expect(await records.read(request)).toBeDefined();
    expect(await records.read(its)).toBeDefined();
  });

  it('a request that Lean turned away is forgotten once it is older than the retention', async () => {
    const { clock, records, sent } = await recording(kind);
    const its = await sent();
    await records.turnedAway(its);
    clock.ms += 30 * day;
    await records.forget(30 * day);
    expect(await records.read(its)).toBeDefined();
    clock.ms += 1;
    await records.forget(30 * day);
    expect(await records.read(its)).toBeUndefined();
  });

  it('a request that Lean turned away is kept while Lean has shown payouts of it, or one that may be it', async () => {
    const { clock, records, reconciliation, sent, read } = await recording(kind);
    await records.turnedAway(await sent(keyOf('shown')));
    await reconciliation.noteDuplicates(await read(keyOf('shown')), ['i', 'j']);
    await records.turnedAway(await sent(keyOf('unclear')));
    await reconciliation.noteFinding(await read(keyOf('unclear')), 'look_alike');
    clock.ms += 1000 * day;
    await records.forget(30 * day);
    expect(await records.read(keyOf('shown'))).toBeDefined();
    expect(await records.read(keyOf('unclear'))).toBeDefined();
  });

  it('a settled request that was sent within a day of one that Lean turned away is kept as long as that one', async () => {
    const { clock, records, sent, settled, read } = await recording(kind);
    await settled('i', keyOf('settled'));
    clock.ms += 60_000;
    await records.turnedAway(await sent());
    clock.ms += 30 * day;
    await records.forget(30 * day);
    expect(await read(keyOf('settled'))).toMatchObject({ records: [{ intentId: 'i' }] });
    clock.ms += 60_000;
    await records.forget(30 * day);
    await records.forget(30 * day);
    expect(await records.read(keyOf('key-1'))).toBeUndefined();
    expect(await records.read(keyOf('settled'))).toBeUndefined();
  });

  it('a request that Lean turned away and that was found after all is kept until its last audit', async () => {
    const { clock, records, reconciliation, sent, read } = await recording(kind);
    await records.turnedAway(await sent(undefined, transfers(2)));
    await reconciliation.found(await read(), 0, created('i'));
    clock.ms += 31 * day;
    await records.forget(30 * day);
    expect(await read()).toMatchObject({ records: [{ intentId: 'i' }, { state: 'unknown' }] });
    await reconciliation.found(await read(), 1, created('j', 1));
    clock.ms += 31 * day;
    await records.forget(30 * day);
    expect(await read()).toMatchObject({ records: [{ intentId: 'i' }, { intentId: 'j' }] });
    await reconciliation.postpone(await read(), { checks: 3, inMs: null });
    await records.forget(30 * day);
    expect(await records.read(keyOf('key-1'))).toBeUndefined();
  });

  it('a settled request that was sent within a day of one of unknown outcome is kept', async () => {
    const { clock, records, settled, unknown } = await recording(kind);
    await settled('i', keyOf('before'));
    clock.ms += day - 1;
    await unknown();
    clock.ms += day;
    await settled('j', keyOf('after'));
    clock.ms += 1000 * day;
    await records.forget(30 * day);
    expect(await records.read(keyOf('before'))).toBeDefined();
    expect(await records.read(keyOf('after'))).toBeDefined();
  });

  it('a settled request that was sent near one of unknown outcome is kept also while that one is sent again', async () => {
    const { clock, records, settled, unknown, passDelay, leaseAgain } = await recording(kind);
    await settled('i', keyOf('before'));
    const request = await unknown();
    passDelay();
    await leaseAgain(request);
    clock.ms += 1000 * day;
    await records.forget(30 * day);
    expect(await records.read(keyOf('before'))).toBeDefined();
  });

  it('a settled request that was sent more than two days before one of unknown outcome is forgotten', async () => {
    const { clock, records, settled, unknown } = await recording(kind);
    await settled('i', keyOf('before'));
    clock.ms += 2 * day;
    await unknown();
    clock.ms += 1000 * day;
    await records.forget(30 * day);
    expect(await records.read(keyOf('before'))).toBeUndefined();
  });
});

it('records are read by their indexes, no table from end to end', async () => {
  const database = opened(await freshStore('SQLite'));
  const seen = new Map<string, Statement>();
  const note = (statements: readonly Statement[]): void => {
    for (const statement of statements) seen.set(statement.sql, statement);
  };
  const watched = changed(database, {
    run: (...statements) => (note(statements), database.run(...statements)),
    runLoosely: (...statements) => (note(statements), database.runLoosely(...statements)),
  });
  const records = new SqlPayoutRecords(watched);
  const reconciliation = new SqlReconciliationRecords(watched);
  const operator = new SqlOperatorRecords(watched);
  const evidence = new SqlPayoutEvidence(watched);
  const permit = { rule: new ResendRule(delayMs), leanNow: Date.now() };
  const stamp = { remainingMs, leanNow: Date.now() };
  const decision = { decision: 'not paid', intentId: null, by: 'me', reason: 'why', evidence: {} } as const;

  const reserved = await records.reserve(newRequest(keyOf('k')));
  if (!('lease' in reserved)) throw new Error('the key is taken');
  const { lease } = reserved;
  await records.noteSending(lease, stamp, permit);
  await records.turnedAway(lease);
  const request = await records.read(keyOf('k'));
  if (request === undefined) throw new Error('there is no such record');
  await reconciliation.startReading(request);
  await reconciliation.postpone(request, { checks: 1, inMs: 0 });
  await reconciliation.noteFinding(request, 'absent');
  await reconciliation.restartDelay(request, Date.now());
  const again = await records.leaseAgain(request, permit);
  if (again === undefined) throw new Error('it may not be sent again');
  await reconciliation.noteDuplicates(request, ['d']);
  await reconciliation.rescheduleNow({ amount: '16.5', destinationId: destinations.pays, intentId: null });
  const knowing = { ...request, duplicateIntents: ['d'] };
  await operator.grantSend(
    knowing,
    { finding: 'absent', payouts: ['d'] },
    { ...decision, decision: 'send again' },
  );
  await reconciliation.endGrant(request);
  await records.recover();
  await records.noteSending(again, stamp, permit);
  await records.release(again);
  await records.adopt(again, { lookbackMs: delayMs, leanNow: Date.now() });
  await reconciliation.rejectAbsent(request, [rejection]);
  await reconciliation.found(request, 0, created('i'));
  await reconciliation.freeTurnedAway(request);
  await records.settle(again, response, [created('i')]);
  await records.markUnknown(again);
  await operator.settle(request, 0, rejected, decision);
  await reconciliation.due(5, 'test');
  await reconciliation.doubtAbsence('test', 'an-intent', 'why');
  await reconciliation.doubt('test');
  await operator.endDoubt('test', 'me', 'why');
  await operator.attention();
  for (const unknownOnly of [true, false]) await operator.list({ unknownOnly, since: 0, limit: 5 });
  await evidence.owners(['i']);
  await evidence.otherRecords(request, 0);
  await evidence.referencePayout('test', { from: 0, to: Date.now() });
  await records.forget(day);
  expect(seen.size).toBeGreaterThan(30);
  const scans: string[] = [];
  for (const { sql, values = [] } of seen.values()) {
    const [plan = []] = await database.run({ sql: `EXPLAIN QUERY PLAN ${sql}`, values });
    for (const { detail } of plan)
      if (wholeTable.test(String(detail))) scans.push(`${String(detail)}: ${sql}`);
  }
  expect(scans).toEqual([]);
});

/**
 * A constant row is no table, and some tables and indexes hold only the few requests that need attention. An index that
 * is searched for everything but null is read from end to end as well.
 */
const wholeTable =
  /^SCAN (?!CONSTANT ROW|lean_payout_doubts|.* USING (?:COVERING )?INDEX lean_payout_requests_(?:claimed|to_check|duplicated)$)|\(intent_id>\?\)/;
