import { LRUCache } from 'lru-cache';
import { compareTimes } from '../values/instant.ts';
import type { Payout, PayoutRow } from '../payout.ts';

/**
 * A payout's newest payment, and the facts that never change and that only list rows carry. These facts are undefined
 * if the payment is known from its intent alone.
 */
export type CachedRow = Pick<Payout, 'createdAt' | 'autoAuthorized' | 'paymentId'>;

/** Memory of one cached row with its key and the cache's own bookkeeping, in bytes. */
const bytesPerRow = 600;

/**
 * How many intents with a second payment are remembered, so that each is reported once. No such intent has been seen at
 * Lean yet.
 */
const maxReported = 1000;

/**
 * A cache of rows from Lean's list, so that a payout that was read otherwise need not be looked up in the list. It is
 * bounded by bytes and evicts the least recently used row. All callers share it, because Lean returns the same rows to
 * all of them.
 */
export class RowCache {
  readonly #rows: LRUCache<string, CachedRow> | undefined;
  readonly #onSecondPayment: (intentId: string) => void;
  /** Intents that were reported to `onSecondPayment`. */
  readonly #reported = new LRUCache<string, true>({ max: maxReported });

  /**
   * @param bytes the cache's size; below the size of one row, nothing is cached
   * @param onSecondPayment called once per intent, when Lean shows another payment of it
   */
  constructor(bytes: number, onSecondPayment: (intentId: string) => void = () => undefined) {
    const max = Math.floor(bytes / bytesPerRow);
    this.#rows = max < 1 ? undefined : new LRUCache({ max });
    this.#onSecondPayment = onSecondPayment;
  }

  get(intentId: string): CachedRow | undefined {
    return this.#rows?.get(intentId);
  }

  /** Caches rows. Of an intent with several payments, the row with the latest creation time is kept. */
  add(rows: readonly PayoutRow[]): void {
    if (this.#rows === undefined) return;
    for (const { intentId, createdAt, autoAuthorized, paymentId } of rows) {
      const cached = this.#rows.get(intentId);
      if (cached === undefined || cached.paymentId === null || isFirstRowOf(cached, paymentId))
        this.#rows.set(intentId, { createdAt, autoAuthorized, paymentId });
      else if (paymentId !== null && paymentId !== cached.paymentId) {
        this.#report(intentId);
        if (cached.createdAt !== undefined && compareTimes(createdAt, cached.createdAt) > 0)
          this.#rows.set(intentId, { createdAt, autoAuthorized, paymentId });
      }
    }
  }

  /** Caches an intent's newest payment, as the intent itself carries it. */
  setNewestPayment(intentId: string, paymentId: string | null): void {
    const cached = this.#rows?.get(intentId);
    if (this.#rows === undefined || paymentId === null || cached?.paymentId === paymentId) return;
    const isSecond = cached?.paymentId != null;
    if (isSecond) this.#report(intentId);
    const row = isSecond ? undefined : cached;
    this.#rows.set(intentId, { createdAt: row?.createdAt, autoAuthorized: row?.autoAuthorized, paymentId });
  }

  #report(intentId: string): void {
    if (this.#reported.has(intentId)) return;
    this.#reported.set(intentId, true);
    this.#onSecondPayment(intentId);
  }

  /**
   * Whether the cache has a newer payment of the intent than the one that the payout shows, or one where it shows
   * none.
   */
  hasNewerPayment({ intentId, paymentId }: Pick<Payout, 'intentId' | 'paymentId'>): boolean {
    const newest = this.#rows?.get(intentId)?.paymentId;
    return newest != null && newest !== paymentId;
  }
}

/** Whether a row is the first one for a payment that was cached from its intent. */
function isFirstRowOf(cached: CachedRow, paymentId: string | null): boolean {
  return cached.createdAt === undefined && cached.paymentId === paymentId;
}
