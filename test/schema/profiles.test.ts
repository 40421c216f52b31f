import { describe, expect, it } from 'vitest';
import { PayoutsDocument } from '../../src/generated/operations.ts';
import { payoutIdOf } from '../../src/payouts/values/ids.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';

/*
 * Lean's responses differ between its versions (profiles). Fields that all of them have must be equal in GraphQL.
 */
const profiles = ['v2', 'v1', 'ksa'] as const;
const clock = (): number => Date.UTC(2026, 5, 1);

function gatewayOf(profile: (typeof profiles)[number]): Promise<TestGateway> {
  return startTestGateway({ sandbox: { profile, clock } });
}

async function runOnAll<Data>(run: (gateway: TestGateway) => Promise<Data>): Promise<Data[]> {
  return Promise.all(profiles.map(async profile => run(await gatewayOf(profile))));
}

describe('all profiles of Lean give the same result for', () => {
  it('a list of payouts with the fields of every list', async () => {
    const results = await runOnAll(gateway =>
      gateway.run(`{ payouts(first: 100) { totalCount pageInfo { hasNextPage } nodes {
        intentId amount { amount } description status leanStatus createdAt autoAuthorized recipient { displayName }
      } } }`),
    );
    expect(results[0]?.errors).toBeUndefined();
    expect(results[0]?.data).toMatchObject({ payouts: { totalCount: 300 } });
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });

  it('the statuses in a history, oldest first', async () => {
    // Only V2 has an event for the end of the tracking.
    const results = await runOnAll(async gateway => {
      const { data, errors } = await gateway.run<{
        payouts: {
          nodes: {
            paymentId: string | null;
            history: { leanStatus: string; publishedAt: string; postInitiationStatus: string | null }[];
          }[];
        };
      }>(
        '{ payouts(first: 60) { nodes { paymentId history { leanStatus publishedAt postInitiationStatus } } } }',
      );
      expect(errors).toBeUndefined();
      return data?.payouts.nodes
        .filter(({ paymentId }) => paymentId !== null)
        .map(({ paymentId, history }) => [
          paymentId,
          history
            .filter(event => event.postInitiationStatus === null)
            .map(({ leanStatus, publishedAt }) => [leanStatus, publishedAt]),
        ]);
    });
    expect(results[0]?.length).toBeGreaterThan(30);
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });

  it('a creation', async () => {
    const results = await runOnAll(gateway =>
      gateway.run(
        `mutation ($input: CreatePayoutInput!) { createPayout(input: $input) { __typename
          ... on PayoutCreated { status leanStatus amount { amount } recipient { displayName } payoutId intentId }
          ... on PayoutRejected { message } } }`,
        {
          input: {
            idempotencyKey: 'same-everywhere',
            accountId: 'a0000000-0000-4000-8000-000000000001',
            destinationId: 'd0000000-0000-4000-8000-000000000001',
            amount: { amount: '16.50', currency: gateway.lean.payouts.all()[0]?.currency },
            description: 'INV 1',
          },
        },
      ),
    );
    expect(results[0]?.data).toMatchObject({
      createPayout: { __typename: 'PayoutCreated', status: 'CREATED' },
    });
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });
});

describe('if Lean has no calls for single payouts and intents', () => {
  it('fields of the list have values, and other fields are null with NOT_OFFERED_BY_LEAN', async () => {
    const gateway = await gatewayOf('ksa');
    const document = `{ payouts(first: 20) { nodes {
      status postInitiationStatus sender { iban } recipient { displayName iban accountNumber } } } }`;
    const { data, errors } = await gateway.run<{
      payouts: {
        nodes: { status: string; sender: object | null; recipient: Record<string, string | null> }[];
      };
    }>(document);
    expect(new Set(errors?.map(({ extensions }) => extensions?.['code']))).toEqual(
      new Set(['NOT_OFFERED_BY_LEAN']),
    );
    expect(data?.payouts.nodes).toHaveLength(20);
    for (const { sender, recipient } of data?.payouts.nodes ?? []) {
      expect(sender).toBeNull();
      expect(recipient).toMatchObject({ displayName: expect.any(String) as string, accountNumber: null });
    }
  });

  it('the outcome of an accepted payout is null, because it is not known', async () => {
    const gateway = await gatewayOf('ksa');
    const { data } = await gateway.run<{ payouts: { nodes: { status: string; outcome: string | null }[] } }>(
      '{ payouts(first: 100) { nodes { status outcome } } }',
    );
    const outcomes = (status: string) =>
      new Set(data?.payouts.nodes.filter(node => node.status === status).map(({ outcome }) => outcome));
    expect(outcomes('ACCEPTED_BY_BANK')).toEqual(new Set([null]));
    expect(outcomes('AWAITING_AUTHORIZATION')).toEqual(new Set(['IN_PROGRESS']));
    expect(outcomes('FAILED')).toEqual(new Set(['NOT_PAID']));
  });

  it('a call that Lean does not offer is not repeated', async () => {
    const gateway = await gatewayOf('v1');
    await gateway.run('{ payouts(first: 20) { nodes { sender { iban } } } }');
    gateway.received();
    await gateway.run('{ payouts(first: 20) { nodes { sender { iban } } } }');
    expect(gateway.received()).toEqual({ listPayouts: 1 });
  });

  it.each(['v1', 'ksa'] as const)('payouts are found in the list by any of their ids (%s)', async profile => {
    const gateway = await gatewayOf(profile);
    const paid = gateway.lean.payouts.all().find(({ status }) => status === 'ACCEPTED_BY_BANK');
    const fields = 'id paymentId intentId status amount { amount } recipient { displayName }';
    const { data, errors } = await gateway.run<Record<string, object>>(
      `query ($id: ID!, $intent: ID!, $payment: ID!, $of: [_Any!]!) {
        payout(id: $id) { ${fields} } payoutByIntent(intentId: $intent) { ${fields} }
        payoutByPayment(paymentId: $payment) { ${fields} } payoutIntent(id: $intent) { payout { ${fields} } }
        _entities(representations: $of) { ... on Payout { ${fields} } } }`,
      {
        id: payoutIdOf(paid?.intentId ?? ''),
        intent: paid?.intentId,
        payment: paid?.paymentId,
        of: [{ __typename: 'Payout', paymentId: paid?.paymentId }],
      },
    );
    expect(errors).toBeUndefined();
    const payout = data?.['payout'];
    expect(payout).toMatchObject({ paymentId: paid?.paymentId, status: 'ACCEPTED_BY_BANK' });
    expect(data).toEqual({
      payout,
      payoutByIntent: payout,
      payoutByPayment: payout,
      payoutIntent: { payout },
      _entities: [payout],
    });
  });

  it.each([
    [10, 'NOT_OFFERED_BY_LEAN'],
    [300, 'LEAN_ROW_NOT_FOUND'],
  ])('a payout that is not in a list of %i payouts gets %s', async (payouts, code) => {
    const gateway = await startTestGateway({ sandbox: { profile: 'v1', payouts } });
    const { data, errors } = await gateway.run(
      '{ payoutByIntent(intentId: "c0000000-0000-4000-8000-00000000dead") { id } }',
    );
    expect(data).toEqual({ payoutByIntent: null });
    expect(errors?.[0]?.extensions).toMatchObject({ code });
  });

  it('fields that the list lacks are read from the history', async () => {
    const gateway = await startTestGateway({ sandbox: { profile: 'ksa', payouts: 0 } });
    gateway.lean.payouts.add({ status: 'ACCEPTED_BY_BANK' });
    const { data, errors } = await gateway.run(
      `{ payouts(first: 1) { nodes { initiatedAt intent { customerId } } } }`,
    );
    expect(errors).toBeUndefined();
    expect(data).toEqual({
      payouts: {
        nodes: [
          {
            initiatedAt: expect.stringMatching(/^20/) as string,
            intent: { customerId: expect.any(String) as string },
          },
        ],
      },
    });
  });

  it('a field that the list lacks has an error beside its null', async () => {
    const gateway = await gatewayOf('ksa');
    const { data, errors } = await gateway.run('{ payouts(first: 1) { nodes { updatedAt } } }');
    expect(data).toEqual({ payouts: { nodes: [{ updatedAt: null }] } });
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'NOT_OFFERED_BY_LEAN' });
  });
});

it('the list operation of GraphiQL returns all fields without errors', async () => {
  const gateway = await gatewayOf('v2');
  const { data, errors } = await gateway.run(PayoutsDocument, { first: 10 });
  expect(errors).toBeUndefined();
  expect(data?.payouts?.nodes).toHaveLength(10);
  for (const node of data?.payouts?.nodes ?? []) {
    expect(node.amount.amount).toMatch(/^\d+(\.\d+)?$/);
    expect(node.intent).not.toBeNull();
    expect(node.history?.map(event => event.publishedAt)).toEqual(
      node.history?.map(event => event.publishedAt).toSorted(),
    );
  }
});
