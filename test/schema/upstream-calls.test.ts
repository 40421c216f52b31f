import { describe, expect, it, vi } from 'vitest';
import { payoutIdOf } from '../../src/payouts/values/ids.ts';
import { exampleIntentId, examplePayoutId, waitingIntentId } from '../../src/sandbox/fixtures.ts';
import { startSandbox } from '../../src/sandbox/sandbox.ts';
import { startBatchedLean } from '../support/batched-lean.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';

/** A gateway with 50 payouts, which have 50 distinct intents or share ten intents. */
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

async function callsOf(
  gateway: TestGateway,
  document: string,
  variables = {},
): Promise<Record<string, number>> {
  const { errors } = await gateway.run(document, variables);
  expect(errors).toBeUndefined();
  return gateway.received();
}

describe('an operation makes', () => {
  it('one Lean call for a paid payout with its intent and destination', async () => {
    const gateway = await startTestGateway();
    const fields = `${intentFields} ${otherFields} intent { id externalReference destination { legalName } }`;
    for (const [field, id] of [
      [`payout(id: $id)`, payoutIdOf(exampleIntentId)],
      [`payoutByIntent(intentId: $id)`, exampleIntentId],
    ])
      expect(await callsOf(gateway, `query ($id: ID!) { ${String(field)} { ${fields} } }`, { id })).toEqual({
        getPayoutIntent: 1,
      });
  });

  it('one Lean call for a payout by its payment', async () => {
    const gateway = await startTestGateway();
    const fields = `id intentId amount { amount } description status outcome sender { ${party} } recipient { iban legalName }
      submittedAt statusDetails bankTransactionReference`;
    const calls = await callsOf(
      gateway,
      `query ($id: ID!) { payoutByPayment(paymentId: $id) { ${fields} } }`,
      {
        id: examplePayoutId,
      },
    );
    expect(calls).toEqual({ getPayout: 1 });
  });

  it('one more call for the tracking if intents lack it, and no intent call afterwards', async () => {
    const gateway = await startTestGateway();
    gateway.lean.behaviour.answers = 'documented';
    const variables = { id: payoutIdOf(exampleIntentId) };
    const document = 'query ($id: ID!) { payout(id: $id) { outcome statusDetails } }';
    expect(await callsOf(gateway, document, variables)).toEqual({ getPayoutIntent: 1, getPayout: 1 });
    expect(
      await callsOf(gateway, '{ payouts(first: 2) { nodes { statusDetails sender { iban } } } }'),
    ).toEqual({
      listPayouts: 1,
      getPayout: 1,
    });
  });

  it('one more call for fields that only lists have, and none if a list has shown them', async () => {
    const gateway = await startTestGateway();
    const variables = { id: payoutIdOf(exampleIntentId) };
    const one = (fields: string): string => `query ($id: ID!) { payout(id: $id) { ${fields} } }`;
    const rowFields = 'createdAt updatedAt autoAuthorized pendingManualAuthorization';
    expect(await callsOf(gateway, one(`${rowFields} ${otherFields}`), variables)).toEqual({
      getPayoutIntent: 1,
      listPayouts: 1,
    });
    expect(await callsOf(gateway, one('createdAt autoAuthorized'), variables)).toEqual({
      getPayoutIntent: 1,
    });
  });

  it('one more call for the status of a payout without a payment', async () => {
    const gateway = await startTestGateway();
    const calls = await callsOf(
      gateway,
      'query ($id: ID!) { payout(id: $id) { status outcome createdAt } }',
      {
        id: payoutIdOf(waitingIntentId),
      },
    );
    expect(calls).toEqual({ getPayoutIntent: 1, listPayouts: 1 });
  });

  it('one Lean call for fifty payouts with all fields of the list', async () => {
    const gateway = await gatewayWithFifty('distinct');
    expect(await callsOf(gateway, `{ payouts { totalCount nodes { ${listFields} } } }`)).toEqual({
      listPayouts: 1,
    });
  });

  it('one more call per payout for its intent and all fields that the list lacks', async () => {
    const gateway = await gatewayWithFifty('distinct');
    const calls = await callsOf(
      gateway,
      `{ payouts { nodes { ${otherFields} } edges { node { ${listFields} ${otherFields} intent { id } } } } }`,
    );
    expect(calls).toEqual({ listPayouts: 1, getPayoutIntent: 50 });
  });

  it('one call for a list, one per intent and one per history', async () => {
    const gateway = await gatewayWithFifty('distinct', { LEAN_HISTORY_KEY: 'payment_intent_id' });
    expect(await callsOf(gateway, withIntentAndHistory)).toEqual({
      listPayouts: 1,
      getPayoutIntent: 50,
      getPayoutPaymentHistory: 50,
    });
  });

  it('one call for each shared intent, and one for its history if histories are by intent', async () => {
    const gateway = await gatewayWithFifty('shared', { LEAN_HISTORY_KEY: 'payment_intent_id' });
    expect(await callsOf(gateway, withIntentAndHistory)).toEqual({
      listPayouts: 1,
      getPayoutIntent: 10,
      getPayoutPaymentHistory: 10,
    });
  });

  it('one more history call per process, to find out which id the history call needs', async () => {
    const gateway = await gatewayWithFifty('distinct');
    expect(await callsOf(gateway, withIntentAndHistory)).toMatchObject({ getPayoutPaymentHistory: 51 });
    expect(await callsOf(gateway, withIntentAndHistory)).toMatchObject({ getPayoutPaymentHistory: 50 });
  });

  it('one Lean call for a page of final payouts that was read before, with all that was read of them', async () => {
    const gateway = await startTestGateway({ sandbox: { payouts: 0 } });
    for (let index = 0; index < 50; index += 1)
      gateway.lean.payouts.add({
        createdAt: new Date(Date.now() - 3_600_000 - index * 1000).toISOString(),
        postInitiationStatus: 'PROCESSED',
      });
    const document = `{ payouts(first: 50) { nodes { ${listFields} ${otherFields}
      intent { externalReference destination { legalName } } history { status publishedAt } } } }`;
    const first = await gateway.run(document);
    expect(gateway.received()).toMatchObject({ listPayouts: 1, getPayoutIntent: 50 });
    expect(await gateway.run(document)).toEqual(first);
    expect(gateway.received()).toEqual({ listPayouts: 1 });
    const [payout] = gateway.lean.payouts.all();
    await gateway.run('query ($id: ID!) { payoutByIntent(intentId: $id) { id } }', { id: payout?.intentId });
    expect(gateway.received()).toEqual({ getPayoutIntent: 1 });
    expect(await gateway.run(document)).toEqual(first);
    expect(gateway.received()).toEqual({ listPayouts: 1, getPayoutIntent: 1, getPayoutPaymentHistory: 1 });
  });

  it('one Lean call for an intent with its payout and destination', async () => {
    const gateway = await startTestGateway();
    const calls = await callsOf(
      gateway,
      `query ($id: ID!) { payoutIntent(id: $id) {
        id customerId amount { amount } description externalReference
        payout { id status outcome sender { iban } recipient { accountNumber } intent { id } granularStatusCode }
        destination { id legalName displayName iban accountNumber swiftCode bankIdentifier address city country }
      } }`,
      { id: exampleIntentId },
    );
    expect(calls).toEqual({ getPayoutIntent: 1 });
  });

  it('one list call for all fields that only lists have, wherever they are selected', async () => {
    const gateway = await startTestGateway({ env: { READ_CACHE_MB: '4' } });
    const calls = await callsOf(
      gateway,
      'query ($id: ID!) { payoutByIntent(intentId: $id) { createdAt intent { payout { updatedAt } } } }',
      { id: exampleIntentId },
    );
    expect(calls).toEqual({ getPayoutIntent: 1, listPayouts: 1 });
  });

  it('one more call for the status of its destination', async () => {
    const gateway = await startTestGateway();
    const calls = await callsOf(
      gateway,
      'query ($id: ID!) { payoutIntent(id: $id) { destination { id status iban } } }',
      { id: exampleIntentId },
    );
    expect(calls).toEqual({ getPayoutIntent: 1, getDestination: 1 });
  });

  it('one call for each distinct id among the representations of a router', async () => {
    const gateway = await gatewayWithFifty('distinct');
    const ids = gateway.lean.payouts.all().map(({ intentId }) => intentId);
    const representations = [
      ...ids.map(id => ({ __typename: 'Payout', id: payoutIdOf(id) })),
      ...ids.map(intentId => ({ __typename: 'Payout', intentId })),
    ];
    const calls = await callsOf(
      gateway,
      `query ($representations: [_Any!]!) { _entities(representations: $representations) {
        ... on Payout { ${intentFields} ${otherFields} } } }`,
      { representations },
    );
    expect(calls).toEqual({ getPayoutIntent: 50 });
  });

  it('one shared call for concurrent operations, and another one afterwards', async () => {
    const lean = await startSandbox();
    const batchedLean = await startBatchedLean(lean);
    const gateway = await startTestGateway({ env: { LEAN_BASE_URL: batchedLean.url } });
    const document = 'query ($id: ID!) { payoutByPayment(paymentId: $id) { paymentId } }';
    const getPayout = vi.spyOn(gateway.core.client, 'getPayout');
    const results = Promise.all(
      Array.from({ length: 20 }, () => gateway.run(document, { id: examplePayoutId })),
    );
    await vi.waitFor(() => {
      expect(getPayout).toHaveBeenCalledTimes(20);
    });
    await batchedLean.answerBatch(1);
    for (const { data } of await results)
      expect(data).toEqual({ payoutByPayment: { paymentId: examplePayoutId } });
    const later = gateway.run(document, { id: examplePayoutId });
    await batchedLean.answerBatch(1);
    await later;
    expect(lean.requests).toHaveLength(2);
    await lean.close();
  });

  it('one Lean call to create a payout, and one more to read it with its intent', async () => {
    const gateway = await startTestGateway();
    const calls = await callsOf(
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
    expect(calls).toEqual({ createPayoutPayment: 1, getPayoutIntent: 1 });
  });
});

describe('a list with intents and histories', () => {
  it('takes two round trips: the list, then all other calls in parallel', async () => {
    const source = await gatewayWithFifty('distinct');
    const batchedLean = await startBatchedLean(source.lean);
    const gateway = await startTestGateway({
      env: {
        LEAN_BASE_URL: batchedLean.url,
        LEAN_HISTORY_KEY: 'payment_intent_id',
        LEAN_MAX_CONCURRENCY: '128',
      },
    });
    const result = gateway.run(withIntentAndHistory);
    await batchedLean.answerBatch(1);
    await batchedLean.answerBatch(100);
    const { errors } = await result;
    expect(errors).toBeUndefined();
  });

  it('reads the fields that the list lacks in the same round trip as the intents', async () => {
    const source = await gatewayWithFifty('distinct');
    const batchedLean = await startBatchedLean(source.lean);
    const gateway = await startTestGateway({
      env: { LEAN_BASE_URL: batchedLean.url, LEAN_HISTORY_KEY: 'payment_id', LEAN_MAX_CONCURRENCY: '256' },
    });
    const result = gateway.run(
      '{ payouts { nodes { sender { iban } submittedAt intent { id } history { status } } } }',
    );
    await batchedLean.answerBatch(1);
    await batchedLean.answerBatch(100);
    const { errors } = await result;
    expect(errors).toBeUndefined();
  });
});
