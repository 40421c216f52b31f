import type { Random } from '../random.ts';
import type { Operation } from './routes.ts';

/** When a fault strikes. */
interface Occasion {
  /** Only requests of this operation. @default every Lean request */
  readonly operation?: Operation;
  /** How many requests it strikes before it is gone. @default no end */
  readonly times?: number;
  /** The share of requests it strikes, drawn from the sandbox's seed. @default 1 */
  readonly probability?: number;
}

/** What a fault does to a request. */
export type FaultEffect =
  /** Answers so many milliseconds later. */
  | { readonly kind: 'latency'; readonly ms: number }
  /** Drops the connection and does nothing. */
  | { readonly kind: 'drop_before' }
  /** Does the work (takes the payout), then drops the connection. */
  | { readonly kind: 'drop_after' }
  /** Answers with Lean's error envelope; does nothing unless `after`. `retryAfter` goes into that header as it is. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly code?: string;
      readonly retryAfter?: number | string;
      readonly after?: boolean;
    }
  /** Answers with a page as Cloudflare would. Does nothing unless `after`. @default status 503 */
  | { readonly kind: 'html'; readonly status?: number; readonly after?: boolean }
  /** Does the work and answers 200 with half of the JSON, as if that were all. */
  | { readonly kind: 'broken_json' }
  /** Does the work, sends half of what content-length promises, then drops the connection. */
  | { readonly kind: 'truncate' }
  /** Does the work and answers without a body. @default status 200 */
  | { readonly kind: 'empty'; readonly status?: number }
  /** Does the work, then never answers, or stops halfway through the body. @default part 'headers' */
  | { readonly kind: 'stall'; readonly part?: 'headers' | 'body' };

/** A fault to add: an effect and its occasion. */
export type FaultRule = FaultEffect & Occasion;

/** A fault that spoils the answer itself. */
export type ResponseFault = Exclude<FaultEffect, { kind: 'latency' }>;

/** The faults in force, in the order in which they were added. */
export class Faults {
  #rules: FaultRule[] = [];
  #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  add(rule: FaultRule): void {
    this.#rules.push({ ...rule });
  }

  /** The rules in force; `times` is what is left of it. */
  list(): readonly FaultRule[] {
    return this.#rules;
  }

  clear(): void {
    this.#rules = [];
  }

  /** Forgets every fault and draws from `random` from now on. */
  restart(random: Random): void {
    this.clear();
    this.#random = random;
  }

  /** What befalls one request: all latencies that strike, and the first of the others that does. */
  strike(operation: Operation): { delayMs: number; spoiling: ResponseFault | undefined } {
    let delayMs = 0;
    let spoiling: ResponseFault | undefined;
    if (this.#rules.length === 0) return { delayMs, spoiling };
    this.#rules = this.#rules.flatMap(rule => {
      if (rule.operation !== undefined && rule.operation !== operation) return [rule];
      if (rule.kind !== 'latency' && spoiling !== undefined) return [rule];
      if (rule.probability !== undefined && this.#random.fraction() >= rule.probability) return [rule];
      if (rule.kind === 'latency') delayMs += rule.ms;
      else spoiling = rule;
      if (rule.times === undefined) return [rule];
      return rule.times > 1 ? [{ ...rule, times: rule.times - 1 }] : [];
    });
    return { delayMs, spoiling };
  }
}
