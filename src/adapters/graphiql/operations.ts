/** Example operations, shown as tabs in GraphiQL. They run unchanged on the sandbox. */
export const listPayouts = /* GraphQL */ `
  # Lists your payouts, newest first. Press play.
  # Next page: set "after" under Variables to endCursor.
  # Any number of rows takes two round trips to Lean.
  # To follow changes from now on, run PayoutUpdates with
  # "after" set to this payoutUpdatesCursor.
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
  # Shows everything about one payout. For one of Lean's own
  # ids, use payoutByIntent or payoutByPayment.
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
  # Creates a payout. Run it twice: the same key is the same
  # payout. To pay again, change idempotencyKey in Variables.
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

export const newestPayout = /* GraphQL */ `
  # Shows the newest payout. After you have created one, run
  # this a few times: the bank accepts it, then it is paid.
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
  # Shows changes of payouts as they happen. Run this, then
  # run CreatePayout in a second browser window, because
  # leaving this GraphiQL tab ends the subscription.
  # After a lost connection, set "after" to the last cursor.
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
