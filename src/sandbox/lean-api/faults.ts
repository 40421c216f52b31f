import type { Random } from '../random.ts';
import type { Operation } from './routes.ts';

/** The requests that a fault affects. */
interface FaultCondition {
  /** Restricts the fault to one operation. @default all operations */
  readonly operation?: Operation;
  /** The number of requests that the fault affects before it is removed. @default unlimited */
  readonly times?: number;
  /** The share of requests that the fault affects, from 0 to 1, drawn from the sandbox's seed. @default 1 */
  readonly probability?: number;
}

/** The effect of a fault on a request. "Handles" means that Lean does the work, such as creating the payout. */
export type FaultEffect =
  /** Delays the response by `ms` milliseconds. */
  | { readonly kind: 'latency'; readonly ms: number }
  /** Drops the connection without handling the request. */
  | { readonly kind: 'drop_before' }
  /** Handles the request, then drops the connection. */
  | { readonly kind: 'drop_after' }
  /**
   * Responds with Lean's error envelope. Handles the request only if `after` is true. `retryAfter` becomes the value
   * of the `retry-after` header.
   */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly code?: string;
      readonly retryAfter?: number | string;
      readonly after?: boolean;
    }
  /** Responds with an HTML page like Cloudflare's. Handles the request only if `after` is true. @default status 503 */
  | { readonly kind: 'html'; readonly status?: number; readonly after?: boolean }
  /** Handles the request, then responds 200 with the first half of the JSON and a matching content-length. */
  | { readonly kind: 'broken_json' }
  /** Handles the request, sends half of the announced content-length, then drops the connection. */
  | { readonly kind: 'truncate' }
  /** Handles the request, then responds without a body. @default status 200 */
  | { readonly kind: 'empty'; readonly status?: number }
  /**
   * Handles the request, then sends nothing (`headers`), or stops in the middle of the body (`body`).
   * @default part 'headers'
   */
  | { readonly kind: 'stall'; readonly part?: 'headers' | 'body' };

/** A fault to add: its effect, and the requests that it affects. */
export type FaultRule = FaultEffect & FaultCondition;

/** A fault that changes the response itself, and not only its time. */
export type ResponseFault = Exclude<FaultEffect, { kind: 'latency' }>;

/** The active faults, in the order in which they were added. */
export class Faults {
  #rules: FaultRule[] = [];
  #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  add(rule: FaultRule): void {
    this.#rules.push({ ...rule });
  }

  /** The active faults. `times` is the remaining number of requests. */
  list(): readonly FaultRule[] {
    return this.#rules;
  }

  clear(): void {
    this.#rules = [];
  }

  /** Removes all faults, and draws from `random` from now on. */
  reset(random: Random): void {
    this.clear();
    this.#random = random;
  }

  /**
   * Selects the faults of one request and counts them as used: the sum of all matching latencies in ms, and the first
   * matching fault of another kind.
   */
  takeFor(operation: Operation): { delayMs: number; fault: ResponseFault | undefined } {
    let delayMs = 0;
    let fault: ResponseFault | undefined;
    if (this.#rules.length === 0) return { delayMs, fault };
    this.#rules = this.#rules.flatMap(rule => {
      if (rule.operation !== undefined && rule.operation !== operation) return [rule];
      if (rule.kind !== 'latency' && fault !== undefined) return [rule];
      if (rule.probability !== undefined && this.#random.fraction() >= rule.probability) return [rule];
      if (rule.kind === 'latency') delayMs += rule.ms;
      else fault = rule;
      if (rule.times === undefined) return [rule];
      return rule.times > 1 ? [{ ...rule, times: rule.times - 1 }] : [];
    });
    return { delayMs, fault };
  }
}
