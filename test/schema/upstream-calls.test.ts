import { describe, expect, it, vi } from 'vitest';
import { payoutIdOf } from '../../src/payouts/values/ids.ts';
import { exampleIntentId, examplePayoutId, waitingIntentId } from '../../src/sandbox/named.ts';
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
  postInitiationStatus recipient { displayName iban bankName } bankTransactionReference autoAuthorized
  pendingManualAuthorization createdAt updatedAt`;
const party = 'legalName displayName accountNumber iban';
const intentFields = `id paymentId intentId amount { amount currency } description status leanStatus outcome
  postInitiationStatus recipient { displayName iban bankName } bankTransactionReference`;
const otherFields = `sender { legalName accountNumber iban } recipient { legalName accountNumber } paymentSourceId granularStatusCode
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
  it('one call for a payout that was paid, with its intent and destination', async () => {
    const gateway = await startTestGateway();
    const fields = `${intentFields} ${otherFields} intent { id externalReference destination { legalName } }`;
    for (const [field, id] of [
      [`payout(id: $id)`, payoutIdOf(exampleIntentId)],
      [`payoutByIntent(intentId: $id)`, exampleIntentId],
    ])
      expect(await costOf(gateway, `query ($id: ID!) { ${String(field)} { ${fields} } }`, { id })).toEqual({
        getPayoutIntent: 1,
      });
  });

  it('one call for a payout by its payment', async () => {
    const gateway = await startTestGateway();
    const fields = `id intentId amount { amount } description status outcome sender { ${party} } recipient { iban legalName }
      submittedAt statusDetails bankTransactionReference`;
    const cost = await costOf(gateway, `query ($id: ID!) { payoutByPayment(paymentId: $id) { ${fields} } }`, {
      id: examplePayoutId,
    });
    expect(cost).toEqual({ getPayout: 1 });
  });

  it('one more for the tracking, where intents do not carry it, and none for the intent after the first', async () => {
    const gateway = await startTestGateway();
    gateway.lean.behaviour.answers = 'documented';
    const variables = { id: payoutIdOf(exampleIntentId) };
    const document = 'query ($id: ID!) { payout(id: $id) { outcome statusDetails } }';
    expect(await costOf(gateway, document, variables)).toEqual({ getPayoutIntent: 1, getPayout: 1 });
    expect(
      await costOf(gateway, '{ payouts(first: 2) { nodes { statusDetails sender { iban } } } }'),
    ).toEqual({
      listPayouts: 1,
      getPayout: 1,
    });
  });

  it('one call more for what only lists carry, once, and none where a list has shown it', async () => {
    const gateway = await startTestGateway();
    const variables = { id: payoutIdOf(exampleIntentId) };
    const one = (fields: string): string => `query ($id: ID!) { payout(id: $id) { ${fields} } }`;
    const rowFields = 'createdAt updatedAt autoAuthorized pendingManualAuthorization';
    expect(await costOf(gateway, one(`${rowFields} ${otherFields}`), variables)).toEqual({
      getPayoutIntent: 1,
      listPayouts: 1,
    });
    expect(await costOf(gateway, one('createdAt autoAuthorized'), variables)).toEqual({ getPayoutIntent: 1 });
  });

  it('one call more for the status of a payout without a payment', async () => {
    const gateway = await startTestGateway();
    const cost = await costOf(gateway, 'query ($id: ID!) { payout(id: $id) { status outcome createdAt } }', {
      id: payoutIdOf(waitingIntentId),
    });
    expect(cost).toEqual({ getPayoutIntent: 1, listPayouts: 1 });
  });

  it('one call for fifty payouts with all that the list carries', async () => {
    const gateway = await gatewayWithFifty('distinct');
    expect(await costOf(gateway, `{ payouts { totalCount nodes { ${listFields} } } }`)).toEqual({
      listPayouts: 1,
    });
  });

  it('one call per payout more, and no second one, for whatever the list lacks and for its intent', async () => {
    const gateway = await gatewayWithFifty('distinct');
    const cost = await costOf(
      gateway,
      `{ payouts { nodes { ${otherFields} } edges { node { ${listFields} ${otherFields} intent { id } } } } }`,
    );
    expect(cost).toEqual({ listPayouts: 1, getPayoutIntent: 50 });
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
        destination { id legalName displayName iban accountNumber swiftCode bankIdentifier address city country }
      } }`,
      { id: exampleIntentId },
    );
    expect(cost).toEqual({ getPayoutIntent: 1 });
  });

  it('one list for all that only lists carry, wherever in the answer it is', async () => {
    const gateway = await startTestGateway({ env: { READ_CACHE_MB: '4' } });
    const cost = await costOf(
      gateway,
      'query ($id: ID!) { payoutByIntent(intentId: $id) { createdAt intent { payout { updatedAt } } } }',
      { id: exampleIntentId },
    );
    expect(cost).toEqual({ getPayoutIntent: 1, listPayouts: 1 });
  });

  it('one more call for the status of its destination', async () => {
    const gateway = await startTestGateway();
    const cost = await costOf(
      gateway,
      'query ($id: ID!) { payoutIntent(id: $id) { destination { id status iban } } }',
      { id: exampleIntentId },
    );
    expect(cost).toEqual({ getPayoutIntent: 1, getDestination: 1 });
  });

  it('the distinct ids among a router’s representations', async () => {
    const gateway = await gatewayWithFifty('distinct');
    const ids = gateway.lean.payouts.all().map(({ intentId }) => intentId);
    const representations = [
      ...ids.map(id => ({ __typename: 'Payout', id: payoutIdOf(id) })),
      ...ids.map(intentId => ({ __typename: 'Payout', intentId })),
    ];
    const cost = await costOf(
      gateway,
      `query ($representations: [_Any!]!) { _entities(representations: $representations) {
        ... on Payout { ${intentFields} ${otherFields} } } }`,
      { representations },
    );
    expect(cost).toEqual({ getPayoutIntent: 50 });
  });

  it('one call for what concurrent operations want at the same time, and another one afterwards', async () => {
    const lean = await startSandbox();
    const rounds = await startRounds(lean);
    const gateway = await startTestGateway({ env: { LEAN_BASE_URL: rounds.url } });
    const document = 'query ($id: ID!) { payoutByPayment(paymentId: $id) { paymentId } }';
    const wanted = vi.spyOn(gateway.core.client, 'getPayout');
    const answers = Promise.all(
      Array.from({ length: 20 }, () => gateway.run(document, { id: examplePayoutId })),
    );
    await vi.waitFor(() => {
      expect(wanted).toHaveBeenCalledTimes(20);
    });
    await rounds.round(1);
    for (const { data } of await answers)
      expect(data).toEqual({ payoutByPayment: { paymentId: examplePayoutId } });
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
        status amount { amount } payout { id amount { amount } } intent { externalReference destination { legalName } }
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

  it('fetches what the list lacks in the same round trip, with the intents', async () => {
    const planted = await gatewayWithFifty('distinct');
    const rounds = await startRounds(planted.lean);
    const gateway = await startTestGateway({
      env: { LEAN_BASE_URL: rounds.url, LEAN_HISTORY_KEY: 'payment_id', LEAN_MAX_CONCURRENCY: '256' },
    });
    const answer = gateway.run(
      '{ payouts { nodes { sender { iban } submittedAt intent { id } history { status } } } }',
    );
    await rounds.round(1);
    await rounds.round(100);
    const { errors } = await answer;
    expect(errors).toBeUndefined();
  });
});
