import { describe, expect, it } from 'vitest';
import { ResendRule } from '../../src/payouts/creation/resend-rule.ts';
import { SqlPayoutRecords } from '../../src/store/payout-records.ts';
import { keyOf } from '../support/creating.ts';
import { stores } from '../support/stores.ts';
import { created, delayMs, hour, minute, newRequest, recording, remainingMs } from './recording.ts';

/* Whether a request may be sent again is decided by the store, in the statement that gives the lease away. */

const decision = {
  decision: 'send again',
  intentId: null,
  by: 'me',
  reason: 'asked Lean',
  evidence: {},
} as const;

describe.each(stores)('sending again (%s)', kind => {
  it('a request is not sent again before the resend delay has passed by the store’s clock', async () => {
    const { clock, records, permit, unknown } = await recording(kind);
    const request = await unknown();
    clock.ms += remainingMs + delayMs - 1;
    expect(await records.leaseAgain(request, permit({ leanNow: clock.ms + hour }))).toBeUndefined();
  });

  it('a request is not sent again before the resend delay has passed by Lean’s clock', async () => {
    const { clock, records, permit, unknown } = await recording(kind);
    const request = await unknown();
    clock.ms += remainingMs + delayMs;
    expect(await records.leaseAgain(request, permit({ leanNow: clock.ms - 1 }))).toBeUndefined();
  });

  it('a request can be sent again once the resend delay has passed by both clocks', async () => {
    const { clock, records, permit, unknown, noteSending, read } = await recording(kind);
    const request = await unknown();
    clock.ms += remainingMs + delayMs;
    const again = await records.leaseAgain(request, permit());
    expect(again).toMatchObject({ repeated: true, leanKey: 'key-1', before: request.sends });
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

  it('a request is not sent again while Lean’s time is not known', async () => {
    const { records, permit, unknown, passDelay } = await recording(kind);
    const request = await unknown();
    passDelay();
    expect(await records.leaseAgain(request, permit({ leanNow: undefined }))).toBeUndefined();
  });

  it('a request whose send was noted without Lean’s time is not sent again, however long ago that was', async () => {
    const { clock, records, permit, lease, noteSending, read } = await recording(kind);
    const first = await lease();
    await noteSending(first, { leanNow: undefined });
    await records.markUnknown(first);
    expect((await read()).sends).toMatchObject({ leanFirstAt: null, leanUntil: null });
    clock.ms += 1000 * hour;
    expect(await records.leaseAgain(await read(), permit())).toBeUndefined();
  });

  it('a request whose delay was started anew can be sent again one delay after that', async () => {
    const { clock, records, reconciliation, permit, lease, noteSending, read } = await recording(kind);
    const first = await lease();
    await noteSending(first, { leanNow: undefined });
    await records.markUnknown(first);
    clock.ms += hour;
    await reconciliation.restartDelay(await read(), clock.ms);
    clock.ms += delayMs - 1;
    expect(await records.leaseAgain(await read(), permit())).toBeUndefined();
    clock.ms += 1;
    expect(await records.leaseAgain(await read(), permit())).toBeDefined();
  });

  it('the delay that was recorded at the send counts where it is longer than the configured one', async () => {
    const { clock, records, permit, unknown } = await recording(kind);
    const request = await unknown();
    clock.ms += remainingMs + delayMs - 1;
    for (const shorter of [1, minute])
      expect(await records.leaseAgain(request, permit({ rule: new ResendRule(shorter) }))).toBeUndefined();
    clock.ms += 1;
    expect(await records.leaseAgain(request, permit({ rule: new ResendRule(1) }))).toBeDefined();
  });

  it('the delay that is configured counts where it is longer than the one recorded at the send', async () => {
    const { clock, records, permit, unknown } = await recording(kind);
    const request = await unknown();
    const rule = new ResendRule(delayMs + minute);
    clock.ms += remainingMs + delayMs + minute - 1;
    expect(await records.leaseAgain(request, permit({ rule }))).toBeUndefined();
    clock.ms += 1;
    expect(await records.leaseAgain(request, permit({ rule }))).toBeDefined();
  });

  it('the delay is judged again when the send is noted', async () => {
    const { records, unknown, passDelay, leaseAgain, noteSending, read } = await recording(kind);
    const request = await unknown();
    passDelay();
    const again = await leaseAgain(request);
    expect(await noteSending(again, {}, { rule: new ResendRule(delayMs + minute) })).toBe('lease lost');
    expect(await noteSending(again, {}, { leanNow: undefined })).toBe('lease lost');
    await records.release(again);
    expect((await read()).sends).toEqual(request.sends);
  });

  it('a request is sent again once without a person, and not a second time', async () => {
    const { records, permit, unknown, passDelay, leaseAgain, noteSending, read } = await recording(kind);
    const request = await unknown();
    passDelay();
    const again = await leaseAgain(request);
    await noteSending(again);
    await records.markUnknown(again);
    passDelay();
    expect(await records.leaseAgain(await read(), permit())).toBeUndefined();
  });

  it('a request is not sent again by a repetition where only a person may say so', async () => {
    const { records, permit, unknown, passDelay } = await recording(kind);
    const request = await unknown();
    passDelay();
    expect(await records.leaseAgain(request, permit({ rule: new ResendRule('never') }))).toBeUndefined();
  });

  it.each(['never', delayMs] as const)(
    'a send that an operator has allowed is made once, whatever was sent before (setting: %s)',
    async setting => {
      const { records, operator, permit, unknown, passDelay, leaseAgain, noteSending, read } =
        await recording(kind);
      const request = await unknown();
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

  it('a send that an operator has allowed waits for the resend delay by both clocks all the same', async () => {
    const { clock, records, operator, permit, unknown, read } = await recording(kind);
    await operator.grantSend(await unknown(), { finding: 'absent', payouts: [] }, decision);
    clock.ms += remainingMs + delayMs - 1;
    expect(await records.leaseAgain(await read(), permit({ leanNow: clock.ms + hour }))).toBeUndefined();
    clock.ms += 1;
    expect(await records.leaseAgain(await read(), permit({ leanNow: clock.ms - 1 }))).toBeUndefined();
    expect(await records.leaseAgain(await read(), permit())).toBeDefined();
  });

  it('a send that an operator has allowed is over once a payout of the request is noted that the operator did not know', async () => {
    const { records, reconciliation, operator, permit, unknown, passDelay, leaseAgain, noteSending, read } =
      await recording(kind);
    const grant = { finding: 'absent', payouts: [] } as const;
    const request = await unknown();
    await operator.grantSend(request, grant, decision);
    passDelay();
    const granted = await read();
    await reconciliation.noteDuplicates(request, ['one']);
    expect(await records.leaseAgain(granted, permit())).toBeUndefined();
    expect(await records.leaseAgain(await read(), permit())).toBeUndefined();
    expect((await read()).sends.grant).toBeNull();
    // Allowed again by an operator who knows of it, until there is another one while it is leased.
    expect(await operator.grantSend(granted, grant, decision), 'by what was known before').toBe(false);
    const knowing = { ...grant, payouts: ['one'] };
    expect(await operator.grantSend(await read(), knowing, decision)).toBe(true);
    const again = await leaseAgain(await read());
    await reconciliation.noteDuplicates(request, ['two']);
    expect(await noteSending(again)).toBe('lease lost');
    await records.release(again);
    expect((await read()).sends.grant).toBeNull();
    expect(await records.leaseAgain(await read(), permit())).toBeUndefined();
  });

  it('a send that an operator has allowed can be ended, unless something has happened since it was read', async () => {
    const { records, reconciliation, operator, permit, unknown, passDelay, read } = await recording(kind);
    const before = await unknown();
    await operator.grantSend(before, { finding: 'needs_decision', payouts: [] }, decision);
    passDelay();
    await reconciliation.endGrant(before);
    expect((await read()).sends.grant).not.toBeNull();
    await reconciliation.endGrant(await read());
    expect((await read()).sends.grant).toBeNull();
    expect(await records.leaseAgain(await read(), permit({ rule: new ResendRule('never') }))).toBeUndefined();
  });

  describe('where Lean’s memory of keys is relied on', () => {
    const rule = new ResendRule(0);

    async function unknownWithoutDelay() {
      const recorded = await recording(kind);
      const first = await recorded.lease();
      await recorded.noteSending(first, {}, { rule });
      await recorded.records.markUnknown(first);
      return recorded;
    }

    it('a request can be sent again at once, for an hour from its first send', async () => {
      const { clock, records, permit, read } = await unknownWithoutDelay();
      clock.ms += hour - 1;
      const again = await records.leaseAgain(await read(), permit({ rule, leanNow: undefined }));
      expect(again).toBeDefined();
    });

    it('a request can be sent again at once only where no delay was recorded at its send', async () => {
      const { clock, records, permit, unknown } = await recording(kind);
      const request = await unknown();
      clock.ms += delayMs;
      expect(await records.leaseAgain(request, permit({ rule }))).toBeUndefined();
    });

    it('a request that was last sent in the hour after its first send is not sent again before the default delay', async () => {
      const { clock, records, operator, permit, read, noteSending, leaseAgain } = await unknownWithoutDelay();
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

  it('a request that Lean turned away, and of which Lean has shown a payout, is not sent again without a person', async () => {
    const { records, reconciliation, operator, permit, sent, passDelay, read } = await recording(kind);
    await records.turnedAway(await sent());
    await reconciliation.noteDuplicates(await read(), ['i', 'j']);
    passDelay();
    expect(await records.leaseAgain(await read(), permit())).toBeUndefined();
    await operator.grantSend(await read(), { finding: 'several_at_lean', payouts: ['i', 'j'] }, decision);
    expect(await records.leaseAgain(await read(), permit())).toBeDefined();
  });

  it('one of many repetitions at once gets the lease', async () => {
    const { config, open, database, permit, unknown, passDelay } = await recording(kind);
    const request = await unknown();
    passDelay();
    const gateways = [database, 'url' in config ? open() : database].map(each => new SqlPayoutRecords(each));
    const leases = await Promise.all(
      Array.from({ length: 20 }, (_, index) => gateways[index % 2]?.leaseAgain(request, permit())),
    );
    expect(leases.filter(lease => lease !== undefined)).toHaveLength(1);
  });

  it('a lease is not taken by a reading from before another lease was taken', async () => {
    const { records, permit, unknown, passDelay, leaseAgain } = await recording(kind);
    const stale = await unknown();
    passDelay();
    await records.release(await leaseAgain(stale));
    expect(await records.leaseAgain(stale, permit())).toBeUndefined();
  });

  it('a request is not sent again once any of it has been found at Lean', async () => {
    const { records, reconciliation, permit, unknown, passDelay, read } = await recording(kind);
    const request = await unknown();
    passDelay();
    await reconciliation.found(request, 0, created('i'));
    expect(await records.leaseAgain(await read(), permit())).toBeUndefined();
  });
});

describe.each(stores)('a store that may have lost records (%s)', kind => {
  const lossWindowMs = delayMs;

  it('a first send is told to look first for one resend delay from when the store is new', async () => {
    const { clock, lease, noteSending, read } = await recording(kind, { lossWindowMs });
    const first = await lease();
    clock.ms += lossWindowMs - 1;
    expect(await noteSending(first)).toBe('look first');
    expect((await read()).sends).toMatchObject({ count: 0, firstAt: null, until: null });
    clock.ms += 1;
    expect(await noteSending(first)).toBe('noted');
  });

  it('a first send is noted once Lean has been looked at', async () => {
    const { lease, noteSending } = await recording(kind, { lossWindowMs });
    const first = await lease();
    expect(await noteSending(first)).toBe('look first');
    expect(await noteSending(first, {}, { lookedFirst: true })).toBe('noted');
  });

  it('a first send that is told to look first frees its key when it is released', async () => {
    const { records, lease, noteSending } = await recording(kind, { lossWindowMs });
    const first = await lease();
    await noteSending(first);
    await records.release(first);
    expect(await records.reserve(newRequest())).toHaveProperty('lease');
  });

  it('a request that is taken for one that was sent is of unknown outcome, and its delay begins', async () => {
    const { clock, records, permit, lease, read } = await recording(kind, { lossWindowMs });
    await records.adopt(await lease(), { lookbackMs: 2 * delayMs, leanNow: clock.ms + 500 });
    expect(await read()).toMatchObject({
      inFlight: false,
      records: [{ state: 'unknown' }],
      sends: {
        count: 1,
        firstAt: clock.ms - 2 * delayMs,
        until: clock.ms,
        leanFirstAt: clock.ms + 500 - 2 * delayMs,
        leanUntil: clock.ms + 500,
      },
    });
    clock.ms += delayMs;
    expect(await records.leaseAgain(await read(), permit({ leanNow: clock.ms + 499 }))).toBeUndefined();
    expect(await records.leaseAgain(await read(), permit({ leanNow: clock.ms + 500 }))).toBeDefined();
  });

  it('a restored store may lack what is newer than its newest record, a new one any', async () => {
    const { clock, database, records, lease, open } = await recording(kind, { lossWindowMs });
    expect(await records.lostRecordsAgeMs()).toBeNull();
    clock.ms += lossWindowMs;
    await lease(keyOf('newest'));
    let current = database;
    const restoredReach = async (): Promise<number | null> => {
      await current.run({ sql: "UPDATE lean_payout_store SET identity = 'another'" });
      await current.close();
      current = open();
      return new SqlPayoutRecords(current).lostRecordsAgeMs();
    };
    clock.ms += 11 * 3_600_000;
    expect(await restoredReach()).toBe(11 * 3_600_000);
    // Restored once more within the delay, it may still lack what it lacked before.
    await new SqlPayoutRecords(current).reserve(newRequest());
    clock.ms += 60_000;
    expect(await restoredReach()).toBe(11 * 3_600_000 + 60_000);
    clock.ms += lossWindowMs;
    expect(await restoredReach()).toBe(60_000 + lossWindowMs);
  });

  it('a store whose requests are from before this was noted counts as complete', async () => {
    const { open, database, clock, permit, lease } = await recording(kind, { lossWindowMs });
    await lease(keyOf('older'));
    await database.run({ sql: 'DELETE FROM lean_payout_store' });
    await database.close();
    const records = new SqlPayoutRecords(open());
    const reserved = await records.reserve(newRequest());
    if (!('lease' in reserved)) throw new Error('the key is taken');
    const stamp = { remainingMs, leanNow: clock.ms };
    expect(await records.noteSending(reserved.lease, stamp, permit())).toBe('noted');
  });

  it('a restored store may lack what is newer than its newest record that no clock has stamped ahead', async () => {
    const { clock, database, lease, open } = await recording(kind, { lossWindowMs });
    await lease(keyOf('newest'));
    clock.ms += 7_200_000;
    await lease(keyOf('ahead'));
    clock.ms -= 3_600_000;
    let current = database;
    const restoredReach = async (...sql: readonly string[]): Promise<number | null> => {
      const other = "UPDATE lean_payout_store SET identity = 'another', complete_from = 0";
      for (const each of [other, ...sql]) await current.run({ sql: each });
      await current.close();
      current = open();
      return new SqlPayoutRecords(current).lostRecordsAgeMs();
    };
    expect(await restoredReach()).toBe(3_600_000);
    // Of the newest record nothing is known then, so all of Lean's list is read.
    const onlyAhead = "DELETE FROM lean_payout_requests WHERE idempotency_key = 'newest'";
    expect(await restoredReach(onlyAhead)).toBe(365 * 86_400_000);
  });
});
