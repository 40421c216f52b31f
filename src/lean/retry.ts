import { LeanNotSent, LeanOutcomeUnknown, LeanUnreachable } from '../errors/lean-errors.ts';
import type { HttpAnswer } from './upstream-request.ts';

/** How one attempt ended: with an answer, or with what was thrown. */
export type Attempt = { readonly answer: HttpAnswer } | { readonly error: unknown };

export type RequestClass = 'read' | 'write';

interface Rule {
  readonly when: (attempt: Attempt) => boolean;
  readonly read: boolean;
  readonly write: boolean;
  readonly reason: string;
}

/** The first row that fits decides; what fits none is not repeated. */
export const rules: readonly Rule[] = [
  {
    when: attempt => 'error' in attempt && attempt.error instanceof LeanUnreachable,
    read: true,
    write: true,
    reason: 'No connection came about in time: not a byte was sent, so a repetition is the first time.',
  },
  {
    when: attempt => 'error' in attempt && attempt.error instanceof LeanNotSent,
    read: false,
    write: false,
    reason: 'The gateway itself did not send it (queue, breaker, no token): a retry would add load.',
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
    reason: 'A broken connection costs a read nothing; a payout may have been taken.',
  },
  {
    when: attempt => 'answer' in attempt && attempt.answer.status === 429,
    read: true,
    write: false,
    reason: 'Lean asks to come back later; the caller of a payout decides about that.',
  },
  {
    when: attempt => 'answer' in attempt && attempt.answer.status >= 500,
    read: true,
    write: false,
    reason: 'Faults of servers pass; after one, a payout may have been taken.',
  },
];

export const maxRetries = 2;

/** Full jitter: anything between nothing and this, doubled for every further retry. */
const firstPauseMs = 100;

/** A retry that starts later than this before the deadline has no chance. */
const leastTimeMs = 20;

export interface RetryOptions {
  readonly budget: RetryBudget;
  /** From 0 to 1. @default Math.random */
  readonly random?: () => number;
}

/** Decides whether an attempt is repeated. */
export class Retries {
  readonly #budget: RetryBudget;
  readonly #random: () => number;

  constructor({ budget, random = Math.random }: RetryOptions) {
    this.#budget = budget;
    this.#random = random;
  }

  /** Counts a request that callers asked for: retries are measured by these. */
  requested(): void {
    this.#budget.requested();
  }

  /**
   * How long to wait before the next attempt, in ms; undefined when there is none.
   * @param retries how often it has been repeated so far
   * @param remainingMs until the deadline
   * @see https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
   */
  pauseBefore(
    kind: RequestClass,
    attempt: Attempt,
    retries: number,
    remainingMs: number,
  ): number | undefined {
    // What went well needs no rule.
    if ('answer' in attempt && attempt.answer.status < 400) return undefined;
    if (retries >= maxRetries || rules.find(({ when }) => when(attempt))?.[kind] !== true) return undefined;
    const asked = 'answer' in attempt ? retryAfterMs(attempt.answer) : undefined;
    const pauseMs = asked ?? this.#random() * firstPauseMs * 2 ** retries;
    return pauseMs + leastTimeMs < remainingMs && this.#budget.take() ? pauseMs : undefined;
  }
}

export function retryAfterMs({ headers }: HttpAnswer, now: () => number = Date.now): number | undefined {
  const value = headers['retry-after'];
  if (typeof value !== 'string') return undefined;
  if (/^\d{1,6}$/.test(value)) return Number(value) * 1000;
  // Without this, `1.5` would be a day in the year 2001.
  const date = value.endsWith('GMT') ? Date.parse(value) : NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now());
}

const windowSeconds = 10;
const share = 0.2;
const floor = 10;

/**
 * What keeps an outage from being multiplied: within ten seconds retries may make up a fifth of what was asked for,
 * or ten where little was.
 */
export class RetryBudget {
  readonly #now: () => number;
  #seconds: { readonly second: number; requests: number; retries: number }[] = [];

  /** @param now ms on any steady clock */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  requested(): void {
    this.#current().requests += 1;
  }

  /** Takes one retry out of the budget, if there is one left. */
  take(): boolean {
    const current = this.#current();
    const requests = this.#seconds.reduce((sum, second) => sum + second.requests, 0);
    const retries = this.#seconds.reduce((sum, second) => sum + second.retries, 0);
    if (retries >= Math.max(floor, requests * share)) return false;
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
