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
import { destinations } from '../../src/sandbox/fixtures.ts';
import { keyOf, transfer, transfers } from '../support/test-core.ts';
import { freshStore, openTestStore, storeKinds } from '../support/stores.ts';
import {
  overrideDatabase,
  created,
  day,
  delayMs,
  newRequest,
  startStore,
  rejected,
  rejection,
  remainingMs,
  response,
} from './store-fixture.ts';

describe.each(storeKinds)('payout records (%s)', kind => {
  it('a record returns the transfers exactly as they were requested', async () => {
    const { takeLease, read } = await startStore(kind);
    const transfers = [
      transfer(undefined, { amount: { amount: '9007199254740993.0100' as Decimal, currency: 'AED' } }),
      transfer(undefined, {
        description: 'دفعة 🚚',
        externalReference: 'it\'s; -- a "name"',
        authorize: false,
      }),
    ];
    await takeLease(undefined, transfers);
    expect((await read()).records.map(each => each.transfer)).toEqual(transfers);
  });

  it('a record holds a hundred transfers, and another batch under the same key does not change it', async () => {
    const { takeLease, records, read } = await startStore(kind);
    const batch = Array.from({ length: 100 }, (_, index) =>
      transfer(undefined, { externalReference: `r-${String(index)}` }),
    );
    await takeLease(undefined, batch);
    for (const other of [
      batch.slice(0, 3),
      [...batch, transfer(undefined, { amount: { amount: '1' as Decimal, currency: 'AED' } })],
    ])
      expect(await records.reserve(newRequest(undefined, other))).toMatchObject({
        request: { fingerprint: fingerprintOf(batch) },
      });
    expect((await read()).records.map(each => each.transfer)).toEqual(batch);
  });

  it('only one of many concurrent requests for a key gets the lease', async () => {
    const { config, open, database } = await startStore(kind);
    const gateways = [database, 'url' in config ? open() : database].map(each => new SqlPayoutRecords(each));
    const reserved = await Promise.all(
      Array.from({ length: 50 }, (_, index) => gateways[index % 2]?.reserve(newRequest())),
    );
    expect(reserved.filter(each => each !== undefined && 'lease' in each)).toHaveLength(1);
  });

  it('a key belongs to one caller: the same key of another caller is another record', async () => {
    const { records } = await startStore(kind);
    const reserve = (caller: string) => records.reserve(newRequest(keyOf('key-1', caller)));
    expect(await reserve('a')).toHaveProperty('lease');
    expect(await reserve('b')).toHaveProperty('lease');
    expect(await reserve('a')).toHaveProperty('request');
  });

  it('a record that was made without a caller answers every caller who requests the same', async () => {
    const { records, createSettled } = await startStore(kind);
    await createSettled('i');
    for (const caller of ['', 'a', 'b'])
      expect(await records.reserve(newRequest(keyOf('key-1', caller)))).toMatchObject({
        request: { caller: '', records: [{ intentId: 'i' }] },
      });
  });

  it('a record that was made without a caller leaves its key free for a different request', async () => {
    const { records, createSettled } = await startStore(kind);
    await createSettled('i');
    const other = [transfer(undefined, { description: 'another' })];
    expect(await records.reserve(newRequest(keyOf('key-1', 'a'), other))).toHaveProperty('lease');
    // From now on the key has this caller's own record.
    expect(await records.reserve(newRequest(keyOf('key-1', 'a')))).toMatchObject({
      request: { caller: 'a' },
    });
  });

  it('a key whose lease is released before anything was sent is free again', async () => {
    const { records, takeLease } = await startStore(kind);
    await records.release(await takeLease());
    expect(await records.read(keyOf('key-1'))).toBeUndefined();
    expect(await records.reserve(newRequest())).toHaveProperty('lease');
  });

  it('a lease that is released after its first send was recorded frees the key, because nothing was sent', async () => {
    const { records, createSent } = await startStore(kind);
    await records.release(await createSent());
    expect(await records.read(keyOf('key-1'))).toBeUndefined();
  });

  it('a repetition that is released leaves the outcome unknown', async () => {
    const { records, createUnknown, passDelay, leaseAgain, states } = await startStore(kind);
    const request = await createUnknown();
    passDelay();
    const again = await leaseAgain(request);
    expect(await states()).toEqual(['reserved']);
    await records.release(again);
    expect(await states()).toEqual(['unknown']);
  });

  it('a repetition that is released restores the recorded sends', async () => {
    const { records, clock, createUnknown, passDelay, leaseAgain, noteSending, read } =
      await startStore(kind);
    const before = await createUnknown();
    passDelay();
    const longer = new ResendRule(delayMs + 1);
    clock.ms += 1;
    const again = await leaseAgain(before, { rule: longer });
    expect(await noteSending(again, {}, { rule: longer })).toBe('noted');
    expect((await read()).sends).toMatchObject({ count: 2, lastAt: clock.ms, delayMs: delayMs + 1 });
    await records.release(again);
    expect((await read()).sends).toEqual(before.sends);
  });

  it('a repetition that is released restores the operator’s send permission', async () => {
    const { records, operator, createUnknown, passDelay, leaseAgain, noteSending, read } =
      await startStore(kind);
    await operator.grantSend(
      await createUnknown(),
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
    const { records, takeLease, noteSending } = await startStore(kind);
    const released = await takeLease();
    await records.release(released);
    expect(await noteSending(released)).toBe('lease lost');
  });

  it('a send is recorded with the time until which its bytes may leave, by the store’s clock and by Lean’s', async () => {
    const { clock, takeLease, noteSending, read } = await startStore(kind);
    const first = await takeLease();
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

  it('a send that is recorded twice by one lease counts once, and its end moves forward', async () => {
    const { clock, takeLease, noteSending, read } = await startStore(kind);
    const first = await takeLease();
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
    const { records, clock, createSent, read } = await startStore(kind);
    const sentAt = clock.ms;
    await records.markTurnedAway(await createSent());
    expect(await read()).toMatchObject({
      inFlight: false,
      records: [{ state: 'unknown' }],
      sends: { count: 0, turnedAway: true, firstAt: sentAt, until: sentAt + remainingMs },
    });
    expect(await records.reserve(newRequest())).toHaveProperty('request');
  });

  it('a request that Lean turned away can be sent again any number of times without a delay', async () => {
    const { records, createSent, read, leaseAgain, noteSending } = await startStore(kind);
    await records.markTurnedAway(await createSent());
    for (let times = 0; times < 3; times += 1) {
      const again = await leaseAgain(await read(), { leanNow: undefined });
      expect(again).toMatchObject({ earlierSends: { count: 0 }, repeated: true });
      expect(await noteSending(again)).toBe('noted');
      await records.markTurnedAway(again);
    }
    expect((await read()).sends).toMatchObject({ count: 0, turnedAway: true });
  });

  it('a repetition that Lean turned away keeps the first send counted and restarts the resend delay', async () => {
    const { records, clock, createUnknown, passDelay, leaseAgain, noteSending, read } =
      await startStore(kind);
    const request = await createUnknown();
    passDelay();
    const again = await leaseAgain(request);
    await noteSending(again);
    await records.markTurnedAway(again);
    const after = await read();
    expect(after.sends).toMatchObject({ count: 1, turnedAway: false, until: clock.ms + remainingMs });
    expect(
      await records.leaseAgain(after, { rule: new ResendRule(delayMs), leanNow: clock.ms }),
    ).toBeUndefined();
    passDelay();
    expect(await leaseAgain(after)).toMatchObject({ earlierSends: { count: 1 } });
  });

  it.each([
    ['in the same digits', {}],
    ['with another reference', { externalReference: 'order-2' }],
    ['in other digits', { amount: { amount: '16.5' as Decimal, currency: 'AED' } }],
    ['with its destination in capital letters', { destinationId: destinations.pays.toUpperCase() }],
  ])(
    'a reservation names another key of the caller for the same payout of unknown outcome, %s',
    async (_how, change) => {
      const { createUnknown, takeLease } = await startStore(kind);
      await createUnknown(keyOf('key-1', 'a'));
      expect(await takeLease(keyOf('key-2', 'a'), [transfer(undefined, change)])).toMatchObject({
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
  ])('a reservation names no other key if the payout of that key has another %s', async (_what, change) => {
    const { createUnknown, takeLease } = await startStore(kind);
    await createUnknown(keyOf('key-1', 'a'));
    expect(await takeLease(keyOf('key-2', 'a'), [transfer(undefined, change)])).toMatchObject({
      similarUnknownKey: null,
    });
  });

  it('a reservation names no key of another caller', async () => {
    const { createUnknown, takeLease } = await startStore(kind);
    await createUnknown(keyOf('key-1', 'a'));
    expect(await takeLease(keyOf('key-2', 'b'))).toMatchObject({ similarUnknownKey: null });
  });

  it('a reservation names no settled key and no key that Lean turned away', async () => {
    const { records, createSettled, createSent, takeLease } = await startStore(kind);
    await createSettled('i', keyOf('settled', 'a'));
    await records.markTurnedAway(await createSent(keyOf('turned away', 'a')));
    expect(await takeLease(keyOf('key-2', 'a'))).toMatchObject({ similarUnknownKey: null });
  });

  it('a batch names the key of a payout of unknown outcome that equals one of its transfers', async () => {
    const { createUnknown, takeLease } = await startStore(kind);
    await createUnknown(keyOf('key-1'), [transfer(destinations.staysPending)]);
    expect(await takeLease(keyOf('key-2'), [transfer(), transfer(destinations.staysPending)])).toMatchObject({
      similarUnknownKey: 'key-1',
    });
  });

  it('Lean’s answer is kept permanently', async () => {
    const { records, reconciliation, createSent, read } = await startStore(kind);
    const lease = await createSent();
    expect(await records.settle(lease, response, [created('i')])).toBe('recorded');
    expect(await read()).toMatchObject({
      inFlight: false,
      upstreamResponse: response,
      records: [{ state: 'created', intentId: 'i', answer: created('i') }],
      nextCheckAt: null,
    });
    expect(await records.settle(lease, response, [rejected])).toBe('overtaken');
    expect(await reconciliation.recordFound(lease, 0, created('j'))).toBe(false);
    expect((await read()).records).toMatchObject([{ state: 'created', intentId: 'i' }]);
  });

  it('a rejection is recorded only from the attempt that holds the lease', async () => {
    const { records, createSent, states } = await startStore(kind);
    const first = await createSent();
    await records.markUnknown(first);
    expect(await records.settle(first, response, [rejected])).toBe('overtaken');
    expect(await states()).toEqual(['unknown']);
  });

  it('a created payout is recorded from any attempt, even while another attempt holds the lease', async () => {
    const { records, createSent, read, passDelay, leaseAgain, states } = await startStore(kind);
    const first = await createSent();
    await records.markUnknown(first);
    passDelay();
    await leaseAgain(await read());
    expect(await records.settle(first, response, [created('i')])).toBe('recorded');
    expect(await states()).toEqual(['created']);
  });

  it('a request that was settled by a late attempt is only audited', async () => {
    const { clock, records, reconciliation, createSent } = await startStore(kind);
    const lease = await createSent();
    await records.markUnknown(lease);
    expect(await records.settle(lease, response, [created('i')])).toBe('recorded');
    clock.ms += delayMs - 1;
    expect(await reconciliation.due(5, 'test')).toEqual([]);
    clock.ms += 1;
    expect(await reconciliation.due(5, 'test')).toMatchObject([{ records: [{ state: 'created' }] }]);
  });

  it('a repetition is not sent if Lean’s answer to the earlier send arrives just before', async () => {
    const { clock, records, reconciliation, createSent, read, passDelay, leaseAgain, noteSending } =
      await startStore(kind);
    const first = await createSent();
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

  it('a second payout at Lean for a settled key is reported as a double payment', async () => {
    const { records, createUnknown, passDelay, leaseAgain, noteSending, states } = await startStore(kind);
    const request = await createUnknown();
    passDelay();
    const second = await leaseAgain(request);
    await noteSending(second);
    await records.settle(second, response, [created('i')]);
    expect(await records.settle(second, response, [created('i')])).toBe('recorded');
    expect(await records.settle(second, response, [created('j')])).toBe('double payment');
    expect(await states()).toEqual(['created']);
  });

  it('a payout at Lean belongs to one key only', async () => {
    const {
      records,
      reconciliation,
      evidence,
      createSettled,
      createUnknown,
      passDelay,
      leaseAgain,
      noteSending,
      states,
    } = await startStore(kind);
    await createSettled('i', keyOf('key-1', 'other'));
    const request = await createUnknown();
    expect(await reconciliation.recordFound(request, 0, created('i'))).toBe(false);
    passDelay();
    const again = await leaseAgain(request);
    await noteSending(again);
    expect(await records.settle(again, response, [created('i')])).toBe('duplicate intent');
    expect(await states()).toEqual(['unknown']);
    const { destinationId, amount, externalReference } = transfer();
    expect(await evidence.owners(['i', 'j'])).toEqual(
      new Map([['i', { ...keyOf('key-1', 'other'), destinationId, amount, externalReference }]]),
    );
  });

  it('several transfers of a request may share an intent', async () => {
    const { records, createSent, states } = await startStore(kind);
    const lease = await createSent(undefined, [transfer(), transfer()]);
    expect(await records.settle(lease, response, [created('i'), created('i', 1)])).toBe('recorded');
    expect(await states()).toEqual(['created', 'created']);
  });

  it('a rejection that is not final yet is kept with the unknown outcome', async () => {
    const { records, createSent, read } = await startStore(kind);
    await records.markUnknown(await createSent(), rejected);
    expect(await read()).toMatchObject({ refusal: rejected, records: [{ state: 'unknown', answer: null }] });
  });

  it('a lease is not taken back while its owner is alive', async () => {
    const { config, open, records, createSent, states } = await startStore(kind);
    await createSent();
    await records.recover();
    if ('url' in config) await new SqlPayoutRecords(open()).recover();
    expect(await states()).toEqual(['sent']);
  });

  it('a lease is taken back from a living owner that has held it for longer than any attempt takes', async () => {
    const { clock, config, open, createSent, takeLease, noteSending, states } = await startStore(kind);
    await createSent();
    const paused = await takeLease(keyOf('key-2'));
    // Only one process can use the SQLite file.
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

  it('a lease that no attempt of its own gateway holds any more is taken back', async () => {
    const { database, createSent, states } = await startStore(kind);
    await createSent();
    await new SqlPayoutRecords(database).recover();
    expect(await states()).toEqual(['unknown']);
  });

  it('the leases of an ended gateway are taken back: a sent request becomes unknown, an unsent key becomes free', async () => {
    const { open, database, createSent, takeLease } = await startStore(kind);
    await createSent(keyOf('key-1', 'sent'));
    await takeLease(keyOf('key-1', 'reserved'));
    await database.close();
    const next = new SqlPayoutRecords(open());
    await next.recover();
    expect((await next.read(keyOf('key-1', 'sent')))?.records).toMatchObject([{ state: 'unknown' }]);
    expect(await next.read(keyOf('key-1', 'reserved'))).toBeUndefined();
  });

  it('a lease that another gateway has taken back can no longer send', async () => {
    const { takeLease, successor, noteSending } = await startStore(kind);
    const taken = await takeLease();
    await successor().recover();
    expect(await noteSending(taken)).toBe('lease lost');
  });

  it('a lease that another gateway has taken back can neither send again nor change the outcome', async () => {
    const { records, createSent, successor, noteSending, read, states } = await startStore(kind);
    const taken = await createSent();
    await successor().recover();
    const { sends } = await read();
    expect(await noteSending(taken, { remainingMs: 10 * remainingMs })).toBe('lease lost');
    await records.release(taken);
    await records.markTurnedAway(taken);
    await records.markUnknown(taken, rejected);
    expect(await records.settle(taken, response, [rejected])).toBe('overtaken');
    expect(await states()).toEqual(['unknown']);
    expect(await read()).toMatchObject({ sends, refusal: null });
  });

  it('the lease of a repetition that another gateway has taken back can no longer send', async () => {
    const { createUnknown, passDelay, leaseAgain, successor, noteSending, read, states } =
      await startStore(kind);
    const request = await createUnknown();
    passDelay();
    const taken = await leaseAgain(request);
    await successor().recover();
    expect(await states()).toEqual(['unknown']);
    expect(await noteSending(taken)).toBe('lease lost');
    expect((await read()).sends.count).toBe(1);
  });

  it('a settled request is deleted once it is older than the retention by the store’s clock', async () => {
    const { clock, records, createSettled } = await startStore(kind);
    await createSettled('i');
    clock.ms += 30 * day;
    await records.purge(30 * day);
    expect(await records.read(keyOf('key-1'))).toBeDefined();
    clock.ms += 1;
    await records.purge(30 * day);
    expect(await records.read(keyOf('key-1'))).toBeUndefined();
  });

  it('a request that was settled within the retention is kept, however old it is', async () => {
    const { clock, records, reconciliation, createUnknown } = await startStore(kind);
    const request = await createUnknown();
    clock.ms += 30 * day;
    await reconciliation.recordFound(request, 0, created('i'));
    const audited = await records.read(request);
    expect(audited && (await reconciliation.postpone(audited, { checks: 1, inMs: null }))).toBe(true);
    clock.ms += 30 * day;
    await records.purge(30 * day);
    expect(await records.read(request)).toBeDefined();
    clock.ms += 1;
    await records.purge(30 * day);
    expect(await records.read(request)).toBeUndefined();
  });

  it('only requests that were sent within two days of one of unknown outcome are kept', async () => {
    const { clock, records, reconciliation, createUnknown, createSettled } = await startStore(kind);
    await createSettled('before', keyOf('before'));
    clock.ms += 3 * day;
    await createSettled('near', keyOf('near'));
    const open = await createUnknown(keyOf('open'));
    clock.ms += remainingMs + delayMs + 2 * day - 1;
    await createSettled('near too', keyOf('near too'));
    clock.ms += 1;
    await createSettled('after', keyOf('after'));
    clock.ms += 100 * day;
    await records.purge(30 * day);
    const kept = async (key: string) => (await records.read(keyOf(key))) !== undefined;
    expect([await kept('before'), await kept('near'), await kept('near too'), await kept('after')]).toEqual([
      false,
      true,
      true,
      false,
    ]);
    await reconciliation.recordFound(open, 0, created('i'));
    expect(await kept('open')).toBe(true);
  });

  it('a settled request is kept until its last audit', async () => {
    const { clock, records, reconciliation, createUnknown, read } = await startStore(kind);
    await reconciliation.recordFound(await createUnknown(), 0, created('i'));
    clock.ms += 100 * day;
    await records.purge(30 * day);
    await reconciliation.postpone(await read(), { checks: 1, inMs: null });
    await records.purge(30 * day);
    expect(await records.read(keyOf('key-1'))).toBeUndefined();
  });

  it('a similar key is a key of unknown outcome or in flight for the same payout', async () => {
    const { records, createUnknown, createSent, takeLease } = await startStore(kind);
    const mine = await takeLease(keyOf('mine'));
    expect(await records.similarKey(mine)).toBeNull();
    const inFlight = await createSent(keyOf('in flight'));
    expect(await records.similarKey(mine)).toBe('in flight');
    await records.settle(inFlight, response, [created('i')]);
    expect(await records.similarKey(mine)).toBeNull();
    await createUnknown(keyOf('another caller', 'billing'));
    await createUnknown(keyOf('another amount'), [
      transfer(undefined, { amount: { amount: '17' as Decimal, currency: 'AED' } }),
    ]);
    expect(await records.similarKey(mine)).toBeNull();
    await createUnknown(keyOf('unknown'));
    expect(await records.similarKey(mine)).toBe('unknown');
  });

  it('a request of unknown outcome or in flight is never deleted', async () => {
    const { clock, records, createUnknown, createSent } = await startStore(kind);
    const request = await createUnknown(keyOf('unknown'));
    const lease = await createSent(keyOf('sending'));
    clock.ms += 1000 * day;
    await records.purge(30 * day);
    expect(await records.read(request)).toBeDefined();
    expect(await records.read(lease)).toBeDefined();
  });

  it('a request that Lean turned away is deleted once it is older than the retention', async () => {
    const { clock, records, createSent } = await startStore(kind);
    const lease = await createSent();
    await records.markTurnedAway(lease);
    clock.ms += 30 * day;
    await records.purge(30 * day);
    expect(await records.read(lease)).toBeDefined();
    clock.ms += 1;
    await records.purge(30 * day);
    expect(await records.read(lease)).toBeUndefined();
  });

  it('a request that Lean turned away is kept if Lean has shown payouts of it or a possible match', async () => {
    const { clock, records, reconciliation, createSent, read } = await startStore(kind);
    await records.markTurnedAway(await createSent(keyOf('shown')));
    await reconciliation.noteDuplicates(await read(keyOf('shown')), ['i', 'j']);
    await records.markTurnedAway(await createSent(keyOf('unclear')));
    await reconciliation.noteFinding(await read(keyOf('unclear')), 'look_alike');
    clock.ms += 1000 * day;
    await records.purge(30 * day);
    expect(await records.read(keyOf('shown'))).toBeDefined();
    expect(await records.read(keyOf('unclear'))).toBeDefined();
  });

  it('a settled request that was sent within a day of a turned-away one is kept as long as that one', async () => {
    const { clock, records, createSent, createSettled, read } = await startStore(kind);
    await createSettled('i', keyOf('settled'));
    clock.ms += 60_000;
    await records.markTurnedAway(await createSent());
    clock.ms += 30 * day;
    await records.purge(30 * day);
    expect(await read(keyOf('settled'))).toMatchObject({ records: [{ intentId: 'i' }] });
    clock.ms += 60_000;
    await records.purge(30 * day);
    await records.purge(30 * day);
    expect(await records.read(keyOf('key-1'))).toBeUndefined();
    expect(await records.read(keyOf('settled'))).toBeUndefined();
  });

  it('a request that Lean turned away but that was found later is kept until its last audit', async () => {
    const { clock, records, reconciliation, createSent, read } = await startStore(kind);
    await records.markTurnedAway(await createSent(undefined, transfers(2)));
    await reconciliation.recordFound(await read(), 0, created('i'));
    clock.ms += 31 * day;
    await records.purge(30 * day);
    expect(await read()).toMatchObject({ records: [{ intentId: 'i' }, { state: 'unknown' }] });
    await reconciliation.recordFound(await read(), 1, created('j', 1));
    clock.ms += 31 * day;
    await records.purge(30 * day);
    expect(await read()).toMatchObject({ records: [{ intentId: 'i' }, { intentId: 'j' }] });
    await reconciliation.postpone(await read(), { checks: 3, inMs: null });
    await records.purge(30 * day);
    expect(await records.read(keyOf('key-1'))).toBeUndefined();
  });

  it('a settled request that was sent within a day of one of unknown outcome is kept', async () => {
    const { clock, records, createSettled, createUnknown } = await startStore(kind);
    await createSettled('i', keyOf('before'));
    clock.ms += day - 1;
    await createUnknown();
    clock.ms += day;
    await createSettled('j', keyOf('after'));
    clock.ms += 1000 * day;
    await records.purge(30 * day);
    expect(await records.read(keyOf('before'))).toBeDefined();
    expect(await records.read(keyOf('after'))).toBeDefined();
  });

  it('a settled request that was sent near one of unknown outcome is kept while that one is sent again', async () => {
    const { clock, records, createSettled, createUnknown, passDelay, leaseAgain } = await startStore(kind);
    await createSettled('i', keyOf('before'));
    const request = await createUnknown();
    passDelay();
    await leaseAgain(request);
    clock.ms += 1000 * day;
    await records.purge(30 * day);
    expect(await records.read(keyOf('before'))).toBeDefined();
  });

  it('a settled request that was sent more than two days before one of unknown outcome is deleted', async () => {
    const { clock, records, createSettled, createUnknown } = await startStore(kind);
    await createSettled('i', keyOf('before'));
    clock.ms += 2 * day;
    await createUnknown();
    clock.ms += 1000 * day;
    await records.purge(30 * day);
    expect(await records.read(keyOf('before'))).toBeUndefined();
  });
});

it('every statement uses an index and reads no table completely', async () => {
  const database = openTestStore(await freshStore('SQLite'));
  const statementsBySql = new Map<string, Statement>();
  const collect = (statements: readonly Statement[]): void => {
    for (const statement of statements) statementsBySql.set(statement.sql, statement);
  };
  const observed = overrideDatabase(database, {
    run: (...statements) => (collect(statements), database.run(...statements)),
    runWithoutSync: (...statements) => (collect(statements), database.runWithoutSync(...statements)),
  });
  const records = new SqlPayoutRecords(observed);
  const reconciliation = new SqlReconciliationRecords(observed);
  const operator = new SqlOperatorRecords(observed);
  const evidence = new SqlPayoutEvidence(observed);
  const permit = { rule: new ResendRule(delayMs), leanNow: Date.now() };
  const stamp = { remainingMs, leanNow: Date.now() };
  const decision = { decision: 'not paid', intentId: null, by: 'me', reason: 'why', evidence: {} } as const;

  const reserved = await records.reserve(newRequest(keyOf('k')));
  if (!('lease' in reserved)) throw new Error('the key is taken');
  const { lease } = reserved;
  await records.noteSending(lease, stamp, permit);
  await records.markTurnedAway(lease);
  const request = await records.read(keyOf('k'));
  if (request === undefined) throw new Error('there is no such record');
  await reconciliation.startReading(request);
  await reconciliation.postpone(request, { checks: 1, inMs: 0 });
  await reconciliation.noteFinding(request, 'absent');
  await reconciliation.restartDelay(request, Date.now());
  const again = await records.leaseAgain(request, permit);
  if (again === undefined) throw new Error('the request may not be sent again');
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
  await records.assumeSent(again, { lookbackMs: delayMs, leanNow: Date.now() });
  await reconciliation.rejectAbsent(request, [rejection]);
  await reconciliation.recordFound(request, 0, created('i'));
  await reconciliation.freeTurnedAway(request);
  await records.settle(again, response, [created('i')]);
  await records.markUnknown(again);
  await operator.settle(request, 0, rejected, decision);
  await reconciliation.due(5, 'test');
  await reconciliation.doubtAbsence('test', 'an-intent', 'why');
  await reconciliation.doubtReason('test');
  await operator.endDoubt('test', 'me', 'why');
  await operator.attention();
  for (const unknownOnly of [true, false]) await operator.list({ unknownOnly, since: 0, limit: 5 });
  await evidence.owners(['i']);
  await evidence.otherRecords(request, 0);
  await evidence.referencePayout('test', { from: 0, to: Date.now() });
  await records.purge(day);
  expect(statementsBySql.size).toBeGreaterThan(30);
  const scans: string[] = [];
  for (const { sql, values = [] } of statementsBySql.values()) {
    const [plan = []] = await database.run({ sql: `EXPLAIN QUERY PLAN ${sql}`, values });
    for (const { detail } of plan) if (fullScan.test(String(detail))) scans.push(`${String(detail)}: ${sql}`);
  }
  expect(scans).toEqual([]);
});

/**
 * Matches a query plan that reads a whole table or index. A constant row is not a table. Some tables and partial
 * indexes contain only the few requests that need attention, so reading them is allowed. An index that is searched for
 * all values that are not null is read completely as well.
 */
const fullScan =
  /^SCAN (?!CONSTANT ROW|lean_payout_absence_doubts|.* USING (?:COVERING )?INDEX lean_payout_(?:requests_(?:leased|to_check|with_duplicates)|records_open_by_reference)$)|\(intent_id>\?\)/;
