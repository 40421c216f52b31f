import { describe, expect, it, onTestFinished } from 'vitest';
import { pageFromLean } from '../../src/payouts/lean-page.ts';
import { instantAt, type Instant } from '../../src/payouts/values/instant.ts';
import { PayoutReads } from '../../src/payouts/payout-reads.ts';
import type { Payout } from '../../src/payouts/payout.ts';
import type { PayoutUpdate, ReceivedEvent } from '../../src/payouts/payout-update.ts';
import type { SandboxOptions } from '../../src/sandbox/sandbox-options.ts';
import { EventProcessor, type EventProcessorOptions } from '../../src/webhooks/event-processor.ts';
import { clientTo, startLean } from '../lean/fixtures.ts';
import { freshStore, openTestStore } from '../support/stores.ts';
import { createEventProcessor, updateStore } from '../support/updates.ts';

it('an event that arrives just as a batch without it ends is processed in another batch', async () => {
  for (let delay = 0; delay < 12; delay += 1) {
    const first = Promise.withResolvers<undefined>();
    let batches = 0;
    const events = {
      leaseDue: async () => {
        batches += 1;
        if (batches === 1) await first.promise;
        return [];
      },
    };
    // So long that the timer starts no batch.
    const options = { events, intervalMs: 2 ** 31 - 1 } as unknown as EventProcessorOptions;
    const processor = new EventProcessor(options);
    onTestFinished(() => processor.stop());
    processor.start();
    expect(batches).toBe(1);
    first.resolve(undefined);
    for (let turn = 0; turn < delay; turn += 1) await Promise.resolve();
    processor.wake();
    await expect.poll(() => batches, { message: `after ${String(delay)} microtasks` }).toBeGreaterThan(1);
  }
});

/** An event processor for the payouts of a sandbox. No webhooks are sent. */
async function startProcessor(options: SandboxOptions = {}) {
  const lean = await startLean(options);
  const client = clientTo(lean.url);
  const store = updateStore(openTestStore(await freshStore('SQLite')));
  const { events } = store;
  const processor = createEventProcessor(client, store);
  onTestFinished(() => processor.stop());
  await store.leases.recordStart('2020-01-01T00:00:00.000Z' as Instant);
  /** Receives an event. It has no intent and no tracking unless `changes` add them. */
  const receive = async (eventId: string, changes: Partial<ReceivedEvent>): Promise<void> => {
    const event: ReceivedEvent = {
      eventId,
      type: 'PAYMENT_UPDATED',
      paymentId: '',
      intentId: null,
      leanStatus: null,
      postInitiationStatus: undefined,
      publishedAt: instantAt(Date.now()),
      ...changes,
    };
    await events.receive([event]);
    processor.wake();
  };
  const published = async () => (await events.publishedAfter(0, 1000)).updates;
  const calls = (operation: string) =>
    lean.requests.filter(request => request.operation === operation).length;
  return { lean, client, store, events, processor, receive, published, calls };
}

const publishedStates = (updates: readonly PayoutUpdate[]) =>
  updates.map(({ eventId, leanStatus, postInitiationStatus }) => [eventId, leanStatus, postInitiationStatus]);

describe('an event without an intent', () => {
  it.each(['v2', 'v1', 'ksa'] as const)('is published for the intent that Lean names (%s)', async profile => {
    const { lean, receive, published } = await startProcessor({ profile });
    const { paymentId, intentId } = lean.payouts.add({ status: 'PENDING_WITH_BANK' });
    await receive('event-1', { paymentId: paymentId ?? '', leanStatus: 'PENDING_WITH_BANK' });
    await expect.poll(published).toMatchObject([{ eventId: 'event-1', intentId, paymentId }]);
  });
});

it('an event is checked with the Lean application whose gateway received it, and not with another one on the store', async () => {
  const database = openTestStore(await freshStore('SQLite'));
  const start = async (application: string, seed: number) => {
    const lean = await startLean({ seed });
    const store = updateStore(database, application);
    const processor = createEventProcessor(clientTo(lean.url), store);
    return { lean, events: store.events, processor };
  };
  const [mine, other] = [await start('test', 1), await start('another', 2)];
  const { paymentId, intentId } = mine.lean.payouts.add({ status: 'PENDING_WITH_BANK' });
  await mine.events.receive([
    {
      eventId: 'event-1',
      type: 'PAYMENT_CREATED',
      paymentId: paymentId ?? '',
      intentId,
      leanStatus: 'PENDING_WITH_BANK',
      postInitiationStatus: null,
      publishedAt: instantAt(Date.now()),
    },
  ]);
  for (const { processor } of [other, mine]) {
    processor.wake();
    await processor.stop();
  }
  expect(other.lean.requests).toEqual([]);
  expect((await mine.events.publishedAfter(0, 10)).updates).toMatchObject([{ eventId: 'event-1', intentId }]);
});

describe('events without the tracking', () => {
  it('give each state change the id of its event', async () => {
    const { lean, receive, published } = await startProcessor();
    const { paymentId, intentId } = lean.payouts.add({ status: 'ACCEPTED_BY_BANK' });
    const event = { paymentId: paymentId ?? '', leanStatus: 'ACCEPTED_BY_BANK' };
    await receive('accepted', event);
    await expect.poll(published).toHaveLength(1);
    lean.payouts.change(intentId, { postInitiationStatus: 'PROCESSED' });
    await receive('paid', { ...event, publishedAt: instantAt(Date.now()) });
    await expect.poll(published).toHaveLength(2);
    expect(publishedStates(await published())).toEqual([
      ['accepted', 'ACCEPTED_BY_BANK', null],
      ['paid', 'ACCEPTED_BY_BANK', 'PROCESSED'],
    ]);
  });

  it('give a state change their id, even if they come before Lean shows the change', async () => {
    const { lean, client, processor, receive, published, calls } = await startProcessor();
    const { paymentId, intentId } = lean.payouts.add({ status: 'PENDING_WITH_BANK' });
    await receive('early', { paymentId: paymentId ?? '', leanStatus: 'FAILED' });
    await expect.poll(published).toHaveLength(1);
    lean.payouts.change(intentId, { status: 'FAILED' });
    const before = calls('getPayout');
    const position = await processor.beginRead();
    const { page, answer } = await client.listPayouts({ page_number: '0', page_size: '1' });
    for (const row of pageFromLean(page, answer, 0).rows) await processor.publishRow(row, position);
    expect(publishedStates(await published()).at(-1)).toEqual(['early', 'FAILED', null]);
    expect(calls('getPayout')).toBe(before);
  });
});

it('after a second payment of an intent, only state changes of the second payment are published', async () => {
  const { lean, receive, published } = await startProcessor();
  const first = lean.payouts.add({ status: 'FAILED' });
  const { intentId } = first;
  await receive('first', { paymentId: first.paymentId ?? '', leanStatus: 'FAILED' });
  await expect.poll(published).toHaveLength(1);
  const second = lean.payouts.add({ intentId, status: 'PENDING_WITH_BANK' });
  await receive('second', { paymentId: second.paymentId ?? '', leanStatus: 'PENDING_WITH_BANK' });
  await expect.poll(published).toHaveLength(2);
  const late = {
    paymentId: first.paymentId ?? '',
    leanStatus: 'FAILED',
    postInitiationStatus: 'REJECTED',
  } as const;
  await receive('late', late);
  await receive('third', { paymentId: second.paymentId ?? '', leanStatus: 'ACCEPTED_BY_BANK' });
  lean.payouts.change(intentId, { status: 'ACCEPTED_BY_BANK' });
  await receive('fourth', { paymentId: second.paymentId ?? '', leanStatus: 'ACCEPTED_BY_BANK' });
  await expect.poll(published).toHaveLength(3);
  expect((await published()).map(({ paymentId, leanStatus }) => [paymentId, leanStatus])).toEqual([
    [first.paymentId, 'FAILED'],
    [second.paymentId, 'PENDING_WITH_BANK'],
    [second.paymentId, 'ACCEPTED_BY_BANK'],
  ]);
  expect(new Set((await published()).map(each => each.intentId))).toEqual(new Set([intentId]));
});

it('a history of more state changes than fit into one statement is published completely, in order and once', async () => {
  const { lean, events, receive } = await startProcessor();
  const started = Date.now() - 86_400_000;
  const steps = Array.from({ length: 4500 }, (_, second) => ({
    at: instantAt(started + second * 1000),
    status: second % 2 === 0 ? 'ACCEPTED_BY_BANK' : 'PENDING_WITH_BANK',
  }));
  const { paymentId } = lean.payouts.add({ createdAt: instantAt(started), steps });
  await receive('event-1', { paymentId: paymentId ?? '', leanStatus: 'PENDING_WITH_BANK' });
  await expect.poll(() => events.lastPosition()).toBe(4500);
  const { updates } = await events.publishedAfter(0, 5000);
  expect(updates.map(({ leanStatus }) => leanStatus)).toEqual(steps.map(({ status }) => status));
  expect(new Set(updates.map(({ eventId }) => eventId)).size).toBe(4500);
});

describe('two gateways on one store', () => {
  /** Two processors. The slow one gets the payout that it reads only after `release()`. */
  async function startTwoProcessors() {
    const { lean, client, store, events, processor, published } = await startProcessor();
    const held: (() => void)[] = [];
    const reads = new PayoutReads(client);
    let isHolding = true;
    const slow = createEventProcessor(clientTo(lean.url), store, {
      reads: {
        lacksDetailCalls: false,
        intent: reads.intent.bind(reads),
        payout: async (...args: Parameters<PayoutReads['payout']>) => {
          const payout = await reads.payout(...args);
          if (isHolding) await new Promise<void>(resolve => held.push(resolve));
          return payout;
        },
      } as unknown as PayoutReads,
    });
    onTestFinished(() => slow.stop());
    const release = (): void => {
      isHolding = false;
      for (const resume of held.splice(0)) resume();
    };
    return { lean, client, events, processor, slow, published, held, release };
  }

  it.each([
    ['AUTHORISATION_FAILED', 'PENDING_WITH_BANK'],
    ['PENDING_WITH_BANK', 'ACCEPTED_BY_BANK'],
    ['ACCEPTED_BY_BANK', 'PENDING_WITH_BANK'],
  ])(
    'do not publish a state (%s) that was read before the other one published a newer one (%s)',
    async (old, now) => {
      const { lean, events, processor, slow, published, held, release } = await startTwoProcessors();
      const { paymentId, intentId } = lean.payouts.add({ status: old });
      const event = {
        type: 'PAYMENT_UPDATED',
        paymentId: paymentId ?? '',
        intentId,
        leanStatus: old,
        postInitiationStatus: null,
        publishedAt: instantAt(Date.now()),
      } as const;
      await events.receive([{ ...event, eventId: 'old' }]);
      slow.wake();
      await expect.poll(() => held.length).toBe(1);
      lean.payouts.change(intentId, { status: now });
      await events.receive([{ ...event, eventId: 'new', leanStatus: now }]);
      processor.wake();
      const states = async () => (await published()).map(({ leanStatus }) => leanStatus);
      await expect.poll(states).toEqual([old, now]);
      release();
      await slow.stop();
      expect(await states()).toEqual([old, now]);
    },
  );

  it('publish a state once that both read at the same time', async () => {
    const { lean, client, processor, slow, published, held, release } = await startTwoProcessors();
    lean.payouts.add({ status: 'PENDING_WITH_BANK' });
    release();
    expect(held).toEqual([]);
    const position = await processor.beginRead();
    const { page, answer } = await client.listPayouts({ page_number: '0', page_size: '1' });
    const { rows } = pageFromLean(page, answer, 0);
    const counts = await Promise.all(
      [processor, slow, processor, slow].map(each => each.publishRow(rows[0] as Payout, position)),
    );
    expect(counts.toSorted()).toEqual([0, 0, 0, 1]);
    expect(await published()).toHaveLength(1);
  });
});

it('a row is read again if a newer state was published after the row was read', async () => {
  const { lean, client, processor, receive, published } = await startProcessor();
  const { intentId, paymentId } = lean.payouts.add({ status: 'AUTHORISATION_FAILED' });
  const position = await processor.beginRead();
  const { page, answer } = await client.listPayouts({ page_number: '0', page_size: '1' });
  lean.payouts.change(intentId, { status: 'PENDING_WITH_BANK' });
  await receive('pending', { paymentId: paymentId ?? '', leanStatus: 'PENDING_WITH_BANK' });
  await expect.poll(published).toHaveLength(2);
  for (const row of pageFromLean(page, answer, 0).rows)
    expect(await processor.publishRow(row, position)).toBe(0);
  expect((await published()).map(({ leanStatus }) => leanStatus)).toEqual([
    'AUTHORISATION_FAILED',
    'PENDING_WITH_BANK',
  ]);
});

it('a payout that failed without a payment is published again when it gets a payment', async () => {
  const { lean, client, processor, receive, published } = await startProcessor();
  const { intentId } = lean.payouts.add({ status: 'FAILED', paymentId: null });
  const position = await processor.beginRead();
  const { page, answer } = await client.listPayouts({ page_number: '0', page_size: '1' });
  for (const row of pageFromLean(page, answer, 0).rows)
    expect(await processor.publishRow(row, position)).toBe(1);
  const { paymentId } = lean.payouts.add({ intentId, status: 'PENDING_WITH_BANK' });
  await receive('pending', { paymentId: paymentId ?? '', leanStatus: 'PENDING_WITH_BANK' });
  await expect.poll(published).toHaveLength(2);
  lean.payouts.change(intentId, { status: 'ACCEPTED_BY_BANK' });
  await receive('accepted', { paymentId: paymentId ?? '', leanStatus: 'ACCEPTED_BY_BANK' });
  await expect.poll(published).toHaveLength(3);
  expect((await published()).map(each => [each.paymentId, each.leanStatus])).toEqual([
    [null, 'FAILED'],
    [paymentId, 'PENDING_WITH_BANK'],
    [paymentId, 'ACCEPTED_BY_BANK'],
  ]);
});

/** A processor that records which failures it reports, and a function that receives one event of a payment. */
async function startReportingProcessor() {
  const lean = await startLean();
  const client = clientTo(lean.url);
  const clock = { ms: Date.now() };
  const store = updateStore(openTestStore(await freshStore('SQLite'), { clock: () => clock.ms }));
  const { events } = store;
  const reported: (string | undefined)[] = [];
  const processor = createEventProcessor(client, store, {
    onFailure: error => reported.push(error && 'failure'),
  });
  onTestFinished(() => processor.stop());
  await store.leases.recordStart('2020-01-01T00:00:00.000Z' as Instant);
  let eventNumber = 0;
  const receive = async (paymentId: string | null): Promise<void> => {
    eventNumber += 1;
    await events.receive([
      {
        eventId: `event-${String(eventNumber)}`,
        type: 'PAYMENT_UPDATED',
        paymentId: paymentId ?? '',
        intentId: null,
        leanStatus: 'PENDING_WITH_BANK',
        postInitiationStatus: undefined,
        publishedAt: instantAt(Date.now()),
      },
    ]);
    processor.wake();
  };
  return { lean, processor, events, receive, reported, clock };
}

it('a series of failures is reported once, and its end once', async () => {
  const { lean, processor, receive, reported } = await startReportingProcessor();
  const { paymentId } = lean.payouts.add({ status: 'PENDING_WITH_BANK' });
  lean.faults.add({ kind: 'status', status: 422 });
  for (const calls of [1, 2]) {
    await receive(paymentId);
    await expect.poll(() => lean.requests.length).toBeGreaterThanOrEqual(calls);
    await processor.beginRead();
  }
  await expect.poll(() => reported).toEqual(['failure']);
  lean.faults.clear();
  await receive(paymentId);
  await expect.poll(() => reported).toEqual(['failure', undefined]);
});

it('a failure is not reported as over while its payment still waits, even if another payment succeeds', async () => {
  const { lean, processor, events, receive, reported, clock } = await startReportingProcessor();
  const failing = lean.payouts.add({ status: 'PENDING_WITH_BANK' });
  const other = lean.payouts.add({ status: 'PENDING_WITH_BANK' });
  lean.faults.add({ kind: 'status', status: 422 });
  await receive(failing.paymentId);
  await expect.poll(() => reported).toEqual(['failure']);
  lean.faults.clear();
  await receive(other.paymentId);
  await expect.poll(async () => (await events.latestUpdates([other.intentId])).size).toBe(1);
  await processor.beginRead();
  expect(reported).toEqual(['failure']);
  clock.ms += 60_000;
  processor.wake();
  await expect.poll(() => reported).toEqual(['failure', undefined]);
});
