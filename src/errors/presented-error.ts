import { AccessUnavailable } from './access-errors.ts';
import { describeCode, type ErrorCode, type operationErrors } from './error-codes.ts';
import {
  BadInput,
  Forbidden,
  RateLimited,
  SimilarPayoutUnknown,
  StoreUnavailable,
  SubscriberTooSlow,
  TooManyOperations,
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
  /**
   * Further members of `extensions` in GraphQL, and of the problem details on REST. If the same request may succeed
   * later, `retryable` is true, and `retryAfterSeconds` is how long to wait, at least 1.
   */
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
    const { retryAfterSeconds, ...lean } = failure.details;
    const status = failure instanceof LeanNotSent ? 503 : undefined;
    return presented(failure, { details: { lean }, retryable: lean.retryable, retryAfterSeconds, status });
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
    return presented(failure, { retryable: retryAfterSeconds !== undefined, retryAfterSeconds });
  }
  if (failure instanceof UpdatesUnavailable) return presented(failure, { retryable: failure.retryable });
  if (failure instanceof SimilarPayoutUnknown) {
    const { similarUnknownKey } = failure;
    return presented(failure, { details: { similarUnknownKey } });
  }
  if (
    failure instanceof AccessUnavailable ||
    failure instanceof StoreUnavailable ||
    failure instanceof SubscriberTooSlow ||
    failure instanceof TooManyOperations ||
    failure instanceof TooManySubscriptions ||
    failure instanceof UpdatesCursorExpired
  )
    return presented(failure);
  return undefined;
}

interface Presentation extends Partial<Pick<PresentedError, 'headers' | 'details'>> {
  /** @default that of the code */
  readonly status?: number | undefined;
  /** @default that of the code */
  readonly retryable?: boolean;
  /** @default that of the code */
  readonly retryAfterSeconds?: number | undefined;
}

function presented(
  { code, message }: Pick<PresentedError, 'code' | 'message'>,
  presentation: Presentation = {},
): PresentedError {
  const description = describeCode(code);
  const { status = description.httpStatus, headers = {}, details = {} } = presentation;
  const { retryable = description.retryable === true } = presentation;
  if (!retryable) return { code, message, status, headers, details };
  const { retryAfterSeconds = description.retryAfterSeconds ?? 1 } = presentation;
  return {
    code,
    message,
    status,
    headers:
      status === 429 || status === 503 ? { 'retry-after': String(retryAfterSeconds), ...headers } : headers,
    details: { ...details, retryable, retryAfterSeconds },
  };
}

function authenticateHeader(...parameters: readonly string[]): Record<string, string> {
  const given = parameters.filter(parameter => parameter !== '').join(', ');
  return { 'www-authenticate': given === '' ? 'Bearer' : `Bearer ${given}` };
}
