import { describe, expect, it, onTestFinished } from 'vitest';
import { LeanClock } from '../../src/lean/lean-clock.ts';
import { parseInstant, type Instant } from '../../src/payouts/values/instant.ts';
import { SqlPayoutEvents } from '../../src/store/payout-events.ts';
import { WebhookBackfill, type WebhookBackfillOptions } from '../../src/webhooks/webhook-backfill.ts';
import { clientTo, startLean } from '../lean/wiring.ts';
import { freshStore, opened, stores } from '../support/stores.ts';
import { comparisonAt, tellerAt } from '../support/updates.ts';

const instant = (text: string) => parseInstant(text) as Instant;

const since = instant('2026-02-01T00:00:00Z');
const upTo = instant('2026-03-01T00:00:00Z');
/** Lean's time now. */
const until = instant('2026-03-01T01:00:00.000Z');

/** A comparison of nothing, of which `onPage` is told before its first page of events. */
function comparing(
  onPage: (comparison: WebhookBackfill) => void = () => undefined,
  { listPayouts, tellOfRow }: { readonly listPayouts?: unknown; readonly tellOfRow?: unknown } = {},
) {
  const done: Instant[] = [];
  const read: string[] = [];
  const taken: Instant[] = [];
  const clock = new LeanClock({ monotonic: () => 0, wall: () => 0 });
  clock.observe(Date.parse(until));
  const comparison: WebhookBackfill = new WebhookBackfill({
    client: {
      clock,
      listEvents: ({ from }: { readonly from: string }) => {
        read.push(from);
        onPage(comparison);
        return Promise.resolve({ data: [] });
      },
      listPayouts:
        listPayouts ??
        (({ from_updated_at: from }: { readonly from_updated_at: string }) => {
          read.push(from);
          return Promise.resolve({ page: { content: [] } });
        }),
    },
    events: {
      since: () => Promise.resolve(since),
      takeComparison: (_everyMs: number, leanNow: Instant) => {
        taken.push(leanNow);
        return Promise.resolve(upTo);
      },
      lastSteps: () => Promise.resolve(new Map()),
      comparisonDone: (end: Instant) => Promise.resolve(done.push(end)),
    },
    teller: { wake: () => undefined, place: () => Promise.resolve(0), tellOfRow },
    onGaps: () => undefined,
    onTrouble: () => undefined,
  } as unknown as WebhookBackfillOptions);
  onTestFinished(() => comparison.stop());
  return { comparison, done, read, taken };
}

it('a comparison that came to its end is not made again', async () => {
  const { comparison, done } = comparing();
  await comparison.compare(upTo, until);
  expect(done).toEqual([until]);
});

it('a comparison that was ended half-way is made again from where it began', async () => {
  const { comparison, done } = comparing(running => void running.stop());
  await comparison.compare(upTo, until);
  expect(done).toEqual([]);
});

it('a comparison reads from ten minutes before the end of the last one, since Lean may list something late', async () => {
  const { comparison, read } = comparing();
  await comparison.compare(upTo, until);
  expect(read).toEqual(['2026-02-28T23:50:00.000Z', '2026-02-28T23:50:00.000Z']);
});

it('a comparison reads nothing from before the first gateway', async () => {
  const { comparison, read } = comparing();
  await comparison.compare(instant('2026-02-01T00:00:01Z'), until);
  expect(read).toEqual([since, since]);
});

it('a comparison reads from ten minutes before Lean’s time when the end of the last one lies in the future', async () => {
  const { comparison, read, done } = comparing();
  await comparison.compare(instant('2099-01-01T00:00:00Z'), until);
  expect(read).toEqual(['2026-03-01T00:50:00.000Z', '2026-03-01T00:50:00.000Z']);
  expect(done).toEqual([until]);
});

it('a comparison is noted by Lean’s time, whatever this machine’s clock says', async () => {
  const { comparison, taken, done } = comparing();
  comparison.start();
  await expect.poll(() => done).toEqual([until]);
  expect(taken).toEqual([until]);
});

describe.each(stores)('a comparison (%s)', kind => {
  it.each([
    ['turn', 'due_at = due_at + 10000000000000'],
    ['end of the last one', "up_to = '2099-01-01T00:00:00.000Z'"],
    ['first gateway', "since = '2099-01-01T00:00:00.000Z'"],
  ])(
    'makes up for a webhook that never came, though a wrong clock has noted its %s in the future',
    async (_what, wrong) => {
      const lean = await startLean();
      const database = opened(await freshStore(kind));
      const client = clientTo(lean.url);
      const events = new SqlPayoutEvents(database);
      const teller = tellerAt(client, events);
      const gaps: unknown[] = [];
      const comparison = comparisonAt(client, events, teller, { onGaps: missed => gaps.push(missed) });
      onTestFinished(async () => {
        await Promise.all([comparison.stop(), teller.stop()]);
      });
      await events.takeComparison(180_000, instant('2020-01-01T00:00:00.000Z'));
      await database.run({ sql: `UPDATE lean_payout_comparison SET ${wrong}` });
      // Its turn, unless that is what lies in the future, is due.
      if (!wrong.startsWith('due_at'))
        await database.run({ sql: 'UPDATE lean_payout_comparison SET due_at = 0' });
      const { intentId, paymentId } = lean.payouts.add({ status: 'PENDING_WITH_BANK' });
      comparison.start();
      await expect.poll(() => gaps, { timeout: 60_000 }).toHaveLength(1);
      expect((await events.lastSteps([intentId])).get(intentId)).toMatchObject({
        status: 'PENDING_WITH_BANK',
        paymentId,
      });
    },
  );
});

it('a comparison reads all pages of a Lean that gives fewer rows than it is asked for', async () => {
  const asked: string[] = [];
  const seen: string[] = [];
  const row = (intentId: string) => ({ payment_intent_id: intentId, status: 'CREATED' });
  const pages = [[row('a'), row('b')], [row('c'), row('d')], [row('e')]];
  const { comparison } = comparing(undefined, {
    listPayouts: ({ page_number }: { readonly page_number: string }) => {
      asked.push(page_number);
      return Promise.resolve({ page: { content: pages[Number(page_number)], total_elements: 5 } });
    },
    tellOfRow: ({ intentId }: { readonly intentId: string }) => Promise.resolve(seen.push(intentId)),
  });
  await comparison.compare(upTo, until);
  expect(asked).toEqual(['0', '1', '2']);
  expect(seen).toEqual(['a', 'b', 'c', 'd', 'e']);
});
