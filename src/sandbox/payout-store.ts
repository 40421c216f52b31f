import type { Instant } from './instant.ts';
import type { Payout } from './payout.ts';
import { insertSorted } from './sorted-array.ts';

/** All payouts of the sandbox, indexed by their ids and sorted by creation. */
export class PayoutStore {
  /** Oldest first, because a new payout nearly always belongs at the end. */
  readonly #byCreation: Payout[] = [];
  readonly #byPayment = new Map<string, Payout>();
  readonly #byIntent = new Map<string, Payout[]>();

  get size(): number {
    return this.#byCreation.length;
  }

  /** Throws an Error if another payout has the same payment id. */
  insert(payout: Payout): void {
    const { paymentId, intentId } = payout.facts;
    if (this.#byPayment.has(paymentId))
      throw new Error(`a payout with the payment id ${paymentId} exists already`);
    this.#byPayment.set(paymentId, payout);
    insertSorted(this.#byCreation, payout, createdAtOf);
    const siblings = this.#byIntent.get(intentId);
    if (siblings === undefined) this.#byIntent.set(intentId, [payout]);
    else insertSorted(siblings, payout, createdAtOf);
  }

  byPayment(paymentId: string): Payout | undefined {
    return this.#byPayment.get(paymentId);
  }

  /** All payouts of an intent, oldest first. */
  byIntent(intentId: string): readonly Payout[] {
    return this.#byIntent.get(intentId) ?? [];
  }

  /**
   * `count` payouts from `offset` on, newest first. Of payouts created at the same time, the last inserted is first.
   */
  newest(offset: number, count: number): Payout[] {
    const end = Math.max(this.#byCreation.length - offset, 0);
    return this.#byCreation.slice(Math.max(end - count, 0), end).reverse();
  }

  /** The payouts that `matches` accepts, newest first. */
  filter(matches: (payout: Payout) => boolean): Payout[] {
    return this.#byCreation.filter(matches).reverse();
  }

  clear(): void {
    this.#byCreation.length = 0;
    this.#byPayment.clear();
    this.#byIntent.clear();
  }
}

function createdAtOf({ facts }: Payout): Instant {
  return facts.createdAt;
}
