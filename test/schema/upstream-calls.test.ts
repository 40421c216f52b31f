import { describe, expect, it, vi } from 'vitest';
import { exampleIntentId, examplePayoutId } from '../../src/sandbox/named.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { startRounds } from '../support/rounds.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';

/** 50 payouts, each of an intent of its own or sharing ten among them. */
async function gatewayWithFifty(
  intents: 'distinct' | 'shared',
  env: Record<string, string> = {},
): Promise<TestGateway> {
  const gateway = await startTestGateway({ sandbox: { payouts: 0 }, env });
  for (let index = 0; index < 50; index += 1) {
    const shared = `c0000000-0000-4000-8000-0000000000${String(10 + (index % 10))}`;
    gateway.lean.payouts.add({
      createdAt: new Date(Date.now() - index * 1000).toISOString(),
      postInitiationStatus: 'PROCESSED',
      ...(intents === 'shared' && { intentId: shared }),
    });
  }
  return gateway;
}

const listFields = `id paymentId intentId amount { amount currency } description status leanStatus outcome
  postInitiationStatus recipient { name iban bankName } bankTransactionReference autoAuthorized
  pendingManualAuthorization createdAt updatedAt`;
const otherFields = `sender { name accountNumber iban } recipient { accountNumber } paymentSourceId granularStatusCode
  statusDetails submittedAt initiatedAt`;
const withIntentAndHistory =
  '{ payouts(first: 50) { nodes { id intent { externalReference } history { status } } } }';

async function costOf(
  gateway: TestGateway,
  document: string,
  variables = {},
): Promise<Record<string, number>> {
  const { errors } = await gateway.run(document, variables);
  expect(errors).toBeUndefined();
  return gateway.received();
}

describe('an operation costs Lean', () => {
  it('one call for all own fields of a payout', async () => {
    const gateway = await startTestGateway();
    const cost = await costOf(
      gateway,
      `query ($id: ID!) { payout(id: $id) { ${listFields} ${otherFields} } }`,
      {
        id: examplePayoutId,
      },
    );
    expect(cost).toEqual({ getPayout: 1 });
  });

  it('one call for a payout named by its intent, with that intent', async () => {
    const gateway = await startTestGateway();
    const cost = await costOf(
      gateway,
      `query ($id: ID!) { payout(id: $id) { ${listFields} ${otherFields} intent { id externalReference } } }`,
      { id: `intent:${exampleIntentId}` },
    );
    expect(cost).toEqual({ getPayoutIntent: 1 });
  });

  it('one call for fifty payouts with all that the list carries', async () => {
    const gateway = await gatewayWithFifty('distinct');
    expect(await costOf(gateway, `{ payouts { totalCount nodes { ${listFields} } } }`)).toEqual({
      listPayouts: 1,
    });
  });

  it('one call per payout more, and no second one, for whatever only the single payout carries', async () => {
    const gateway = await gatewayWithFifty('distinct');
    const cost = await costOf(
      gateway,
      `{ payouts { nodes { ${otherFields} } edges { node { ${listFields} ${otherFields} } } } }`,
    );
    expect(cost).toEqual({ listPayouts: 1, getPayout: 50 });
  });

  it('a list, its distinct intents and its distinct payouts, when both are asked of each', async () => {
    const gateway = await gatewayWithFifty('distinct', { LEAN_HISTORY_KEY: 'payment_intent_id' });
    expect(await costOf(gateway, withIntentAndHistory)).toEqual({
      listPayouts: 1,
      getPayoutIntent: 50,
      getPayoutPaymentHistory: 50,
    });
  });

  it('each shared intent once, and its history once where histories go by intent', async () => {
    const gateway = await gatewayWithFifty('shared', { LEAN_HISTORY_KEY: 'payment_intent_id' });
    expect(await costOf(gateway, withIntentAndHistory)).toEqual({
      listPayouts: 1,
      getPayoutIntent: 10,
      getPayoutPaymentHistory: 10,
    });
  });

  it('one history call more to find out which id histories go by, once per process', async () => {
    const gateway = await gatewayWithFifty('distinct');
    expect(await costOf(gateway, withIntentAndHistory)).toMatchObject({ getPayoutPaymentHistory: 51 });
    expect(await costOf(gateway, withIntentAndHistory)).toMatchObject({ getPayoutPaymentHistory: 50 });
  });

  it('one call for an intent with its payout and destination as the intent carries them', async () => {
    const gateway = await startTestGateway();
    const cost = await costOf(
      gateway,
      `query ($id: ID!) { payoutIntent(id: $id) {
        id customerId amount { amount } description externalReference
        payout { id status outcome sender { iban } recipient { accountNumber } intent { id } granularStatusCode }
        destination { id status name displayName iban accountNumber swiftCode bankIdentifier address city country
          customerId ownerType isDefault }
      } }`,
      { id: exampleIntentId },
    );
    expect(cost).toEqual({ getPayoutIntent: 1 });
  });

  it('the distinct ids among a router’s representations', async () => {
    const gateway = await gatewayWithFifty('distinct');
    const ids = gateway.lean.payouts.all().map(({ paymentId }) => paymentId);
    const representations = [...ids, ...ids].map(id => ({ __typename: 'Payout', id }));
    const cost = await costOf(
      gateway,
      `query ($representations: [_Any!]!) { _entities(representations: $representations) {
        ... on Payout { ${listFields} ${otherFields} } } }`,
      { representations },
    );
    expect(cost).toEqual({ getPayout: 50 });
  });

  it('one call for what concurrent operations want at the same time, and another one afterwards', async () => {
    const lean = await startSandbox();
    const rounds = await startRounds(lean);
    const gateway = await startTestGateway({ env: { LEAN_BASE_URL: rounds.url } });
    const document = 'query ($id: ID!) { payout(id: $id) { id } }';
    const wanted = vi.spyOn(gateway.core.client, 'getPayout');
    const answers = Promise.all(
      Array.from({ length: 20 }, () => gateway.run(document, { id: examplePayoutId })),
    );
    await vi.waitFor(() => {
      expect(wanted).toHaveBeenCalledTimes(20);
    });
    await rounds.round(1);
    for (const { data } of await answers) expect(data).toEqual({ payout: { id: examplePayoutId } });
    const later = gateway.run(document, { id: examplePayoutId });
    await rounds.round(1);
    await later;
    expect(lean.requests).toHaveLength(2);
    await lean.close();
  });

  it('one call to create a payout, and one more to read it with its intent', async () => {
    const gateway = await startTestGateway();
    const cost = await costOf(
      gateway,
      `mutation ($input: CreatePayoutInput!) { createPayout(input: $input) { ... on PayoutCreated {
        status amount { amount } payout { id amount { amount } } intent { externalReference destination { name } }
      } } }`,
      {
        input: {
          idempotencyKey: 'key-1',
          accountId: 'a0000000-0000-4000-8000-000000000001',
          destinationId: 'd0000000-0000-4000-8000-000000000001',
          amount: { amount: '1.00', currency: 'AED' },
          description: 'INV 1',
        },
      },
    );
    expect(cost).toEqual({ createPayoutPayment: 1, getPayoutIntent: 1 });
  });
});

describe('a list with intents and histories', () => {
  it('takes two round trips: the list, then everything else side by side', async () => {
    const planted = await gatewayWithFifty('distinct');
    const rounds = await startRounds(planted.lean);
    const gateway = await startTestGateway({
      env: { LEAN_BASE_URL: rounds.url, LEAN_HISTORY_KEY: 'payment_intent_id', LEAN_MAX_CONCURRENCY: '128' },
    });
    const answer = gateway.run(withIntentAndHistory);
    await rounds.round(1);
    await rounds.round(100);
    const { errors } = await answer;
    expect(errors).toBeUndefined();
  });

  it('fetches what only the single payouts carry in the same round trip', async () => {
    const planted = await gatewayWithFifty('distinct');
    const rounds = await startRounds(planted.lean);
    const gateway = await startTestGateway({
      env: { LEAN_BASE_URL: rounds.url, LEAN_HISTORY_KEY: 'payment_id', LEAN_MAX_CONCURRENCY: '256' },
    });
    const answer = gateway.run(
      '{ payouts { nodes { sender { iban } submittedAt intent { id } history { status } } } }',
    );
    await rounds.round(1);
    await rounds.round(150);
    const { errors } = await answer;
    expect(errors).toBeUndefined();
  });
});
