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
