import { LeanNotSent, LeanOutcomeUnknown, LeanUnreachable } from '../errors/lean-errors.ts';
import { retryAfterMs } from './retry-after.ts';
import type { HttpResponse } from './upstream-request.ts';

/** The outcome of one attempt. */
export type Attempt = { readonly response: HttpResponse } | { readonly error: unknown };

export type RequestClass = 'read' | 'write';

interface Rule {
  readonly when: (attempt: Attempt) => boolean;
  readonly read: boolean;
  readonly write: boolean;
  readonly reason: string;
}

/** The first matching rule decides. An attempt that matches no rule is not retried. */
export const rules: readonly Rule[] = [
  {
    when: attempt => 'error' in attempt && attempt.error instanceof LeanUnreachable,
    read: true,
    write: true,
    reason: 'No connection was made in time. No byte was sent, so the retry is the first request.',
  },
  {
    when: attempt => 'error' in attempt && attempt.error instanceof LeanNotSent,
    read: false,
    write: false,
    reason:
      'The gateway itself did not send the request (queue, circuit breaker, no token). A retry would add load.',
  },
  {
    when: attempt =>
      'error' in attempt &&
      attempt.error instanceof LeanOutcomeUnknown &&
      attempt.error.code === 'LEAN_TIMEOUT',
    read: false,
    write: false,
    reason: 'The deadline has passed.',
  },
  {
    when: attempt => 'error' in attempt && attempt.error instanceof LeanOutcomeUnknown,
    read: true,
    write: false,
    reason:
      'After a broken connection a read is safe to retry, but Lean may have created the payout of a write.',
  },
  {
    when: attempt => 'response' in attempt && attempt.response.status === 429,
    read: true,
    write: false,
    reason: 'Lean asks for fewer requests. A read waits and retries; the caller decides about a payout.',
  },
  {
    when: attempt => 'response' in attempt && attempt.response.status >= 500,
    read: true,
    write: false,
    reason: 'A server error may be temporary, but Lean may have created the payout of a write.',
  },
];

export const maxRetries = 2;

/** Full jitter: the delay is random between zero and this many ms. The bound doubles with every further retry. */
const firstDelayMs = 100;

/** No retry is made if it would have less time than this before the deadline, in ms. */
const minRetryTimeMs = 20;

export interface RetryOptions {
  readonly budget: RetryBudget;
  /** From 0 to 1. @default Math.random */
  readonly random?: () => number;
}

/** Decides whether a request is retried, and after which delay. */
export class RetryPolicy {
  readonly #budget: RetryBudget;
  readonly #random: () => number;

  constructor({ budget, random = Math.random }: RetryOptions) {
    this.#budget = budget;
    this.#random = random;
  }

  /** Counts a request of a caller. The number of retries is limited to a share of these. */
  countRequest(): void {
    this.#budget.countRequest();
  }

  /**
   * The delay before the next attempt, in ms; undefined if there is no retry.
   * @param retries the number of retries so far
   * @param remainingMs time until the deadline
   * @see https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
   */
  delayBeforeRetry(
    kind: RequestClass,
    attempt: Attempt,
    retries: number,
    remainingMs: number,
  ): number | undefined {
    if (retries >= maxRetries || rules.find(({ when }) => when(attempt))?.[kind] !== true) return undefined;
    const requestedMs = 'response' in attempt ? retryAfterMs(attempt.response) : undefined;
    const delayMs = requestedMs ?? this.#random() * firstDelayMs * 2 ** retries;
    return delayMs + minRetryTimeMs < remainingMs && this.#budget.take() ? delayMs : undefined;
  }
}

const windowSeconds = 10;
/** Retries per request. */
const retryShare = 0.2;
/** Retries that are allowed in any case. */
const minRetries = 10;

/**
 * Prevents retries from multiplying the load during an outage: within ten seconds there may be one retry for every five
 * requests, or ten retries if there are few requests.
 */
export class RetryBudget {
  readonly #now: () => number;
  #seconds: { readonly second: number; requests: number; retries: number }[] = [];

  /** @param now the time of a monotonic clock, in ms */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  countRequest(): void {
    this.#current().requests += 1;
  }

  /** Takes one retry from the budget; false when none is left. */
  take(): boolean {
    const current = this.#current();
    const requests = this.#seconds.reduce((sum, second) => sum + second.requests, 0);
    const retries = this.#seconds.reduce((sum, second) => sum + second.retries, 0);
    if (retries >= Math.max(minRetries, requests * retryShare)) return false;
    current.retries += 1;
    return true;
  }

  #current(): { requests: number; retries: number } {
    const second = Math.floor(this.#now() / 1000);
    const last = this.#seconds.at(-1);
    if (last?.second === second) return last;
    const fresh = { second, requests: 0, retries: 0 };
    this.#seconds = [...this.#seconds.filter(kept => kept.second > second - windowSeconds), fresh];
    return fresh;
  }
}
