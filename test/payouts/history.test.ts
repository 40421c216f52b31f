import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  LeanBadAnswer,
  LeanNotOffered,
  LeanOutcomeUnknown,
  LeanRefused,
} from '../../src/errors/lean-errors.ts';
import type { LeanHistory } from '../../src/lean/wire.ts';
import { eventType, historyFromLean, PayoutHistories, type PayoutIds } from '../../src/payouts/history.ts';
import { exampleIntentId, examplePayoutId, waitingIntentId } from '../../src/sandbox/fixtures.ts';
import type { RunningSandbox, SandboxOptions } from '../../src/sandbox/sandbox.ts';
import { clientTo, failureOf, gate, json, rawServer, startLean } from '../lean/fixtures.ts';

const at = (second: number): string => `2026-05-13T08:30:${String(second).padStart(2, '0')}.5Z`;

function event(second: number, status = 'ACCEPTED_BY_BANK') {
  return { event: 'payment.updated', status, published_at: at(second), post_initiation_status: null };
}

const ids: PayoutIds = { paymentId: 'p', intentId: 'i' };
const statuses = (history: LeanHistory): string[] =>
  historyFromLean(history, 'i').map(({ leanStatus }) => leanStatus);

describe('historyFromLean', () => {
  it('reads the shape of the history by intent', () => {
    const history = { content: [{ payment_id: 'p', events: [event(1)] }] };
    expect(historyFromLean(history, 'i')).toEqual([
      {
        payoutId: 'po_i',
        paymentId: 'p',
        type: 'PAYMENT_UPDATED',
        status: 'ACCEPTED_BY_BANK',
        leanStatus: 'ACCEPTED_BY_BANK',
        postInitiationStatus: null,
        publishedAt: at(1),
      },
    ]);
  });

  it('reads the shape of the history by payment, and takes the payment id from the entry', () => {
    const history = { payments: [{ payment_id: 'p', events: [{ ...event(1), payment_id: 'odd' }] }] };
    expect(historyFromLean(history, 'i')).toMatchObject([
      { payoutId: 'po_i', paymentId: 'p', publishedAt: at(1) },
    ]);
  });

  it.each(['oldest', 'newest'])('returns the oldest event first if Lean lists the %s first', order => {
    const events = [event(1, 'A'), event(2, 'B'), event(3, 'C')];
    if (order === 'newest') events.reverse();
    expect(statuses({ content: [{ payment_id: 'p', events }] })).toEqual(['A', 'B', 'C']);
  });

  it("keeps Lean's order of events of one instant, reversed if Lean lists the newest first", () => {
    const oldestFirst = [event(1, 'A'), event(2, 'B'), event(2, 'C')];
    expect(statuses({ content: [{ payment_id: 'p', events: oldestFirst }] })).toEqual(['A', 'B', 'C']);
    expect(statuses({ content: [{ payment_id: 'p', events: oldestFirst.toReversed() }] })).toEqual([
      'A',
      'B',
      'C',
    ]);
  });

  it("returns the events of all payments of the intent, each with its payment's id", () => {
    const content = [
      { payment_id: 'TWO', events: [event(3, 'C')] },
      { payment_id: 'one', events: [event(2, 'B')] },
      { payment_id: null, events: [event(1, 'A')] },
    ];
    expect(historyFromLean({ content }, 'i')).toMatchObject([
      { payoutId: 'po_i', paymentId: null, leanStatus: 'A' },
      { payoutId: 'po_i', paymentId: 'one', leanStatus: 'B' },
      { payoutId: 'po_i', paymentId: 'two', leanStatus: 'C' },
    ]);
  });

  it('sorts the events of several payments by time', () => {
    const content = [
      { payment_id: 'two', events: [event(5, 'E'), event(3, 'C')] },
      { payment_id: 'one', events: [event(4, 'D'), event(2, 'B'), event(1, 'A')] },
    ];
    expect(statuses({ content })).toEqual(['A', 'B', 'C', 'D', 'E']);
  });

  it.each([
    ['content', { content: [] }],
    ['payments', { payments: [] }],
    ['content, with payments null', { content: [], payments: null }],
    ['the events of a payment', { content: [{ payment_id: 'p', events: [] }] }],
  ])('returns no events for an empty list of %s', (_list, history) => {
    expect(historyFromLean(history, 'i')).toEqual([]);
  });

  it.each([
    {},
    { content: null },
    { content: null, payments: null },
    { content: 'x' },
    { content: {} },
    { content: [], payments: 'x' },
    { content: [null] },
    { content: ['x'] },
    { content: [[]] },
    { content: [{}] },
    { content: [{ payment_id: 'p' }] },
    { content: [{ payment_id: 'p', events: null }] },
    { content: [{ payment_id: 'p', events: {} }] },
    { payments: [{ payment_id: 'p', events: 'x' }] },
    { content: [{ payment_id: 'p', events: [null] }] },
    { content: [{ payment_id: 'p', events: [5] }] },
    { content: [{ payment_id: 'p', events: [event(1), { ...event(2), published_at: null }] }] },
    { content: [{ payment_id: 'p', events: [event(1), { ...event(2), published_at: 'soon' }] }] },
    { content: [{ payment_id: 'p', events: [event(1)] }], payments: [null] },
  ])('fails with a bad response for %j', history => {
    expect(() => historyFromLean(history as unknown as LeanHistory, 'i')).toThrow(LeanBadAnswer);
  });

  it('returns every event, sorted by time', () => {
    const seconds = fc.array(fc.array(fc.nat({ max: 59 }), { maxLength: 6 }), { maxLength: 4 });
    fc.assert(
      fc.property(seconds, payments => {
        const content = payments.map((times, index) => ({
          payment_id: `p${String(index)}`,
          events: times.map(second => event(second)),
        }));
        const times = historyFromLean({ content }, 'i').map(({ publishedAt }) => publishedAt);
        expect(times).toEqual(payments.flat().map(at).toSorted());
      }),
      { seed: 20_261_129 },
    );
  });

  it('keeps unknown statuses, and reads the text "null" as null', () => {
    const events = [
      { event: 'payment.odd', status: 'ON_HOLD', post_initiation_status: 'null', published_at: at(1) },
      { event: null, status: null, post_initiation_status: 'RETURNED', published_at: at(2) },
    ];
    expect(historyFromLean({ content: [{ payment_id: 'p', events }] }, 'i')).toMatchObject([
      { type: 'UNKNOWN', status: 'UNKNOWN', leanStatus: 'ON_HOLD', postInitiationStatus: null },
      { type: 'UNKNOWN', status: 'UNKNOWN', leanStatus: 'UNKNOWN', postInitiationStatus: 'UNKNOWN' },
    ]);
  });
});

it.each([
  ['payment.created', 'PAYMENT_CREATED'],
  ['payment.updated', 'PAYMENT_UPDATED'],
  ['payment.other', 'UNKNOWN'],
  [null, 'UNKNOWN'],
] as const)('an event named %j has the type %s', (name, type) => {
  expect(eventType(name)).toBe(type);
});

/** A Lean with 20 payouts, and a reader of their histories. */
async function startHistories(
  options: SandboxOptions & { readonly key?: 'payment_id' | 'payment_intent_id' } = {},
): Promise<{
  lean: RunningSandbox;
  histories: PayoutHistories;
  payouts: PayoutIds[];
  requestedIds: () => string[];
}> {
  const { key = 'auto', ...sandbox } = options;
  const lean = await startLean(sandbox);
  const payouts = Array.from({ length: 20 }, () => lean.payouts.add());
  return {
    lean,
    histories: new PayoutHistories(clientTo(lean.url), key),
    payouts: payouts.map(({ paymentId, intentId }) => ({ paymentId, intentId })),
    requestedIds: () => lean.requests.map(({ path }) => path.split('/')[4] ?? ''),
  };
}

const asText = (id: string | null | undefined): string => id ?? '';

describe('a history that is not that of the payout', () => {
  const other = { payment_id: 'other', events: [event(1)] };
  const own = { payment_id: 'p', events: [event(1)] };

  /** A reader before a Lean whose histories the test gives by the id in the path. */
  async function historiesOf(
    answers: Record<string, LeanHistory>,
    key: 'payment_id' | 'payment_intent_id' | 'auto',
  ) {
    const { url, received } = await rawServer((response, { target }) => {
      const answer = answers[target.split('/')[4] ?? ''];
      json(response, answer ?? { code: 'UNKNOWN_PAYMENT', message: 'No.' }, answer ? 200 : 404);
    });
    return { histories: new PayoutHistories(clientTo(url), key), received };
  }

  it.each([
    ['its intent is another one', 'payment_intent_id', { i: { intent_id: 'j', payments: [own] } }],
    [
      'its intent is another one, although it was read by the payment',
      'payment_id',
      { p: { intent_id: 'j', payments: [own] } },
    ],
    ['its payment is another one', 'payment_id', { p: { payments: [other] } }],
  ] as const)('is a bad response if %s', async (_difference, key, answers) => {
    const { histories } = await historiesOf(answers, key);
    expect(await failureOf(histories.of(ids, {}))).toBeInstanceOf(LeanBadAnswer);
  });

  it('is a bad response to a search for the owner of a payment', async () => {
    const { histories } = await historiesOf({ p: { intent_id: 'j', payments: [other] } }, 'payment_id');
    expect(await failureOf(histories.ownerOf('p', {}))).toBeInstanceOf(LeanBadAnswer);
  });

  it('is not the history that Lean gives for the id of an intent in place of that of a payment', async () => {
    const { histories } = await historiesOf({ i: { intent_id: 'i', payments: [own] } }, 'payment_id');
    expect(await histories.ownerOf('i', {})).toMatchObject({ intentId: 'i', initiatedAt: undefined });
  });

  it('does not decide which id the application expects', async () => {
    const { histories, received } = await historiesOf({ i: { content: [other] } }, 'auto');
    for (let read = 0; read < 2; read += 1) expect(await histories.of(ids, {})).toHaveLength(1);
    const read = ['p', 'i'].map(id => `/payouts/v1/payments/${id}/history`);
    expect(received.map(({ target }) => target)).toEqual([...read, ...read]);
  });
});

describe('the id in the path of the history call', () => {
  it("is the payment's first, then the intent's, and then the one that returned events", async () => {
    const { histories: auto, payouts, requestedIds } = await startHistories();
    const [first, second] = payouts;
    if (first === undefined || second === undefined) throw new Error('no payouts');
    expect(await auto.of(first, {})).toHaveLength(1);
    expect(await auto.of(second, {})).toHaveLength(1);
    expect(requestedIds()).toEqual([first.paymentId, first.intentId, second.intentId].map(asText));
  });

  it.each(['v1', 'ksa'] as const)("is the payment's from the first call on in profile %s", async profile => {
    const { histories: auto, payouts, requestedIds } = await startHistories({ profile });
    for (const payout of payouts.slice(0, 2)) expect(await auto.of(payout, {})).toHaveLength(1);
    expect(requestedIds()).toEqual(payouts.slice(0, 2).map(({ paymentId }) => asText(paymentId)));
  });

  it.each([
    ['v2', 21],
    ['v1', 20],
  ] as const)('is discovered by only one of 20 concurrent reads in profile %s', async (profile, calls) => {
    const { histories: auto, payouts, requestedIds } = await startHistories({ profile });
    const all = await Promise.all(payouts.map(payout => auto.of(payout, {})));
    for (const [index, events] of all.entries())
      expect(events.map(({ paymentId }) => paymentId)).toEqual([payouts[index]?.paymentId]);
    expect(requestedIds()).toHaveLength(calls);
  });

  it('is the configured one without a discovery', async () => {
    const byIntent = await startHistories({ key: 'payment_intent_id' });
    await Promise.all(byIntent.payouts.map(payout => byIntent.histories.of(payout, {})));
    expect(byIntent.requestedIds().toSorted()).toEqual(
      byIntent.payouts.map(({ intentId }) => asText(intentId)).toSorted(),
    );
    const byPayment = await startHistories({ key: 'payment_id' });
    expect(await byPayment.histories.of(byPayment.payouts[0] ?? ids, {})).toEqual([]);
    expect(byPayment.requestedIds()).toEqual([asText(byPayment.payouts[0]?.paymentId)]);
  });

  it("is the intent's if there is no payment yet", async () => {
    const lean = await startLean({ payouts: 2 });
    const auto = new PayoutHistories(clientTo(lean.url), 'auto');
    const events = await auto.of({ paymentId: null, intentId: waitingIntentId }, {});
    expect(events.map(({ status }) => status)).toEqual(['AWAITING_AUTHORIZATION']);
    await auto.of({ paymentId: examplePayoutId, intentId: exampleIntentId }, {});
    expect(lean.requests.map(({ path }) => path)).toEqual([
      `/payouts/v1/payments/${waitingIntentId}/history`,
      `/payouts/v1/payments/${exampleIntentId}/history`,
    ]);
  });

  it('is not discovered from a payout without events', async () => {
    const { lean, histories: auto, payouts, requestedIds } = await startHistories();
    const unknown = { paymentId: examplePayoutId, intentId: exampleIntentId };
    expect(await auto.of(unknown, {})).toEqual([]);
    const [first] = payouts;
    expect(await auto.of(first ?? unknown, {})).toHaveLength(1);
    expect(requestedIds()).toEqual([
      examplePayoutId,
      exampleIntentId,
      asText(first?.paymentId),
      asText(first?.intentId),
    ]);
    expect(lean.requests).toHaveLength(4);
  });

  it("is the intent's if Lean refuses the payment's as an invalid parameter", async () => {
    const { url, received } = await rawServer((response, { target }) => {
      if (target.includes('/p/')) json(response, { status: 'INVALID_PARAMETERS' }, 400);
      else json(response, { content: [{ payment_id: 'p', events: [event(1)] }] });
    });
    const auto = new PayoutHistories(clientTo(url), 'auto');
    expect(await auto.of(ids, {})).toHaveLength(1);
    expect(await auto.of(ids, {})).toHaveLength(1);
    expect(received.map(({ target }) => target.split('/')[4])).toEqual(['p', 'i', 'i']);
  });

  it('leads to the error for the payment’s id if the intent’s id returns no events', async () => {
    const { url } = await rawServer((response, { target }) => {
      if (target.includes('/p/')) json(response, { status: 'INVALID_PARAMETERS' }, 400);
      else json(response, { content: [] });
    });
    const failure = await failureOf(new PayoutHistories(clientTo(url), 'auto').of(ids, {}));
    expect(failure).toBeInstanceOf(LeanRefused);
  });

  it.each([401, 429, 500])('is not discovered further after Lean’s status %i', async status => {
    const { lean, histories: auto, payouts, requestedIds } = await startHistories();
    lean.faults.add({ kind: 'status', status });
    expect(await failureOf(auto.of(payouts[0] ?? ids, {}))).toMatchObject({
      details: { httpStatus: status },
    });
    expect(new Set(requestedIds())).toEqual(new Set([asText(payouts[0]?.paymentId)]));
  });

  it('is discovered by each waiting read if the first read fails', async () => {
    const { lean, histories: auto, payouts } = await startHistories();
    lean.faults.add({ kind: 'drop_before', times: 3 });
    const [first, ...rest] = payouts.map(payout => auto.of(payout, {}));
    expect(await failureOf(first ?? Promise.resolve())).toBeInstanceOf(LeanOutcomeUnknown);
    for (const events of await Promise.all(rest)) expect(events).toHaveLength(1);
  });

  it('is discovered by the waiting reads if the first read is cancelled', async () => {
    const arrived = gate();
    const { url } = await rawServer((response, { target }) => {
      if (target.includes('/first/')) arrived.open();
      else json(response, { payments: [{ payment_id: 'p', events: [event(1)] }] });
    });
    const auto = new PayoutHistories(clientTo(url), 'auto');
    const abort = new AbortController();
    const first = failureOf(auto.of({ paymentId: 'first', intentId: 'i' }, { signal: abort.signal }));
    const second = auto.of(ids, {});
    await arrived.opened;
    abort.abort(new Error('gone'));
    expect(await first).toMatchObject({ message: 'gone' });
    expect(await second).toHaveLength(1);
  });
});

describe('the owner of a payment', () => {
  it.each(['v1', 'ksa'] as const)('is the intent that its history names in profile %s', async profile => {
    const { histories: auto, payouts, requestedIds } = await startHistories({ profile });
    const [payout] = payouts;
    const owner = await auto.ownerOf(asText(payout?.paymentId), {});
    expect(owner).toMatchObject({ intentId: payout?.intentId });
    expect(owner?.initiatedAt).not.toBeNull();
    expect(requestedIds()).toHaveLength(1);
  });

  it('is null if Lean does not know the payment', async () => {
    const { histories: auto } = await startHistories({ profile: 'v1' });
    expect(await auto.ownerOf(examplePayoutId, {})).toBeNull();
  });

  it.each([{}, { intent_id: null, payments: [] }, { content: [] }])(
    'fails with LeanNotOffered if the history is %j',
    async history => {
      const { url } = await rawServer(response => json(response, history));
      const failure = await failureOf(new PayoutHistories(clientTo(url), 'auto').ownerOf('p', {}));
      expect(failure).toBeInstanceOf(LeanNotOffered);
    },
  );

  it('has a lower-case intent id, and no time if the history has none', async () => {
    const { url } = await rawServer(response => json(response, { intent_id: 'I', payments: null }));
    const auto = new PayoutHistories(clientTo(url), 'auto');
    expect(await auto.ownerOf('p', {})).toEqual({
      intentId: 'i',
      customerId: undefined,
      initiatedAt: undefined,
    });
  });
});

describe('a read of a history', () => {
  it('returns no events if Lean does not know the payout', async () => {
    const { histories: auto } = await startHistories();
    expect(await auto.of({ paymentId: examplePayoutId, intentId: exampleIntentId }, {})).toEqual([]);
  });

  it('returns no events, without a Lean call, if the payout lacks the id that Lean expects', async () => {
    const { lean, histories: byPayment } = await startHistories({ key: 'payment_id' });
    expect(await byPayment.of({ paymentId: null, intentId: exampleIntentId }, {})).toEqual([]);
    expect(lean.requests).toEqual([]);
  });
});
