import { describe, expect, it } from 'vitest';
import { payoutIdOf } from '../../src/payouts/ids.ts';
import { destinations } from '../../src/sandbox/named.ts';
import { startTestGateway, type TestGateway } from '../support/test-gateway.ts';

/*
 * A field of a payout has one value, by whichever way the payout was reached.
 */
const party = 'id legalName displayName accountNumber iban bankName';
const allFields = `id paymentId intentId amount { amount currency } description status leanStatus outcome
  postInitiationStatus granularStatusCode statusDetails recipient { ${party} } sender { ${party} } paymentSourceId
  bankTransactionReference autoAuthorized pendingManualAuthorization createdAt updatedAt submittedAt initiatedAt`;

const input = {
  idempotencyKey: 'walk',
  accountId: 'a0000000-0000-4000-8000-000000000001',
  destinationId: destinations.pays,
  amount: { amount: '16.5', currency: 'AED' },
  description: 'INV 001',
  authorize: true,
};

const create = `mutation ($input: CreatePayoutInput!) { createPayout(input: $input) { ... on PayoutCreated {
  intentId payoutId sender { ${party} } recipient { ${party} } payout { ${allFields} }
  intent { payout { ${allFields} } } } } }`;

interface Created {
  readonly createPayout: {
    readonly intentId: string;
    readonly payoutId: string;
    readonly sender: object;
    readonly recipient: object;
    readonly payout: object;
    readonly intent: { readonly payout: object };
  };
}

interface Fields extends Record<string, unknown> {
  readonly paymentId: string | null;
  readonly outcome: string | null;
  readonly sender: object | null;
  readonly recipient: object;
}

/** The payout by every way that a query has. */
async function byAllWays(
  gateway: TestGateway,
  intentId: string,
): Promise<readonly (readonly [string, Fields])[]> {
  const id = payoutIdOf(intentId);
  const ask = async <Data>(document: string, variables: object): Promise<Data> => {
    const { data, errors } = await gateway.run<Data>(document, variables as Record<string, unknown>);
    expect(errors).toBeUndefined();
    return data as Data;
  };
  const entity = (representation: object) =>
    ask<{ _entities: Fields[] }>(
      `query ($of: [_Any!]!) { _entities(representations: $of) { ... on Payout { ${allFields} } } }`,
      { of: [{ __typename: 'Payout', ...representation }] },
    ).then(({ _entities }) => _entities[0]);
  const { payouts } = await ask<{ payouts: { nodes: Fields[]; edges: { node: Fields }[] } }>(
    `{ payouts { nodes { ${allFields} } edges { node { ${allFields} } } } }`,
    {},
  );
  const paymentId = payouts.nodes[0]?.paymentId;
  const ways: (readonly [string, Fields | undefined])[] = [
    ['nodes', payouts.nodes[0]],
    ['edges', payouts.edges[0]?.node],
    [
      'payout',
      (await ask<{ payout: Fields }>(`query ($id: ID!) { payout(id: $id) { ${allFields} } }`, { id })).payout,
    ],
    [
      'payoutByIntent',
      (
        await ask<{ p: Fields }>(`query ($id: ID!) { p: payoutByIntent(intentId: $id) { ${allFields} } }`, {
          id: intentId,
        })
      ).p,
    ],
    [
      'payoutIntent',
      (
        await ask<{ i: { payout: Fields } }>(
          `query ($id: ID!) { i: payoutIntent(id: $id) { payout { ${allFields} } } }`,
          { id: intentId },
        )
      ).i.payout,
    ],
    ['entity by id', await entity({ id })],
    ['entity by intentId', await entity({ intentId })],
  ];
  if (paymentId != null)
    ways.push(
      [
        'payoutByPayment',
        (
          await ask<{ p: Fields }>(
            `query ($id: ID!) { p: payoutByPayment(paymentId: $id) { ${allFields} } }`,
            {
              id: paymentId,
            },
          )
        ).p,
      ],
      ['entity by paymentId', await entity({ paymentId })],
    );
  return ways.map(([way, fields]) => [way, fields ?? ({} as Fields)]);
}

describe('one payout', () => {
  it.each(['32', '0'])(
    'has one value for each field after each of its steps, with READ_CACHE_MB=%s',
    async cache => {
      let aheadMs = 0;
      const gateway = await startTestGateway({
        sandbox: { payouts: 0, clock: () => Date.now() + aheadMs },
        env: { READ_CACHE_MB: cache },
      });
      const { data, errors } = await gateway.run<Created>(create, { input });
      expect(errors).toBeUndefined();
      const created = data?.createPayout;
      const outcomes = new Set<string | null>();
      for (const step of ['created', 'accepted', 'paid']) {
        const [[, first] = ['', {} as Fields], ...others] = await byAllWays(gateway, created?.intentId ?? '');
        for (const [way, fields] of others) expect([step, way, fields]).toEqual([step, way, first]);
        outcomes.add(first.outcome);
        if (step === 'created') {
          expect(created).toMatchObject({
            payoutId: first['id'],
            payout: first,
            intent: { payout: first },
            sender: first.sender,
            recipient: first.recipient,
          });
          expect(first).toMatchObject({ status: 'CREATED', outcome: 'IN_PROGRESS', paymentId: null });
        }
        aheadMs += step === 'created' ? 3000 : 60_000;
      }
      expect([...outcomes]).toEqual(['IN_PROGRESS', 'PAID']);
    },
  );
});
