import type { Instant } from './instant.ts';
import type { Payout } from './payout.ts';
import { insertSorted } from './sorted.ts';

/** All payouts of the sandbox, findable by their ids and listed newest first. */
export class PayoutStore {
  /** Oldest first: a new payout nearly always goes to the end. */
  readonly #byCreation: Payout[] = [];
  readonly #byPayment = new Map<string, Payout>();
  readonly #byIntent = new Map<string, Payout[]>();

  get size(): number {
    return this.#byCreation.length;
  }

  /** Takes a payout in. Throws when another one has its payment id. */
  insert(payout: Payout): void {
    const { paymentId, intentId } = payout.facts;
    if (this.#byPayment.has(paymentId)) throw new Error(`there is a payment ${paymentId} already`);
    this.#byPayment.set(paymentId, payout);
    insertSorted(this.#byCreation, payout, creationOf);
    const siblings = this.#byIntent.get(intentId);
    if (siblings === undefined) this.#byIntent.set(intentId, [payout]);
    else insertSorted(siblings, payout, creationOf);
  }

  byPayment(paymentId: string): Payout | undefined {
    return this.#byPayment.get(paymentId);
  }

  /** Every attempt to pay an intent, oldest first. */
  byIntent(intentId: string): readonly Payout[] {
    return this.#byIntent.get(intentId) ?? [];
  }

  /** A stretch of all payouts, newest first; of those created at once, the one taken in last comes first. */
  newest(offset: number, count: number): Payout[] {
    const end = Math.max(this.#byCreation.length - offset, 0);
    return this.#byCreation.slice(Math.max(end - count, 0), end).reverse();
  }

  /** The payouts that `keeps` accepts, newest first. */
  filter(keeps: (payout: Payout) => boolean): Payout[] {
    return this.#byCreation.filter(keeps).reverse();
  }

  clear(): void {
    this.#byCreation.length = 0;
    this.#byPayment.clear();
    this.#byIntent.clear();
  }
}

function creationOf({ facts }: Payout): Instant {
  return facts.createdAt;
}
