import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HistoryEvent } from '../../src/payouts/history-event.ts';
import { statusOf } from '../../src/payouts/from-lean.ts';
import { compareInstants, type Instant } from '../../src/payouts/instant.ts';
import type { Payout, PostInitiationStatus } from '../../src/payouts/payout.ts';
import type { PayoutStep, ReceivedEvent } from '../../src/payouts/payout-update.ts';
import { stepsOf, type KnownOfPayout } from '../../src/webhooks/payout-steps.ts';

const paymentId = 'b0000000-0000-4000-8000-000000000001';

/** Minutes after eight o'clock. */
function at(minute: number): Instant {
  return `2026-03-01T08:${String(minute).padStart(2, '0')}:00Z` as Instant;
}

type State = readonly [leanStatus: string, tracking?: PostInitiationStatus | null];

function payoutIn([leanStatus, tracking]: State, changes: Partial<Payout> = {}): Payout {
  return {
    paymentId,
    intentId: 'intent-1',
    amount: undefined,
    description: null,
    state: { status: statusOf(leanStatus), leanStatus },
    postInitiationStatus: tracking,
    bankTransactionReference: null,
    recipient: { name: null, accountNumber: null, iban: null, bankName: null },
    sender: null,
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
    payoutId: paymentId,
    type: minute === 0 ? 'PAYMENT_CREATED' : 'PAYMENT_UPDATED',
    status: statusOf(leanStatus),
    leanStatus,
    postInitiationStatus: tracking,
    publishedAt: at(minute),
  };
}

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

function steps(known: Partial<KnownOfPayout> & Pick<KnownOfPayout, 'payout'>): PayoutStep[] {
  return stepsOf({ paymentId, history: [], claims: [], since: at(0), ...known });
}

const states = (made: readonly PayoutStep[]) =>
  made.map(({ leanStatus, postInitiationStatus }) => [leanStatus, postInitiationStatus]);

const pending: State = ['PENDING_WITH_BANK'];
const accepted: State = ['ACCEPTED_BY_BANK'];
const paid: State = ['ACCEPTED_BY_BANK', 'PROCESSED'];
const way = [happened(0, pending), happened(1, accepted), happened(2, paid)];

describe('the steps of a payout', () => {
  it('are those of its history, oldest first, as Lean has them', () => {
    const made = steps({ payout: payoutIn(paid), history: way });
    expect(made).toEqual(
      way.map(({ type, status, leanStatus, postInitiationStatus, publishedAt }) => ({
        eventId: expect.stringMatching(/^made-[0-9a-f]{32}$/) as string,
        paymentId,
        intentId: 'intent-1',
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
    expect(states(steps({ payout: payoutIn(accepted) }))).toEqual([['ACCEPTED_BY_BANK', null]]);
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
    expect(states(steps({ payout: payoutIn(accepted), history: way.slice(0, 2), claims }))).toEqual([
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
    const other = stepsOf({
      paymentId: 'another',
      payout: payoutIn(paid),
      history: way,
      claims: [],
      since: at(0),
    });
    const ids = [first, second, third, ...other].map(step => step?.eventId);
    expect(new Set(ids).size).toBe(6);
  });
});

describe('a state that the history lacks', () => {
  it('has its time and kind from the latest event that was received of the payout', () => {
    const claims = [
      claim('early', 1, pending),
      { ...claim('late', 5, pending), type: 'PAYMENT_CREATED' as const },
    ];
    const made = steps({ payout: payoutIn(accepted, { updatedAt: at(9) }), claims });
    expect(made).toMatchObject([{ type: 'PAYMENT_CREATED', publishedAt: at(5) }]);
    expect(made[0]?.eventId).toMatch(/^made-/);
  });

  it('otherwise has the time at which Lean has changed it, that of its last event, or since when we are there', () => {
    const time = (known: Partial<KnownOfPayout> & Pick<KnownOfPayout, 'payout'>) =>
      steps({ since: at(0), ...known }).at(-1)?.publishedAt;
    expect(time({ payout: payoutIn(paid, { updatedAt: at(9) }), history: way.slice(0, 2) })).toBe(at(9));
    expect(time({ payout: payoutIn(paid), history: way.slice(0, 2) })).toBe(at(1));
    expect(time({ payout: payoutIn(paid), since: at(4) })).toBe(at(4));
  });
});

describe('the intent of a step', () => {
  it('is that of the payout, or the one that an event names where Lean’s answer does not', () => {
    const claims = [claim('without', 1, accepted), { ...claim('with', 1, pending), intentId: 'named' }];
    expect(steps({ payout: payoutIn(accepted), claims })).toMatchObject([{ intentId: 'intent-1' }]);
    const nameless = payoutIn(accepted, { intentId: undefined });
    expect(steps({ payout: nameless, claims })).toMatchObject([{ intentId: 'named' }]);
    expect(steps({ payout: nameless })).toMatchObject([{ intentId: null }]);
  });
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

it('whatever Lean has: no state comes twice, all that are told are Lean’s, in its order, the last one always', () => {
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
        const claims = claimed.map(args => claim(...args));
        const made = steps({ payout: payoutIn(now), history, claims, since: at(since) });
        const keys = states(made).map(each => JSON.stringify(each));
        const lean = [...new Set([...states(history as never), now].map(each => JSON.stringify(each)))];
        expect(new Set(keys).size).toBe(keys.length);
        expect(keys).toEqual(lean.filter(key => keys.includes(key)));
        expect(keys.at(-1)).toBe(lean.at(-1));
        expect(new Set(made.map(({ eventId }) => eventId)).size).toBe(made.length);
        for (const { publishedAt } of made.slice(0, -1))
          expect(compareInstants(publishedAt, at(since))).toBeGreaterThanOrEqual(0);
      },
    ),
  );
});
