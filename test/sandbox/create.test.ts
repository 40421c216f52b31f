import { describe, expect, it } from 'vitest';
import { accounts, destinations } from '../../src/sandbox/named.ts';
import { callLean, order } from './lean-caller.ts';

describe('creating payouts', () => {
  it('answers with one intent per destination, in order, and lists each', async () => {
    const { create, list, sandbox } = await callLean({ speed: 1000 });
    const entry = { amount: 1, description: 'one', authorize_payment: true };
    const { status, json } = await create({
      payment_details: [
        {
          account_id: accounts.operating,
          currency: 'AED',
          destination_details: [
            { ...entry, payment_destination_id: destinations.pays },
            { ...entry, payment_destination_id: destinations.slow, amount: 2.25 },
          ],
        },
        {
          account_id: accounts.second,
          destination_details: [{ ...entry, payment_destination_id: destinations.pays, amount: 3 }],
        },
      ],
    });
    expect(status).toBe(200);
    const details = json.payouts_payment_details;
    expect(
      details.map((detail: { destination_details: { amount: number } }) => detail.destination_details.amount),
    ).toEqual([1, 2.25, 3]);
    expect((await list()).map(row => row.payment_intent_id).reverse()).toEqual(
      details.map((detail: { payment_intent_id: string }) => detail.payment_intent_id),
    );
    expect(sandbox.payouts.all()[0]?.accountId).toBe(accounts.second);
  });

  const large = '999999.99';
  it.each(['16', '0.01', '1000000', large, '1e2', '16.50'])('takes the amount %s exactly', async amount => {
    const { create, sandbox } = await callLean();
    const body = JSON.stringify(order()).replace('16.5', amount);
    expect((await create(body)).status).toBe(200);
    expect(sandbox.payouts.all()[0]?.amount).toBe({ '1e2': '100', '16.50': '16.5' }[amount] ?? amount);
  });

  it.each([
    ['a body that is not JSON', '{', 400, 'INVALID_PARAMETERS'],
    ['a body that is no object', [], 400, 'INVALID_PARAMETERS'],
    ['no payment details', { payment_details: [] }, 400, 'INVALID_PARAMETERS'],
    ['an unknown key', { ...order(), note: 1 }, 400, 'INVALID_PARAMETERS'],
    ['an unknown key of a destination', order(undefined, { notes: 'x' }), 400, 'INVALID_PARAMETERS'],
    [
      'an unknown destination',
      order('d0000000-0000-4000-8000-999999999999'),
      404,
      'UNKNOWN_PAYMENT_DESTINATION',
    ],
    ['an amount in a string', order(undefined, { amount: '16' }), 400, 'INVALID_AMOUNT'],
    ['no amount', order(undefined, { amount: undefined }), 400, 'INVALID_AMOUNT'],
    ['an amount of zero', order(undefined, { amount: 0 }), 400, 'INVALID_AMOUNT'],
    ['a negative amount', order(undefined, { amount: -1 }), 400, 'INVALID_AMOUNT'],
    ['three decimals', order(undefined, { amount: 1.001 }), 400, 'INVALID_AMOUNT'],
    ['an amount over a million', order(undefined, { amount: 1000000.01 }), 400, 'AMOUNT_OVER_MAX_VALUE'],
    ['an empty description', order(undefined, { description: '' }), 400, 'INVALID_PARAMETERS'],
    ['a description of 33', order(undefined, { description: 'x'.repeat(33) }), 400, 'INVALID_PARAMETERS'],
    ['no authorize_payment', order(undefined, { authorize_payment: undefined }), 400, 'INVALID_PARAMETERS'],
    ['another currency', order(undefined, { currency: 'USD' }), 400, 'INVALID_PARAMETERS'],
    ['a reference that is no text', order(undefined, { external_reference: 1 }), 400, 'INVALID_PARAMETERS'],
    ['an inactive beneficiary', order(destinations.refused), 422, 'BENEFICIARY_NOT_ACTIVE'],
  ])('refuses %s and takes nothing', async (_what, body, status, code) => {
    const { create, sandbox } = await callLean();
    const answered = await create(body);
    expect(answered.status).toBe(status);
    expect(answered.json).toEqual({
      timestamp: '2026-06-01T12:00:00Z',
      status: code,
      message: expect.any(String),
      metadata: null,
    });
    expect(sandbox.payouts.all()).toEqual([]);
  });

  it.each([
    ['a0000000-0000-4000-8000-000000000009', 404, 'INVALID_ACCOUNT'],
    [accounts.withoutBalance, 400, 'INSUFFICIENT_BALANCE'],
  ])('refuses the account %s', async (account, status, code) => {
    const { create } = await callLean();
    const answered = await create(JSON.stringify(order()).replace(accounts.operating, account));
    expect([answered.status, answered.json.status]).toEqual([status, code]);
  });

  it('takes nothing when one of several payouts is refused', async () => {
    const { create, sandbox } = await callLean();
    const bad = order(destinations.refused) as { payment_details: object[] };
    const good = order() as { payment_details: object[] };
    const body = { payment_details: [...good.payment_details, ...bad.payment_details] };
    expect((await create(body)).status).toBe(422);
    expect(sandbox.payouts.all()).toEqual([]);
  });

  it.each(['v1', 'ksa'] as const)('ignores currency and reference in %s', async profile => {
    const { create, sandbox } = await callLean({ profile });
    const body = order(undefined, { currency: 'XXX', external_reference: 'mine', anything: 1 });
    expect((await create(body)).status).toBe(200);
    expect(sandbox.payouts.all()[0]).toMatchObject({
      currency: profile === 'ksa' ? 'SAR' : 'AED',
      externalReference: null,
    });
  });
});

describe('the idempotency key', () => {
  it('gives the recorded answer byte for byte for the same request, however it is written', async () => {
    const { create, sandbox, pass } = await callLean();
    const first = await create('{"payment_details":' + JSON.stringify(detailsOf(order())) + '}', 'key-1');
    pass(60);
    const spaced = JSON.stringify(order(), null, 2).replace('16.5', '16.50');
    const second = await create(spaced, 'key-1');
    expect(second.text).toBe(first.text);
    expect(sandbox.payouts.all()).toHaveLength(1);
  });

  it('refuses another request under a used key', async () => {
    const { create, sandbox } = await callLean();
    await create(order(), 'key-1');
    const second = await create(order(undefined, { amount: 17 }), 'key-1');
    expect([second.status, second.json.status]).toEqual([409, 'IDEMPOTENCY_KEY_REUSED']);
    expect(sandbox.payouts.all()).toHaveLength(1);
  });

  it('does not remember a refusal', async () => {
    const { create } = await callLean();
    expect((await create(order(undefined, { amount: 0 }), 'key-1')).status).toBe(400);
    expect((await create(order(), 'key-1')).status).toBe(200);
  });

  it('makes a second call wait for the first while that one is slow', async () => {
    const { create, sandbox } = await callLean({ speed: 30 });
    const begun = performance.now();
    const [first, second] = await Promise.all([
      create(order(destinations.slow), 'key-1'),
      create(order(destinations.slow), 'key-1'),
    ]);
    expect(performance.now() - begun).toBeGreaterThan(90);
    expect(second.text).toBe(first.text);
    expect(sandbox.payouts.all()).toHaveLength(1);
  });

  it('pays twice without a key', async () => {
    const { create, sandbox } = await callLean();
    await create(order());
    await create(order());
    expect(sandbox.payouts.all()).toHaveLength(2);
  });
});

function detailsOf(body: object): unknown {
  return (body as { payment_details: unknown }).payment_details;
}
