import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Decimal } from '../../src/payouts/decimal.ts';
import type { PayoutRequest } from '../../src/payouts/payout-record.ts';
import type { Transfer } from '../../src/payouts/transfer.ts';
import { destinations } from '../../src/sandbox/named.ts';
import { json, later, rawServer, startLean } from '../lean/wiring.ts';
import { creatingAt, transfer } from '../support/creating.ts';
import { freshStore, opened } from '../support/stores.ts';

const sentAt = Date.parse('2026-03-01T12:00:00Z');

/** A request that was sent once, and whose answer was lost. */
function lostRequest(...transfers: readonly Transfer[]): PayoutRequest {
  return {
    caller: '',
    idempotencyKey: 'key-1',
    fingerprint: '',
    leanWord: null,
    records: transfers.map((each, position) => ({
      position,
      transfer: each,
      state: 'unknown',
      intentId: null,
      paymentId: null,
      answer: null,
    })),
    underWay: false,
    attempts: 1,
    createdAt: sentAt,
    firstSentAt: sentAt,
    lastSentAt: sentAt,
    changedAt: sentAt,
    checks: 0,
    nextCheckAt: null,
  };
}

async function searching(url: string) {
  const { lost } = creatingAt(url, opened(await freshStore('SQLite')));
  return (...transfers: readonly Transfer[]) => lost.find(lostRequest(...transfers), { deadline: later() });
}

const ours = { amount: '16.5', destinationId: destinations.pays, externalReference: 'order-1' };

describe('a lost payout', () => {
  it('is found on whichever page of Lean’s list it is', async () => {
    const lean = await startLean({ clock: () => sentAt + 1000 });
    for (let index = 0; index < 250; index += 1)
      lean.payouts.add({ ...ours, externalReference: `other-${String(index)}` });
    const { intentId } = lean.payouts.add({ ...ours, createdAt: '2026-03-01T12:00:00.5Z' });
    const find = await searching(lean.url);
    expect(await find(transfer())).toMatchObject({ found: [{ intentId, transferIndex: 0 }], rest: 'absent' });
  });

  it.each(['2026-03-01T11:00:01Z', '2026-03-01T12:59:59Z'])(
    'is found although Lean’s clock said %s',
    async createdAt => {
      const lean = await startLean({ clock: () => sentAt + 4_000_000 });
      const { intentId } = lean.payouts.add({ ...ours, createdAt });
      expect(await (await searching(lean.url))(transfer())).toMatchObject({ found: [{ intentId }] });
    },
  );

  it.each([
    ['another reference', { externalReference: 'order-2' }],
    ['another amount', { amount: '16.51' }],
    ['another destination', { destinationId: destinations.staysPending }],
    ['another time', { createdAt: '2026-03-01T09:00:00Z' }],
  ])('is not taken for one with %s', async (_what, change) => {
    const lean = await startLean({ clock: () => sentAt + 1000 });
    lean.payouts.add({ ...ours, ...change });
    expect(await (await searching(lean.url))(transfer())).toEqual({ found: [], rest: 'absent' });
  });

  it('has the state that Lean’s list gives as long as there is no payment', async () => {
    const lean = await startLean({ clock: () => sentAt + 1000 });
    lean.payouts.add({ ...ours, status: 'AWAITING_AUTHORIZATION' });
    expect(await (await searching(lean.url))(transfer())).toMatchObject({
      found: [
        {
          payoutId: expect.stringMatching(/^intent:/) as string,
          state: { status: 'AWAITING_AUTHORIZATION' },
        },
      ],
    });
  });

  it('of two that are alike has one of Lean’s payouts each', async () => {
    const lean = await startLean({ clock: () => sentAt + 1000 });
    const ids = [lean.payouts.add(ours).intentId, lean.payouts.add(ours).intentId];
    const { found } = await (await searching(lean.url))(transfer(), transfer(), transfer());
    expect(found.map(({ transferIndex }) => transferIndex)).toEqual([0, 1]);
    expect(new Set(found.map(({ intentId }) => intentId))).toEqual(new Set(ids));
  });
});

describe('it is unclear whether Lean has a lost payout', () => {
  it('when one is like it in all but a reference that is not there', async () => {
    const lean = await startLean({ clock: () => sentAt + 1000 });
    lean.payouts.add({ ...ours, externalReference: null, description: 'INV 001' });
    const find = await searching(lean.url);
    expect(await find(transfer())).toEqual({ found: [], rest: 'unclear' });
    expect(await find(transfer(undefined, { description: 'INV 002' }))).toEqual({
      found: [],
      rest: 'absent',
    });
  });

  it.each([
    ['names no intent', { payment_intent_id: null }, 200],
    ['names an intent that Lean does not know', {}, 404],
  ])('when a row %s', async (_what, change, status) => {
    const row = { payment_id: 'p', payment_intent_id: 'i', amount: 16.5, currency: 'AED', status: 'CREATED' };
    const { url } = await rawServer((response, { target }) =>
      target.includes('/intents/')
        ? json(response, {}, status)
        : json(response, { content: [{ ...row, ...change }], page: { total_elements: 1 } }),
    );
    expect(await (await searching(url))(transfer())).toEqual({ found: [], rest: 'unclear' });
  });
});

it('where Lean keeps no references, only the absence of any such payout is certain', async () => {
  const lean = await startLean({ profile: 'v1', clock: () => sentAt + 1000 });
  const find = await searching(lean.url);
  expect(await find(transfer())).toEqual({ found: [], rest: 'absent' });
  lean.payouts.add({ ...ours, externalReference: null });
  expect(await find(transfer())).toEqual({ found: [], rest: 'unreferenced' });
  // It remembers for a while that there is nothing to ask for.
  lean.requests.length = 0;
  expect(await find(transfer())).toEqual({ found: [], rest: 'unreferenced' });
  expect(lean.requests.map(({ operation }) => operation)).toEqual(['listPayouts']);
});

it('Lean is asked for amounts within bounds that hold whether or not it counts the bounds in, and in floats', async () => {
  const { url, heard } = await rawServer(response =>
    json(response, { content: [], page: { total_elements: 0 } }),
  );
  const find = await searching(url);
  const amount = fc
    .tuple(fc.bigInt({ min: 0n, max: 10n ** 18n - 1n }), fc.stringMatching(/^[0-9]{2}$/))
    .map(([whole, cents]) => `${String(whole)}.${cents}` as Decimal);
  await fc.assert(
    fc.asyncProperty(fc.array(amount, { minLength: 1, maxLength: 4 }), async amounts => {
      heard.length = 0;
      await find(...amounts.map(each => transfer(undefined, { amount: { amount: each, currency: 'AED' } })));
      const query = new URL(heard[0]?.target ?? '', url).searchParams;
      const [min, max] = [Number(query.get('amount_min')), Number(query.get('amount_max'))];
      for (const each of amounts) {
        expect(max).toBeGreaterThan(Number(each));
        // An amount below a whole unit has nothing below it but zero, which no payout has.
        if (Number(each) > 0) expect(min).toBeLessThan(Number(each));
      }
    }),
  );
});
