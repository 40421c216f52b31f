import { accounts, destinations } from '../../src/sandbox/fixtures.ts';

/** The input of a payout that the sandbox pays. */
export function payoutInput(idempotencyKey: string, changes: object = {}) {
  return {
    idempotencyKey,
    accountId: accounts.operating,
    destinationId: destinations.pays,
    amount: { amount: '16.50', currency: 'AED' },
    description: 'INV 001',
    authorize: true,
    ...changes,
  };
}

export const createPayoutDocument = /* GraphQL */ `
  mutation ($input: CreatePayoutInput!) {
    createPayout(input: $input) {
      __typename
      ... on PayoutCreated {
        payoutId
      }
    }
  }
`;

/** The same payout in the format of Lean's API, which the REST routes and MCP tools accept. */
export function leanCreation(change: object = {}, entry: object = {}) {
  return {
    payment_details: [
      {
        account_id: accounts.operating,
        currency: 'AED',
        destination_details: [
          {
            payment_destination_id: destinations.pays,
            amount: 16.5,
            description: 'INV 001',
            authorize_payment: true,
            ...change,
          },
        ],
        ...entry,
      },
    ],
  };
}
