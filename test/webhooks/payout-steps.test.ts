import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HistoryEvent } from '../../src/payouts/history-event.ts';
import { statusOf } from '../../src/payouts/from-lean.ts';
import { payoutIdOf } from '../../src/payouts/values/ids.ts';
import { compareInstants, type Instant } from '../../src/payouts/values/instant.ts';
import { unknownParty, type Payout, type PostInitiationStatus } from '../../src/payouts/payout.ts';
import type { PayoutStep, ReceivedEvent } from '../../src/payouts/payout-update.ts';
import { isDoubtful, stepsOf, type KnownOfPayout } from '../../src/webhooks/payout-steps.ts';

const paymentId = 'b0000000-0000-4000-8000-000000000001';
const intentId = 'c0000000-0000-4000-8000-000000000001';

/** Minutes after eight o'clock. */
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

function happened(minute: number, [leanStatus, tracking = null]: State): HistoryEvent {
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

/** An event that says how the tracking stands. */
function claim(eventId: string, minute: number, [leanStatus, tracking = null]: State): ReceivedEvent {
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

/** One that says nothing of it. */
function vague(eventId: string, minute: number, leanStatus: string): ReceivedEvent {
  return { ...claim(eventId, minute, [leanStatus]), postInitiationStatus: undefined };
}

function steps(known: Partial<KnownOfPayout> & Pick<KnownOfPayout, 'payout'>): PayoutStep[] {
  return stepsOf({ intentId, paymentId, history: [], claims: [], told: [], since: at(0), ...known });
}

const states = (made: readonly PayoutStep[]) =>
  made.map(({ leanStatus, postInitiationStatus }) => [leanStatus, postInitiationStatus]);

const pending: State = ['PENDING_WITH_BANK'];
const accepted: State = ['ACCEPTED_BY_BANK'];
const acceptedSoFar: State = ['ACCEPTED_BY_BANK', null];
const paid: State = ['ACCEPTED_BY_BANK', 'PROCESSED'];
const way = [happened(0, pending), happened(1, accepted), happened(2, paid)];

describe('the steps of a payout', () => {
  it('are those of its history, oldest first, as Lean has them', () => {
    const made = steps({ payout: payoutIn(paid), history: way });
    expect(made).toStrictEqual(
      way.map(({ type, status, leanStatus, postInitiationStatus, publishedAt }) => ({
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

  it('end with the state that it is in, which its history lacks', () => {
    const updatedAt = at(7);
    const made = steps({ payout: payoutIn(paid, { updatedAt }), history: way.slice(0, 2) });
    expect(made).toHaveLength(3);
    expect(made[2]).toMatchObject({
      type: 'PAYMENT_UPDATED',
      status: 'ACCEPTED_BY_BANK',
      leanStatus: 'ACCEPTED_BY_BANK',
      postInitiationStatus: 'PROCESSED',
      publishedAt: updatedAt,
    });
  });

  it('are that state alone where there is no history', () => {
    expect(states(steps({ payout: payoutIn(accepted) }))).toEqual([['ACCEPTED_BY_BANK', undefined]]);
  });

  it('are not those that have been told', () => {
    const told = steps({ payout: payoutIn(accepted), history: way.slice(0, 2) });
    expect(states(steps({ payout: payoutIn(paid), history: way, told }))).toEqual([
      ['ACCEPTED_BY_BANK', 'PROCESSED'],
    ]);
  });

  it('say nothing of the tracking where Lean does not', () => {
    expect(states(steps({ payout: undefined, history: way }))).toEqual([
      ['PENDING_WITH_BANK', undefined],
      ['ACCEPTED_BY_BANK', undefined],
      ['ACCEPTED_BY_BANK', 'PROCESSED'],
    ]);
  });

  it('are those of its history alone where its state is not known', () => {
    const payout = { ...payoutIn(paid), state: undefined };
    expect(states(steps({ payout, history: way }))).toHaveLength(3);
    expect(steps({ payout })).toEqual([]);
    const wordless = { ...payoutIn(paid), state: { status: 'UNKNOWN', leanStatus: null } } as const;
    expect(steps({ payout: wordless })).toEqual([]);
  });

  it('take Lean’s words for what it will have a name for tomorrow', () => {
    expect(steps({ payout: payoutIn(['ON_THE_MOON']) })).toMatchObject([
      { status: 'UNKNOWN', leanStatus: 'ON_THE_MOON' },
    ]);
  });

  it('are each there once, however often the history repeats them', () => {
    const history = [
      happened(0, pending),
      happened(1, pending),
      happened(2, accepted),
      happened(3, accepted),
    ];
    const made = steps({ payout: payoutIn(accepted), history });
    expect(made.map(({ publishedAt }) => publishedAt)).toEqual([at(0), at(2)]);
  });

  it('are not those that an event claims and Lean does not have', () => {
    const claims = [claim('lie', 3, ['FAILED']), claim('another', 4, paid)];
    expect(states(steps({ payout: payoutIn(acceptedSoFar), history: way.slice(0, 2), claims }))).toEqual([
      ['PENDING_WITH_BANK', null],
      ['ACCEPTED_BY_BANK', null],
    ]);
  });
});

describe('the id of a step', () => {
  it('is that of the event that announced this very state', () => {
    const claims = [claim('of paid', 2, paid), claim('of accepted', 1, accepted)];
    const ids = steps({ payout: payoutIn(paid), history: way, claims }).map(({ eventId }) => eventId);
    expect(ids).toEqual([expect.stringMatching(/^made-/), 'of accepted', 'of paid']);
  });

  it('is made of the payout and the state where none did: the same everywhere, and no other step’s', () => {
    const [first, second, third] = steps({ payout: payoutIn(paid), history: way });
    const elsewhere = steps({ payout: payoutIn(paid), since: at(30), claims: [claim('x', 3, pending)] });
    expect(elsewhere.map(({ eventId }) => eventId)).toEqual([third?.eventId]);
    const other = steps({ intentId: 'another', payout: payoutIn(paid), history: way });
    const ids = [first, second, third, ...other].map(step => step?.eventId);
    expect(new Set(ids).size).toBe(6);
  });
});

describe('an event that says nothing of the tracking', () => {
  const idsOf = (known: Partial<KnownOfPayout> & Pick<KnownOfPayout, 'payout'>) =>
    steps(known).map(({ eventId }) => eventId);
  const made = expect.stringMatching(/^made-/) as string;

  it('announces the step of its status that is nearest in time', () => {
    const claims = [vague('paid', 2, 'ACCEPTED_BY_BANK'), vague('accepted', 1, 'ACCEPTED_BY_BANK')];
    expect(idsOf({ payout: payoutIn(paid), history: way, claims })).toEqual([made, 'accepted', 'paid']);
    expect(idsOf({ payout: payoutIn(paid), history: way, claims: claims.slice(0, 1) })).toEqual([
      made,
      made,
      'paid',
    ]);
  });

  it('announces the state that the payout has come to, which the history lacks, with its kind and time', () => {
    const claims = [vague('accepted', 1, 'ACCEPTED_BY_BANK'), vague('paid', 5, 'ACCEPTED_BY_BANK')];
    const known = { payout: payoutIn(paid, { updatedAt: at(9) }), history: way.slice(0, 2), claims };
    expect(steps(known).at(-1)).toMatchObject({ eventId: 'paid', publishedAt: at(5) });
    expect(idsOf(known)).toEqual([made, 'accepted', 'paid']);
  });

  it('announces what comes next, when it is received after what has been told', () => {
    const told = steps({
      payout: payoutIn(acceptedSoFar),
      history: way.slice(0, 2),
      claims: [vague('pending', 0, 'PENDING_WITH_BANK'), vague('accepted', 1, 'ACCEPTED_BY_BANK')],
    });
    expect(told.map(({ eventId }) => eventId)).toEqual(['pending', 'accepted']);
    const claims = [vague('accepted', 1, 'ACCEPTED_BY_BANK'), vague('paid', 2, 'ACCEPTED_BY_BANK')];
    expect(idsOf({ payout: payoutIn(paid), history: way, claims, told })).toEqual(['paid']);
  });

  it('gives way to one that says it', () => {
    const claims = [vague('vague', 2, 'ACCEPTED_BY_BANK'), claim('exact', 3, paid)];
    expect(idsOf({ payout: payoutIn(paid), claims })).toEqual(['exact']);
  });

  it('announces no step of another status', () => {
    const claims = [vague('failed', 2, 'FAILED')];
    expect(idsOf({ payout: payoutIn(paid), claims })).toEqual([made]);
  });

  it('that announces a step is not the same as one that says that the tracking has not ended', () => {
    const claims = [claim('not ended', 2, accepted)];
    expect(idsOf({ payout: payoutIn(paid), claims })).toEqual([made]);
    expect(idsOf({ payout: payoutIn(acceptedSoFar), claims })).toEqual(['not ended']);
  });
});

it('a state that the history lacks and no event announces has the time at which Lean has changed it, else a near one', () => {
  const time = (known: Partial<KnownOfPayout> & Pick<KnownOfPayout, 'payout'>) =>
    steps({ since: at(0), ...known }).at(-1)?.publishedAt;
  const claims = [claim('early', 1, pending), claim('late', 5, pending)];
  const changed = payoutIn(accepted, { updatedAt: at(9), createdAt: at(8) });
  expect(time({ payout: changed, history: way.slice(0, 1), claims })).toBe(at(9));
  expect(time({ payout: payoutIn(accepted, { createdAt: at(8) }), claims })).toBe(at(8));
  expect(time({ payout: payoutIn(accepted), claims })).toBe(at(5));
  expect(time({ payout: payoutIn(paid), history: way.slice(0, 2) })).toBe(at(1));
  expect(time({ payout: payoutIn(paid), since: at(4) })).toBe(at(4));
});

it('another payment of the intent makes its own steps of the same payout', () => {
  const failed: State = ['FAILED', null];
  const told = steps({ payout: payoutIn(failed) });
  const again = { ...payoutIn(failed), paymentId: 'second' };
  expect(steps({ payout: again, paymentId: 'second', told })).toMatchObject([
    { intentId, paymentId: 'second', leanStatus: 'FAILED' },
  ]);
  expect(steps({ payout: { ...again, paymentId: null }, paymentId: null, told })).toEqual([]);
});

describe('steps from before this gateway was there', () => {
  it('are left out', () => {
    expect(states(steps({ payout: payoutIn(paid), history: way, since: at(1) }))).toEqual([
      ['ACCEPTED_BY_BANK', null],
      ['ACCEPTED_BY_BANK', 'PROCESSED'],
    ]);
  });

  it('are left out but for the state that the payout is in', () => {
    expect(states(steps({ payout: payoutIn(paid), history: way, since: at(30) }))).toEqual([
      ['ACCEPTED_BY_BANK', 'PROCESSED'],
    ]);
  });
});

it('whatever Lean has: no state comes twice in a row, all that are told are Lean’s, in its order, the last one always', () => {
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
      (now, before, claimed, since) => {
        const history = before
          .map(([time, each]) => happened(time, each))
          .toSorted((a, b) => compareInstants(a.publishedAt, b.publishedAt));
        const claims = claimed.map(([eventId, time, [status, tracking]], index) =>
          index % 2 === 0 ? claim(eventId, time, [status, tracking]) : vague(eventId, time, status),
        );
        const made = steps({ payout: payoutIn(now), history, claims, since: at(since) });
        const keys = states(made).map(each => JSON.stringify(each));
        const lean = [...states(history as never), now].map(each => JSON.stringify(each));
        let place = -1;
        for (const [index, key] of keys.entries()) {
          expect(key).not.toBe(keys[index - 1]);
          place = lean.indexOf(key, place + 1);
          expect(place).not.toBe(-1);
        }
        expect(keys.at(-1)).toBe(JSON.stringify(now));
        expect(new Set(made.map(({ eventId }) => eventId)).size).toBe(made.length);
        for (const { publishedAt } of made.slice(0, -1))
          expect(compareInstants(publishedAt, at(since))).toBeGreaterThanOrEqual(0);
      },
    ),
  );
});

describe('a payout that goes back and forth', () => {
  const noAuthorisation: State = ['AUTHORISATION_FAILED', null];
  const soFar: State = ['PENDING_WITH_BANK', null];
  const unknown: State = ['ON_THE_MOON', null];
  const rejected: State = ['ACCEPTED_BY_BANK', 'REJECTED'];
  const lives = [
    [noAuthorisation, soFar, acceptedSoFar],
    [soFar, unknown, soFar],
    [acceptedSoFar, paid, rejected, paid, rejected],
  ];

  it.each(lives.map(life => [life]))('is told of as it goes, whenever it is looked at (%j)', life => {
    for (let looks = 0; looks < 2 ** life.length; looks += 1) {
      const told: PayoutStep[] = [];
      for (const [index, now] of life.entries())
        if (index === life.length - 1 || (looks >> index) % 2 === 1) {
          const history = life.slice(0, index + 1).map((each, minute) => happened(minute, each));
          told.push(...steps({ payout: payoutIn(now), history, told }));
          expect(states(told)).toEqual(life.slice(0, index + 1));
        }
      expect(new Set(told.map(({ eventId }) => eventId)).size).toBe(life.length);
    }
  });

  it.each(lives.map(life => [life]))('is told of as it was seen where there is no history (%j)', life => {
    const told: PayoutStep[] = [];
    for (const now of life) told.push(...steps({ payout: payoutIn(now), told }));
    expect(states(told)).toEqual(life);
    expect(new Set(told.map(({ eventId }) => eventId)).size).toBe(life.length);
  });

  it('is told of by the event that announced each of its states', () => {
    const claims = [claim('first', 0, soFar), claim('second', 2, soFar)];
    const history = [happened(0, soFar), happened(1, unknown), happened(2, soFar)];
    const told = steps({ payout: payoutIn(soFar), history: history.slice(0, 1), claims: claims.slice(0, 1) });
    const late = steps({ payout: payoutIn(soFar), history, claims, told });
    expect([...told, ...late].map(({ eventId }) => eventId)).toEqual(['first', late[0]?.eventId, 'second']);
    expect(steps({ payout: payoutIn(soFar), history, claims }).at(-1)?.eventId).toBe('second');
  });

  it('and has failed without a payment makes a new one', () => {
    const told = steps({ paymentId: null, payout: { ...payoutIn(['FAILED', null]), paymentId: null } });
    const history = [happened(1, soFar), happened(2, acceptedSoFar)];
    expect(states(steps({ payout: payoutIn(acceptedSoFar), history, told }))).toEqual([soFar, acceptedSoFar]);
  });

  it('does so by what is said of the tracking alone', () => {
    const history = [happened(0, acceptedSoFar), happened(1, paid), happened(2, acceptedSoFar)];
    const told = steps({ payout: payoutIn(paid), history });
    expect(states(told)).toEqual([acceptedSoFar, paid]);
    expect(steps({ payout: payoutIn(accepted), history, told })).toEqual([]);
    expect(steps({ payout: undefined, history, told })).toEqual([]);
  });
});

describe('what is behind the last step that was told', () => {
  const told = steps({ payout: payoutIn(paid), history: way });

  it('is told where it is the state that Lean has, and no history is', () => {
    expect(steps({ payout: undefined, history: way.slice(0, 2), told })).toEqual([]);
    expect(states(steps({ payout: payoutIn(acceptedSoFar), history: way.slice(0, 2), told }))).toEqual([
      ['ACCEPTED_BY_BANK', null],
    ]);
  });

  it('is to be read again first, unless the history ends with it', () => {
    const doubtful = (known: Partial<KnownOfPayout> & Pick<KnownOfPayout, 'payout'>) =>
      isDoubtful({ intentId, paymentId, history: [], claims: [], told: [], since: at(0), ...known });
    expect(doubtful({ payout: payoutIn(acceptedSoFar), told })).toBe(true);
    expect(doubtful({ payout: payoutIn(['FAILED', null]), told })).toBe(true);
    expect(doubtful({ payout: payoutIn(acceptedSoFar), told, history: way })).toBe(true);
    expect(doubtful({ payout: payoutIn(acceptedSoFar), told, history: way.slice(0, 2) })).toBe(true);
    expect(
      doubtful({ payout: payoutIn(acceptedSoFar), told: told.slice(0, 1), history: way.slice(0, 2) }),
    ).toBe(false);
    expect(doubtful({ payout: payoutIn(acceptedSoFar), history: way })).toBe(true);
    expect(doubtful({ payout: payoutIn(paid), told, history: way.slice(0, 2) })).toBe(false);
    expect(doubtful({ payout: payoutIn(accepted), told })).toBe(false);
    expect(doubtful({ payout: undefined, told, history: way })).toBe(false);
  });
});
