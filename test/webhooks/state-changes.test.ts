import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HistoryEvent } from '../../src/payouts/history-event.ts';
import { statusOf } from '../../src/payouts/from-lean.ts';
import { payoutIdOf } from '../../src/payouts/values/ids.ts';
import { compareInstants, instantAt, type Instant } from '../../src/payouts/values/instant.ts';
import { unknownParty, type Payout, type PostInitiationStatus } from '../../src/payouts/payout.ts';
import type { PayoutStateChange, ReceivedEvent } from '../../src/payouts/payout-update.ts';
import { isInDoubt, unpublishedChanges, type StateChangeInputs } from '../../src/webhooks/state-changes.ts';

const paymentId = 'b0000000-0000-4000-8000-000000000001';
const intentId = 'c0000000-0000-4000-8000-000000000001';

/** The instant that many minutes after 08:00. */
function at(minute: number): Instant {
  return `2026-03-01T08:${String(minute).padStart(2, '0')}:00Z` as Instant;
}

type State = readonly [leanStatus: string, tracking?: PostInitiationStatus | null];

function payoutIn([leanStatus, tracking]: State, changes: Partial<Payout> = {}): Payout {
  return {
    paymentId,
    intentId,
    amount: undefined,
    description: null,
    state: { status: statusOf(leanStatus), leanStatus },
    postInitiationStatus: tracking,
    bankTransactionReference: null,
    recipient: unknownParty,
    sender: undefined,
    paymentSourceId: null,
    granularStatusCode: null,
    statusDetails: null,
    submittedAt: null,
    initiatedAt: null,
    autoAuthorized: null,
    pendingManualAuthorization: null,
    createdAt: null,
    updatedAt: null,
    ...changes,
  };
}

function historyEvent(minute: number, [leanStatus, tracking = null]: State): HistoryEvent {
  return {
    payoutId: payoutIdOf(intentId),
    paymentId,
    type: minute === 0 ? 'PAYMENT_CREATED' : 'PAYMENT_UPDATED',
    status: statusOf(leanStatus),
    leanStatus,
    postInitiationStatus: tracking,
    publishedAt: at(minute),
  };
}

/** A received event with the tracking. */
function eventWithTracking(
  eventId: string,
  minute: number,
  [leanStatus, tracking = null]: State,
): ReceivedEvent {
  return {
    eventId,
    type: 'PAYMENT_UPDATED',
    paymentId,
    intentId: null,
    leanStatus,
    postInitiationStatus: tracking,
    publishedAt: at(minute),
  };
}

/** A received event without the tracking. */
function eventWithoutTracking(eventId: string, minute: number, leanStatus: string): ReceivedEvent {
  return { ...eventWithTracking(eventId, minute, [leanStatus]), postInitiationStatus: undefined };
}

function changes(
  inputs: Partial<StateChangeInputs> & Pick<StateChangeInputs, 'payout'>,
): PayoutStateChange[] {
  return unpublishedChanges({
    intentId,
    paymentId,
    history: [],
    received: [],
    published: [],
    since: at(0),
    ...inputs,
  });
}

const states = (stateChanges: readonly PayoutStateChange[]) =>
  stateChanges.map(({ leanStatus, postInitiationStatus }) => [leanStatus, postInitiationStatus]);

const pending: State = ['PENDING_WITH_BANK'];
const accepted: State = ['ACCEPTED_BY_BANK'];
const acceptedSoFar: State = ['ACCEPTED_BY_BANK', null];
const paid: State = ['ACCEPTED_BY_BANK', 'PROCESSED'];
const paidHistory = [historyEvent(0, pending), historyEvent(1, accepted), historyEvent(2, paid)];

describe('the unpublished state changes of a payout', () => {
  it('are those of its history, oldest first', () => {
    const made = changes({ payout: payoutIn(paid), history: paidHistory });
    expect(made).toStrictEqual(
      paidHistory.map(({ type, status, leanStatus, postInitiationStatus, publishedAt }) => ({
        eventId: expect.stringMatching(/^made-[0-9a-f]{32}$/) as string,
        paymentId,
        intentId,
        type,
        status,
        leanStatus,
        postInitiationStatus,
        publishedAt,
      })),
    );
  });

  it('end with the current state, if the history lacks it', () => {
    const updatedAt = at(7);
    const made = changes({ payout: payoutIn(paid, { updatedAt }), history: paidHistory.slice(0, 2) });
    expect(made).toHaveLength(3);
    expect(made[2]).toMatchObject({
      type: 'PAYMENT_UPDATED',
      status: 'ACCEPTED_BY_BANK',
      leanStatus: 'ACCEPTED_BY_BANK',
      postInitiationStatus: 'PROCESSED',
      publishedAt: updatedAt,
    });
  });

  it('are the current state alone, if there is no history', () => {
    expect(states(changes({ payout: payoutIn(accepted) }))).toEqual([['ACCEPTED_BY_BANK', undefined]]);
  });

  it('do not include published ones', () => {
    const published = changes({ payout: payoutIn(accepted), history: paidHistory.slice(0, 2) });
    expect(states(changes({ payout: payoutIn(paid), history: paidHistory, published }))).toEqual([
      ['ACCEPTED_BY_BANK', 'PROCESSED'],
    ]);
  });

  it('have no tracking if Lean gives none', () => {
    expect(states(changes({ payout: undefined, history: paidHistory }))).toEqual([
      ['PENDING_WITH_BANK', undefined],
      ['ACCEPTED_BY_BANK', undefined],
      ['ACCEPTED_BY_BANK', 'PROCESSED'],
    ]);
  });

  it('are those of its history alone, if the current state is not known', () => {
    const payout = { ...payoutIn(paid), state: undefined };
    expect(states(changes({ payout, history: paidHistory }))).toHaveLength(3);
    expect(changes({ payout })).toEqual([]);
    const withoutLeanStatus = { ...payoutIn(paid), state: { status: 'UNKNOWN', leanStatus: null } } as const;
    expect(changes({ payout: withoutLeanStatus })).toEqual([]);
  });

  it('keep a status of Lean that is not known yet', () => {
    expect(changes({ payout: payoutIn(['NEW_STATUS']) })).toMatchObject([
      { status: 'UNKNOWN', leanStatus: 'NEW_STATUS' },
    ]);
  });

  it('appear once, even if the history repeats them', () => {
    const history = [
      historyEvent(0, pending),
      historyEvent(1, pending),
      historyEvent(2, accepted),
      historyEvent(3, accepted),
    ];
    const made = changes({ payout: payoutIn(accepted), history });
    expect(made.map(({ publishedAt }) => publishedAt)).toEqual([at(0), at(2)]);
  });

  it('do not include a state that only an event claims', () => {
    const received = [eventWithTracking('false claim', 3, ['FAILED']), eventWithTracking('another', 4, paid)];
    expect(
      states(changes({ payout: payoutIn(acceptedSoFar), history: paidHistory.slice(0, 2), received })),
    ).toEqual([
      ['PENDING_WITH_BANK', null],
      ['ACCEPTED_BY_BANK', null],
    ]);
  });
});

describe('the id of a state change', () => {
  it('is the id of the event that announced exactly this state', () => {
    const received = [eventWithTracking('of paid', 2, paid), eventWithTracking('of accepted', 1, accepted)];
    const ids = changes({ payout: payoutIn(paid), history: paidHistory, received }).map(
      ({ eventId }) => eventId,
    );
    expect(ids).toEqual([expect.stringMatching(/^made-/), 'of accepted', 'of paid']);
  });

  it('is generated from the payout and the state if no event announced it: equal on all gateways, and unique', () => {
    const [first, second, third] = changes({ payout: payoutIn(paid), history: paidHistory });
    const elsewhere = changes({
      payout: payoutIn(paid),
      since: at(30),
      received: [eventWithTracking('x', 3, pending)],
    });
    expect(elsewhere.map(({ eventId }) => eventId)).toEqual([third?.eventId]);
    const other = changes({ intentId: 'another', payout: payoutIn(paid), history: paidHistory });
    const ids = [first, second, third, ...other].map(step => step?.eventId);
    expect(new Set(ids).size).toBe(6);
  });
});

describe('an event without the tracking', () => {
  const idsOf = (inputs: Partial<StateChangeInputs> & Pick<StateChangeInputs, 'payout'>) =>
    changes(inputs).map(({ eventId }) => eventId);
  const made = expect.stringMatching(/^made-/) as string;

  it('announces the state change with its status that is nearest in time', () => {
    const received = [
      eventWithoutTracking('paid', 2, 'ACCEPTED_BY_BANK'),
      eventWithoutTracking('accepted', 1, 'ACCEPTED_BY_BANK'),
    ];
    expect(idsOf({ payout: payoutIn(paid), history: paidHistory, received })).toEqual([
      made,
      'accepted',
      'paid',
    ]);
    expect(idsOf({ payout: payoutIn(paid), history: paidHistory, received: received.slice(0, 1) })).toEqual([
      made,
      made,
      'paid',
    ]);
  });

  it('announces the current state that the history lacks, and gives it its type and time', () => {
    const received = [
      eventWithoutTracking('accepted', 1, 'ACCEPTED_BY_BANK'),
      eventWithoutTracking('paid', 5, 'ACCEPTED_BY_BANK'),
    ];
    const inputs = {
      payout: payoutIn(paid, { updatedAt: at(9) }),
      history: paidHistory.slice(0, 2),
      received,
    };
    expect(changes(inputs).at(-1)).toMatchObject({ eventId: 'paid', publishedAt: at(5) });
    expect(idsOf(inputs)).toEqual([made, 'accepted', 'paid']);
  });

  it('that is later than the published changes announces the next one', () => {
    const published = changes({
      payout: payoutIn(acceptedSoFar),
      history: paidHistory.slice(0, 2),
      received: [
        eventWithoutTracking('pending', 0, 'PENDING_WITH_BANK'),
        eventWithoutTracking('accepted', 1, 'ACCEPTED_BY_BANK'),
      ],
    });
    expect(published.map(({ eventId }) => eventId)).toEqual(['pending', 'accepted']);
    const received = [
      eventWithoutTracking('accepted', 1, 'ACCEPTED_BY_BANK'),
      eventWithoutTracking('paid', 2, 'ACCEPTED_BY_BANK'),
    ];
    expect(idsOf({ payout: payoutIn(paid), history: paidHistory, received, published })).toEqual(['paid']);
  });

  it('yields to an event with the tracking', () => {
    const received = [
      eventWithoutTracking('without tracking', 2, 'ACCEPTED_BY_BANK'),
      eventWithTracking('with tracking', 3, paid),
    ];
    expect(idsOf({ payout: payoutIn(paid), received })).toEqual(['with tracking']);
  });

  it('announces no state change with another status', () => {
    const received = [eventWithoutTracking('failed', 2, 'FAILED')];
    expect(idsOf({ payout: payoutIn(paid), received })).toEqual([made]);
  });

  it('differs from an event whose tracking has not ended', () => {
    const received = [eventWithTracking('not ended', 2, accepted)];
    expect(idsOf({ payout: payoutIn(paid), received })).toEqual([made]);
    expect(idsOf({ payout: payoutIn(acceptedSoFar), received })).toEqual(['not ended']);
  });
});

it('a state that is in no history and no event has the time of Lean’s last change, or the nearest known time', () => {
  const time = (inputs: Partial<StateChangeInputs> & Pick<StateChangeInputs, 'payout'>) =>
    changes({ since: at(0), ...inputs }).at(-1)?.publishedAt;
  const received = [eventWithTracking('early', 1, pending), eventWithTracking('late', 5, pending)];
  const changed = payoutIn(accepted, { updatedAt: at(9), createdAt: at(8) });
  expect(time({ payout: changed, history: paidHistory.slice(0, 1), received })).toBe(at(9));
  expect(time({ payout: payoutIn(accepted, { createdAt: at(8) }), received })).toBe(at(8));
  expect(time({ payout: payoutIn(accepted), received })).toBe(at(5));
  expect(time({ payout: payoutIn(paid), history: paidHistory.slice(0, 2) })).toBe(at(1));
  expect(time({ payout: payoutIn(paid), since: at(4) })).toBe(at(4));
});

it('another payment of the intent causes state changes of its own', () => {
  const failed: State = ['FAILED', null];
  const published = changes({ payout: payoutIn(failed) });
  const again = { ...payoutIn(failed), paymentId: 'second' };
  expect(changes({ payout: again, paymentId: 'second', published })).toMatchObject([
    { intentId, paymentId: 'second', leanStatus: 'FAILED' },
  ]);
  expect(changes({ payout: { ...again, paymentId: null }, paymentId: null, published })).toEqual([]);
});

describe('state changes from before the first start', () => {
  it('are left out', () => {
    expect(states(changes({ payout: payoutIn(paid), history: paidHistory, since: at(1) }))).toEqual([
      ['ACCEPTED_BY_BANK', null],
      ['ACCEPTED_BY_BANK', 'PROCESSED'],
    ]);
  });

  it('are left out, except the current state', () => {
    expect(states(changes({ payout: payoutIn(paid), history: paidHistory, since: at(30) }))).toEqual([
      ['ACCEPTED_BY_BANK', 'PROCESSED'],
    ]);
  });
});

it('for any history and events, the state changes are Lean’s states in order, without repetitions, and end with the current one', () => {
  const state = fc.tuple(
    fc.constantFrom('PENDING_WITH_BANK', 'ACCEPTED_BY_BANK', 'FAILED', 'ELSE'),
    fc.constantFrom<PostInitiationStatus | null>(null, 'PROCESSED', 'REJECTED'),
  );
  const minute = fc.integer({ min: 0, max: 59 });
  fc.assert(
    fc.property(
      state,
      fc.array(fc.tuple(minute, state)),
      fc.array(fc.tuple(fc.uuid(), minute, state)),
      minute,
      (current, past, announced, since) => {
        const history = past
          .map(([time, each]) => historyEvent(time, each))
          .toSorted((a, b) => compareInstants(a.publishedAt, b.publishedAt));
        const received = announced.map(([eventId, time, [status, tracking]], index) =>
          index % 2 === 0
            ? eventWithTracking(eventId, time, [status, tracking])
            : eventWithoutTracking(eventId, time, status),
        );
        const made = changes({ payout: payoutIn(current), history, received, since: at(since) });
        const keys = states(made).map(each => JSON.stringify(each));
        const leanStates = [...states(history as never), current].map(each => JSON.stringify(each));
        let foundAt = -1;
        for (const [index, key] of keys.entries()) {
          expect(key).not.toBe(keys[index - 1]);
          foundAt = leanStates.indexOf(key, foundAt + 1);
          expect(foundAt).not.toBe(-1);
        }
        expect(keys.at(-1)).toBe(JSON.stringify(current));
        expect(new Set(made.map(({ eventId }) => eventId)).size).toBe(made.length);
        for (const { publishedAt } of made.slice(0, -1))
          expect(compareInstants(publishedAt, at(since))).toBeGreaterThanOrEqual(0);
      },
    ),
  );
});

describe('a payout that returns to earlier states', () => {
  const authorisationFailed: State = ['AUTHORISATION_FAILED', null];
  const pendingSoFar: State = ['PENDING_WITH_BANK', null];
  const unknown: State = ['NEW_STATUS', null];
  const rejected: State = ['ACCEPTED_BY_BANK', 'REJECTED'];
  const sequences = [
    [authorisationFailed, pendingSoFar, acceptedSoFar],
    [pendingSoFar, unknown, pendingSoFar],
    [acceptedSoFar, paid, rejected, paid, rejected],
  ];

  it.each(sequences.map(sequence => [sequence]))(
    'is published in order, whenever it is read (%j)',
    sequence => {
      // Each bit says whether the payout is read after that state. The last state is always read.
      for (let readAfter = 0; readAfter < 2 ** sequence.length; readAfter += 1) {
        const published: PayoutStateChange[] = [];
        for (const [index, current] of sequence.entries())
          if (index === sequence.length - 1 || (readAfter >> index) % 2 === 1) {
            const history = sequence.slice(0, index + 1).map((each, minute) => historyEvent(minute, each));
            published.push(...changes({ payout: payoutIn(current), history, published }));
            expect(states(published)).toEqual(sequence.slice(0, index + 1));
          }
        expect(new Set(published.map(({ eventId }) => eventId)).size).toBe(sequence.length);
      }
    },
  );

  it.each(sequences.map(sequence => [sequence]))(
    'is published as it was read, if there is no history (%j)',
    sequence => {
      const published: PayoutStateChange[] = [];
      for (const current of sequence) published.push(...changes({ payout: payoutIn(current), published }));
      expect(states(published)).toEqual(sequence);
      expect(new Set(published.map(({ eventId }) => eventId)).size).toBe(sequence.length);
    },
  );

  it('gets the id of the event that announced each state', () => {
    const received = [
      eventWithTracking('first', 0, pendingSoFar),
      eventWithTracking('second', 2, pendingSoFar),
    ];
    const history = [historyEvent(0, pendingSoFar), historyEvent(1, unknown), historyEvent(2, pendingSoFar)];
    const published = changes({
      payout: payoutIn(pendingSoFar),
      history: history.slice(0, 1),
      received: received.slice(0, 1),
    });
    const late = changes({ payout: payoutIn(pendingSoFar), history, received, published });
    expect([...published, ...late].map(({ eventId }) => eventId)).toEqual([
      'first',
      late[0]?.eventId,
      'second',
    ]);
    expect(changes({ payout: payoutIn(pendingSoFar), history, received }).at(-1)?.eventId).toBe('second');
  });

  it('is published with its new payment after it failed without one', () => {
    const published = changes({
      paymentId: null,
      payout: { ...payoutIn(['FAILED', null]), paymentId: null },
    });
    const history = [historyEvent(1, pendingSoFar), historyEvent(2, acceptedSoFar)];
    expect(states(changes({ payout: payoutIn(acceptedSoFar), history, published }))).toEqual([
      pendingSoFar,
      acceptedSoFar,
    ]);
  });

  it('is not published again when only the history loses the tracking', () => {
    const history = [historyEvent(0, acceptedSoFar), historyEvent(1, paid), historyEvent(2, acceptedSoFar)];
    const published = changes({ payout: payoutIn(paid), history });
    expect(states(published)).toEqual([acceptedSoFar, paid]);
    expect(changes({ payout: payoutIn(accepted), history, published })).toEqual([]);
    expect(changes({ payout: undefined, history, published })).toEqual([]);
  });
});

describe('a state that is behind the last published one', () => {
  const published = changes({ payout: payoutIn(paid), history: paidHistory });
  const isDoubted = (inputs: Partial<StateChangeInputs> & Pick<StateChangeInputs, 'payout'>) =>
    isInDoubt({ intentId, paymentId, history: [], received: [], published: [], since: at(0), ...inputs });

  it('is published if it is the current state, but not from the history alone', () => {
    expect(changes({ payout: undefined, history: paidHistory.slice(0, 2), published })).toEqual([]);
    expect(
      states(changes({ payout: payoutIn(acceptedSoFar), history: paidHistory.slice(0, 2), published })),
    ).toEqual([['ACCEPTED_BY_BANK', null]]);
  });

  it('is in doubt, unless the history has it after the last published one', () => {
    expect(isDoubted({ payout: payoutIn(acceptedSoFar), published })).toBe(true);
    expect(isDoubted({ payout: payoutIn(['FAILED', null]), published })).toBe(true);
    expect(isDoubted({ payout: payoutIn(acceptedSoFar), published, history: paidHistory })).toBe(true);
    for (const history of [paidHistory.slice(0, 2), paidHistory.slice(0, 1)])
      expect(isDoubted({ payout: payoutIn(acceptedSoFar), published, history })).toBe(true);
    const returned = [...paidHistory, historyEvent(3, pending)];
    expect(isDoubted({ payout: payoutIn(['PENDING_WITH_BANK', null]), published, history: returned })).toBe(
      false,
    );
  });

  it('is in doubt if it is behind the end of the history, although nothing has been published', () => {
    expect(isDoubted({ payout: payoutIn(acceptedSoFar), history: paidHistory })).toBe(true);
    expect(isDoubted({ payout: payoutIn(['AWAITING_AUTHORIZATION', null]), history: paidHistory })).toBe(
      true,
    );
  });

  it('is not in doubt if it is new, or if it was read without the tracking or not at all', () => {
    expect(
      isDoubted({
        payout: payoutIn(acceptedSoFar),
        published: published.slice(0, 1),
        history: paidHistory.slice(0, 2),
      }),
    ).toBe(false);
    expect(isDoubted({ payout: payoutIn(paid), published, history: paidHistory.slice(0, 2) })).toBe(false);
    expect(isDoubted({ payout: payoutIn(accepted), published })).toBe(false);
    expect(isDoubted({ payout: undefined, published, history: paidHistory })).toBe(false);
  });
});

/** Wraps objects, so that the reads of their properties are counted. */
function countReads<T extends object>(objects: readonly T[]) {
  let reads = 0;
  const counted = objects.map(
    object =>
      new Proxy(object, {
        get(target, name) {
          reads += 1;
          return Reflect.get(target, name) as unknown;
        },
      }),
  );
  return { counted, reads: () => reads };
}

describe('a history of 1,000 state changes', () => {
  const count = 1000;
  /** The most reads of an object on average. To compare each with each would take more than a thousand. */
  const maxReads = 100;

  it('is matched with its events without comparing each change with each event', () => {
    const history = Array.from({ length: count }, (_, second) => ({
      ...historyEvent(1, second % 2 === 0 ? pending : acceptedSoFar),
      publishedAt: instantAt(Date.parse(at(0)) + second * 1000),
    }));
    // Two of four states are announced: one by an event without the tracking, the next by an event with it.
    const idAt = (second: number): string => (second % 4 < 2 ? `event-${String(second)}` : 'made');
    const received = countReads(
      history.flatMap(({ publishedAt }, second) => {
        if (idAt(second) === 'made') return [];
        const event =
          second % 2 === 0
            ? eventWithoutTracking(idAt(second), 0, 'PENDING_WITH_BANK')
            : eventWithTracking(idAt(second), 0, acceptedSoFar);
        return [{ ...event, publishedAt }];
      }),
    );
    const published = countReads(
      changes({
        payout: undefined,
        history: history.slice(0, count / 2),
        received: received.counted.slice(0, count / 4),
      }),
    );
    const all = [
      ...published.counted,
      ...changes({
        payout: payoutIn(acceptedSoFar),
        history,
        received: received.counted,
        published: published.counted,
      }),
    ];
    const reads = [received, published].map(each => each.reads() / each.counted.length);
    expect(Math.max(...reads)).toBeLessThan(maxReads);
    expect([published.counted.length, all.length]).toEqual([count / 2, count]);
    expect(all.filter((each, index) => each.publishedAt !== history[index]?.publishedAt)).toEqual([]);
    expect(all.filter(({ eventId }, index) => eventId.replace(/^made-.*/, 'made') !== idAt(index))).toEqual(
      [],
    );
    expect(new Set(all.map(({ eventId }) => eventId)).size).toBe(count);
  });

  it('is searched for published changes that it lacks without comparing each with each', () => {
    const published = countReads(
      changes({
        payout: undefined,
        history: Array.from({ length: count }, (_, index) => historyEvent(1, [`OLD_${String(index)}`])),
      }),
    );
    const history = Array.from({ length: count }, (_, index) => historyEvent(2, [`NEW_${String(index)}`]));
    expect(published.counted).toHaveLength(count);
    const last = changes({ payout: payoutIn(['LAST']), history, published: published.counted }).at(-1);
    expect(last?.leanStatus).toBe('LAST');
    expect(published.reads() / count).toBeLessThan(maxReads);
  });
});
