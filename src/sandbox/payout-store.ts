import type { Payout } from './payout.ts';

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
    const { paymentId, intentId, createdAt } = payout.facts;
    if (this.#byPayment.has(paymentId)) throw new Error(`there is a payment ${paymentId} already`);
    this.#byPayment.set(paymentId, payout);
    insertSorted(this.#byCreation, payout, createdAt);
    const siblings = this.#byIntent.get(intentId);
    if (siblings === undefined) this.#byIntent.set(intentId, [payout]);
    else insertSorted(siblings, payout, createdAt);
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

function insertSorted(payouts: Payout[], payout: Payout, createdAt: bigint): void {
  let low = 0;
  let high = payouts.length;
  if (createdAt >= (payouts.at(-1)?.facts.createdAt ?? createdAt)) low = high;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((payouts[middle]?.facts.createdAt ?? createdAt) <= createdAt) low = middle + 1;
    else high = middle;
  }
  payouts.splice(low, 0, payout);
}
