import { describe, expect, it, onTestFinished } from 'vitest';
import { parseInstant, type Instant } from '../../src/payouts/values/instant.ts';
import { SqlPayoutEvents } from '../../src/store/payout-events.ts';
import { WebhookBackfill, type WebhookBackfillOptions } from '../../src/webhooks/webhook-backfill.ts';
import { clientTo, startLean } from '../lean/fixtures.ts';
import { freshStore, openTestStore, storeKinds } from '../support/stores.ts';
import { createBackfill, createEventProcessor } from '../support/updates.ts';

const instant = (text: string) => parseInstant(text) as Instant;

const since = instant('2026-02-01T00:00:00Z');
const upTo = instant('2026-03-01T00:00:00Z');
/** Lean's time now. */
const until = instant('2026-03-01T01:00:00.000Z');

/** A backfill at a fake Lean without events and payouts. `onPage` is called before each page of events. */
function createFakeBackfill(
  onPage: (backfill: WebhookBackfill) => void = () => undefined,
  { listPayouts, publishRow }: { readonly listPayouts?: unknown; readonly publishRow?: unknown } = {},
) {
  const completed: Instant[] = [];
  const read: string[] = [];
  const leasedAt: Instant[] = [];
  const backfill: WebhookBackfill = new WebhookBackfill({
    client: {
      now: () => Promise.resolve(Date.parse(until)),
      listEvents: ({ from }: { readonly from: string }) => {
        read.push(from);
        onPage(backfill);
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
      recordStart: () => Promise.resolve(since),
      takeBackfillLease: (_intervalMs: number, leanNow: Instant) => {
        leasedAt.push(leanNow);
        return Promise.resolve(upTo);
      },
      latestUpdates: () => Promise.resolve(new Map()),
      completeBackfill: (end: Instant) => Promise.resolve(completed.push(end)),
    },
    processor: { wake: () => undefined, beginRead: () => Promise.resolve(0), publishRow },
    onMissed: () => undefined,
    onFailure: () => undefined,
  } as unknown as WebhookBackfillOptions);
  onTestFinished(() => backfill.stop());
  return { backfill, completed, read, leasedAt };
}

it('a complete backfill is recorded up to Lean’s time', async () => {
  const { backfill, completed } = createFakeBackfill();
  await backfill.backfill(upTo, until);
  expect(completed).toEqual([until]);
});

it('a backfill that is stopped is not recorded, and so is repeated', async () => {
  const { backfill, completed } = createFakeBackfill(backfill => void backfill.stop());
  await backfill.backfill(upTo, until);
  expect(completed).toEqual([]);
});

it('a backfill starts ten minutes before the end of the last one', async () => {
  const { backfill, read } = createFakeBackfill();
  await backfill.backfill(upTo, until);
  expect(read).toEqual(['2026-02-28T23:50:00.000Z', '2026-02-28T23:50:00.000Z']);
});

it('a backfill reads nothing from before the first start on the store', async () => {
  const { backfill, read } = createFakeBackfill();
  await backfill.backfill(instant('2026-02-01T00:00:01Z'), until);
  expect(read).toEqual([since, since]);
});

it('a backfill starts ten minutes before Lean’s time if the end of the last one is in the future', async () => {
  const { backfill, read, completed } = createFakeBackfill();
  await backfill.backfill(instant('2099-01-01T00:00:00Z'), until);
  expect(read).toEqual(['2026-03-01T00:50:00.000Z', '2026-03-01T00:50:00.000Z']);
  expect(completed).toEqual([until]);
});

it('a backfill is recorded with Lean’s time, not with the local time', async () => {
  const { backfill, leasedAt, completed } = createFakeBackfill();
  backfill.start();
  await expect.poll(() => completed).toEqual([until]);
  expect(leasedAt).toEqual([until]);
});

describe.each(storeKinds)('a backfill (%s)', kind => {
  it.each([
    ['lease', 'due_at = due_at + 10000000000000'],
    ['end of the last one', "up_to = '2099-01-01T00:00:00.000Z'"],
    ['first start', "started_at = '2099-01-01T00:00:00.000Z'"],
  ])(
    'recovers a missed webhook, even if a wrong clock has recorded the %s in the future',
    async (_description, wrong) => {
      const lean = await startLean();
      const database = openTestStore(await freshStore(kind));
      const client = clientTo(lean.url);
      const events = new SqlPayoutEvents(database);
      const processor = createEventProcessor(client, events);
      const recovered: unknown[] = [];
      const backfill = createBackfill(client, events, processor, {
        onMissed: missed => recovered.push(missed),
      });
      onTestFinished(async () => {
        await Promise.all([backfill.stop(), processor.stop()]);
      });
      await events.takeBackfillLease(180_000, instant('2020-01-01T00:00:00.000Z'));
      await database.run({ sql: `UPDATE lean_payout_backfill SET ${wrong}` });
      // The lease is due, unless the test moves it into the future.
      if (!wrong.startsWith('due_at'))
        await database.run({ sql: 'UPDATE lean_payout_backfill SET due_at = 0' });
      const { intentId, paymentId } = lean.payouts.add({ status: 'PENDING_WITH_BANK' });
      backfill.start();
      await expect.poll(() => recovered, { timeout: 60_000 }).toHaveLength(1);
      expect((await events.latestUpdates([intentId])).get(intentId)).toMatchObject({
        status: 'PENDING_WITH_BANK',
        paymentId,
      });
    },
  );
});

it('a backfill reads all pages if Lean gives fewer rows than requested', async () => {
  const pageNumbers: string[] = [];
  const rows: string[] = [];
  const row = (intentId: string) => ({ payment_intent_id: intentId, status: 'CREATED' });
  const pages = [[row('a'), row('b')], [row('c'), row('d')], [row('e')]];
  const { backfill } = createFakeBackfill(undefined, {
    listPayouts: ({ page_number }: { readonly page_number: string }) => {
      pageNumbers.push(page_number);
      return Promise.resolve({ page: { content: pages[Number(page_number)], total_elements: 5 } });
    },
    publishRow: ({ intentId }: { readonly intentId: string }) => Promise.resolve(rows.push(intentId)),
  });
  await backfill.backfill(upTo, until);
  expect(pageNumbers).toEqual(['0', '1', '2']);
  expect(rows).toEqual(['a', 'b', 'c', 'd', 'e']);
});
