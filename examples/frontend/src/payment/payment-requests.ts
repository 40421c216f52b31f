import type { ApolloClient, ErrorLike } from '@apollo/client';
import { answerOf, answerOfError, unknownFor, type PaymentAnswer } from './payment-answer';
import type { PaymentInput } from './payment-input';
import { CreatePayout, PaymentOfKey } from './payment-operations';

/** Pays. However often it is called with one key, it pays once. It never throws: without an answer, nothing is known. */
export async function createPayment(
  client: ApolloClient,
  idempotencyKey: string,
  input: PaymentInput,
): Promise<PaymentAnswer> {
  const variables = { input: { ...input, idempotencyKey } };
  const { data, error } = await client
    .mutate({ mutation: CreatePayout, variables, errorPolicy: 'all' })
    .catch(withoutData);
  if (data) return answerOf(data.createPayout);
  return error === undefined ? unknownFor('No answer arrived.') : answerOfError(error);
}

/** Asks for the outcome of the payment with a key. It sends no payment. */
export async function findPayment(client: ApolloClient, key: string): Promise<PaymentAnswer> {
  const { data, error } = await client
    .query({ query: PaymentOfKey, variables: { key }, fetchPolicy: 'network-only', errorPolicy: 'all' })
    .catch(withoutData);
  const [result] = data?.payoutRequest?.results ?? [];
  if (result !== undefined) return answerOf(result);
  // A missing record does not allow a payment under another key: the request may still be on its way.
  return unknownFor(error === undefined ? 'The gateway has no record of it.' : `${error.message}.`);
}

function withoutData(error: ErrorLike): { readonly data: undefined; readonly error: ErrorLike } {
  return { data: undefined, error };
}
