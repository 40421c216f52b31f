import { randomUUID } from 'node:crypto';
import { payoutIdOf } from '../src/payouts/values/ids.ts';
import { firstFinalPage, firstSharingPage, intentId } from './payout-position.ts';

/** An operation that is sent repeatedly with changing variables. */
export interface Workload {
  readonly name: string;
  readonly operationName: string;
  readonly query: string;
  /** The variables of the request with this number. Concurrent requests must read different objects from Lean. */
  readonly variables: (index: number) => object;
}

/** The number of list pages in use by most workloads. It is larger than the number of concurrent requests. */
const pages = 40;
const finalPages = 10;

/** Selects a page of the fast Lean's list by a filter that all servers forward to Lean. */
function pageFrom(firstPage: number, first: number, count = pages): Workload['variables'] {
  return index => {
    const hundredths = String(firstPage + (index % count)).padStart(2, '0');
    return { first, filter: { amount: { min: `0.${hundredths}` } } };
  };
}

export const onePayout: Workload = {
  name: 'one payout, 10 fields',
  operationName: 'OnePayout',
  query: `query OnePayout($id: ID!) {
    payout(id: $id) {
      id intentId amount { amount currency } description status leanStatus postInitiationStatus
      recipient { displayName } submittedAt bankTransactionReference
    }
  }`,
  variables: index => ({ id: payoutIdOf(intentId({ page: 1, row: index % 100 })) }),
};

export const payoutPage: Workload = {
  name: '50 payouts, fields of the list',
  operationName: 'PayoutPage',
  query: `query PayoutPage($first: Int, $filter: PayoutFilter) {
    payouts(first: $first, filter: $filter) {
      nodes {
        id intentId amount { amount currency } description status recipient { displayName } bankTransactionReference
        createdAt
      }
      pageInfo { hasNextPage }
    }
  }`,
  variables: pageFrom(1, 50),
};

const detailsQuery = `query PayoutDetails($first: Int, $filter: PayoutFilter) {
  payouts(first: $first, filter: $filter) {
    nodes { id intent { id externalReference } history { type status publishedAt } }
  }
}`;

/** A list page of `first` payouts with intent and history. */
export function payoutDetails(first: number): Workload {
  return {
    name: `${String(first)} payouts, intent and history`,
    operationName: 'PayoutDetails',
    query: detailsQuery,
    variables: pageFrom(1, first),
  };
}

export const sharedDetails: Workload = {
  name: '50 payouts, sharing 10 intents',
  operationName: 'PayoutDetails',
  query: detailsQuery,
  variables: pageFrom(firstSharingPage, 50),
};

export const finalDetails: Workload = {
  name: '50 final payouts, intent and history',
  operationName: 'PayoutDetails',
  query: detailsQuery,
  variables: pageFrom(firstFinalPage, 50, finalPages),
};

export const payoutEntities: Workload = {
  name: '50 payouts for a router (_entities)',
  operationName: 'PayoutEntities',
  query: `query PayoutEntities($representations: [_Any!]!) {
    _entities(representations: $representations) { ... on Payout { id amount { amount currency } status } }
  }`,
  variables: index => ({
    representations: Array.from({ length: 50 }, (_, row) => ({
      __typename: 'Payout',
      id: payoutIdOf(intentId({ page: 1 + (index % pages), row })),
    })),
  }),
};

export const newPayout: Workload = {
  name: 'create a payout',
  operationName: 'CreatePayout',
  query: `mutation CreatePayout($input: CreatePayoutInput!) {
    createPayout(input: $input) {
      __typename
      ... on PayoutCreated {
        idempotencyKey intentId payoutId status amount { amount currency } recipient { displayName }
      }
    }
  }`,
  variables: () => ({
    input: {
      idempotencyKey: randomUUID(),
      accountId: 'a0000000-0000-4000-8000-000000000001',
      destinationId: 'd0000000-0000-4000-8000-000000000001',
      amount: { amount: '16.5', currency: 'AED' },
      description: 'Bench',
      authorize: true,
    },
  }),
};

/** The body of a request. */
export function bodyOf({ operationName, query }: Workload, variables: object): string {
  return JSON.stringify({ operationName, query, variables });
}
