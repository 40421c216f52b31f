import { type Instant, formatInstant } from '../instant.ts';
import type { Refusal } from './refusal.ts';

/** Lean's response to a request, before a fault changes it. */
export interface LeanResponse {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The response may not be sent before this resolves. Absent if it may be sent at once. */
  readonly ready?: Promise<void>;
}

/** Lean's error envelope. */
export function errorResponse(httpStatus: number, code: string, message: string, now: Instant): LeanResponse {
  return {
    status: httpStatus,
    body: JSON.stringify({ timestamp: formatInstant(now), status: code, message, metadata: null }),
  };
}

/** The error envelope of a refused request. */
export function refusalResponse(refusal: Refusal, now: Instant): LeanResponse {
  return errorResponse(refusal.httpStatus, refusal.code, refusal.message, now);
}

/** Waits without keeping the process alive. */
export function pause(ms: number): Promise<void> {
  return new Promise(resolve => {
    setTimeout(resolve, ms).unref();
  });
}
