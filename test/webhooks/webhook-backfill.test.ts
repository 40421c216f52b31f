import { LeanRefused } from '../../src/errors/lean-errors.ts';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { parseInstant, type Instant } from '../../src/payouts/values/instant.ts';
import { WebhookBackfill, type WebhookBackfillOptions } from '../../src/webhooks/webhook-backfill.ts';
import { clientTo, startLean } from '../lean/fixtures.ts';
import { freshStore, openTestStore, storeKinds } from '../support/stores.ts';
import { startLeanProxy } from '../support/lean-proxy.ts';
import { createBackfill, createEventProcessor, updateStore } from '../support/updates.ts';

const instant = (text: string) => parseInstant(text) as Instant;

const since = instant('2026-02-01T00:00:00Z');
const upTo = instant('2026-03-01T00:00:00Z');
/** Lean's time now. */
const until = instant('2026-03-01T01:00:00.000Z');

function eventEnvelope(eventId: string) {
  return {
    event_id: eventId,
    type: 'payment.updated',
    timestamp: '2026-03-01T00:30:00Z',
    payload: { id: '3fa85f64-5717-4562-b3fc-2c963f66afa6', status: 'PENDING_WITH_BANK' },
  };
}

/** A backfill at a fake Lean without events and payouts. `onPage` is called before each page of events. */
function createFakeBackfill(
  onPage: (backfill: WebhookBackfill) => void = () => undefined,
  {
    listPayouts,
    publishRow,
    listEvents,
    intervalMs = 180_000,
  }: {
    readonly listPayouts?: unknown;
    readonly publishRow?: unknown;
    readonly listEvents?: unknown;
    readonly intervalMs?: number;
  } = {},
) {
  const completed: Instant[] = [];
  const missed: unknown[] = [];
  const read: string[] = [];
  const leasedAt: Instant[] = [];
  const leaseOptions: unknown[] = [];
  const backfill: WebhookBackfill = new WebhookBackfill({
    client: {
      now: () => Promise.resolve(Date.parse(until)),
      listEvents:
        listEvents ??
        (({ from }: { readonly from: string }) => {
          read.push(from);
          onPage(backfill);
          return Promise.resolve({ data: [] });
        }),
      listPayouts:
        listPayouts ??
        (({ from_updated_at: from }: { readonly from_updated_at: string }) => {
          read.push(from);
          return Promise.resolve({ page: { content: [] } });
        }),
    },
    leases: {
      recordStart: () => Promise.resolve(since),
      takeBackfillLease: (_intervalMs: number, leanNow: Instant, options: unknown) => {
        leasedAt.push(leanNow);
        leaseOptions.push(options);
        return Promise.resolve(upTo);
      },
      completeBackfill: (end: Instant) => Promise.resolve(completed.push(end)),
    },
    events: {
      receive: (received: readonly unknown[]) => Promise.resolve(received.length),
      latestUpdates: () => Promise.resolve(new Map()),
    },
    processor: { wake: () => undefined, beginRead: () => Promise.resolve(0), publishRow },
    onMissed: (recovered: unknown) => missed.push(recovered),
    onFailure: () => undefined,
    intervalMs,
  } as unknown as WebhookBackfillOptions);
  onTestFinished(() => backfill.stop());
  return { backfill, completed, missed, read, leasedAt, leaseOptions };
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

it('only the first backfill after the start does not wait for its turn', async () => {
  const { backfill, leaseOptions } = createFakeBackfill(undefined, { intervalMs: 20 });
  backfill.start();
  await expect
    .poll(() => leaseOptions.slice(0, 3), { timeout: 10_000 })
    .toEqual([{ evenIfNotDue: true }, { evenIfNotDue: false }, { evenIfNotDue: false }]);
});

it('a backfill is recorded with Lean’s time, not with the local time', async () => {
  const { backfill, leasedAt, completed } = createFakeBackfill();
  backfill.start();
  await expect.poll(() => completed).toEqual([until]);
  expect(leasedAt).toEqual([until]);
});

it('a backfill reads all pages of events, although Lean caps them', async () => {
  const pageNumbers: string[] = [];
  const { backfill, missed } = createFakeBackfill(undefined, {
    listEvents: ({ page }: { readonly page: string }) => {
      pageNumbers.push(page);
      const data = Array.from({ length: 2 }, (_, index) => eventEnvelope(`${page}-${String(index)}`));
      return Promise.resolve({ data, total: 5 });
    },
  });
  await backfill.backfill(upTo, until);
  expect(pageNumbers).toEqual(['0', '1', '2']);
  expect(missed).toEqual([{ events: 6, payouts: 0 }]);
});

it('a backfill that fails reports what it recovered before', async () => {
  const { backfill, missed, completed } = createFakeBackfill(undefined, {
    listEvents: () => Promise.resolve({ data: [eventEnvelope('1')] }),
    listPayouts: () => Promise.reject(new LeanRefused('LEAN_REFUSED', 'x', { retryable: false })),
  });
  await expect(backfill.backfill(upTo, until)).rejects.toBeInstanceOf(LeanRefused);
  expect(missed).toEqual([{ events: 1, payouts: 0 }]);
  expect(completed).toEqual([]);
});

it('changes during a downtime are published even if Lean’s responses had a wrong time at an earlier backfill', async () => {
  const time = { ms: Date.UTC(2026, 2, 1, 12) };
  const clock = (): number => time.ms;
  const sandbox = await startLean({ clock });
  const lean = await startLeanProxy(sandbox.url);
  const database = openTestStore(await freshStore('SQLite'), { clock });
  /** Starts a gateway, waits for its first backfill, and stops it. */
  const runGateway = async () => {
    const client = clientTo(lean.url);
    const store = updateStore(database);
    const complete = vi.spyOn(store.leases, 'completeBackfill');
    const processor = createEventProcessor(client, store);
    const backfill = createBackfill(client, store, processor, { clocks: { wall: clock, monotonic: clock } });
    backfill.start();
    await expect.poll(() => complete.mock.calls).toHaveLength(1);
    await Promise.all([backfill.stop(), processor.stop()]);
    return store.events;
  };
  await runGateway();
  lean.dateAheadMs = 48 * 60 * 60_000;
  await runGateway();
  lean.dateAheadMs = 0;
  time.ms += 60 * 60_000;
  const { intentId } = sandbox.payouts.add({ status: 'PENDING_WITH_BANK' });
  lean.refuse = path => (path.startsWith('/events') ? 404 : undefined);
  time.ms += 3 * 60 * 60_000;
  expect((await (await runGateway()).publishedAfter(0, 10)).updates).toMatchObject([{ intentId }]);
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
      const store = updateStore(database);
      const processor = createEventProcessor(client, store);
      const recovered: unknown[] = [];
      const backfill = createBackfill(client, store, processor, {
        onMissed: missed => recovered.push(missed),
      });
      onTestFinished(async () => {
        await Promise.all([backfill.stop(), processor.stop()]);
      });
      await store.leases.takeBackfillLease(180_000, instant('2020-01-01T00:00:00.000Z'));
      await database.run({ sql: `UPDATE lean_payout_backfill SET ${wrong}` });
      // The lease is due, unless the test moves it into the future.
      if (!wrong.startsWith('due_at'))
        await database.run({ sql: 'UPDATE lean_payout_backfill SET due_at = 0' });
      const { intentId, paymentId } = lean.payouts.add({ status: 'PENDING_WITH_BANK' });
      backfill.start();
      await expect.poll(() => recovered, { timeout: 60_000 }).toHaveLength(1);
      expect((await store.events.latestUpdates([intentId])).get(intentId)).toMatchObject({
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
