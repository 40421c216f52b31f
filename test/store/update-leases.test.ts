import { describe, expect, it } from 'vitest';
import type { Instant } from '../../src/payouts/values/instant.ts';
import { SqlUpdateLeases } from '../../src/store/update-leases.ts';
import { openEmptyStore, storeKinds, type StoreKind } from '../support/stores.ts';

const noon = Date.parse('2026-03-01T12:00:00Z');
const minute = 60_000;

/** The time of Lean's clock, which differs from the store's clock. */
const leanNow = '2026-03-01T12:00:07.000Z' as Instant;

async function start(kind: StoreKind) {
  const clock = { ms: noon };
  const { database } = await openEmptyStore(kind, () => clock.ms);
  const open = (application = 'test') => new SqlUpdateLeases(database, application);
  return { clock, leases: open(), open };
}

describe.each(storeKinds)('the backfill lease (%s)', kind => {
  it('only one gateway gets the lease, and only one gets the next lease when it is due', async () => {
    const { clock, leases, open } = await start(kind);
    const all = [leases, ...Array.from({ length: 7 }, () => open())];
    const takeAll = async () =>
      (await Promise.all(all.map(each => each.takeBackfillLease(minute, leanNow)))).filter(
        lease => lease !== undefined,
      );
    expect(await takeAll()).toEqual([leanNow]);
    clock.ms += minute - 1;
    expect(await takeAll()).toEqual([]);
    clock.ms += 1;
    expect(await takeAll()).toEqual([leanNow]);
  });

  it('a gateway that has just started gets the lease although another one just had it, and then no backfill is due', async () => {
    const { leases, open } = await start(kind);
    await leases.takeBackfillLease(minute, leanNow);
    const started = open();
    expect(await started.takeBackfillLease(minute, leanNow, { evenIfNotDue: true })).toBe(leanNow);
    for (const each of [leases, started])
      expect(await each.takeBackfillLease(minute, leanNow)).toBeUndefined();
  });

  it('a backfill starts where the last completed backfill ended', async () => {
    const { clock, leases } = await start(kind);
    await leases.takeBackfillLease(minute, leanNow);
    await leases.completeBackfill('2026-03-01T12:05:00.000Z' as Instant);
    clock.ms += minute;
    expect(await leases.takeBackfillLease(minute, leanNow)).toBe('2026-03-01T12:05:00.000Z');
  });

  it('each Lean application has its own lease and its own end of the last backfill', async () => {
    const { clock, leases, open } = await start(kind);
    const another = open('another');
    await leases.takeBackfillLease(minute, leanNow);
    expect(await another.takeBackfillLease(minute, leanNow)).toBe(leanNow);
    expect(await open('another').takeBackfillLease(minute, leanNow)).toBeUndefined();
    const later = '2026-03-01T12:05:00.000Z' as Instant;
    await leases.completeBackfill(later);
    clock.ms += minute;
    expect(await another.takeBackfillLease(minute, leanNow)).toBe(leanNow);
    expect(await leases.takeBackfillLease(minute, leanNow)).toBe(later);
  });

  it('the first backfill of an application starts where the last one of another ended, in case only the client id is new', async () => {
    const { leases, open } = await start(kind);
    await leases.takeBackfillLease(minute, leanNow);
    const later = '2026-03-01T12:05:00.000Z' as Instant;
    await leases.completeBackfill(later);
    const now = '2026-03-01T12:20:00.000Z' as Instant;
    const another = open('another');
    expect(await another.takeBackfillLease(minute, now)).toBe(later);
    expect(await another.recordStart(now)).toBe(leanNow);
  });

  it('a backfill that ends earlier by Lean’s clock replaces a wrong time in the future', async () => {
    const { clock, leases } = await start(kind);
    await leases.takeBackfillLease(minute, leanNow);
    await leases.completeBackfill('2099-01-01T00:00:00.000Z' as Instant);
    await leases.completeBackfill('2026-03-01T12:04:00.000Z' as Instant);
    clock.ms += minute;
    expect(await leases.takeBackfillLease(minute, leanNow)).toBe('2026-03-01T12:04:00.000Z');
  });

  it('a due time that a wrong clock has stored too far ahead does not block the lease', async () => {
    const { clock, leases } = await start(kind);
    clock.ms += 365 * 24 * 60 * minute;
    await leases.takeBackfillLease(minute, leanNow);
    clock.ms = noon;
    expect(await leases.takeBackfillLease(minute, leanNow)).toBe(leanNow);
    clock.ms += minute - 1;
    expect(await leases.takeBackfillLease(minute, leanNow)).toBeUndefined();
  });

  it('the recorded start of the first gateway does not change', async () => {
    const { clock, leases, open } = await start(kind);
    expect(await leases.recordStart(leanNow)).toBe(leanNow);
    clock.ms += minute;
    const later = '2026-03-01T12:06:00.000Z' as Instant;
    await leases.takeBackfillLease(minute, later);
    await leases.completeBackfill(later);
    expect(await leases.recordStart(later)).toBe(leanNow);
    expect(await open().recordStart(later)).toBe(leanNow);
  });

  it('a recorded start in the future is replaced, because a wrong clock wrote it', async () => {
    const { leases } = await start(kind);
    await leases.recordStart('2099-01-01T00:00:00.000Z' as Instant);
    expect(await leases.recordStart(leanNow)).toBe(leanNow);
    expect(await leases.recordStart('2026-03-01T12:00:08.000Z' as Instant)).toBe(leanNow);
  });
});

describe.each(storeKinds)('the lease to follow new payouts (%s)', kind => {
  const leaseMs = 6000;

  it('belongs to one gateway, which may renew it', async () => {
    const { clock, open } = await start(kind);
    const all = Array.from({ length: 8 }, () => open());
    const takeAll = () => Promise.all(all.map(each => each.takeFollowLease(leaseMs)));
    const first = await takeAll();
    expect(first.filter(isTaken => isTaken)).toHaveLength(1);
    clock.ms += leaseMs - 1;
    expect(await takeAll()).toEqual(first);
    clock.ms += leaseMs - 1;
    expect(await takeAll()).toEqual(first);
  });

  it('is free for any gateway when it has not been renewed', async () => {
    const { clock, open } = await start(kind);
    const [owner, another] = [open(), open()];
    expect(await another.isFollowLeaseTaken(leaseMs)).toBe(false);
    await owner.takeFollowLease(leaseMs);
    clock.ms += leaseMs - 1;
    for (const each of [owner, another]) expect(await each.isFollowLeaseTaken(leaseMs)).toBe(true);
    clock.ms += 1;
    for (const each of [owner, another]) expect(await each.isFollowLeaseTaken(leaseMs)).toBe(false);
    expect(await another.takeFollowLease(leaseMs)).toBe(true);
    expect(await owner.takeFollowLease(leaseMs)).toBe(false);
  });

  it('of one Lean application leaves that of another free', async () => {
    const { open } = await start(kind);
    const another = open('another');
    await open().takeFollowLease(leaseMs);
    expect(await another.isFollowLeaseTaken(leaseMs)).toBe(false);
    expect(await another.takeFollowLease(leaseMs)).toBe(true);
    expect(await open().takeFollowLease(leaseMs)).toBe(false);
  });

  it('is free if a wrong clock has stored its end too far ahead', async () => {
    const { clock, open } = await start(kind);
    const [owner, another] = [open(), open()];
    clock.ms += 365 * 24 * 60 * minute;
    await owner.takeFollowLease(leaseMs);
    clock.ms -= 365 * 24 * 60 * minute;
    expect(await another.isFollowLeaseTaken(leaseMs)).toBe(false);
    expect(await another.takeFollowLease(leaseMs)).toBe(true);
    expect(await owner.takeFollowLease(leaseMs)).toBe(false);
  });
});
