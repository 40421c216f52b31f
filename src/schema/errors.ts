import { GraphQLError } from 'graphql';
import { describeCode } from '../errors/error-codes.ts';
import { presentedError } from '../errors/presented-error.ts';

/**
 * The message and the extensions of a GraphQL error for a failure.
 * @returns undefined for a failure that callers may not see: it is a bug and must be masked
 */
export function errorForCaller(
  failure: unknown,
): { message: string; extensions: Record<string, unknown> } | undefined {
  const presented = presentedError(failure);
  if (presented === undefined) return undefined;
  const { code, message, status, headers, details } = presented;
  const http = Object.keys(headers).length === 0 ? { status } : { status, headers };
  const refusesRequest = describeCode(code).refusesRequest === true;
  return { message, extensions: { code, ...details, ...(refusesRequest && { http }) } };
}

/** The original failure of a GraphQL error, to which graphql-js has added a path and locations. */
export function failureBehind(error: unknown): unknown {
  let failure = error;
  while (failure instanceof GraphQLError && failure.originalError != null) failure = failure.originalError;
  return failure;
}
