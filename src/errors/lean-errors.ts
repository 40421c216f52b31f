/** The codes that an upstream failure can carry on every surface. */
export type LeanErrorCode =
  | 'LEAN_UNAUTHORIZED'
  | 'LEAN_REFUSED'
  | 'LEAN_RATE_LIMITED'
  | 'LEAN_TIMEOUT'
  | 'LEAN_UNAVAILABLE'
  | 'LEAN_BAD_RESPONSE'
  | 'NOT_OFFERED_BY_LEAN'
  | 'LEAN_ROW_NOT_FOUND'
  | 'OPERATION_TOO_EXPENSIVE';

/** What Lean said about a failure, as far as known: ids and codes only, never its prose. */
export interface LeanErrorDetails {
  readonly httpStatus?: number;
  /** Lean's own machine code, such as `UNKNOWN_PAYMENT_DESTINATION`. */
  readonly code?: string;
  readonly correlationId?: string;
  readonly traceId?: string;
  /** Whether the same request may succeed later. For a request that moves money it promises nothing else. */
  readonly retryable: boolean;
}

/** Any failure at Lean's edge. The message is our own words and may be shown; `cause` is for the log alone. */
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
 * Lean said no, by a 4xx. On a read that is all there is to it. Of a payout some say less: 409 and those that speak
 * of an earlier request leave open whether it was taken (`payouts/creation/refusal.ts`). Not in here: 408 and 5xx. `cause` is
 * Lean's answer.
 */
export class LeanRefused extends LeanError {
  override readonly name = 'LeanRefused';
}

/** Nothing reached Lean: no connection, no access token, no place in line, or given up before the first byte. */
export class LeanNotSent extends LeanError {
  override readonly name: string = 'LeanNotSent';
}

/**
 * Nothing reached Lean, because no connection to it came about, or because it came about too late for what had been
 * recorded (`send-window.ts`). The same request may be tried again at once.
 */
export class LeanUnreachable extends LeanNotSent {
  override readonly name = 'LeanUnreachable';
}

/** Nothing reached Lean because its token endpoint gave no access token. */
export class LeanTokenUnavailable extends LeanNotSent {
  override readonly name = 'LeanTokenUnavailable';
}

/** Nothing reached Lean, because the operation has made all the calls that one may make. */
export class LeanCallsUsedUp extends LeanNotSent {
  override readonly name = 'LeanCallsUsedUp';
  /** Calls that one operation may make. */
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
 * The request was sent, or may have been, and no answer tells what became of it: a timeout, a broken connection, a
 * 5xx. On a read that only means the value is not known; on a payout it means the money may have moved.
 */
export class LeanOutcomeUnknown extends LeanError {
  override readonly name = 'LeanOutcomeUnknown';
}

/** Lean answered, and the answer cannot be understood: not JSON, cut short, too large, or without what was asked for. */
export class LeanBadAnswer extends LeanError {
  override readonly name = 'LeanBadAnswer';
}

/** This Lean application has no call for what was asked. Lean's older UAE applications and those in KSA have fewer calls. */
export class LeanNotOffered extends LeanError {
  override readonly name = 'LeanNotOffered';

  constructor(cause?: unknown, message = 'This Lean application does not offer it.') {
    super('NOT_OFFERED_BY_LEAN', message, { retryable: false }, cause);
  }
}

/** Only Lean's list has what was asked for, and the payout was not found there with two calls. */
export class LeanRowNotFound extends LeanError {
  override readonly name = 'LeanRowNotFound';

  constructor() {
    super('LEAN_ROW_NOT_FOUND', "The payout was not found in Lean's list.", { retryable: true });
  }
}

/** Whether Lean has answered, and its answer says nothing of what it will answer to other requests. */
export function concernsOneRequest(error: LeanError): boolean {
  if (error instanceof LeanBadAnswer || error instanceof LeanNotOffered) return true;
  return error instanceof LeanRefused && error.code === 'LEAN_REFUSED';
}
