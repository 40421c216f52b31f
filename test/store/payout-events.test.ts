import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { StoreUnavailable } from '../../src/errors/gateway-errors.ts';
import type { Instant } from '../../src/payouts/values/instant.ts';
import type { PayoutStateChange, ReceivedEvent } from '../../src/payouts/payout-update.ts';
import { DuplicateValue, type Database } from '../../src/store/database.ts';
import { SqlPayoutEvents } from '../../src/store/payout-events.ts';
import { freshStore, openEmptyStore, openTestStore, storeKinds, type StoreKind } from '../support/stores.ts';

const noon = Date.parse('2026-03-01T12:00:00Z');
const minute = 60_000;

function receivedEvent(eventId: string, overrides: Partial<ReceivedEvent> = {}): ReceivedEvent {
  return {
    eventId,
    type: 'PAYMENT_UPDATED',
    paymentId: 'payment-1',
    intentId: 'intent-1',
    leanStatus: 'ACCEPTED_BY_BANK',
    postInitiationStatus: null,
    publishedAt: '2026-03-01T08:00:00.123456789Z' as Instant,
    ...overrides,
  };
}

type Stage = 'pending' | 'accepted' | 'failed' | 'paid';

/** A state change of a payout, with its own event id. */
function change(stage: Stage, intentId = 'intent-1', eventId = `${intentId} ${stage}`): PayoutStateChange {
  const status = (
    {
      pending: 'PENDING_WITH_BANK',
      accepted: 'ACCEPTED_BY_BANK',
      failed: 'FAILED',
      paid: 'ACCEPTED_BY_BANK',
    } as const
  )[stage];
  return {
    eventId,
    type: 'PAYMENT_UPDATED',
    paymentId: `payment of ${intentId}`,
    intentId,
    status,
    leanStatus: status,
    postInitiationStatus: stage === 'paid' ? 'PROCESSED' : null,
    publishedAt: '2026-03-01T08:00:00Z' as Instant,
  };
}

async function start(kind: StoreKind) {
  const clock = { ms: noon };
  const { store: config, database } = await openEmptyStore(kind, () => clock.ms);
  const open = (application = 'test'): SqlPayoutEvents => new SqlPayoutEvents(database, application);
  return { config, clock, events: open(), open };
}

/** Publishes changes as if they had been read just now. */
const publishNow = async (events: SqlPayoutEvents, changes: readonly PayoutStateChange[]) =>
  events.publish(changes, await events.lastPosition());

/** The published updates in the store, oldest first. */
async function storedUpdates(
  events: SqlPayoutEvents,
): Promise<readonly [position: number, eventId: string][]> {
  return (await events.publishedAfter(0, 10_000)).updates.map(({ position, eventId }) => [position, eventId]);
}

describe.each(storeKinds)('received events (%s)', kind => {
  it('an event is stored once, however often it is received, and is returned unchanged', async () => {
    const { events } = await start(kind);
    const event = receivedEvent('a');
    expect(await events.receive([event, event])).toBe(1);
    expect(await events.receive([{ ...event, leanStatus: 'FAILED' }, receivedEvent('b')])).toBe(1);
    expect(await events.receive([])).toBe(0);
    const taken = await events.leaseDue(10);
    expect(taken.toSorted((a, b) => a.eventId.localeCompare(b.eventId))).toEqual([
      { ...event, tries: 0 },
      { ...receivedEvent('b'), tries: 0 },
    ]);
  });

  it('an event that is received many times concurrently is stored once', async () => {
    const { events } = await start(kind);
    const counts = await Promise.all(Array.from({ length: 20 }, () => events.receive([receivedEvent('a')])));
    expect(counts.filter(count => count === 1)).toHaveLength(1);
    expect(counts.filter(count => count === 0)).toHaveLength(19);
    expect(await events.leaseDue(10)).toHaveLength(1);
  });

  it('missing values of an event stay missing', async () => {
    const { events } = await start(kind);
    for (const postInitiationStatus of ['REJECTED', null, undefined] as const) {
      const event = receivedEvent(String(postInitiationStatus), {
        intentId: null,
        leanStatus: null,
        postInitiationStatus,
      });
      await events.receive([event]);
      expect(await events.leaseDue(10)).toStrictEqual([{ ...event, tries: 0 }]);
    }
  });

  it('each event is leased by only one of several gateways', async () => {
    const { events, open } = await start(kind);
    const ids = Array.from({ length: 40 }, (_, index) => `event-${String(index)}`);
    await events.receive(ids.map(id => receivedEvent(id)));
    const takers = Array.from({ length: 8 }, () => open());
    const taken = (await Promise.all(takers.map(taker => taker.leaseDue(40)))).flat();
    expect(taken.map(({ eventId }) => eventId).toSorted()).toEqual(ids.toSorted());
  });

  it('an event is leased only by gateways of the Lean application that received it, and stored once for all', async () => {
    const { events, open } = await start(kind);
    const another = open('another');
    await events.receive([receivedEvent('a')]);
    expect(await another.receive([receivedEvent('a'), receivedEvent('b')])).toBe(1);
    expect(await another.leaseDue(10)).toMatchObject([{ eventId: 'b' }]);
    expect(await open().leaseDue(10)).toMatchObject([{ eventId: 'a' }]);
  });

  it('a lease takes at most as many events as requested', async () => {
    const { events } = await start(kind);
    await events.receive(['a', 'b', 'c'].map(id => receivedEvent(id)));
    expect(await events.leaseDue(2)).toHaveLength(2);
    expect(await events.leaseDue(2)).toHaveLength(1);
    expect(await events.leaseDue(2)).toEqual([]);
  });

  it('an event is leased again if it was not completed within 30 seconds', async () => {
    const { events, clock } = await start(kind);
    await events.receive([receivedEvent('a')]);
    expect(await events.leaseDue(10)).toMatchObject([{ eventId: 'a', tries: 0 }]);
    clock.ms += 29_999;
    expect(await events.leaseDue(10)).toEqual([]);
    clock.ms += 1;
    expect(await events.leaseDue(10)).toMatchObject([{ eventId: 'a', tries: 1 }]);
  });

  it('an event is leased at once if a wrong clock has stored its due time too far ahead', async () => {
    const { events, clock } = await start(kind);
    clock.ms += 60 * minute;
    await events.receive([receivedEvent('leased'), receivedEvent('postponed')]);
    await events.leaseDue(10);
    await events.postpone(['postponed'], minute);
    await events.receive([receivedEvent('received')]);
    clock.ms -= 60 * minute;
    const leased = (await events.leaseDue(10)).map(({ eventId }) => eventId);
    expect(leased.toSorted()).toEqual(['leased', 'postponed', 'received']);
    expect(await events.leaseDue(10)).toEqual([]);
  });

  it('a completed event is neither leased nor stored again', async () => {
    const { events, clock } = await start(kind);
    await events.receive([receivedEvent('a'), receivedEvent('b')]);
    await events.leaseDue(10);
    await events.complete(['a', 'b']);
    clock.ms += 24 * 60 * minute;
    expect(await events.leaseDue(10)).toEqual([]);
    expect(await events.receive([receivedEvent('a')])).toBe(0);
    expect(await events.leaseDue(10)).toEqual([]);
  });

  it('a postponed event is leased again when it is due', async () => {
    const { events, clock } = await start(kind);
    await events.receive([receivedEvent('a'), receivedEvent('b')]);
    await events.leaseDue(10);
    await events.postpone(['a'], 5 * minute);
    await events.complete(['b']);
    clock.ms += 5 * minute - 1;
    expect(await events.leaseDue(10)).toEqual([]);
    clock.ms += 1;
    expect(await events.leaseDue(10)).toMatchObject([{ eventId: 'a', tries: 1 }]);
  });
});

describe.each(storeKinds)('published updates (%s)', kind => {
  it('updates have positions without gaps, in the order in which they were published', async () => {
    const { events } = await start(kind);
    expect((await events.publishedAfter(0, 0)).last).toBe(0);
    expect(await publishNow(events, [change('pending'), change('accepted')])).toBe(2);
    expect(await publishNow(events, [])).toBe(0);
    expect(await publishNow(events, [change('pending', 'intent-2')])).toBe(1);
    expect(await storedUpdates(events)).toEqual([
      [1, 'intent-1 pending'],
      [2, 'intent-1 accepted'],
      [3, 'intent-2 pending'],
    ]);
    expect((await events.publishedAfter(0, 0)).last).toBe(3);
  });

  it('updates are returned as they were published', async () => {
    const { events } = await start(kind);
    const changes: PayoutStateChange[] = [
      { ...change('pending'), paymentId: null },
      { ...change('accepted'), postInitiationStatus: undefined },
      change('paid'),
    ];
    await publishNow(events, changes);
    expect((await events.publishedAfter(0, 10)).updates).toStrictEqual(
      changes.map((each, index) => ({ ...each, position: index + 1 })),
    );
  });

  it('changes are published, all or none, only if no update of the payout was published since they were read', async () => {
    const { events } = await start(kind);
    expect(await events.publish([change('pending')], 0)).toBe(1);
    expect(await events.publish([change('accepted'), change('paid')], 0)).toBeUndefined();
    expect(await events.publish([change('pending', 'intent-2')], 0)).toBe(1);
    expect(await events.publish([], 0)).toBe(0);
    // The update that was published meanwhile belongs to another payout.
    expect(await events.publish([change('accepted'), change('paid')], 1)).toBe(2);
    expect(await events.publish([change('pending')], 3)).toBeUndefined();
    // A payout may return to an earlier state.
    expect(await events.publish([change('pending', 'intent-1', 'again')], 4)).toBe(1);
    expect(await storedUpdates(events)).toEqual([
      [1, 'intent-1 pending'],
      [2, 'intent-2 pending'],
      [3, 'intent-1 accepted'],
      [4, 'intent-1 paid'],
      [5, 'again'],
    ]);
  });

  it('updates can be read from any position, a few at a time', async () => {
    const { events } = await start(kind);
    await publishNow(events, [change('pending'), change('accepted'), change('paid')]);
    const read = async (after: number, limit: number) =>
      (await events.publishedAfter(after, limit)).updates.map(({ position }) => position);
    expect(await read(0, 2)).toEqual([1, 2]);
    expect(await read(2, 2)).toEqual([3]);
    expect(await read(3, 2)).toEqual([]);
    expect(await read(4711, 2)).toEqual([]);
  });

  it('a read of updates names the store, and the positions of its first and last update', async () => {
    const { config, events } = await start(kind);
    const { store } = await events.publishedAfter(0, 0);
    expect(store).toMatch(/^[\w-]{16}$/);
    await publishNow(events, [change('pending'), change('accepted')]);
    expect(await events.publishedAfter(1, 1)).toMatchObject({
      store,
      first: 1,
      last: 2,
      updates: [{ position: 2 }],
    });
    expect((await (await start(kind)).events.publishedAfter(0, 0)).store).not.toBe(store);
    if (kind === 'PostgreSQL')
      expect((await new SqlPayoutEvents(openTestStore(config), 'test').publishedAfter(0, 0)).store).toBe(
        store,
      );
  });

  it('the updates of a payout are returned with the received events of its payment', async () => {
    const { events } = await start(kind);
    await events.receive([
      receivedEvent('a'),
      receivedEvent('b', { postInitiationStatus: undefined, intentId: null }),
      receivedEvent('other', { paymentId: 'payment-2' }),
    ]);
    await publishNow(events, [change('pending'), change('pending', 'intent-2')]);
    const { published, received: receivedEvents } = await events.updatesAndEventsOf('intent-1', 'payment-1');
    expect(published.map(({ eventId }) => eventId)).toEqual(['intent-1 pending']);
    expect(receivedEvents.toSorted((a, b) => a.eventId.localeCompare(b.eventId))).toStrictEqual([
      receivedEvent('a'),
      receivedEvent('b', { postInitiationStatus: undefined, intentId: null }),
    ]);
    expect((await events.updatesAndEventsOf('intent-1', null)).received).toEqual([]);
  });

  it('the latest update of each payout is returned', async () => {
    const { events } = await start(kind);
    await publishNow(events, [change('pending'), change('accepted')]);
    await publishNow(events, [change('pending', 'intent-2')]);
    await publishNow(events, [change('paid')]);
    const last = await events.latestUpdates(['intent-1', 'intent-2', 'intent-3']);
    expect([...last.entries()].map(([id, update]) => [id, update.position, update.eventId])).toEqual([
      ['intent-1', 4, 'intent-1 paid'],
      ['intent-2', 3, 'intent-2 pending'],
    ]);
    expect(await events.latestUpdates([])).toEqual(new Map());
  });
});

const stages: readonly Stage[] = ['pending', 'accepted', 'paid'];

describe('concurrent publishing by several gateways (PostgreSQL)', () => {
  /** Gateways on one store, each with its own connections. */
  async function gateways(count: number): Promise<readonly SqlPayoutEvents[]> {
    const config = await freshStore('PostgreSQL');
    const all = Array.from({ length: count }, () => new SqlPayoutEvents(openTestStore(config), 'test'));
    return all;
  }

  it('all gateways see one order without gaps, each change once, and each payout in the order of its changes', async () => {
    const [one, other] = (await gateways(2)) as [SqlPayoutEvents, SqlPayoutEvents];
    const payments = Array.from({ length: 100 }, (_, index) => `intent-${String(index)}`);
    // Both gateways publish the same changes, each with its own event ids and from its own position.
    const follow = async (events: SqlPayoutEvents, name: string, payment: string): Promise<number> => {
      for (;;) {
        const readAfter = await events.lastPosition();
        const { published: before } = await events.updatesAndEventsOf(payment, null);
        const left = stages
          .slice(before.length)
          .map(stage => change(stage, payment, `${name} ${payment} ${stage}`));
        const count = await events.publish(left, readAfter);
        if (count !== undefined) return count;
      }
    };
    const publishes = payments.flatMap(payment => [
      follow(one, 'one', payment),
      follow(other, 'other', payment),
      follow(other, 'other', payment),
    ]);
    const counts = await Promise.all(publishes);
    const all = await one.publishedAfter(0, 10_000);
    expect(all).toEqual(await other.publishedAfter(0, 10_000));
    const { updates } = all;
    expect(updates.map(({ position }) => position)).toEqual(updates.map((_, index) => index + 1));
    expect(counts.reduce((sum, count) => sum + count)).toBe(updates.length);
    for (const payment of payments) {
      const mine = updates.filter(({ intentId }) => intentId === payment);
      const states = mine.map(({ leanStatus, postInitiationStatus }) =>
        stages.findIndex(stage => {
          const { leanStatus: status, postInitiationStatus: tracking } = change(stage);
          return status === leanStatus && tracking === postInitiationStatus;
        }),
      );
      expect(states).toEqual([...new Set(states)].toSorted());
      expect(states.at(-1)).toBe(2);
    }
  });

  it('four gateways with sixteen concurrent calls each publish all their changes', async () => {
    const all = await gateways(4);
    const perGateway = 100;
    const problems: unknown[] = [];
    const gateway = async (events: SqlPayoutEvents, number: number): Promise<void> => {
      let next = 0;
      const worker = async (): Promise<void> => {
        while (next < perGateway) {
          const payment = `intent-${String(number)}-${String((next += 1))}`;
          await publishNow(events, [change('pending', payment)]).catch((error: unknown) =>
            problems.push(error),
          );
        }
      };
      await Promise.all(Array.from({ length: 16 }, worker));
    };
    await Promise.all(all.map(gateway));
    expect(problems).toEqual([]);
    const [first] = all as [SqlPayoutEvents];
    const positions = (await first.publishedAfter(0, 10_000)).updates.map(({ position }) => position);
    expect(positions).toEqual(Array.from({ length: 4 * perGateway }, (_, index) => index + 1));
  });

  it('a publish that never gets a position rejects with StoreUnavailable after 50 attempts', async () => {
    let tries = 0;
    const database = {
      run: () => {
        tries += 1;
        return Promise.reject(new DuplicateValue(new Error('the position is taken')));
      },
    };
    const events = new SqlPayoutEvents(database as unknown as Database, 'test');
    await expect(events.publish([change('pending')], 0)).rejects.toThrow(StoreUnavailable);
    expect(tries).toBe(50);
    // The failure does not block the next call.
    await expect(events.publish([change('pending')], 0)).rejects.toThrow(StoreUnavailable);
    expect(tries).toBe(100);
  });

  it('a reader sees updates in order: no update appears before a position that it has already read', async () => {
    const all = await gateways(2);
    const reader = all[0] as SqlPayoutEvents;
    let allPublished = false;
    const seen: number[] = [];
    const reading = (async () => {
      for (;;) {
        const isLastRead = allPublished;
        const { updates: fresh } = await reader.publishedAfter(seen.at(-1) ?? 0, 7);
        seen.push(...fresh.map(({ position }) => position));
        if (isLastRead && fresh.length === 0) return;
        await pause(0);
      }
    })();
    const publishes = all.flatMap((events, gateway) =>
      Array.from({ length: 40 }, (_, index) =>
        publishNow(
          events,
          stages.map(stage => change(stage, `intent-${String(gateway)}-${String(index)}`)),
        ),
      ),
    );
    await Promise.all(publishes);
    allPublished = true;
    await reading;
    expect(seen).toEqual(Array.from({ length: 240 }, (_, index) => index + 1));
  });
});

describe.each(storeKinds)('retention of events and updates (%s)', kind => {
  it('completed events are deleted when they are older than the retention by the store’s clock', async () => {
    const { clock, events } = await start(kind);
    await events.receive([receivedEvent('completed'), receivedEvent('waiting')]);
    await events.leaseDue(10);
    await events.complete(['completed']);
    clock.ms += minute;
    await events.receive([receivedEvent('later')]);
    await events.leaseDue(1);
    await events.complete(['later']);
    await events.purge(minute);
    expect(await events.receive([receivedEvent('completed')])).toBe(0);
    await events.purge(minute - 1);
    // A deleted event is stored again as a new one.
    expect(await events.receive([receivedEvent('completed')])).toBe(1);
    expect(await events.receive([receivedEvent('waiting')])).toBe(0);
    expect(await events.receive([receivedEvent('later')])).toBe(0);
    clock.ms += minute;
    expect((await events.leaseDue(10)).map(({ eventId }) => eventId).toSorted()).toEqual([
      'completed',
      'waiting',
    ]);
  });

  it('updates older than the retention are deleted, except the newest, so that positions continue', async () => {
    const { clock, events } = await start(kind);
    await publishNow(events, [change('pending'), change('accepted')]);
    clock.ms += minute;
    await events.purge(minute);
    expect(await storedUpdates(events)).toHaveLength(2);
    await events.purge(minute - 1);
    expect(await storedUpdates(events)).toEqual([[2, 'intent-1 accepted']]);
    expect(await events.publishedAfter(0, 0)).toMatchObject({ first: 2, last: 2 });
    await publishNow(events, [change('pending', 'intent-2')]);
    await events.purge(minute - 1);
    expect(await storedUpdates(events)).toEqual([[3, 'intent-2 pending']]);
    expect((await events.publishedAfter(0, 0)).last).toBe(3);
  });

  it('the last deleted update of a payout is remembered, and comes before the updates that are kept', async () => {
    const { clock, events } = await start(kind);
    const remembered = async () => {
      const { published } = await events.updatesAndEventsOf('intent-1', null);
      const last = (await events.latestUpdates(['intent-1'])).get('intent-1');
      expect(last).toEqual(published.at(-1));
      return published.map(({ eventId }) => eventId);
    };
    await publishNow(events, [change('pending'), change('accepted')]);
    expect(await remembered()).toEqual(['intent-1 pending', 'intent-1 accepted']);
    clock.ms += minute;
    // The newest update is both published and remembered.
    await events.purge(minute - 1);
    expect(await remembered()).toEqual(['intent-1 accepted']);
    await publishNow(events, [change('paid'), change('pending', 'intent-2')]);
    await events.purge(minute - 1);
    expect(await storedUpdates(events)).toEqual([
      [3, 'intent-1 paid'],
      [4, 'intent-2 pending'],
    ]);
    expect(await remembered()).toEqual(['intent-1 accepted', 'intent-1 paid']);
    clock.ms += minute;
    await events.purge(minute - 1);
    expect(await storedUpdates(events)).toEqual([[4, 'intent-2 pending']]);
    expect(await remembered()).toEqual(['intent-1 paid']);
  });
});
