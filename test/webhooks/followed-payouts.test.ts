import { expect, it, onTestFinished } from 'vitest';
import { LeanClock } from '../../src/lean/lean-clock.ts';
import type { Payout } from '../../src/payouts/payout.ts';
import { FollowedPayouts, type FollowedPayoutsOptions } from '../../src/webhooks/followed-payouts.ts';

const noon = Date.parse('2026-03-01T12:00:00Z');

/** Payouts that are followed at a Lean whose list, and whose time, are the test's. */
function following(options: Partial<FollowedPayoutsOptions> = {}) {
  const lean = { now: noon, rows: [] as object[] };
  const clock = new LeanClock({ monotonic: () => lean.now, wall: () => lean.now });
  clock.observe(noon);
  const asked: Record<string, string>[] = [];
  const told: (readonly [intentId: unknown, leanStatus: unknown])[] = [];
  const client = {
    clock,
    listPayouts: (query: Record<string, string>) => {
      asked.push(query);
      const first = Number(query['page_number']) * 100;
      return Promise.resolve({ page: { content: lean.rows.slice(first, first + 100) } });
    },
  };
  const teller = {
    place: () => Promise.resolve(0),
    tellOfRow: ({ intentId, state }: Payout) => Promise.resolve(told.push([intentId, state?.leanStatus])),
  };
  const followed = new FollowedPayouts({ client, teller, everyMs: 5, ...options } as FollowedPayoutsOptions);
  onTestFinished(() => followed.stop());
  const looks = async (count: number): Promise<void> => {
    const before = asked.length;
    await expect.poll(() => asked.length).toBeGreaterThanOrEqual(before + count);
  };
  return { lean, asked, told, followed, looks };
}

const row = (intentId: string, status: string, paymentId: string | null = null) => ({
  payment_intent_id: intentId,
  payment_id: paymentId,
  status,
});

it('each state of a payout without a payment is told, until there is a payment or an end', async () => {
  const { lean, asked, told, followed, looks } = following();
  followed.follow(['mine', 'FAILS']);
  lean.rows = [row('mine', 'CREATED'), row('fails', 'FAILED'), row('of others', 'CREATED')];
  await looks(3);
  expect(told).toEqual([
    ['mine', 'CREATED'],
    ['fails', 'FAILED'],
  ]);
  lean.rows = [row('mine', 'AWAITING_AUTHORIZATION')];
  await looks(2);
  expect(followed.count).toBe(1);
  lean.rows = [row('mine', 'PENDING_WITH_BANK', 'payment')];
  await expect.poll(() => followed.count).toBe(0);
  expect(told.slice(2)).toEqual([['mine', 'AWAITING_AUTHORIZATION']]);
  // From a minute before the oldest one came, by Lean's clock.
  expect(asked[0]).toEqual({ page_number: '0', page_size: '100', from: '2026-03-01T11:59:00.000Z' });
});

it('a payment is taken for granted where the list names none and the bank has it', async () => {
  const { lean, told, followed } = following();
  followed.follow(['one', 'two']);
  lean.rows = [row('one', 'PENDING_WITH_BANK'), row('two', 'ACCEPTED_BY_BANK')];
  await expect.poll(() => followed.count).toBe(0);
  expect(told).toEqual([]);
});

it('is over after two minutes of Lean’s time, and nothing is asked any more', async () => {
  const { lean, asked, followed, looks } = following();
  followed.follow(['first']);
  lean.now += 60_000;
  followed.follow(['second']);
  await looks(1);
  lean.now += 60_001;
  await looks(1);
  await expect.poll(() => followed.count).toBe(1);
  expect(asked.at(-1)?.['from']).toBe('2026-03-01T12:00:00.000Z');
  lean.now += 60_000;
  await expect.poll(() => followed.count).toBe(0);
});

it('reads on until all of them were seen, ten pages at most, and follows a thousand payouts at most, the newest', async () => {
  const { lean, asked, told, followed } = following();
  followed.follow(Array.from({ length: 1001 }, (_, index) => `intent-${String(index)}`));
  expect(followed.count).toBe(1000);
  lean.rows = [
    ...Array.from({ length: 900 }, (_, index) => row(`of others-${String(index)}`, 'CREATED')),
    ...Array.from({ length: 300 }, (_, index) => row(`intent-${String(index)}`, 'CREATED')),
  ];
  await expect.poll(() => asked.length).toBeGreaterThanOrEqual(20);
  expect(new Set(asked.map(query => Number(query['page_number'])))).toEqual(new Set(Array(10).keys()));
  expect(told.map(([intentId]) => intentId)).toEqual(
    Array.from({ length: 99 }, (_, index) => `intent-${String(index + 1)}`),
  );
});

it('reads no page after the one that shows the last of them', async () => {
  const { lean, asked, followed, looks } = following();
  followed.follow(['mine']);
  lean.rows = [
    row('mine', 'CREATED'),
    ...Array.from({ length: 300 }, (_, index) => row(String(index), 'CREATED')),
  ];
  await looks(3);
  expect(new Set(asked.map(query => query['page_number']))).toEqual(new Set(['0']));
});
