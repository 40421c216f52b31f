import { graphql } from '../gql';

/** Reads what the user must know of each of the three results. None of these fields costs a Lean call. */
export const PaymentResult = graphql(`
  fragment PaymentResult on CreatePayoutResult {
    ... on PayoutCreated {
      payoutId
      similarUnknownKey
    }
    ... on PayoutRejected {
      code
      message
      inputErrors {
        field
        code
      }
    }
    ... on PayoutOutcomeUnknown {
      message
      reason
      retryAfterSeconds
    }
  }
`);

export const CreatePayout = graphql(`
  mutation CreatePayout($input: CreatePayoutInput!) {
    createPayout(input: $input) {
      ...PaymentResult
    }
  }
`);

/** Asks for the outcome of the payment with a key. It sends no payment. */
export const PaymentOfKey = graphql(`
  query PaymentOfKey($key: String!) {
    payoutRequest(idempotencyKey: $key) {
      results {
        ...PaymentResult
      }
    }
  }
`);
