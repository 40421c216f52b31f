/** Example operations, shown as tabs in GraphiQL. They run unchanged on the sandbox. */
export const listPayouts = /* GraphQL */ `
  # Your payouts, newest first: press play.
  # The next page: "after" under Variables takes endCursor.
  # Two round trips to Lean, however many rows.
  # What happens from here on: PayoutUpdates, with this
  # payoutUpdatesCursor as "after" under Variables.
  query Payouts($first: Int, $after: String, $filter: PayoutFilter) {
    payoutUpdatesCursor
    payouts(first: $first, after: $after, filter: $filter) {
      totalCount
      pageInfo {
        hasNextPage
        endCursor
      }
      nodes {
        id
        amount {
          amount
          currency
        }
        recipient {
          displayName
        }
        description
        outcome
        createdAt
        intent {
          externalReference
        }
        history {
          leanStatus
          publishedAt
        }
      }
    }
  }
`;

export const payoutInFull = /* GraphQL */ `
  # Everything about one payout.
  # By an id of Lean's own: payoutByIntent, payoutByPayment.
  query PayoutInFull($id: ID!) {
    payout(id: $id) {
      id
      intentId
      amount {
        amount
        currency
      }
      description
      outcome
      status
      leanStatus
      postInitiationStatus
      bankTransactionReference
      submittedAt
      initiatedAt
      sender {
        legalName
        accountNumber
        iban
      }
      recipient {
        legalName
        accountNumber
        iban
      }
      intent {
        externalReference
        customerId
        destination {
          id
          status
          displayName
          bankIdentifier
          city
          country
        }
      }
      history {
        type
        status
        postInitiationStatus
        publishedAt
      }
    }
  }
`;

export const createPayout = /* GraphQL */ `
  # Pays. Run it twice: the same key is the same payout.
  # To pay again, change idempotencyKey under Variables.
  mutation CreatePayout($input: CreatePayoutInput!) {
    createPayout(input: $input) {
      __typename
      ... on PayoutCreated {
        payoutId
        status
        amount {
          amount
          currency
        }
        recipient {
          displayName
        }
      }
      ... on PayoutRejected {
        code
        message
        inputErrors {
          field
          message
        }
      }
      ... on PayoutOutcomeUnknown {
        message
        idempotencyKey
      }
    }
  }
`;

export const followNewestPayout = /* GraphQL */ `
  # The newest payout. After creating one, run this a few
  # times: the bank accepts it, then it is paid.
  query NewestPayout {
    payouts(first: 1) {
      nodes {
        id
        outcome
        status
        postInitiationStatus
        createdAt
        history {
          leanStatus
          postInitiationStatus
          publishedAt
        }
      }
    }
  }
`;

export const followPayouts = /* GraphQL */ `
  # What happens to payouts, as it happens. Run this, then
  # create a payout in the tab before and come back.
  # Cut off? Go on: "after" takes the last cursor.
  subscription PayoutUpdates($after: String) {
    payoutUpdated(after: $after) {
      cursor
      payoutId
      status
      postInitiationStatus
      outcome
      publishedAt
      payout {
        amount {
          amount
          currency
        }
        recipient {
          displayName
        }
      }
    }
  }
`;
