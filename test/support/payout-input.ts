import { accounts, destinations } from '../../src/sandbox/named.ts';

/** An input that the sandbox pays. */
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

/** The same in the form of Lean's own API, as REST routes and tools take it. */
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
