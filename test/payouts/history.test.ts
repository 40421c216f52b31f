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
import { exampleIntentId, examplePayoutId, waitingIntentId } from '../../src/sandbox/named.ts';
import type { RunningSandbox, SandboxOptions } from '../../src/sandbox/sandbox.ts';
import { clientTo, failureOf, gate, json, rawServer, startLean } from '../lean/wiring.ts';

const at = (second: number): string => `2026-05-13T08:30:${String(second).padStart(2, '0')}.5Z`;

function event(second: number, status = 'ACCEPTED_BY_BANK') {
  return { event: 'payment.updated', status, published_at: at(second), post_initiation_status: null };
}

const ids: PayoutIds = { paymentId: 'p', intentId: 'i' };
const statuses = (history: LeanHistory): string[] =>
  historyFromLean(history, 'i').map(({ leanStatus }) => leanStatus);

describe('historyFromLean', () => {
  it('reads the shape by intent', () => {
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

  it('reads the shape by payment, where an event may name another payment than its entry', () => {
    const history = { payments: [{ payment_id: 'p', events: [{ ...event(1), payment_id: 'odd' }] }] };
    expect(historyFromLean(history, 'i')).toMatchObject([
      { payoutId: 'po_i', paymentId: 'p', publishedAt: at(1) },
    ]);
  });

  it.each(['oldest', 'newest'])('is oldest first, though Lean gives the %s first', order => {
    const events = [event(1, 'A'), event(2, 'B'), event(3, 'C')];
    if (order === 'newest') events.reverse();
    expect(statuses({ content: [{ payment_id: 'p', events }] })).toEqual(['A', 'B', 'C']);
  });

  it("keeps Lean's order, by its direction, among events of one instant", () => {
    const oldestFirst = [event(1, 'A'), event(2, 'B'), event(2, 'C')];
    expect(statuses({ content: [{ payment_id: 'p', events: oldestFirst }] })).toEqual(['A', 'B', 'C']);
    expect(statuses({ content: [{ payment_id: 'p', events: oldestFirst.toReversed() }] })).toEqual([
      'A',
      'B',
      'C',
    ]);
  });

  it("holds the events of all of its intent's payments, each with its payment's id", () => {
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

  it('is in order of time where the events of its payments overlap', () => {
    const content = [
      { payment_id: 'two', events: [event(5, 'E'), event(3, 'C')] },
      { payment_id: 'one', events: [event(4, 'D'), event(2, 'B'), event(1, 'A')] },
    ];
    expect(statuses({ content })).toEqual(['A', 'B', 'C', 'D', 'E']);
  });

  it.each([
    ['content', { content: [] }],
    ['payments', { payments: [] }],
    ['content beside null', { content: [], payments: null }],
    ['a payment without any', { content: [{ payment_id: 'p', events: [] }] }],
  ])('has no events with an empty list: %s', (_what, history) => {
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
  ])('of %j is a bad answer', odd => {
    expect(() => historyFromLean(odd as unknown as LeanHistory, 'i')).toThrow(LeanBadAnswer);
  });

  it('is never in another order than that of time, and loses no event', () => {
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

  it('carries words that are not known, and takes the text null for a null', () => {
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
] as const)('an event %j is %s', (word, type) => {
  expect(eventType(word)).toBe(type);
});

/** A Lean with payouts of its own, and the histories of it. */
async function histories(
  options: SandboxOptions & { readonly key?: 'payment_id' | 'payment_intent_id' } = {},
): Promise<{
  lean: RunningSandbox;
  histories: PayoutHistories;
  payouts: PayoutIds[];
  asked: () => string[];
}> {
  const { key = 'auto', ...sandbox } = options;
  const lean = await startLean(sandbox);
  const payouts = Array.from({ length: 20 }, () => lean.payouts.add());
  return {
    lean,
    histories: new PayoutHistories(clientTo(lean.url), key),
    payouts: payouts.map(({ paymentId, intentId }) => ({ paymentId, intentId })),
    asked: () => lean.requests.map(({ path }) => path.split('/')[4] ?? ''),
  };
}

const asText = (id: string | null | undefined): string => id ?? '';

describe('which id Lean wants', () => {
  it("is found out by asking: the payment's first, then the intent's, then the one that told", async () => {
    const { histories: auto, payouts, asked } = await histories();
    const [first, second] = payouts;
    if (first === undefined || second === undefined) throw new Error('no payouts');
    expect(await auto.of(first, {})).toHaveLength(1);
    expect(await auto.of(second, {})).toHaveLength(1);
    expect(asked()).toEqual([first.paymentId, first.intentId, second.intentId].map(asText));
  });

  it.each(['v1', 'ksa'] as const)("is the payment's with the first call in %s", async profile => {
    const { histories: auto, payouts, asked } = await histories({ profile });
    for (const payout of payouts.slice(0, 2)) expect(await auto.of(payout, {})).toHaveLength(1);
    expect(asked()).toEqual(payouts.slice(0, 2).map(({ paymentId }) => asText(paymentId)));
  });

  it.each([
    ['v2', 21],
    ['v1', 20],
  ] as const)('is found out once by 20 at a time (%s)', async (profile, calls) => {
    const { histories: auto, payouts, asked } = await histories({ profile });
    const all = await Promise.all(payouts.map(payout => auto.of(payout, {})));
    for (const [index, events] of all.entries())
      expect(events.map(({ paymentId }) => paymentId)).toEqual([payouts[index]?.paymentId]);
    expect(asked()).toHaveLength(calls);
  });

  it('is not asked about when it was told', async () => {
    const told = await histories({ key: 'payment_intent_id' });
    await Promise.all(told.payouts.map(payout => told.histories.of(payout, {})));
    expect(told.asked().toSorted()).toEqual(told.payouts.map(({ intentId }) => asText(intentId)).toSorted());
    const other = await histories({ key: 'payment_id' });
    expect(await other.histories.of(other.payouts[0] ?? ids, {})).toEqual([]);
    expect(other.asked()).toEqual([asText(other.payouts[0]?.paymentId)]);
  });

  it("is the intent's where there is no payment yet", async () => {
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

  it('is not learnt from a payout that has no events', async () => {
    const { lean, histories: auto, payouts, asked } = await histories();
    const unknown = { paymentId: examplePayoutId, intentId: exampleIntentId };
    expect(await auto.of(unknown, {})).toEqual([]);
    const [first] = payouts;
    expect(await auto.of(first ?? unknown, {})).toHaveLength(1);
    expect(asked()).toEqual([
      examplePayoutId,
      exampleIntentId,
      asText(first?.paymentId),
      asText(first?.intentId),
    ]);
    expect(lean.requests).toHaveLength(4);
  });

  it("is the intent's when the payment's is refused as a bad parameter", async () => {
    const { url, heard } = await rawServer((response, { target }) => {
      if (target.includes('/p/')) json(response, { status: 'INVALID_PARAMETERS' }, 400);
      else json(response, { content: [{ payment_id: 'p', events: [event(1)] }] });
    });
    const auto = new PayoutHistories(clientTo(url), 'auto');
    expect(await auto.of(ids, {})).toHaveLength(1);
    expect(await auto.of(ids, {})).toHaveLength(1);
    expect(heard.map(({ target }) => target.split('/')[4])).toEqual(['p', 'i', 'i']);
  });

  it('leaves the refusal standing when neither id brings events', async () => {
    const { url } = await rawServer((response, { target }) => {
      if (target.includes('/p/')) json(response, { status: 'INVALID_PARAMETERS' }, 400);
      else json(response, { content: [] });
    });
    const failure = await failureOf(new PayoutHistories(clientTo(url), 'auto').of(ids, {}));
    expect(failure).toBeInstanceOf(LeanRefused);
  });

  it.each([401, 429, 500])('is not looked for further when Lean answers %i', async status => {
    const { lean, histories: auto, payouts, asked } = await histories();
    lean.faults.add({ kind: 'status', status });
    expect(await failureOf(auto.of(payouts[0] ?? ids, {}))).toMatchObject({
      details: { httpStatus: status },
    });
    expect(new Set(asked())).toEqual(new Set([asText(payouts[0]?.paymentId)]));
  });

  it('is looked for by each of those who waited, when the first could not find out', async () => {
    const { lean, histories: auto, payouts } = await histories();
    lean.faults.add({ kind: 'drop_before', times: 3 });
    const [first, ...rest] = payouts.map(payout => auto.of(payout, {}));
    expect(await failureOf(first ?? Promise.resolve())).toBeInstanceOf(LeanOutcomeUnknown);
    for (const events of await Promise.all(rest)) expect(events).toHaveLength(1);
  });

  it('does not fail the others when the first leaves', async () => {
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
  it.each(['v1', 'ksa'] as const)('is the intent that its history names in %s', async profile => {
    const { histories: auto, payouts, asked } = await histories({ profile });
    const [payout] = payouts;
    const owner = await auto.ownerOf(asText(payout?.paymentId), {});
    expect(owner).toMatchObject({ intentId: payout?.intentId });
    expect(owner?.initiatedAt).not.toBeNull();
    expect(asked()).toHaveLength(1);
  });

  it('is null where Lean does not know the payment', async () => {
    const { histories: auto } = await histories({ profile: 'v1' });
    expect(await auto.ownerOf(examplePayoutId, {})).toBeNull();
  });

  it.each([{}, { intent_id: null, payments: [] }, { content: [] }])(
    'is not offered where the history is %j',
    async history => {
      const { url } = await rawServer(response => json(response, history));
      const failure = await failureOf(new PayoutHistories(clientTo(url), 'auto').ownerOf('p', {}));
      expect(failure).toBeInstanceOf(LeanNotOffered);
    },
  );

  it('has small letters, and may be without a time', async () => {
    const { url } = await rawServer(response => json(response, { intent_id: 'I', payments: null }));
    const histories = new PayoutHistories(clientTo(url), 'auto');
    expect(await histories.ownerOf('p', {})).toEqual({
      intentId: 'i',
      customerId: undefined,
      initiatedAt: undefined,
    });
  });
});

describe('no events', () => {
  it('are none where Lean knows nothing of the payout', async () => {
    const { histories: auto } = await histories();
    expect(await auto.of({ paymentId: examplePayoutId, intentId: exampleIntentId }, {})).toEqual([]);
  });

  it('are none, and cost nothing, where the id that Lean wants is not known', async () => {
    const { lean, histories: byPayment } = await histories({ key: 'payment_id' });
    expect(await byPayment.of({ paymentId: null, intentId: exampleIntentId }, {})).toEqual([]);
    expect(lean.requests).toEqual([]);
  });
});
