import { type Instant, printInstant } from '../instant.ts';
import type { Refusal } from './refusal.ts';

/** What the sandbox says to a request, before any fault meddles with it. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Resolves when the answer may be given; an answer without it may be given at once. */
  readonly ready?: Promise<void>;
}

/** Lean's error envelope. */
export function errorAnswer(httpStatus: number, code: string, message: string, now: Instant): Answer {
  return {
    status: httpStatus,
    body: JSON.stringify({ timestamp: printInstant(now), status: code, message, metadata: null }),
  };
}

/** The envelope of a refused request. */
export function refusalAnswer(refusal: Refusal, now: Instant): Answer {
  return errorAnswer(refusal.httpStatus, refusal.code, refusal.message, now);
}

/** Waits without keeping the process alive. */
export function pause(ms: number): Promise<void> {
  return new Promise(resolve => {
    setTimeout(resolve, ms).unref();
  });
}
