import { setImmediate as nextRound } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  BadInput,
  StoreUnavailable,
  SubscriberTooSlow,
  UpdatesCursorExpired,
} from '../../src/errors/gateway-errors.ts';
import type { Instant } from '../../src/payouts/values/instant.ts';
import type { PayoutUpdate, Told } from '../../src/payouts/payout-update.ts';
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

/** What has been told, and who has asked for it from which position on. */
class FakeEvents {
  readonly told: PayoutUpdate[] = [];
  readonly reads: number[] = [];
  /** What every read waits for. */
  before: () => Promise<unknown> = () => Promise.resolve();

  store = 'store-1';

  add(count = 1, intentId?: string): void {
    for (let added = 0; added < count; added += 1) this.told.push(update(this.told.length + 1, intentId));
  }

  async toldAfter(position: number, limit: number): Promise<Told> {
    const { store } = this;
    const [first = 1, last = 0] = [this.told[0]?.position, this.told.at(-1)?.position];
    const updates = this.told.filter(each => each.position > position).slice(0, limit);
    if (limit > 0) {
      this.reads.push(position);
      await this.before();
    }
    return { store, first, last, updates };
  }
}

function positionOf(live: LiveUpdates): number {
  return live.place?.position ?? -1;
}

async function start(options: Partial<LiveUpdatesOptions> = {}, before = 0) {
  const events = new FakeEvents();
  events.add(before);
  // Nothing is to come about by looking after a while.
  const live = new LiveUpdates({ events, everyMs: 2 ** 31 - 1, ...options });
  await live.start();
  onTestFinished(() => live.close());
  const leaving = new AbortController();
  const subscribe = (
    after = live.place?.position ?? 0,
    signal = leaving.signal,
    wants: Subscription['wants'] = () => true,
  ) => live.subscribe({ after, signal, wants });
  const tell = (count = 1, intentId?: string): void => {
    events.add(count, intentId);
    live.wake();
  };
  const tellAndKeep = async (count: number): Promise<void> => {
    tell(count);
    await expect.poll(() => positionOf(live)).toBe(events.told.length);
  };
  return { events, live, leaving, subscribe, tell, tellAndKeep };
}

type Updates = AsyncGenerator<PayoutUpdate, void, undefined>;

async function positions(updates: Updates, count: number): Promise<readonly number[]> {
  const seen: number[] = [];
  while (seen.length < count) {
    const { done, value } = await updates.next();
    if (done === true) throw new Error('they are over');
    seen.push(value.position);
  }
  return seen;
}

function upTo(last: number, first = 1): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

describe('a subscriber', () => {
  it('has what comes from now on, in its order, once', async () => {
    const { subscribe, tell } = await start({}, 3);
    const updates = subscribe();
    const first = positions(updates, 1);
    tell(2);
    expect(await first).toEqual([4]);
    tell(2);
    expect(await positions(updates, 3)).toEqual([5, 6, 7]);
  });

  it('has what it wants alone', async () => {
    const { leaving, subscribe, tell } = await start();
    const updates = subscribe(0, leaving.signal, ({ intentId }) => intentId === 'mine');
    tell(3, 'other');
    tell(1, 'mine');
    tell(2, 'other');
    tell(1, 'mine');
    expect(await positions(updates, 2)).toEqual([4, 7]);
  });

  it('that comes back goes on from where it was, from memory', async () => {
    const { events, subscribe, tellAndKeep } = await start();
    await tellAndKeep(5);
    events.reads.length = 0;
    expect(await positions(subscribe(2), 3)).toEqual([3, 4, 5]);
    expect(events.reads).toEqual([]);
  });

  it('goes on from the store where it is further behind than what is kept, and then from memory', async () => {
    const { events, subscribe, tellAndKeep } = await start({ keep: 10 }, 700);
    await tellAndKeep(20);
    events.reads.length = 0;
    expect(await positions(subscribe(5), 715)).toEqual(upTo(720, 6));
    expect(events.reads).toEqual([5, 505]);
    expect(await positions(subscribe(710), 10)).toEqual(upTo(720, 711));
    expect(events.reads).toEqual([5, 505]);
  });

  it('that is ahead of this gateway has nothing twice', async () => {
    const { subscribe, tell } = await start();
    const updates = subscribe(2);
    const first = positions(updates, 1);
    tell(3);
    expect(await first).toEqual([3]);
  });

  it('has what is behind updates that have been forgotten', async () => {
    const { events, live, subscribe, tellAndKeep } = await start();
    await tellAndKeep(3);
    const updates = subscribe(0);
    expect(await positions(updates, 3)).toEqual([1, 2, 3]);
    events.told.push(update(10), update(11));
    live.wake();
    expect(await positions(updates, 2)).toEqual([10, 11]);
    expect(await positions(subscribe(10), 1)).toEqual([11]);
  });

  it('costs the store nothing more, however many there are', async () => {
    const { events, subscribe, tell } = await start();
    const all = Array.from({ length: 50 }, () => subscribe());
    const seen = all.map(updates => positions(updates, 4));
    tell(4);
    for (const each of await Promise.all(seen)) expect(each).toEqual([1, 2, 3, 4]);
    expect(events.reads).toEqual([0, 4]);
  });

  it('is told when the store cannot be read for it; others go on', async () => {
    const { events, subscribe, tellAndKeep } = await start({ keep: 1 });
    await tellAndKeep(3);
    events.before = () => Promise.reject(new StoreUnavailable(new Error('gone')));
    await expect(subscribe(0).next()).rejects.toThrow(StoreUnavailable);
    expect(await positions(subscribe(2), 1)).toEqual([3]);
  });

  it('has what came while the store could not be read, once it can', async () => {
    const { events, live, subscribe, tell } = await start();
    const first = positions(subscribe(), 2);
    let failed = false;
    events.before = () => {
      failed = true;
      return Promise.reject(new StoreUnavailable(new Error('gone')));
    };
    tell(1);
    await expect.poll(() => failed).toBe(true);
    events.before = () => Promise.resolve();
    await expect
      .poll(() => {
        live.wake();
        return positionOf(live);
      })
      .toBe(1);
    tell(1);
    expect(await first).toEqual([1, 2]);
  });
});

describe('a subscriber that is not read', () => {
  it('does not hold up others', async () => {
    const { subscribe, tell } = await start({ keep: 5 });
    const slow = subscribe();
    const fast = subscribe();
    const [one, other] = [positions(slow, 1), positions(fast, 1)];
    tell(1);
    await Promise.all([one, other]);
    tell(50);
    expect(await positions(fast, 50)).toEqual(upTo(51, 2));
    expect(await positions(slow, 50)).toEqual(upTo(51, 2));
  });

  it('is dropped when it is too far behind, and others are not', async () => {
    const { live, subscribe, tell } = await start({ mostBehind: 10 });
    const slow = subscribe();
    const fast = subscribe();
    const [one, other] = [positions(slow, 1), positions(fast, 1)];
    tell(1);
    await Promise.all([one, other]);
    for (let count = 0; count < 11; count += 1) {
      tell(1);
      await positions(fast, 1);
    }
    expect(live.subscribers).toBe(2);
    await expect(slow.next()).rejects.toThrow(SubscriberTooSlow);
    expect(live.subscribers).toBe(1);
    const next = positions(fast, 1);
    tell(1);
    expect(await next).toEqual([13]);
  });

  it('is not dropped as long as it is not', async () => {
    const { subscribe, tellAndKeep } = await start({ mostBehind: 10 });
    await tellAndKeep(10);
    expect(await positions(subscribe(0), 10)).toEqual(upTo(10));
  });
});

describe('a subscription ends', () => {
  it('when its signal is aborted while it waits', async () => {
    const { live, leaving, subscribe, tell } = await start();
    const other = new AbortController();
    const [waiting, staying] = [subscribe().next(), subscribe(positionOf(live), other.signal).next()];
    expect(live.subscribers).toBe(2);
    leaving.abort();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(live.subscribers).toBe(1);
    tell();
    expect(await staying).toMatchObject({ value: { position: 1 } });
  });

  it('when its signal is aborted in the middle of what there is', async () => {
    const { live, leaving, subscribe, tellAndKeep } = await start();
    await tellAndKeep(5);
    const updates = subscribe(0);
    await positions(updates, 2);
    leaving.abort();
    expect(await updates.next()).toEqual({ done: true, value: undefined });
    expect(live.subscribers).toBe(0);
  });

  it('at once when its signal has been aborted before', async () => {
    const { live, leaving, subscribe, tellAndKeep } = await start();
    await tellAndKeep(5);
    leaving.abort();
    expect(await subscribe(0).next()).toEqual({ done: true, value: undefined });
    expect(live.subscribers).toBe(0);
  });

  it('when whoever has it leaves', async () => {
    const { live, subscribe, tellAndKeep } = await start();
    await tellAndKeep(5);
    for await (const { position } of subscribe(0)) if (position === 3) break;
    expect(live.subscribers).toBe(0);
  });

  it('when all end, after what it was about to have', async () => {
    const { live, subscribe, tellAndKeep } = await start();
    const waiting = subscribe();
    const over = waiting.next();
    await live.close();
    expect(await over).toEqual({ done: true, value: undefined });
    expect(live.subscribers).toBe(0);
    expect(await subscribe(0).next()).toEqual({ done: true, value: undefined });
    await expect(tellAndKeep(0)).resolves.toBeUndefined();
  });
});

describe('a cursor', () => {
  const cursor = (position: number, store = 'store-1') => updateCursor({ store, position });

  it('leads to its position, also before the first update and ahead of what this gateway has read', async () => {
    const { events, live, tellAndKeep } = await start();
    expect(await live.positionAt(cursor(0))).toBe(0);
    await tellAndKeep(3);
    events.add(2);
    for (const position of [0, 3, 5]) expect(await live.positionAt(cursor(position))).toBe(position);
  });

  it('of what has been forgotten, of another store, or of what never was, has expired', async () => {
    const { events, live } = await start({}, 5);
    events.told.splice(0, 3);
    expect(await live.positionAt(cursor(3))).toBe(3);
    for (const expired of [cursor(2), cursor(0), cursor(6), cursor(4, 'store-2')])
      await expect(live.positionAt(expired)).rejects.toThrow(UpdatesCursorExpired);
  });

  it.each([
    '',
    'x',
    '1',
    'never-heard-of',
    cursor(1).slice(1),
    `${cursor(1)}=`,
    `${cursor(1)}A`,
    cursor(1, 'a b'),
  ])('is not %j', async text => {
    const { live } = await start({}, 5);
    await expect(live.positionAt(text)).rejects.toThrow(BadInput);
  });

  it('is had once the store has been read, and news are told of before it moves', async () => {
    const seen: (number | undefined)[] = [];
    const events = new FakeEvents();
    events.add(2);
    const live: LiveUpdates = new LiveUpdates({
      events,
      everyMs: 2 ** 31 - 1,
      onNews: () => seen.push(live.place?.position),
    });
    onTestFinished(() => live.close());
    expect(live.place).toBeUndefined();
    await live.start();
    expect(live.place).toEqual({ store: 'store-1', position: 2 });
    events.add();
    live.wake();
    await expect.poll(() => live.place?.position).toBe(3);
    expect(seen).toEqual([2]);
  });

  it('is another one after another store has taken this one’s place, and who has subscribed is told so', async () => {
    const { events, live, subscribe, tellAndKeep } = await start();
    await tellAndKeep(3);
    const next = subscribe().next();
    events.told.pop();
    events.store = 'store-2';
    live.wake();
    await expect(next).rejects.toThrow(UpdatesCursorExpired);
    expect(live.place).toEqual({ store: 'store-2', position: 2 });
    expect(await positions(subscribe(1), 1)).toEqual([2]);
  });
});

describe('nothing is missed', () => {
  it('when it is told just as a read that has not seen it ends', async () => {
    for (let turns = 0; turns < 12; turns += 1) {
      const { events, live, subscribe } = await start();
      const first = subscribe().next();
      const reading = Promise.withResolvers<undefined>();
      events.before = () => reading.promise;
      live.wake();
      expect(events.reads).toEqual([0]);
      events.before = () => Promise.resolve();
      reading.resolve(undefined);
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      events.add();
      live.wake();
      await expect.poll(() => positionOf(live), { message: `after ${String(turns)} turns` }).toBe(1);
      expect(await first).toMatchObject({ value: { position: 1 } });
    }
  });

  it('by anybody, whatever comes while they catch up', async () => {
    const action = fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({ do: fc.constant('tell' as const), count: fc.integer({ min: 1, max: 8 }) }),
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
        async (scheduler, actions, keep, before) => {
          const events = new FakeEvents();
          events.add(before);
          const live = new LiveUpdates({ events, everyMs: 2 ** 31 - 1, keep });
          await live.start();
          events.before = () => scheduler.schedule(Promise.resolve());
          const leaving = new AbortController();
          const subscribers: { readonly after: number; readonly seen: number[] }[] = [];
          const readings: Promise<void>[] = [];
          const steps = actions.map(each => () => {
            if (each.do === 'tell') events.add(each.count);
            if (each.do !== 'subscribe') live.wake();
            else {
              const after = Math.max(0, positionOf(live) - each.back);
              const seen: number[] = [];
              subscribers.push({ after, seen });
              const read = async (): Promise<void> => {
                const updates = live.subscribe({ after, signal: leaving.signal, wants: () => true });
                for await (const { position } of updates) {
                  seen.push(position);
                  // Each reads at its own pace.
                  await scheduler.schedule(Promise.resolve());
                }
              };
              readings.push(read());
            }
            return Promise.resolve();
          });
          const sequence = scheduler.scheduleSequence(steps);
          await scheduler.waitFor(sequence.task);
          live.wake();
          // Subscribers are woken in a later round of the event loop, and then read on.
          for (let round = 0; round <= events.told.length + 2; round += 1) {
            await scheduler.waitIdle();
            await nextRound();
          }
          for (const { after, seen } of subscribers)
            expect(seen).toEqual(upTo(events.told.length, after + 1));
          expect(live.subscribers).toBe(subscribers.length);
          leaving.abort();
          await Promise.all(readings);
          expect(live.subscribers).toBe(0);
          await live.close();
        },
      ),
      { numRuns: 300 },
    );
  });
});
