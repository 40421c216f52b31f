import { AccessUnavailable } from './access-errors.ts';
import { describeCode, type ErrorCode, type operationErrors } from './error-codes.ts';
import {
  BadInput,
  Forbidden,
  RateLimited,
  SimilarPayoutUnknown,
  StoreUnavailable,
  SubscriberTooSlow,
  TooManySubscriptions,
  Unauthenticated,
  UpdatesCursorExpired,
  UpdatesUnavailable,
} from './gateway-errors.ts';
import { LeanCallsUsedUp, LeanError, LeanNotSent } from './lean-errors.ts';

/** A failure as every surface shows it. It contains no prose of Lean's, no stack and no cause. */
export interface PresentedError {
  readonly code: ErrorCode | keyof typeof operationErrors;
  readonly message: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Further members of `extensions` in GraphQL, and of the problem details on REST. */
  readonly details: Readonly<Record<string, unknown>>;
}

/**
 * Presents a failure that callers may see.
 * @param challenge parameters for `www-authenticate`, such as where to get an access token
 * @returns undefined for any other failure, which is a bug of the gateway and must be masked
 * @see https://www.rfc-editor.org/rfc/rfc6750#section-3
 */
export function presentedError(failure: unknown, challenge = ''): PresentedError | undefined {
  if (failure instanceof BadInput) return presented(failure, { details: { argument: failure.argument } });
  if (failure instanceof LeanCallsUsedUp)
    return presented(failure, { details: { maxCost: failure.maxCalls } });
  if (failure instanceof LeanError) {
    const details = { lean: failure.details };
    return presented(failure, failure instanceof LeanNotSent ? { details, status: 503 } : { details });
  }
  if (failure instanceof Unauthenticated) {
    const fault = failure.tokenGiven ? 'error="invalid_token"' : '';
    return presented(failure, { headers: authenticateHeader(fault, challenge) });
  }
  if (failure instanceof Forbidden) {
    const fault = `error="insufficient_scope", scope="${failure.missing.join(' ')}"`;
    return presented(failure, { headers: authenticateHeader(fault, challenge) });
  }
  if (failure instanceof RateLimited) {
    const { retryAfterSeconds } = failure;
    const headers = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
    return presented(failure, { headers, details: { retryAfterSeconds } });
  }
  if (failure instanceof AccessUnavailable) return presented(failure, { headers: { 'retry-after': '5' } });
  if (failure instanceof SimilarPayoutUnknown) {
    const { similarUnknownKey } = failure;
    return presented(failure, { details: { similarUnknownKey } });
  }
  if (
    failure instanceof StoreUnavailable ||
    failure instanceof SubscriberTooSlow ||
    failure instanceof TooManySubscriptions ||
    failure instanceof UpdatesCursorExpired ||
    failure instanceof UpdatesUnavailable
  )
    return presented(failure);
  return undefined;
}

function presented(
  { code, message }: Pick<PresentedError, 'code' | 'message'>,
  more: Partial<Omit<PresentedError, 'code' | 'message'>> = {},
): PresentedError {
  return { code, message, status: describeCode(code).httpStatus, headers: {}, details: {}, ...more };
}

function authenticateHeader(...parameters: readonly string[]): Record<string, string> {
  const given = parameters.filter(parameter => parameter !== '').join(', ');
  return { 'www-authenticate': given === '' ? 'Bearer' : `Bearer ${given}` };
}
