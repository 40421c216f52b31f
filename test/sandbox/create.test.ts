import { describe, expect, it } from 'vitest';
import { accounts, destinations } from '../../src/sandbox/fixtures.ts';
import { startTestSandbox, creationBody } from './test-sandbox.ts';

describe('creating payouts', () => {
  it('returns one intent for each destination, in order, and lists all of them', async () => {
    const { create, list, sandbox } = await startTestSandbox({ speed: 1000 });
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
  it.each(['16', '0.01', '1000000', large, '1e2', '16.50'])('accepts the amount %s exactly', async amount => {
    const { create, sandbox } = await startTestSandbox();
    const body = JSON.stringify(creationBody()).replace('16.5', amount);
    expect((await create(body)).status).toBe(200);
    expect(sandbox.payouts.all()[0]?.amount).toBe({ '1e2': '100', '16.50': '16.5' }[amount] ?? amount);
  });

  it.each([
    ['a body that is not JSON', '{', 400, 'INVALID_PARAMETERS'],
    ['a body that is not an object', [], 400, 'INVALID_PARAMETERS'],
    ['no payment details', { payment_details: [] }, 400, 'INVALID_PARAMETERS'],
    ['an unknown key', { ...creationBody(), note: 1 }, 400, 'INVALID_PARAMETERS'],
    ['an unknown key of a destination', creationBody(undefined, { notes: 'x' }), 400, 'INVALID_PARAMETERS'],
    [
      'an unknown destination',
      creationBody('d0000000-0000-4000-8000-999999999999'),
      404,
      'UNKNOWN_PAYMENT_DESTINATION',
    ],
    ['an amount in a string', creationBody(undefined, { amount: '16' }), 400, 'INVALID_AMOUNT'],
    ['no amount', creationBody(undefined, { amount: undefined }), 400, 'INVALID_AMOUNT'],
    ['an amount of zero', creationBody(undefined, { amount: 0 }), 400, 'INVALID_AMOUNT'],
    ['a negative amount', creationBody(undefined, { amount: -1 }), 400, 'INVALID_AMOUNT'],
    ['three decimals', creationBody(undefined, { amount: 1.001 }), 400, 'INVALID_AMOUNT'],
    [
      'an amount over a million',
      creationBody(undefined, { amount: 1000000.01 }),
      400,
      'AMOUNT_OVER_MAX_VALUE',
    ],
    ['an empty description', creationBody(undefined, { description: '' }), 400, 'INVALID_PARAMETERS'],
    [
      'a description of 33 characters',
      creationBody(undefined, { description: 'x'.repeat(33) }),
      400,
      'INVALID_PARAMETERS',
    ],
    [
      'no authorize_payment',
      creationBody(undefined, { authorize_payment: undefined }),
      400,
      'INVALID_PARAMETERS',
    ],
    ['another currency', creationBody(undefined, { currency: 'USD' }), 400, 'INVALID_PARAMETERS'],
    [
      'a reference that is not a string',
      creationBody(undefined, { external_reference: 1 }),
      400,
      'INVALID_PARAMETERS',
    ],
    ['an inactive beneficiary', creationBody(destinations.refused), 422, 'BENEFICIARY_NOT_ACTIVE'],
  ])('refuses %s and creates no payout', async (_case, body, status, code) => {
    const { create, sandbox } = await startTestSandbox();
    const response = await create(body);
    expect(response.status).toBe(status);
    expect(response.json).toEqual({
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
    const { create } = await startTestSandbox();
    const response = await create(JSON.stringify(creationBody()).replace(accounts.operating, account));
    expect([response.status, response.json.status]).toEqual([status, code]);
  });

  it('creates no payout if one of several is refused', async () => {
    const { create, sandbox } = await startTestSandbox();
    const refusedBody = creationBody(destinations.refused) as { payment_details: object[] };
    const validBody = creationBody() as { payment_details: object[] };
    const body = { payment_details: [...validBody.payment_details, ...refusedBody.payment_details] };
    expect((await create(body)).status).toBe(422);
    expect(sandbox.payouts.all()).toEqual([]);
  });

  it.each(['v1', 'ksa'] as const)(
    'ignores currency, reference and unknown fields in profile %s',
    async profile => {
      const { create, sandbox } = await startTestSandbox({ profile });
      const body = creationBody(undefined, { currency: 'XXX', external_reference: 'mine', anything: 1 });
      expect((await create(body)).status).toBe(200);
      expect(sandbox.payouts.all()[0]).toMatchObject({
        currency: profile === 'ksa' ? 'SAR' : 'AED',
        externalReference: null,
      });
    },
  );
});

describe('the idempotency key', () => {
  it('returns the first response byte for byte if an equal request is sent with other whitespace', async () => {
    const { create, sandbox, advance } = await startTestSandbox();
    const first = await create(
      '{"payment_details":' + JSON.stringify(detailsOf(creationBody())) + '}',
      'key-1',
    );
    advance(60);
    const spaced = JSON.stringify(creationBody(), null, 2).replace('16.5', '16.50');
    const second = await create(spaced, 'key-1');
    expect(second.text).toBe(first.text);
    expect(sandbox.payouts.all()).toHaveLength(1);
  });

  it('refuses a used key with another request body', async () => {
    const { create, sandbox } = await startTestSandbox();
    await create(creationBody(), 'key-1');
    const second = await create(creationBody(undefined, { amount: 17 }), 'key-1');
    expect([second.status, second.json.status]).toEqual([409, 'IDEMPOTENCY_KEY_REUSED']);
    expect(sandbox.payouts.all()).toHaveLength(1);
  });

  it('may be used again after a refusal', async () => {
    const { create } = await startTestSandbox();
    expect((await create(creationBody(undefined, { amount: 0 }), 'key-1')).status).toBe(400);
    expect((await create(creationBody(), 'key-1')).status).toBe(200);
  });

  it('makes a second request wait for the response of a slow first one', async () => {
    const { create, sandbox } = await startTestSandbox({ speed: 30 });
    const startedAt = performance.now();
    const [first, second] = await Promise.all([
      create(creationBody(destinations.slow), 'key-1'),
      create(creationBody(destinations.slow), 'key-1'),
    ]);
    expect(performance.now() - startedAt).toBeGreaterThan(90);
    expect(second.text).toBe(first.text);
    expect(sandbox.payouts.all()).toHaveLength(1);
  });

  it('is optional: without a key a repeated request creates a second payout', async () => {
    const { create, sandbox } = await startTestSandbox();
    await create(creationBody());
    await create(creationBody());
    expect(sandbox.payouts.all()).toHaveLength(2);
  });
});

function detailsOf(body: object): unknown {
  return (body as { payment_details: unknown }).payment_details;
}
