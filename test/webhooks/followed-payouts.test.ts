import { expect, it, onTestFinished } from 'vitest';
import { LeanClock } from '../../src/lean/lean-clock.ts';
import type { Payout } from '../../src/payouts/payout.ts';
import { FollowedPayouts, type FollowedPayoutsOptions } from '../../src/webhooks/followed-payouts.ts';

const noon = Date.parse('2026-03-01T12:00:00Z');

/** Follows payouts at a fake Lean. The test sets its list and its time. */
function startFollowing(options: Partial<FollowedPayoutsOptions> = {}) {
  const lean = { now: noon, rows: [] as object[] };
  const clock = new LeanClock({ monotonic: () => lean.now, wall: () => lean.now });
  clock.observe(noon);
  const queries: Record<string, string>[] = [];
  const published: (readonly [intentId: unknown, leanStatus: unknown])[] = [];
  const client = {
    clock,
    listPayouts: (query: Record<string, string>) => {
      queries.push(query);
      const first = Number(query['page_number']) * 100;
      return Promise.resolve({ page: { content: lean.rows.slice(first, first + 100) } });
    },
  };
  const processor = {
    beginRead: () => Promise.resolve(0),
    publishRow: ({ intentId, state }: Payout) =>
      Promise.resolve(published.push([intentId, state?.leanStatus])),
  };
  const followed = new FollowedPayouts({
    client,
    processor,
    intervalMs: 5,
    ...options,
  } as FollowedPayoutsOptions);
  onTestFinished(() => followed.stop());
  followed.start();
  const waitForReads = async (count: number): Promise<void> => {
    const before = queries.length;
    await expect.poll(() => queries.length).toBeGreaterThanOrEqual(before + count);
  };
  return { lean, queries, published, followed, waitForReads };
}

const row = (intentId: string, status: string, paymentId: string | null = null) => ({
  payment_intent_id: intentId,
  payment_id: paymentId,
  status,
});

it('each state of a payout is published until it has a payment or has failed', async () => {
  const { lean, queries, published, followed, waitForReads } = startFollowing();
  followed.follow(['mine', 'FAILS']);
  lean.rows = [row('mine', 'CREATED'), row('fails', 'FAILED'), row('not followed', 'CREATED')];
  await waitForReads(3);
  expect(published).toEqual([
    ['mine', 'CREATED'],
    ['fails', 'FAILED'],
  ]);
  lean.rows = [row('mine', 'AWAITING_AUTHORIZATION')];
  await waitForReads(2);
  expect(followed.count).toBe(1);
  lean.rows = [row('mine', 'PENDING_WITH_BANK', 'payment')];
  await expect.poll(() => followed.count).toBe(0);
  expect(published.slice(2)).toEqual([['mine', 'AWAITING_AUTHORIZATION']]);
  // One minute before the oldest payout was followed, by Lean's clock.
  expect(queries[0]).toEqual({ page_number: '0', page_size: '100', from: '2026-03-01T11:59:00.000Z' });
});

it('a payout with the bank counts as having a payment, even if the list shows no payment id', async () => {
  const { lean, published, followed } = startFollowing();
  followed.follow(['one', 'two']);
  lean.rows = [row('one', 'PENDING_WITH_BANK'), row('two', 'ACCEPTED_BY_BANK')];
  await expect.poll(() => followed.count).toBe(0);
  expect(published).toEqual([]);
});

it('a payout is followed for two minutes of Lean’s time', async () => {
  const { lean, queries, followed, waitForReads } = startFollowing();
  followed.follow(['first']);
  lean.now += 60_000;
  followed.follow(['second']);
  await waitForReads(1);
  lean.now += 60_001;
  await waitForReads(1);
  await expect.poll(() => followed.count).toBe(1);
  expect(queries.at(-1)?.['from']).toBe('2026-03-01T12:00:00.000Z');
  lean.now += 60_000;
  await expect.poll(() => followed.count).toBe(0);
});

it('the newest thousand payouts are followed, and a read of the list takes ten pages at most', async () => {
  const { lean, queries, published, followed } = startFollowing();
  followed.follow(Array.from({ length: 1001 }, (_, index) => `intent-${String(index)}`));
  expect(followed.count).toBe(1000);
  lean.rows = [
    ...Array.from({ length: 900 }, (_, index) => row(`not followed-${String(index)}`, 'CREATED')),
    ...Array.from({ length: 300 }, (_, index) => row(`intent-${String(index)}`, 'CREATED')),
  ];
  await expect.poll(() => queries.length).toBeGreaterThanOrEqual(20);
  expect(new Set(queries.map(query => Number(query['page_number'])))).toEqual(new Set(Array(10).keys()));
  expect(published.map(([intentId]) => intentId)).toEqual(
    Array.from({ length: 99 }, (_, index) => `intent-${String(index + 1)}`),
  );
});

it('a read of the list ends with the page that shows the last followed payout', async () => {
  const { lean, queries, followed, waitForReads } = startFollowing();
  followed.follow(['mine']);
  lean.rows = [
    row('mine', 'CREATED'),
    ...Array.from({ length: 300 }, (_, index) => row(String(index), 'CREATED')),
  ];
  await waitForReads(3);
  expect(new Set(queries.map(query => query['page_number']))).toEqual(new Set(['0']));
});
