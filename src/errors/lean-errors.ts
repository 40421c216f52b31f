import type { ErrorCode } from './error-codes.ts';

/** The codes of failed calls to Lean, which are the same on every surface. */
export type LeanErrorCode = Extract<
  ErrorCode,
  `LEAN_${string}` | 'NOT_OFFERED_BY_LEAN' | 'OPERATION_TOO_EXPENSIVE'
>;

/** Facts about a failure from Lean's response, as far as known: ids and codes only, never its prose. */
export interface LeanErrorDetails {
  readonly httpStatus?: number;
  /** Lean's own machine code, such as `UNKNOWN_PAYMENT_DESTINATION`. */
  readonly code?: string;
  readonly correlationId?: string;
  readonly traceId?: string;
  /** Whether the same request may succeed later. It does not say whether a payout was created. */
  readonly retryable: boolean;
  /** How long Lean asks to wait before that, in seconds. */
  readonly retryAfterSeconds?: number;
}

/** A failed call to Lean. The message is the gateway's own and may be shown to callers. `cause` must not be shown. */
export abstract class LeanError extends Error {
  readonly code: LeanErrorCode;
  readonly details: LeanErrorDetails;

  constructor(code: LeanErrorCode, message: string, details: LeanErrorDetails, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
  }
}

/**
 * Lean refused the request, with a 4xx status other than 408. After some refusals of a creation, for example those that
 * refer to an earlier request, Lean may still have the payout (`payouts/creation/refusal.ts`). `cause` is the
 * `LeanAnswer`.
 */
export class LeanRefused extends LeanError {
  override readonly name = 'LeanRefused';
}

/**
 * Nothing was sent to Lean: there was no connection, no access token or no place in the queue, the circuit was open, or
 * the deadline passed before the first byte.
 */
export class LeanNotSent extends LeanError {
  override readonly name: string = 'LeanNotSent';
}

/**
 * Nothing was sent to Lean, because no connection was made, or because too much time had passed since the payout was
 * recorded (`lean/send-window.ts`). The same request may be retried at once.
 */
export class LeanUnreachable extends LeanNotSent {
  override readonly name = 'LeanUnreachable';
}

/** Nothing was sent to Lean, because its token endpoint issued no access token. */
export class LeanTokenUnavailable extends LeanNotSent {
  override readonly name = 'LeanTokenUnavailable';
}

/** Nothing was sent to Lean, because the operation has made its maximum number of calls. */
export class LeanCallsUsedUp extends LeanNotSent {
  override readonly name = 'LeanCallsUsedUp';
  /** The maximum number of calls of one operation. */
  readonly maxCalls: number;

  constructor(maxCalls: number) {
    super(
      'OPERATION_TOO_EXPENSIVE',
      `This operation has reached its limit of ${String(maxCalls)} Lean calls. Ask for fewer rows, or for fewer of the ` +
        'fields that cost a call each.',
      { retryable: false },
    );
    this.maxCalls = maxCalls;
  }
}

/**
 * The request was sent, or may have been, and no response shows its outcome: a timeout, a broken connection, or a 5xx
 * status. After a creation of payouts, money may have moved.
 */
export class LeanOutcomeUnknown extends LeanError {
  override readonly name = 'LeanOutcomeUnknown';
}

/** Lean's response cannot be used: it is not JSON, incomplete or too large, or it lacks the requested data. */
export class LeanBadAnswer extends LeanError {
  override readonly name = 'LeanBadAnswer';

  constructor(message: string, details: LeanErrorDetails = { retryable: false }, cause?: unknown) {
    super('LEAN_BAD_RESPONSE', message, details, cause);
  }
}

/**
 * This Lean application has no call for the requested data. Lean's older UAE applications and those in KSA have fewer
 * calls.
 */
export class LeanNotOffered extends LeanError {
  override readonly name = 'LeanNotOffered';

  constructor(cause?: unknown, message = 'This Lean application has no call for this.') {
    super('NOT_OFFERED_BY_LEAN', message, { retryable: false }, cause);
  }
}

/** Only Lean's list has the requested data, and the payout was not found there with two calls. */
export class LeanRowNotFound extends LeanError {
  override readonly name = 'LeanRowNotFound';

  constructor() {
    super('LEAN_ROW_NOT_FOUND', "The payout was not found in Lean's list.", { retryable: true });
  }
}

/** Whether Lean has responded, and the failure says nothing about the outcome of other requests. */
export function concernsOneRequest(error: LeanError): boolean {
  if (error instanceof LeanBadAnswer || error instanceof LeanNotOffered) return true;
  return error instanceof LeanRefused && error.code === 'LEAN_REFUSED';
}

/** Whether the next request would most likely fail too: nothing was sent, or Lean asks for fewer requests. */
export function concernsAllRequests(error: LeanError): boolean {
  return error instanceof LeanNotSent || error.code === 'LEAN_RATE_LIMITED';
}
