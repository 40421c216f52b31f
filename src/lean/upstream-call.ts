import type { RequestClass } from './retry.ts';

/** The `error` of an attempt that ended because nobody waited for it any more. */
export const cancelledAttempt = 'cancelled';

/** One completed attempt of an upstream call, for logs and metrics. It holds no token, name, IBAN or body. */
export interface UpstreamCall {
  readonly operation: string;
  readonly class: RequestClass;
  /** 1 for the first. */
  readonly attempt: number;
  readonly durationMs: number;
  /** HTTP status; undefined if no response came. */
  readonly status: number | undefined;
  /** Kind and code of the failure, if no response came. */
  readonly error?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly traceId?: string | undefined;
}

/** One attempt of a call that is about to start. */
export interface UpstreamAttempt extends Pick<UpstreamCall, 'operation' | 'class' | 'attempt'> {
  readonly method: 'GET' | 'POST';
}

/** The trace of one attempt. */
export interface AttemptTrace {
  /** Sent with the request. */
  readonly headers: Readonly<Record<string, string>>;
  end(call: UpstreamCall): void;
}
