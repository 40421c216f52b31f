import { graphql } from '../gql';

/** The three results, and from each what the user must know. No field of it costs a Lean call. */
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

/** Asks what became of a key. It sends no payment. */
export const PaymentOfKey = graphql(`
  query PaymentOfKey($key: String!) {
    payoutRequest(idempotencyKey: $key) {
      results {
        ...PaymentResult
      }
    }
  }
`);
