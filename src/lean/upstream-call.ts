import type { RequestClass } from './retry.ts';

/** One upstream call, told when it is over; for logs and measurements. Holds no token, name, IBAN or body. */
export interface UpstreamCall {
  readonly operation: string;
  readonly class: RequestClass;
  /** 1 for the first. */
  readonly attempt: number;
  readonly durationMs: number;
  /** HTTP status, or undefined when no answer came. */
  readonly status: number | undefined;
  /** Kind and code of the failure, when no answer came. */
  readonly error?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly traceId?: string | undefined;
}

/** One attempt of a call that is about to be made. */
export interface UpstreamAttempt extends Pick<UpstreamCall, 'operation' | 'class' | 'attempt'> {
  readonly method: 'GET' | 'POST';
}

/** Follows an attempt to its end. */
export interface AttemptTrace {
  /** Sent along with it. */
  readonly headers: Readonly<Record<string, string>>;
  end(call: UpstreamCall): void;
}
