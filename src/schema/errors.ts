import { GraphQLError } from 'graphql';
import { LeanCallsUsedUp, LeanError } from '../errors/lean-errors.ts';
import {
  BadInput,
  Forbidden,
  RateLimited,
  StoreUnavailable,
  SubscriberTooSlow,
  TooManySubscriptions,
  Unauthenticated,
  UpdatesCursorExpired,
  UpdatesUnavailable,
} from '../errors/gateway-errors.ts';

/**
 * The error that a caller sees for a failure that has a name, with its code; undefined for anything else, which is
 * a bug of ours and must be masked. Lean's prose, stacks and causes stay behind.
 */
export function errorForCaller(
  failure: unknown,
): { message: string; extensions: Record<string, unknown> } | undefined {
  if (failure instanceof BadInput)
    return { message: failure.message, extensions: { code: failure.code, argument: failure.argument } };
  if (failure instanceof LeanCallsUsedUp)
    return { message: failure.message, extensions: { code: failure.code, maxCost: failure.maxCalls } };
  if (failure instanceof LeanError)
    return { message: failure.message, extensions: { code: failure.code, lean: failure.details } };
  if (
    failure instanceof StoreUnavailable ||
    failure instanceof SubscriberTooSlow ||
    failure instanceof UpdatesCursorExpired ||
    failure instanceof UpdatesUnavailable
  )
    return { message: failure.message, extensions: { code: failure.code } };
  if (failure instanceof TooManySubscriptions)
    return { message: failure.message, extensions: { code: failure.code, http: { status: 429 } } };
  if (failure instanceof Unauthenticated)
    return { message: failure.message, extensions: { code: failure.code, http: { status: 401 } } };
  if (failure instanceof Forbidden) {
    const challenge = `Bearer error="insufficient_scope", scope="${failure.missing.join(' ')}"`;
    const http = { status: 403, headers: { 'www-authenticate': challenge } };
    return { message: failure.message, extensions: { code: failure.code, http } };
  }
  if (failure instanceof RateLimited) {
    const { code, message, retryAfterSeconds } = failure;
    const headers = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
    return { message, extensions: { code, retryAfterSeconds, http: { status: 429, headers } } };
  }
  return undefined;
}

/** The failure behind a located GraphQL error. */
export function failureBehind(error: unknown): unknown {
  let failure = error;
  while (failure instanceof GraphQLError && failure.originalError != null) failure = failure.originalError;
  return failure;
}
