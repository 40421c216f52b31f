import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { StoreUnavailable } from '../../src/errors/gateway-errors.ts';
import type { Instant } from '../../src/payouts/values/instant.ts';
import type { PayoutStep, ReceivedEvent } from '../../src/payouts/payout-update.ts';
import { DuplicateValue, type Database } from '../../src/store/database.ts';
import { SqlPayoutEvents } from '../../src/store/payout-events.ts';
import { freshStore, opened, stores, type StoreKind } from '../support/stores.ts';

const noon = Date.parse('2026-03-01T12:00:00Z');
const minute = 60_000;

/** Lean's time, which is not the store's. */
const leanNow = '2026-03-01T12:00:07.000Z' as Instant;

function received(eventId: string, changes: Partial<ReceivedEvent> = {}): ReceivedEvent {
  return {
    eventId,
    type: 'PAYMENT_UPDATED',
    paymentId: 'payment-1',
    intentId: 'intent-1',
    leanStatus: 'ACCEPTED_BY_BANK',
    postInitiationStatus: null,
    publishedAt: '2026-03-01T08:00:00.123456789Z' as Instant,
    ...changes,
  };
}

type Way = 'pending' | 'accepted' | 'failed' | 'paid';

/** A step of a payout, with an id of its own. */
function step(way: Way, intentId = 'intent-1', eventId = `${intentId} ${way}`): PayoutStep {
  const status = (
    {
      pending: 'PENDING_WITH_BANK',
      accepted: 'ACCEPTED_BY_BANK',
      failed: 'FAILED',
      paid: 'ACCEPTED_BY_BANK',
    } as const
  )[way];
  return {
    eventId,
    type: 'PAYMENT_UPDATED',
    paymentId: `payment of ${intentId}`,
    intentId,
    status,
    leanStatus: status,
    postInitiationStatus: way === 'paid' ? 'PROCESSED' : null,
    publishedAt: '2026-03-01T08:00:00Z' as Instant,
  };
}

async function start(kind: StoreKind) {
  const config = await freshStore(kind);
  const clock = { ms: noon };
  const database = opened(config, { clock: () => clock.ms });
  const open = (): SqlPayoutEvents => new SqlPayoutEvents(database);
  return { config, clock, events: open(), open };
}

/** Tells of steps that were read just now. */
const tellNow = async (events: SqlPayoutEvents, steps: readonly PayoutStep[]) =>
  events.tell(steps, await events.lastPosition());

/** How they stand in the store, oldest first. */
async function told(events: SqlPayoutEvents): Promise<readonly [position: number, eventId: string][]> {
  return (await events.toldAfter(0, 10_000)).updates.map(({ position, eventId }) => [position, eventId]);
}

describe.each(stores)('what is received (%s)', kind => {
  it('is received once, however often it comes, and is given back as it came', async () => {
    const { events } = await start(kind);
    const event = received('a');
    expect(await events.receive([event, event])).toBe(1);
    expect(await events.receive([{ ...event, leanStatus: 'FAILED' }, received('b')])).toBe(1);
    expect(await events.receive([])).toBe(0);
    const taken = await events.take(10);
    expect(taken.toSorted((a, b) => a.eventId.localeCompare(b.eventId))).toEqual([
      { ...event, tries: 0 },
      { ...received('b'), tries: 0 },
    ]);
  });

  it('is received once though it comes many times at once', async () => {
    const { events } = await start(kind);
    const counts = await Promise.all(Array.from({ length: 20 }, () => events.receive([received('a')])));
    expect(counts.filter(count => count === 1)).toHaveLength(1);
    expect(counts.filter(count => count === 0)).toHaveLength(19);
    expect(await events.take(10)).toHaveLength(1);
  });

  it('keeps what it does not know as unknown', async () => {
    const { events } = await start(kind);
    for (const postInitiationStatus of ['REJECTED', null, undefined] as const) {
      const event = received(String(postInitiationStatus), {
        intentId: null,
        leanStatus: null,
        postInitiationStatus,
      });
      await events.receive([event]);
      expect(await events.take(10)).toStrictEqual([{ ...event, tries: 0 }]);
    }
  });

  it('is taken by one of several that want it', async () => {
    const { events, open } = await start(kind);
    const ids = Array.from({ length: 40 }, (_, index) => `event-${String(index)}`);
    await events.receive(ids.map(id => received(id)));
    const takers = Array.from({ length: 8 }, open);
    const taken = (await Promise.all(takers.map(taker => taker.take(40)))).flat();
    expect(taken.map(({ eventId }) => eventId).toSorted()).toEqual(ids.toSorted());
  });

  it('is taken a few at a time when it is asked for a few', async () => {
    const { events } = await start(kind);
    await events.receive(['a', 'b', 'c'].map(id => received(id)));
    expect(await events.take(2)).toHaveLength(2);
    expect(await events.take(2)).toHaveLength(1);
    expect(await events.take(2)).toEqual([]);
  });

  it('is taken again when whoever took it has not said within half a minute what became of it', async () => {
    const { events, clock } = await start(kind);
    await events.receive([received('a')]);
    expect(await events.take(10)).toMatchObject([{ eventId: 'a', tries: 0 }]);
    clock.ms += 29_999;
    expect(await events.take(10)).toEqual([]);
    clock.ms += 1;
    expect(await events.take(10)).toMatchObject([{ eventId: 'a', tries: 1 }]);
  });

  it('is not taken again when it is done, nor received', async () => {
    const { events, clock } = await start(kind);
    await events.receive([received('a'), received('b')]);
    await events.take(10);
    await events.done(['a', 'b']);
    clock.ms += 24 * 60 * minute;
    expect(await events.take(10)).toEqual([]);
    expect(await events.receive([received('a')])).toBe(0);
    expect(await events.take(10)).toEqual([]);
  });

  it('is taken again when it is due, when it has been put off', async () => {
    const { events, clock } = await start(kind);
    await events.receive([received('a'), received('b')]);
    await events.take(10);
    await events.putOff(['a'], 5 * minute);
    await events.done(['b']);
    clock.ms += 5 * minute - 1;
    expect(await events.take(10)).toEqual([]);
    clock.ms += 1;
    expect(await events.take(10)).toMatchObject([{ eventId: 'a', tries: 1 }]);
  });
});

describe.each(stores)('what is told (%s)', kind => {
  it('has positions without gaps, in the order in which it was told', async () => {
    const { events } = await start(kind);
    expect((await events.toldAfter(0, 0)).last).toBe(0);
    expect(await tellNow(events, [step('pending'), step('accepted')])).toBe(2);
    expect(await tellNow(events, [])).toBe(0);
    expect(await tellNow(events, [step('pending', 'intent-2')])).toBe(1);
    expect(await told(events)).toEqual([
      [1, 'intent-1 pending'],
      [2, 'intent-1 accepted'],
      [3, 'intent-2 pending'],
    ]);
    expect((await events.toldAfter(0, 0)).last).toBe(3);
  });

  it('is given back as it was told', async () => {
    const { events } = await start(kind);
    const steps: PayoutStep[] = [
      { ...step('pending'), paymentId: null },
      { ...step('accepted'), postInitiationStatus: undefined },
      step('paid'),
    ];
    await tellNow(events, steps);
    expect((await events.toldAfter(0, 10)).updates).toStrictEqual(
      steps.map((each, index) => ({ ...each, position: index + 1 })),
    );
  });

  it('is told only as long as nothing has been told of the payout since it was read, all of it or nothing', async () => {
    const { events } = await start(kind);
    expect(await events.tell([step('pending')], 0)).toBe(1);
    expect(await events.tell([step('accepted'), step('paid')], 0)).toBeUndefined();
    expect(await events.tell([step('pending', 'intent-2')], 0)).toBe(1);
    expect(await events.tell([], 0)).toBe(0);
    // What was told meanwhile is of another payout.
    expect(await events.tell([step('accepted'), step('paid')], 1)).toBe(2);
    expect(await events.tell([step('pending')], 3)).toBeUndefined();
    // A payout may come back to where it was.
    expect(await events.tell([step('pending', 'intent-1', 'again')], 4)).toBe(1);
    expect(await told(events)).toEqual([
      [1, 'intent-1 pending'],
      [2, 'intent-2 pending'],
      [3, 'intent-1 accepted'],
      [4, 'intent-1 paid'],
      [5, 'again'],
    ]);
  });

  it('is read on from any position, a few at a time', async () => {
    const { events } = await start(kind);
    await tellNow(events, [step('pending'), step('accepted'), step('paid')]);
    const read = async (after: number, limit: number) =>
      (await events.toldAfter(after, limit)).updates.map(({ position }) => position);
    expect(await read(0, 2)).toEqual([1, 2]);
    expect(await read(2, 2)).toEqual([3]);
    expect(await read(3, 2)).toEqual([]);
    expect(await read(4711, 2)).toEqual([]);
  });

  it('has a place in the store, by which one is told from another', async () => {
    const { config, events } = await start(kind);
    const { store } = await events.toldAfter(0, 0);
    expect(store).toMatch(/^[\w-]{16}$/);
    await tellNow(events, [step('pending'), step('accepted')]);
    expect(await events.toldAfter(1, 1)).toMatchObject({
      store,
      first: 1,
      last: 2,
      updates: [{ position: 2 }],
    });
    expect((await (await start(kind)).events.toldAfter(0, 0)).store).not.toBe(store);
    if (kind === 'PostgreSQL')
      expect((await new SqlPayoutEvents(opened(config)).toldAfter(0, 0)).store).toBe(store);
  });

  it('of a payout is known, with what was received of its payment', async () => {
    const { events } = await start(kind);
    await events.receive([
      received('a'),
      received('b', { postInitiationStatus: undefined, intentId: null }),
      received('other', { paymentId: 'payment-2' }),
    ]);
    await tellNow(events, [step('pending'), step('pending', 'intent-2')]);
    const { told: steps, claims } = await events.knownOf('intent-1', 'payment-1');
    expect(steps.map(({ eventId }) => eventId)).toEqual(['intent-1 pending']);
    expect(claims.toSorted((a, b) => a.eventId.localeCompare(b.eventId))).toStrictEqual([
      received('a'),
      received('b', { postInitiationStatus: undefined, intentId: null }),
    ]);
    expect((await events.knownOf('intent-1', null)).claims).toEqual([]);
  });

  it('is known of each payout by its last step', async () => {
    const { events } = await start(kind);
    await tellNow(events, [step('pending'), step('accepted')]);
    await tellNow(events, [step('pending', 'intent-2')]);
    await tellNow(events, [step('paid')]);
    const last = await events.lastSteps(['intent-1', 'intent-2', 'intent-3']);
    expect([...last.entries()].map(([id, update]) => [id, update.position, update.eventId])).toEqual([
      ['intent-1', 4, 'intent-1 paid'],
      ['intent-2', 3, 'intent-2 pending'],
    ]);
    expect(await events.lastSteps([])).toEqual(new Map());
  });
});

const ways: readonly Way[] = ['pending', 'accepted', 'paid'];

describe('what several gateways tell at once (PostgreSQL)', () => {
  /** Gateways on one store, each with connections of its own. */
  async function gateways(count: number): Promise<readonly SqlPayoutEvents[]> {
    const config = await freshStore('PostgreSQL');
    const all = Array.from({ length: count }, () => new SqlPayoutEvents(opened(config)));
    await Promise.all(all.map(events => events.since(leanNow)));
    return all;
  }

  it('has one order for all, without gaps, each step once, and each payout forward', async () => {
    const [one, other] = (await gateways(2)) as [SqlPayoutEvents, SqlPayoutEvents];
    const payments = Array.from({ length: 100 }, (_, index) => `intent-${String(index)}`);
    // Both come to the same steps, each by its own events and from its own place on.
    const follow = async (events: SqlPayoutEvents, name: string, payment: string): Promise<number> => {
      for (;;) {
        const place = await events.lastPosition();
        const { told: before } = await events.knownOf(payment, null);
        const left = ways.slice(before.length).map(way => step(way, payment, `${name} ${payment} ${way}`));
        const count = await events.tell(left, place);
        if (count !== undefined) return count;
      }
    };
    const tells = payments.flatMap(payment => [
      follow(one, 'one', payment),
      follow(other, 'other', payment),
      follow(other, 'other', payment),
    ]);
    const counts = await Promise.all(tells);
    const all = await one.toldAfter(0, 10_000);
    expect(all).toEqual(await other.toldAfter(0, 10_000));
    const { updates } = all;
    expect(updates.map(({ position }) => position)).toEqual(updates.map((_, index) => index + 1));
    expect(counts.reduce((sum, count) => sum + count)).toBe(updates.length);
    for (const payment of payments) {
      const mine = updates.filter(({ intentId }) => intentId === payment);
      const states = mine.map(({ leanStatus, postInitiationStatus }) =>
        ways.findIndex(way => {
          const { leanStatus: status, postInitiationStatus: tracking } = step(way);
          return status === leanStatus && tracking === postInitiationStatus;
        }),
      );
      expect(states).toEqual([...new Set(states)].toSorted());
      expect(states.at(-1)).toBe(2);
    }
  });

  it('is told, though four of them tell of many payouts, sixteen at a time each', async () => {
    const all = await gateways(4);
    const perGateway = 100;
    const problems: unknown[] = [];
    const gateway = async (events: SqlPayoutEvents, number: number): Promise<void> => {
      let next = 0;
      const worker = async (): Promise<void> => {
        while (next < perGateway) {
          const payment = `intent-${String(number)}-${String((next += 1))}`;
          await tellNow(events, [step('pending', payment)]).catch((error: unknown) => problems.push(error));
        }
      };
      await Promise.all(Array.from({ length: 16 }, worker));
    };
    await Promise.all(all.map(gateway));
    expect(problems).toEqual([]);
    const [first] = all as [SqlPayoutEvents];
    const positions = (await first.toldAfter(0, 10_000)).updates.map(({ position }) => position);
    expect(positions).toEqual(Array.from({ length: 4 * perGateway }, (_, index) => index + 1));
  });

  it('and never gets a position is a store that cannot be used', async () => {
    let tries = 0;
    const database = {
      run: () => {
        tries += 1;
        return Promise.reject(new DuplicateValue(new Error('the position is taken')));
      },
    };
    const events = new SqlPayoutEvents(database as unknown as Database);
    await expect(events.tell([step('pending')], 0)).rejects.toThrow(StoreUnavailable);
    expect(tries).toBe(50);
    // What comes after it is not held up.
    await expect(events.tell([step('pending')], 0)).rejects.toThrow(StoreUnavailable);
    expect(tries).toBe(100);
  });

  it('is seen by a reader in its order: nothing turns up behind what it has had', async () => {
    const all = await gateways(2);
    const reader = all[0] as SqlPayoutEvents;
    let over = false;
    const seen: number[] = [];
    const reading = (async () => {
      for (;;) {
        const last = over;
        const { updates: fresh } = await reader.toldAfter(seen.at(-1) ?? 0, 7);
        seen.push(...fresh.map(({ position }) => position));
        if (last && fresh.length === 0) return;
        await pause(0);
      }
    })();
    const tells = all.flatMap((events, gateway) =>
      Array.from({ length: 40 }, (_, index) =>
        tellNow(
          events,
          ways.map(way => step(way, `intent-${String(gateway)}-${String(index)}`)),
        ),
      ),
    );
    await Promise.all(tells);
    over = true;
    await reading;
    expect(seen).toEqual(Array.from({ length: 240 }, (_, index) => index + 1));
  });
});

describe.each(stores)('the turn to compare (%s)', kind => {
  it('goes to one of several, and to the next when it is due', async () => {
    const { clock, events, open } = await start(kind);
    const all = [events, ...Array.from({ length: 7 }, open)];
    const turns = async () =>
      (await Promise.all(all.map(each => each.takeComparison(minute, leanNow)))).filter(
        turn => turn !== undefined,
      );
    expect(await turns()).toEqual([leanNow]);
    clock.ms += minute - 1;
    expect(await turns()).toEqual([]);
    clock.ms += 1;
    expect(await turns()).toEqual([leanNow]);
  });

  it('is from where the last comparison that was finished ended', async () => {
    const { clock, events } = await start(kind);
    await events.takeComparison(minute, leanNow);
    await events.comparisonDone('2026-03-01T12:05:00.000Z' as Instant);
    clock.ms += minute;
    expect(await events.takeComparison(minute, leanNow)).toBe('2026-03-01T12:05:00.000Z');
  });

  it('is from before that when a comparison ends earlier by Lean’s clock, so that a wrong time does not stay', async () => {
    const { clock, events } = await start(kind);
    await events.takeComparison(minute, leanNow);
    await events.comparisonDone('2099-01-01T00:00:00.000Z' as Instant);
    await events.comparisonDone('2026-03-01T12:04:00.000Z' as Instant);
    clock.ms += minute;
    expect(await events.takeComparison(minute, leanNow)).toBe('2026-03-01T12:04:00.000Z');
  });

  it('is not held up by a turn that a wrong clock has noted further ahead than a turn can lie', async () => {
    const { clock, events } = await start(kind);
    clock.ms += 365 * 24 * 60 * minute;
    await events.takeComparison(minute, leanNow);
    clock.ms = noon;
    expect(await events.takeComparison(minute, leanNow)).toBe(leanNow);
    clock.ms += minute - 1;
    expect(await events.takeComparison(minute, leanNow)).toBeUndefined();
  });

  it('does not change since when a gateway has been there, by Lean’s clock', async () => {
    const { clock, events, open } = await start(kind);
    expect(await events.since(leanNow)).toBe(leanNow);
    clock.ms += minute;
    const later = '2026-03-01T12:06:00.000Z' as Instant;
    await events.takeComparison(minute, later);
    await events.comparisonDone(later);
    expect(await events.since(later)).toBe(leanNow);
    expect(await open().since(later)).toBe(leanNow);
  });

  it('begins anew where a wrong clock has noted the first gateway in the future', async () => {
    const { events } = await start(kind);
    await events.since('2099-01-01T00:00:00.000Z' as Instant);
    expect(await events.since(leanNow)).toBe(leanNow);
    expect(await events.since('2026-03-01T12:00:08.000Z' as Instant)).toBe(leanNow);
  });
});

describe.each(stores)('what is forgotten (%s)', kind => {
  it('is what was received longer ago than that by the store’s clock, and has been looked at', async () => {
    const { clock, events } = await start(kind);
    await events.receive([received('looked-at'), received('waiting')]);
    await events.take(10);
    await events.done(['looked-at']);
    clock.ms += minute;
    await events.receive([received('later')]);
    await events.take(1);
    await events.done(['later']);
    await events.forget(minute);
    expect(await events.receive([received('looked-at')])).toBe(0);
    await events.forget(minute - 1);
    // What is forgotten is received as if it were new.
    expect(await events.receive([received('looked-at')])).toBe(1);
    expect(await events.receive([received('waiting')])).toBe(0);
    expect(await events.receive([received('later')])).toBe(0);
    clock.ms += minute;
    expect((await events.take(10)).map(({ eventId }) => eventId).toSorted()).toEqual([
      'looked-at',
      'waiting',
    ]);
  });

  it('is what was told longer ago than that, but for the last, so that positions go on', async () => {
    const { clock, events } = await start(kind);
    await tellNow(events, [step('pending'), step('accepted')]);
    clock.ms += minute;
    await events.forget(minute);
    expect(await told(events)).toHaveLength(2);
    await events.forget(minute - 1);
    expect(await told(events)).toEqual([[2, 'intent-1 accepted']]);
    expect(await events.toldAfter(0, 0)).toMatchObject({ first: 2, last: 2 });
    await tellNow(events, [step('pending', 'intent-2')]);
    await events.forget(minute - 1);
    expect(await told(events)).toEqual([[3, 'intent-2 pending']]);
    expect((await events.toldAfter(0, 0)).last).toBe(3);
  });
});
