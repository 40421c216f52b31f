import { describe, expect, it } from 'vitest';
import { ResendRule } from '../../src/payouts/creation/resend-rule.ts';
import { SqlPayoutRecords } from '../../src/store/payout-records.ts';
import { keyOf } from '../support/test-core.ts';
import { storeKinds } from '../support/stores.ts';
import { created, delayMs, hour, minute, newRequest, startStore, remainingMs } from './store-fixture.ts';

/* The store decides whether a request may be sent again, in the statement that gives the lease. */

const decision = {
  decision: 'send again',
  intentId: null,
  by: 'me',
  reason: 'asked Lean',
  evidence: {},
} as const;

describe.each(storeKinds)('permission to resend (%s)', kind => {
  it('a request is not sent again before the resend delay has passed by the store’s clock', async () => {
    const { clock, records, permit, createUnknown } = await startStore(kind);
    const request = await createUnknown();
    clock.ms += remainingMs + delayMs - 1;
    expect(await records.leaseAgain(request, permit({ leanNow: clock.ms + hour }))).toBeUndefined();
  });

  it('a request is not sent again before the resend delay has passed by Lean’s clock', async () => {
    const { clock, records, permit, createUnknown } = await startStore(kind);
    const request = await createUnknown();
    clock.ms += remainingMs + delayMs;
    expect(await records.leaseAgain(request, permit({ leanNow: clock.ms - 1 }))).toBeUndefined();
  });

  it('a request can be sent again once the resend delay has passed by the store’s clock and by Lean’s', async () => {
    const { clock, records, permit, createUnknown, noteSending, read } = await startStore(kind);
    const request = await createUnknown();
    clock.ms += remainingMs + delayMs;
    const again = await records.leaseAgain(request, permit());
    expect(again).toMatchObject({ repeated: true, leanKey: 'key-1', earlierSends: request.sends });
    expect(again && (await noteSending(again))).toBe('noted');
    expect((await read()).sends).toMatchObject({
      count: 2,
      firstAt: request.sends.firstAt,
      lastAt: clock.ms,
      until: clock.ms + remainingMs,
      leanFirstAt: request.sends.leanFirstAt,
      leanUntil: clock.ms + remainingMs,
    });
  });

  it('a request is not sent again if Lean’s time is not known', async () => {
    const { records, permit, createUnknown, passDelay } = await startStore(kind);
    const request = await createUnknown();
    passDelay();
    expect(await records.leaseAgain(request, permit({ leanNow: undefined }))).toBeUndefined();
  });

  it('a request whose send was recorded without Lean’s time is never sent again without a restart of the delay', async () => {
    const { clock, records, permit, takeLease, noteSending, read } = await startStore(kind);
    const first = await takeLease();
    await noteSending(first, { leanNow: undefined });
    await records.markUnknown(first);
    expect((await read()).sends).toMatchObject({ leanFirstAt: null, leanUntil: null });
    clock.ms += 1000 * hour;
    expect(await records.leaseAgain(await read(), permit())).toBeUndefined();
  });

  it('a request whose delay was restarted can be sent again one delay later', async () => {
    const { clock, records, reconciliation, permit, takeLease, noteSending, read } = await startStore(kind);
    const first = await takeLease();
    await noteSending(first, { leanNow: undefined });
    await records.markUnknown(first);
    clock.ms += hour;
    await reconciliation.restartDelay(await read(), clock.ms);
    clock.ms += delayMs - 1;
    expect(await records.leaseAgain(await read(), permit())).toBeUndefined();
    clock.ms += 1;
    expect(await records.leaseAgain(await read(), permit())).toBeDefined();
  });

  it('the delay recorded at the send is used if it is longer than the configured one', async () => {
    const { clock, records, permit, createUnknown } = await startStore(kind);
    const request = await createUnknown();
    clock.ms += remainingMs + delayMs - 1;
    for (const shorter of [1, minute])
      expect(await records.leaseAgain(request, permit({ rule: new ResendRule(shorter) }))).toBeUndefined();
    clock.ms += 1;
    expect(await records.leaseAgain(request, permit({ rule: new ResendRule(1) }))).toBeDefined();
  });

  it('the configured delay is used if it is longer than the one recorded at the send', async () => {
    const { clock, records, permit, createUnknown } = await startStore(kind);
    const request = await createUnknown();
    const rule = new ResendRule(delayMs + minute);
    clock.ms += remainingMs + delayMs + minute - 1;
    expect(await records.leaseAgain(request, permit({ rule }))).toBeUndefined();
    clock.ms += 1;
    expect(await records.leaseAgain(request, permit({ rule }))).toBeDefined();
  });

  it('the delay is checked again when the send is recorded', async () => {
    const { records, createUnknown, passDelay, leaseAgain, noteSending, read } = await startStore(kind);
    const request = await createUnknown();
    passDelay();
    const again = await leaseAgain(request);
    expect(await noteSending(again, {}, { rule: new ResendRule(delayMs + minute) })).toBe('lease lost');
    expect(await noteSending(again, {}, { leanNow: undefined })).toBe('lease lost');
    await records.release(again);
    expect((await read()).sends).toEqual(request.sends);
  });

  it('a request is sent again only once without an operator', async () => {
    const { records, permit, createUnknown, passDelay, leaseAgain, noteSending, read } =
      await startStore(kind);
    const request = await createUnknown();
    passDelay();
    const again = await leaseAgain(request);
    await noteSending(again);
    await records.markUnknown(again);
    passDelay();
    expect(await records.leaseAgain(await read(), permit())).toBeUndefined();
  });

  it('a repetition does not send again with PAYOUT_RESEND_AFTER_MS=never', async () => {
    const { records, permit, createUnknown, passDelay } = await startStore(kind);
    const request = await createUnknown();
    passDelay();
    expect(await records.leaseAgain(request, permit({ rule: new ResendRule('never') }))).toBeUndefined();
  });

  it.each(['never', delayMs] as const)(
    'a send that an operator has allowed is made once, whatever was sent before (PAYOUT_RESEND_AFTER_MS=%s)',
    async setting => {
      const { records, operator, permit, createUnknown, passDelay, leaseAgain, noteSending, read } =
        await startStore(kind);
      const request = await createUnknown();
      passDelay();
      const second = await leaseAgain(request);
      await noteSending(second);
      await records.markUnknown(second);
      expect(
        await operator.grantSend(
          await read(),
          { finding: 'look_alike', payouts: ['other-intent'] },
          decision,
        ),
      ).toBe(true);
      expect((await read()).sends.grant).toEqual({ finding: 'look_alike', payouts: ['other-intent'] });
      passDelay();
      const rule = new ResendRule(setting);
      const third = await leaseAgain(await read(), { rule });
      expect(await noteSending(third, {}, { rule })).toBe('noted');
      await records.markUnknown(third);
      expect((await read()).sends).toMatchObject({ count: 3, grant: null });
      passDelay();
      expect(await records.leaseAgain(await read(), permit({ rule }))).toBeUndefined();
    },
  );

  it('a send that an operator has allowed waits for the resend delay by the store’s clock and by Lean’s', async () => {
    const { clock, records, operator, permit, createUnknown, read } = await startStore(kind);
    await operator.grantSend(await createUnknown(), { finding: 'absent', payouts: [] }, decision);
    clock.ms += remainingMs + delayMs - 1;
    expect(await records.leaseAgain(await read(), permit({ leanNow: clock.ms + hour }))).toBeUndefined();
    clock.ms += 1;
    expect(await records.leaseAgain(await read(), permit({ leanNow: clock.ms - 1 }))).toBeUndefined();
    expect(await records.leaseAgain(await read(), permit())).toBeDefined();
  });

  it('an operator’s permission ends when a payout of the request is recorded that the operator did not know', async () => {
    const {
      records,
      reconciliation,
      operator,
      permit,
      createUnknown,
      passDelay,
      leaseAgain,
      noteSending,
      read,
    } = await startStore(kind);
    const grant = { finding: 'absent', payouts: [] } as const;
    const request = await createUnknown();
    await operator.grantSend(request, grant, decision);
    passDelay();
    const granted = await read();
    await reconciliation.noteDuplicates(request, ['one']);
    expect(await records.leaseAgain(granted, permit())).toBeUndefined();
    expect(await records.leaseAgain(await read(), permit())).toBeUndefined();
    expect((await read()).sends.grant).toBeNull();
    // An operator who knows the payout allows a send again. It ends when another payout is recorded during the lease.
    expect(await operator.grantSend(granted, grant, decision), 'based on a read from before the payout').toBe(
      false,
    );
    const updatedGrant = { ...grant, payouts: ['one'] };
    expect(await operator.grantSend(await read(), updatedGrant, decision)).toBe(true);
    const again = await leaseAgain(await read());
    await reconciliation.noteDuplicates(request, ['two']);
    expect(await noteSending(again)).toBe('lease lost');
    await records.release(again);
    expect((await read()).sends.grant).toBeNull();
    expect(await records.leaseAgain(await read(), permit())).toBeUndefined();
  });

  it('an operator’s permission can be ended only if the request has not changed since it was read', async () => {
    const { records, reconciliation, operator, permit, createUnknown, passDelay, read } =
      await startStore(kind);
    const before = await createUnknown();
    await operator.grantSend(before, { finding: 'needs_decision', payouts: [] }, decision);
    passDelay();
    await reconciliation.endGrant(before);
    expect((await read()).sends.grant).not.toBeNull();
    await reconciliation.endGrant(await read());
    expect((await read()).sends.grant).toBeNull();
    expect(await records.leaseAgain(await read(), permit({ rule: new ResendRule('never') }))).toBeUndefined();
  });

  describe('with PAYOUT_RESEND_AFTER_MS=0', () => {
    const rule = new ResendRule(0);

    async function createUnknownWithoutDelay() {
      const store = await startStore(kind);
      const first = await store.takeLease();
      await store.noteSending(first, {}, { rule });
      await store.records.markUnknown(first);
      return store;
    }

    it('a request can be sent again at once, until an hour after its first send', async () => {
      const { clock, records, permit, read } = await createUnknownWithoutDelay();
      clock.ms += hour - 1;
      const again = await records.leaseAgain(await read(), permit({ rule, leanNow: undefined }));
      expect(again).toBeDefined();
    });

    it('a request cannot be sent again at once if a delay was recorded at its send', async () => {
      const { clock, records, permit, createUnknown } = await startStore(kind);
      const request = await createUnknown();
      clock.ms += delayMs;
      expect(await records.leaseAgain(request, permit({ rule }))).toBeUndefined();
    });

    it('a request is not sent again before the default delay if more than an hour has passed since its first send', async () => {
      const { clock, records, operator, permit, read, noteSending, leaseAgain } =
        await createUnknownWithoutDelay();
      clock.ms += hour - minute;
      const second = await leaseAgain(await read(), { rule });
      await noteSending(second, {}, { rule });
      await records.markUnknown(second);
      await operator.grantSend(await read(), { finding: 'absent', payouts: [] }, decision);
      clock.ms += minute;
      expect(await records.leaseAgain(await read(), permit({ rule }))).toBeUndefined();
      clock.ms += remainingMs + delayMs - minute;
      expect(await records.leaseAgain(await read(), permit({ rule }))).toBeDefined();
    });
  });

  it('a turned-away request of which Lean has shown a payout is not sent again without an operator', async () => {
    const { records, reconciliation, operator, permit, createSent, passDelay, read } = await startStore(kind);
    await records.markTurnedAway(await createSent());
    await reconciliation.noteDuplicates(await read(), ['i', 'j']);
    passDelay();
    expect(await records.leaseAgain(await read(), permit())).toBeUndefined();
    await operator.grantSend(await read(), { finding: 'several_at_lean', payouts: ['i', 'j'] }, decision);
    expect(await records.leaseAgain(await read(), permit())).toBeDefined();
  });

  it('only one of many concurrent repetitions gets the lease', async () => {
    const { config, open, database, permit, createUnknown, passDelay } = await startStore(kind);
    const request = await createUnknown();
    passDelay();
    const gateways = [database, 'url' in config ? open() : database].map(each => new SqlPayoutRecords(each));
    const leases = await Promise.all(
      Array.from({ length: 20 }, (_, index) => gateways[index % 2]?.leaseAgain(request, permit())),
    );
    expect(leases.filter(lease => lease !== undefined)).toHaveLength(1);
  });

  it('no lease is given for a request that was read before another lease was taken', async () => {
    const { records, permit, createUnknown, passDelay, leaseAgain } = await startStore(kind);
    const stale = await createUnknown();
    passDelay();
    await records.release(await leaseAgain(stale));
    expect(await records.leaseAgain(stale, permit())).toBeUndefined();
  });

  it('a request is not sent again once one of its transfers was found at Lean', async () => {
    const { records, reconciliation, permit, createUnknown, passDelay, read } = await startStore(kind);
    const request = await createUnknown();
    passDelay();
    await reconciliation.recordFound(request, 0, created('i'));
    expect(await records.leaseAgain(await read(), permit())).toBeUndefined();
  });
});

describe.each(storeKinds)('a store that may have lost records (%s)', kind => {
  const lossWindowMs = delayMs;

  it('a first send on a new store requires a read of Lean’s list for one resend delay', async () => {
    const { clock, takeLease, noteSending, read } = await startStore(kind, { lossWindowMs });
    const first = await takeLease();
    clock.ms += lossWindowMs - 1;
    expect(await noteSending(first)).toBe('list read required');
    expect((await read()).sends).toMatchObject({ count: 0, firstAt: null, until: null });
    clock.ms += 1;
    expect(await noteSending(first)).toBe('noted');
  });

  it('a first send is recorded once Lean’s list was read', async () => {
    const { takeLease, noteSending } = await startStore(kind, { lossWindowMs });
    const first = await takeLease();
    expect(await noteSending(first)).toBe('list read required');
    expect(await noteSending(first, {}, { listChecked: true })).toBe('noted');
  });

  it('a first send that requires a read of Lean’s list frees its key when it is released', async () => {
    const { records, takeLease, noteSending } = await startStore(kind, { lossWindowMs });
    const first = await takeLease();
    await noteSending(first);
    await records.release(first);
    expect(await records.reserve(newRequest())).toHaveProperty('lease');
  });

  it('a request that is assumed to have been sent has an unknown outcome, and its resend delay starts', async () => {
    const { clock, records, permit, takeLease, read } = await startStore(kind, { lossWindowMs });
    await records.assumeSent(await takeLease(), { lookbackMs: 2 * delayMs, leanNow: clock.ms + 500 });
    expect(await read()).toMatchObject({
      inFlight: false,
      records: [{ state: 'unknown' }],
      sends: {
        count: 1,
        firstAt: clock.ms,
        lookbackMs: 2 * delayMs,
        until: clock.ms,
        leanFirstAt: clock.ms + 500,
        leanUntil: clock.ms + 500,
      },
    });
    clock.ms += delayMs;
    expect(await records.leaseAgain(await read(), permit({ leanNow: clock.ms + 499 }))).toBeUndefined();
    expect(await records.leaseAgain(await read(), permit({ leanNow: clock.ms + 500 }))).toBeDefined();
  });

  it('a restored store may lack records newer than its newest one, and a new store any record', async () => {
    const { clock, database, records, takeLease, open } = await startStore(kind, { lossWindowMs });
    expect(await records.lostRecordsAgeMs()).toBeNull();
    clock.ms += lossWindowMs;
    await takeLease(keyOf('newest'));
    let current = database;
    const lostAgeAfterRestore = async (): Promise<number | null> => {
      await current.run({ sql: "UPDATE lean_payout_store SET identity = 'another'" });
      await current.close();
      current = open();
      return new SqlPayoutRecords(current).lostRecordsAgeMs();
    };
    clock.ms += 11 * 3_600_000;
    expect(await lostAgeAfterRestore()).toBe(11 * 3_600_000);
    // A second restore within the resend delay does not shorten the range of the first one.
    await new SqlPayoutRecords(current).reserve(newRequest());
    clock.ms += 60_000;
    expect(await lostAgeAfterRestore()).toBe(11 * 3_600_000 + 60_000);
    clock.ms += lossWindowMs;
    expect(await lostAgeAfterRestore()).toBe(60_000 + lossWindowMs);
  });

  it('a store with requests whose identity is not recorded counts as incomplete', async () => {
    const { open, database, clock, permit, takeLease } = await startStore(kind, { lossWindowMs });
    await takeLease(keyOf('older'));
    await database.run({ sql: 'DELETE FROM lean_payout_store' });
    await database.close();
    const records = new SqlPayoutRecords(open());
    const reserved = await records.reserve(newRequest());
    if (!('lease' in reserved)) throw new Error('the key is taken');
    const stamp = { remainingMs, leanNow: clock.ms };
    expect(await records.noteSending(reserved.lease, stamp, permit())).toBe('list read required');
  });

  it('records with a time in the future do not count as the newest record of a restored store', async () => {
    const { clock, database, takeLease, open } = await startStore(kind, { lossWindowMs });
    await takeLease(keyOf('newest'));
    clock.ms += 7_200_000;
    await takeLease(keyOf('ahead'));
    clock.ms -= 3_600_000;
    let current = database;
    const lostAgeAfterRestore = async (...sql: readonly string[]): Promise<number | null> => {
      const other = "UPDATE lean_payout_store SET identity = 'another', complete_from = 0";
      for (const each of [other, ...sql]) await current.run({ sql: each });
      await current.close();
      current = open();
      return new SqlPayoutRecords(current).lostRecordsAgeMs();
    };
    expect(await lostAgeAfterRestore()).toBe(3_600_000);
    // Without a record from the past, the range is one year, so all of Lean's list is read.
    const onlyAhead = "DELETE FROM lean_payout_requests WHERE idempotency_key = 'newest'";
    expect(await lostAgeAfterRestore(onlyAhead)).toBe(365 * 86_400_000);
  });
});
