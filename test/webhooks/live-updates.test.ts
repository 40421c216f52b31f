import { setImmediate as nextLoopIteration } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  BadInput,
  StoreUnavailable,
  SubscriberTooSlow,
  UpdatesCursorExpired,
} from '../../src/errors/gateway-errors.ts';
import type { Instant } from '../../src/payouts/values/instant.ts';
import type { PayoutUpdate, PublishedUpdates } from '../../src/payouts/payout-update.ts';
import { updateCursor } from '../../src/payouts/update-cursor.ts';
import { LiveUpdates, type LiveUpdatesOptions, type Subscription } from '../../src/webhooks/live-updates.ts';

function update(position: number, intentId = 'intent-1'): PayoutUpdate {
  return {
    position,
    eventId: `event-${String(position)}`,
    type: 'PAYMENT_UPDATED',
    paymentId: null,
    intentId,
    status: 'PENDING_WITH_BANK',
    leanStatus: 'PENDING_WITH_BANK',
    postInitiationStatus: null,
    publishedAt: '2026-03-01T08:00:00Z' as Instant,
  };
}

/** A fake store of updates. Records the position of each read. */
class FakeEvents {
  readonly published: PayoutUpdate[] = [];
  readonly reads: number[] = [];
  /** Every read waits for this. */
  beforeRead: () => Promise<unknown> = () => Promise.resolve();

  store = 'store-1';

  add(count = 1, intentId?: string): void {
    for (let added = 0; added < count; added += 1)
      this.published.push(update(this.published.length + 1, intentId));
  }

  async publishedAfter(position: number, limit: number): Promise<PublishedUpdates> {
    const { store } = this;
    const [first = 1, last = 0] = [this.published[0]?.position, this.published.at(-1)?.position];
    const updates = this.published.filter(each => each.position > position).slice(0, limit);
    if (limit > 0) {
      this.reads.push(position);
      await this.beforeRead();
    }
    return { store, first, last, updates };
  }
}

function positionOf(live: LiveUpdates): number {
  return live.latest?.position ?? -1;
}

/** Live updates of a fake store that already has some updates. */
async function start(options: Partial<LiveUpdatesOptions> = {}, existing = 0) {
  const events = new FakeEvents();
  events.add(existing);
  // So long that the timer starts no read.
  const live = new LiveUpdates({ events, intervalMs: 2 ** 31 - 1, ...options });
  await live.start();
  onTestFinished(() => live.close());
  const leaving = new AbortController();
  const subscribe = (
    after = live.latest?.position ?? 0,
    signal = leaving.signal,
    matches: Subscription['matches'] = () => true,
  ) => live.subscribe({ after, signal, matches });
  const publish = (count = 1, intentId?: string): void => {
    events.add(count, intentId);
    live.wake();
  };
  const publishAndWait = async (count: number): Promise<void> => {
    publish(count);
    await expect.poll(() => positionOf(live)).toBe(events.published.length);
  };
  return { events, live, leaving, subscribe, publish, publishAndWait };
}

type Updates = AsyncGenerator<PayoutUpdate, void, undefined>;

async function positions(updates: Updates, count: number): Promise<readonly number[]> {
  const received: number[] = [];
  while (received.length < count) {
    const { done, value } = await updates.next();
    if (done === true) throw new Error('the subscription has ended');
    received.push(value.position);
  }
  return received;
}

function upTo(last: number, first = 1): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

describe('a subscriber', () => {
  it('gets the updates from now on, in order, each once', async () => {
    const { subscribe, publish } = await start({}, 3);
    const updates = subscribe();
    const first = positions(updates, 1);
    publish(2);
    expect(await first).toEqual([4]);
    publish(2);
    expect(await positions(updates, 3)).toEqual([5, 6, 7]);
  });

  it('gets only the updates that match', async () => {
    const { leaving, subscribe, publish } = await start();
    const updates = subscribe(0, leaving.signal, ({ intentId }) => intentId === 'mine');
    publish(3, 'other');
    publish(1, 'mine');
    publish(2, 'other');
    publish(1, 'mine');
    expect(await positions(updates, 2)).toEqual([4, 7]);
  });

  it('that returns continues after its position, from memory', async () => {
    const { events, subscribe, publishAndWait } = await start();
    await publishAndWait(5);
    events.reads.length = 0;
    expect(await positions(subscribe(2), 3)).toEqual([3, 4, 5]);
    expect(events.reads).toEqual([]);
  });

  it('reads from the store while it is behind the kept updates, and then from memory', async () => {
    const { events, subscribe, publishAndWait } = await start({ maxKept: 10 }, 700);
    await publishAndWait(20);
    events.reads.length = 0;
    expect(await positions(subscribe(5), 715)).toEqual(upTo(720, 6));
    expect(events.reads).toEqual([5, 505]);
    expect(await positions(subscribe(710), 10)).toEqual(upTo(720, 711));
    expect(events.reads).toEqual([5, 505]);
  });

  it('that is ahead of this gateway gets no update twice', async () => {
    const { subscribe, publish } = await start();
    const updates = subscribe(2);
    const first = positions(updates, 1);
    publish(3);
    expect(await first).toEqual([3]);
  });

  it('gets the updates after a gap of deleted updates', async () => {
    const { events, live, subscribe, publishAndWait } = await start();
    await publishAndWait(3);
    const updates = subscribe(0);
    expect(await positions(updates, 3)).toEqual([1, 2, 3]);
    events.published.push(update(10), update(11));
    live.wake();
    expect(await positions(updates, 2)).toEqual([10, 11]);
    expect(await positions(subscribe(10), 1)).toEqual([11]);
  });

  it('causes no further reads of the store, however many there are', async () => {
    const { events, subscribe, publish } = await start();
    const all = Array.from({ length: 50 }, () => subscribe());
    const received = all.map(updates => positions(updates, 4));
    publish(4);
    for (const each of await Promise.all(received)) expect(each).toEqual([1, 2, 3, 4]);
    expect(events.reads).toEqual([0]);
  });

  it('gets StoreUnavailable if its updates cannot be read; others continue', async () => {
    const { events, subscribe, publishAndWait } = await start({ maxKept: 1 });
    await publishAndWait(3);
    events.beforeRead = () => Promise.reject(new StoreUnavailable(new Error('gone')));
    await expect(subscribe(0).next()).rejects.toThrow(StoreUnavailable);
    expect(await positions(subscribe(2), 1)).toEqual([3]);
  });

  it('gets the updates of an outage of the store afterwards', async () => {
    const { events, live, subscribe, publish } = await start();
    const first = positions(subscribe(), 2);
    let failed = false;
    events.beforeRead = () => {
      failed = true;
      return Promise.reject(new StoreUnavailable(new Error('gone')));
    };
    publish(1);
    await expect.poll(() => failed).toBe(true);
    events.beforeRead = () => Promise.resolve();
    await expect
      .poll(() => {
        live.wake();
        return positionOf(live);
      })
      .toBe(1);
    publish(1);
    expect(await first).toEqual([1, 2]);
  });
});

describe('a slow subscriber', () => {
  it('does not delay others', async () => {
    const { subscribe, publish } = await start({ maxKept: 5 });
    const slow = subscribe();
    const fast = subscribe();
    const [one, other] = [positions(slow, 1), positions(fast, 1)];
    publish(1);
    await Promise.all([one, other]);
    publish(50);
    expect(await positions(fast, 50)).toEqual(upTo(51, 2));
    expect(await positions(slow, 50)).toEqual(upTo(51, 2));
  });

  it('is dropped when it is more than maxBehind updates behind; others are not', async () => {
    const { live, subscribe, publish } = await start({ maxBehind: 10 });
    const slow = subscribe();
    const fast = subscribe();
    const [one, other] = [positions(slow, 1), positions(fast, 1)];
    publish(1);
    await Promise.all([one, other]);
    for (let count = 0; count < 11; count += 1) {
      publish(1);
      await positions(fast, 1);
    }
    expect(live.subscribers).toBe(2);
    await expect(slow.next()).rejects.toThrow(SubscriberTooSlow);
    expect(live.subscribers).toBe(1);
    const next = positions(fast, 1);
    publish(1);
    expect(await next).toEqual([13]);
  });

  it('is not dropped at maxBehind updates behind', async () => {
    const { subscribe, publishAndWait } = await start({ maxBehind: 10 });
    await publishAndWait(10);
    expect(await positions(subscribe(0), 10)).toEqual(upTo(10));
  });
});

describe('a subscription ends', () => {
  it('when its signal is aborted while it waits', async () => {
    const { live, leaving, subscribe, publish } = await start();
    const other = new AbortController();
    const [waiting, staying] = [subscribe().next(), subscribe(positionOf(live), other.signal).next()];
    expect(live.subscribers).toBe(2);
    leaving.abort();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(live.subscribers).toBe(1);
    publish();
    expect(await staying).toMatchObject({ value: { position: 1 } });
  });

  it('when its signal is aborted between two available updates', async () => {
    const { live, leaving, subscribe, publishAndWait } = await start();
    await publishAndWait(5);
    const updates = subscribe(0);
    await positions(updates, 2);
    leaving.abort();
    expect(await updates.next()).toEqual({ done: true, value: undefined });
    expect(live.subscribers).toBe(0);
  });

  it('at once if its signal is already aborted', async () => {
    const { live, leaving, subscribe, publishAndWait } = await start();
    await publishAndWait(5);
    leaving.abort();
    expect(await subscribe(0).next()).toEqual({ done: true, value: undefined });
    expect(live.subscribers).toBe(0);
  });

  it('when its consumer leaves the loop', async () => {
    const { live, subscribe, publishAndWait } = await start();
    await publishAndWait(5);
    for await (const { position } of subscribe(0)) if (position === 3) break;
    expect(live.subscribers).toBe(0);
  });

  it('when the live updates are closed', async () => {
    const { live, subscribe, publishAndWait } = await start();
    const waiting = subscribe();
    const end = waiting.next();
    await live.close();
    expect(await end).toEqual({ done: true, value: undefined });
    expect(live.subscribers).toBe(0);
    expect(await subscribe(0).next()).toEqual({ done: true, value: undefined });
    await expect(publishAndWait(0)).resolves.toBeUndefined();
  });
});

describe('a cursor', () => {
  const cursor = (position: number, store = 'store-1') => updateCursor({ store, position });

  it('gives its position, also before the first update and ahead of this gateway', async () => {
    const { events, live, publishAndWait } = await start();
    expect(await live.positionAt(cursor(0))).toBe(0);
    await publishAndWait(3);
    events.add(2);
    for (const position of [0, 3, 5]) expect(await live.positionAt(cursor(position))).toBe(position);
  });

  it('of a deleted update, of another store or of a future update has expired', async () => {
    const { events, live } = await start({}, 5);
    events.published.splice(0, 3);
    expect(await live.positionAt(cursor(3))).toBe(3);
    for (const expired of [cursor(2), cursor(0), cursor(6), cursor(4, 'store-2')])
      await expect(live.positionAt(expired)).rejects.toThrow(UpdatesCursorExpired);
  });

  it.each([
    '',
    'x',
    '1',
    'not-a-cursor',
    cursor(1).slice(1),
    `${cursor(1)}=`,
    `${cursor(1)}A`,
    cursor(1, 'a b'),
  ])('cannot be %j', async text => {
    const { live } = await start({}, 5);
    await expect(live.positionAt(text)).rejects.toThrow(BadInput);
  });

  it('exists after the first read of the store, and onNewUpdates is called before it advances', async () => {
    const positionsBefore: (number | undefined)[] = [];
    const events = new FakeEvents();
    events.add(2);
    const live: LiveUpdates = new LiveUpdates({
      events,
      intervalMs: 2 ** 31 - 1,
      onNewUpdates: () => positionsBefore.push(live.latest?.position),
    });
    onTestFinished(() => live.close());
    expect(live.latest).toBeUndefined();
    await live.start();
    expect(live.latest).toEqual({ store: 'store-1', position: 2 });
    events.add();
    live.wake();
    await expect.poll(() => live.latest?.position).toBe(3);
    expect(positionsBefore).toEqual([2]);
  });

  it('expires for subscribers when another store replaces this one', async () => {
    const { events, live, subscribe, publishAndWait } = await start();
    await publishAndWait(3);
    const next = subscribe().next();
    events.published.pop();
    events.store = 'store-2';
    live.wake();
    await expect(next).rejects.toThrow(UpdatesCursorExpired);
    expect(live.latest).toEqual({ store: 'store-2', position: 2 });
    expect(await positions(subscribe(1), 1)).toEqual([2]);
  });
});

describe('no update is missed', () => {
  it('when it is published just as a read without it ends', async () => {
    for (let delay = 0; delay < 12; delay += 1) {
      const { events, live, subscribe } = await start();
      const first = subscribe().next();
      const read = Promise.withResolvers<undefined>();
      events.beforeRead = () => read.promise;
      live.wake();
      expect(events.reads).toEqual([0]);
      events.beforeRead = () => Promise.resolve();
      read.resolve(undefined);
      for (let turn = 0; turn < delay; turn += 1) await Promise.resolve();
      events.add();
      live.wake();
      await expect.poll(() => positionOf(live), { message: `after ${String(delay)} microtasks` }).toBe(1);
      expect(await first).toMatchObject({ value: { position: 1 } });
    }
  });

  it('by any subscriber, whatever is published while it catches up', async () => {
    const action = fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({ do: fc.constant('publish' as const), count: fc.integer({ min: 1, max: 8 }) }),
      },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('subscribe' as const), back: fc.nat(12) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('wake' as const) }) },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(action, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 6 }),
        fc.nat(5),
        async (scheduler, actions, maxKept, existing) => {
          const events = new FakeEvents();
          events.add(existing);
          const live = new LiveUpdates({ events, intervalMs: 2 ** 31 - 1, maxKept });
          await live.start();
          events.beforeRead = () => scheduler.schedule(Promise.resolve());
          const leaving = new AbortController();
          const subscribers: { readonly after: number; readonly received: number[] }[] = [];
          const consumers: Promise<void>[] = [];
          const tasks = actions.map(each => () => {
            if (each.do === 'publish') events.add(each.count);
            if (each.do !== 'subscribe') live.wake();
            else {
              const after = Math.max(0, positionOf(live) - each.back);
              const received: number[] = [];
              subscribers.push({ after, received });
              const consume = async (): Promise<void> => {
                const updates = live.subscribe({ after, signal: leaving.signal, matches: () => true });
                for await (const { position } of updates) {
                  received.push(position);
                  // Each subscriber reads at its own pace.
                  await scheduler.schedule(Promise.resolve());
                }
              };
              consumers.push(consume());
            }
            return Promise.resolve();
          });
          const sequence = scheduler.scheduleSequence(tasks);
          await scheduler.waitFor(sequence.task);
          live.wake();
          // Subscribers are woken in a later iteration of the event loop, and read on then.
          for (let iteration = 0; iteration <= events.published.length + 2; iteration += 1) {
            await scheduler.waitIdle();
            await nextLoopIteration();
          }
          for (const { after, received } of subscribers)
            expect(received).toEqual(upTo(events.published.length, after + 1));
          expect(live.subscribers).toBe(subscribers.length);
          leaving.abort();
          await Promise.all(consumers);
          expect(live.subscribers).toBe(0);
          await live.close();
        },
      ),
      { numRuns: 300 },
    );
  });
});
