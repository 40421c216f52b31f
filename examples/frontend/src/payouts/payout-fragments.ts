import { graphql } from '../gql';

/** What changes during the life of a payout. Updates bring it. */
export const PayoutState = graphql(`
  fragment PayoutState on Payout {
    id
    status
    outcome
    postInitiationStatus
  }
`);

/** A row of the list. Lean's list has all of it, so a page costs one Lean call. */
export const PayoutRow = graphql(`
  fragment PayoutRow on Payout {
    ...PayoutState
    createdAt
    description
    amount {
      amount
      currency
    }
    recipient {
      id
      displayName
    }
  }
`);

export const PayoutHistory = graphql(`
  fragment PayoutHistory on Payout {
    history {
      status
      leanStatus
      postInitiationStatus
      publishedAt
    }
  }
`);
