import { describe, expect, it, onTestFinished } from 'vitest';
import { pageFromLean } from '../../src/payouts/from-lean.ts';
import type { Instant } from '../../src/payouts/values/instant.ts';
import { instantAt } from '../../src/payouts/values/lean-time.ts';
import { PayoutReads } from '../../src/payouts/payout-reads.ts';
import type { Payout } from '../../src/payouts/payout.ts';
import type { PayoutUpdate, ReceivedEvent } from '../../src/payouts/payout-update.ts';
import type { SandboxOptions } from '../../src/sandbox/sandbox-options.ts';
import { SqlPayoutEvents } from '../../src/store/payout-events.ts';
import { EventProcessor, type EventProcessorOptions } from '../../src/webhooks/event-processor.ts';
import { clientTo, startLean } from '../lean/wiring.ts';
import { freshStore, opened } from '../support/stores.ts';
import { tellerAt } from '../support/updates.ts';

it('what is received just as a look that has not seen it ends is looked at', async () => {
  for (let turns = 0; turns < 12; turns += 1) {
    const first = Promise.withResolvers<undefined>();
    let looks = 0;
    const events = {
      take: async () => {
        looks += 1;
        if (looks === 1) await first.promise;
        return [];
      },
    };
    // Nothing is to come about by looking after a while.
    const options = { events, everyMs: 2 ** 31 - 1 } as unknown as EventProcessorOptions;
    const teller = new EventProcessor(options);
    onTestFinished(() => teller.stop());
    teller.start();
    expect(looks).toBe(1);
    first.resolve(undefined);
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
    teller.wake();
    await expect.poll(() => looks, { message: `after ${String(turns)} turns` }).toBeGreaterThan(1);
  }
});

/** Tells of the payouts of a sandbox, without webhooks. */
async function telling(options: SandboxOptions = {}) {
  const lean = await startLean(options);
  const client = clientTo(lean.url);
  const events = new SqlPayoutEvents(opened(await freshStore('SQLite')));
  const teller = tellerAt(client, events);
  onTestFinished(() => teller.stop());
  await events.since('2020-01-01T00:00:00.000Z' as Instant);
  /** An event of Lean's own that says nothing of the intent or the tracking unless `changes` do. */
  const received = async (eventId: string, changes: Partial<ReceivedEvent>): Promise<void> => {
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
    teller.wake();
  };
  const told = async () => (await events.toldAfter(0, 1000)).updates;
  const calls = (operation: string) =>
    lean.requests.filter(request => request.operation === operation).length;
  return { lean, client, events, teller, received, told, calls };
}

const stepsTold = (updates: readonly PayoutUpdate[]) =>
  updates.map(({ eventId, leanStatus, postInitiationStatus }) => [eventId, leanStatus, postInitiationStatus]);

describe('an event that lacks its intent', () => {
  it.each(['v2', 'v1', 'ksa'] as const)('is of the intent that Lean names (%s)', async profile => {
    const { lean, received, told } = await telling({ profile });
    const { paymentId, intentId } = lean.payouts.add({ status: 'PENDING_WITH_BANK' });
    await received('event-1', { paymentId: paymentId ?? '', leanStatus: 'PENDING_WITH_BANK' });
    await expect.poll(told).toMatchObject([{ eventId: 'event-1', intentId, paymentId }]);
  });
});

describe('events that say nothing of the tracking', () => {
  it('give each step Lean’s own id, however they come', async () => {
    const { lean, received, told } = await telling();
    const { paymentId, intentId } = lean.payouts.add({ status: 'ACCEPTED_BY_BANK' });
    const event = { paymentId: paymentId ?? '', leanStatus: 'ACCEPTED_BY_BANK' };
    await received('accepted', event);
    await expect.poll(told).toHaveLength(1);
    lean.payouts.change(intentId, { postInitiationStatus: 'PROCESSED' });
    await received('paid', { ...event, publishedAt: instantAt(Date.now()) });
    await expect.poll(told).toHaveLength(2);
    expect(stepsTold(await told())).toEqual([
      ['accepted', 'ACCEPTED_BY_BANK', null],
      ['paid', 'ACCEPTED_BY_BANK', 'PROCESSED'],
    ]);
  });

  it('and came before Lean showed what they tell, give it its id once Lean does', async () => {
    const { lean, client, teller, received, told, calls } = await telling();
    const { paymentId, intentId } = lean.payouts.add({ status: 'PENDING_WITH_BANK' });
    await received('early', { paymentId: paymentId ?? '', leanStatus: 'FAILED' });
    await expect.poll(told).toHaveLength(1);
    lean.payouts.change(intentId, { status: 'FAILED' });
    const before = calls('getPayout');
    const place = await teller.place();
    const { page, answer } = await client.listPayouts({ page_number: '0', page_size: '1' });
    for (const row of pageFromLean(page, answer).rows) await teller.tellOfRow(row, place);
    expect(stepsTold(await told()).at(-1)).toEqual(['early', 'FAILED', null]);
    expect(calls('getPayout')).toBe(before);
  });
});

it('of an intent with two payments the steps of the newest are told, and no others after them', async () => {
  const { lean, received, told } = await telling();
  const first = lean.payouts.add({ status: 'FAILED' });
  const { intentId } = first;
  await received('first', { paymentId: first.paymentId ?? '', leanStatus: 'FAILED' });
  await expect.poll(told).toHaveLength(1);
  const second = lean.payouts.add({ intentId, status: 'PENDING_WITH_BANK' });
  await received('second', { paymentId: second.paymentId ?? '', leanStatus: 'PENDING_WITH_BANK' });
  await expect.poll(told).toHaveLength(2);
  const late = {
    paymentId: first.paymentId ?? '',
    leanStatus: 'FAILED',
    postInitiationStatus: 'REJECTED',
  } as const;
  await received('late', late);
  await received('third', { paymentId: second.paymentId ?? '', leanStatus: 'ACCEPTED_BY_BANK' });
  lean.payouts.change(intentId, { status: 'ACCEPTED_BY_BANK' });
  await received('fourth', { paymentId: second.paymentId ?? '', leanStatus: 'ACCEPTED_BY_BANK' });
  await expect.poll(told).toHaveLength(3);
  expect((await told()).map(({ paymentId, leanStatus }) => [paymentId, leanStatus])).toEqual([
    [first.paymentId, 'FAILED'],
    [second.paymentId, 'PENDING_WITH_BANK'],
    [second.paymentId, 'ACCEPTED_BY_BANK'],
  ]);
  expect(new Set((await told()).map(each => each.intentId))).toEqual(new Set([intentId]));
});

describe('gateways on one store', () => {
  /** Two tellers; what the first one reads of a payment reaches it when the test says so. */
  async function two() {
    const { lean, client, events, teller, received, told } = await telling();
    const held: (() => void)[] = [];
    const reads = new PayoutReads(client);
    const hold = { on: true };
    const slow = tellerAt(clientTo(lean.url), events, {
      reads: {
        lacksDetails: false,
        intent: reads.intent.bind(reads),
        payout: async (...args: Parameters<PayoutReads['payout']>) => {
          const payout = await reads.payout(...args);
          if (hold.on) await new Promise<void>(resolve => held.push(resolve));
          return payout;
        },
      } as unknown as PayoutReads,
    });
    onTestFinished(() => slow.stop());
    const release = (): void => {
      hold.on = false;
      for (const go of held.splice(0)) go();
    };
    return { lean, client, events, teller, slow, received, told, held, release };
  }

  it.each([
    ['AUTHORISATION_FAILED', 'PENDING_WITH_BANK'],
    ['PENDING_WITH_BANK', 'ACCEPTED_BY_BANK'],
    ['ACCEPTED_BY_BANK', 'PENDING_WITH_BANK'],
  ])('do not tell what one has read before the other has told what is newer (%s, %s)', async (old, now) => {
    const { lean, events, teller, slow, told, held, release } = await two();
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
    teller.wake();
    const states = async () => (await told()).map(({ leanStatus }) => leanStatus);
    await expect.poll(states).toEqual([old, now]);
    release();
    await slow.stop();
    expect(await states()).toEqual([old, now]);
  });

  it('tell once what both see at the same time', async () => {
    const { lean, client, teller, slow, told, held, release } = await two();
    lean.payouts.add({ status: 'PENDING_WITH_BANK' });
    release();
    expect(held).toEqual([]);
    const place = await teller.place();
    const { page, answer } = await client.listPayouts({ page_number: '0', page_size: '1' });
    const { rows } = pageFromLean(page, answer);
    const counts = await Promise.all(
      [teller, slow, teller, slow].map(each => each.tellOfRow(rows[0] as Payout, place)),
    );
    expect(counts.toSorted()).toEqual([0, 0, 0, 1]);
    expect(await told()).toHaveLength(1);
  });
});

it('a row that was read before what has been told since is read again', async () => {
  const { lean, client, teller, received, told } = await telling();
  const { intentId, paymentId } = lean.payouts.add({ status: 'AUTHORISATION_FAILED' });
  const place = await teller.place();
  const { page, answer } = await client.listPayouts({ page_number: '0', page_size: '1' });
  lean.payouts.change(intentId, { status: 'PENDING_WITH_BANK' });
  await received('pending', { paymentId: paymentId ?? '', leanStatus: 'PENDING_WITH_BANK' });
  await expect.poll(told).toHaveLength(2);
  for (const row of pageFromLean(page, answer).rows) expect(await teller.tellOfRow(row, place)).toBe(0);
  expect((await told()).map(({ leanStatus }) => leanStatus)).toEqual([
    'AUTHORISATION_FAILED',
    'PENDING_WITH_BANK',
  ]);
});

it('a payout that has failed without a payment is followed when there is one', async () => {
  const { lean, client, teller, received, told } = await telling();
  const { intentId } = lean.payouts.add({ status: 'FAILED', paymentId: null });
  const place = await teller.place();
  const { page, answer } = await client.listPayouts({ page_number: '0', page_size: '1' });
  for (const row of pageFromLean(page, answer).rows) expect(await teller.tellOfRow(row, place)).toBe(1);
  const { paymentId } = lean.payouts.add({ intentId, status: 'PENDING_WITH_BANK' });
  await received('pending', { paymentId: paymentId ?? '', leanStatus: 'PENDING_WITH_BANK' });
  await expect.poll(told).toHaveLength(2);
  lean.payouts.change(intentId, { status: 'ACCEPTED_BY_BANK' });
  await received('accepted', { paymentId: paymentId ?? '', leanStatus: 'ACCEPTED_BY_BANK' });
  await expect.poll(told).toHaveLength(3);
  expect((await told()).map(each => [each.paymentId, each.leanStatus])).toEqual([
    [null, 'FAILED'],
    [paymentId, 'PENDING_WITH_BANK'],
    [paymentId, 'ACCEPTED_BY_BANK'],
  ]);
});
