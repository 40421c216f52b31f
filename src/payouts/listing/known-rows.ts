import { LRUCache } from 'lru-cache';
import { compareTimes } from '../values/instant.ts';
import type { Payout, PayoutRow } from '../payout.ts';

/**
 * Facts of a payout that never change and that only lists carry, and its newest payment. The facts are undefined if no list
 * has shown the payout.
 */
export type KnownRow = Pick<Payout, 'createdAt' | 'autoAuthorized' | 'paymentId'>;

/** Memory that a row takes, with its key and its place in the cache, in bytes. */
const bytesOfRow = 600;

/** How many intents with a second payment are remembered, so that each is told once. Lean is not known to have any. */
const mostTold = 1000;

/**
 * A cache of rows that were read from Lean's list, so that a payout that is reached another way need not be looked for
 * there. It is bounded by bytes and keeps the rows used last. All callers share it, because Lean answers all of them
 * the same.
 */
export class KnownRows {
  readonly #rows: LRUCache<string, KnownRow> | undefined;
  readonly #onSecondPayment: (intentId: string) => void;
  /** Intents that were reported to `onSecondPayment`. */
  readonly #told = new LRUCache<string, true>({ max: mostTold });

  /**
   * @param bytes 0 for none
   * @param onSecondPayment called once for an intent when Lean shows another payment of it
   */
  constructor(bytes: number, onSecondPayment: (intentId: string) => void = () => undefined) {
    const max = Math.floor(bytes / bytesOfRow);
    this.#rows = max < 1 ? undefined : new LRUCache({ max });
    this.#onSecondPayment = onSecondPayment;
  }

  get(intentId: string): KnownRow | undefined {
    return this.#rows?.get(intentId);
  }

  /** Keeps what the rows show. If an intent has several payments, the newest counts. */
  remember(rows: readonly PayoutRow[]): void {
    if (this.#rows === undefined) return;
    for (const { intentId, createdAt, autoAuthorized, paymentId } of rows) {
      const known = this.#rows.get(intentId);
      if (known === undefined || known.paymentId === null || isFirstRowOf(known, paymentId))
        this.#rows.set(intentId, { createdAt, autoAuthorized, paymentId });
      else if (paymentId !== null && paymentId !== known.paymentId) {
        this.#tell(intentId);
        if (known.createdAt !== undefined && compareTimes(createdAt, known.createdAt) > 0)
          this.#rows.set(intentId, { createdAt, autoAuthorized, paymentId });
      }
    }
  }

  /** Keeps which payment of an intent is the newest, as the intent itself carries it. */
  noteNewest(intentId: string, paymentId: string | null): void {
    const known = this.#rows?.get(intentId);
    if (this.#rows === undefined || paymentId === null || known?.paymentId === paymentId) return;
    const isSecond = known?.paymentId != null;
    if (isSecond) this.#tell(intentId);
    const row = isSecond ? undefined : known;
    this.#rows.set(intentId, { createdAt: row?.createdAt, autoAuthorized: row?.autoAuthorized, paymentId });
  }

  #tell(intentId: string): void {
    if (this.#told.has(intentId)) return;
    this.#told.set(intentId, true);
    this.#onSecondPayment(intentId);
  }

  /** Whether a newer payment of the same intent is known than the one that a payout shows, if it shows any. */
  supersedes({ intentId, paymentId }: Pick<Payout, 'intentId' | 'paymentId'>): boolean {
    const known = this.#rows?.get(intentId)?.paymentId;
    return known != null && known !== paymentId;
  }
}

/** Whether a payment that was known by its intent alone is now shown by a row. */
function isFirstRowOf(known: KnownRow, paymentId: string | null): boolean {
  return known.createdAt === undefined && known.paymentId === paymentId;
}
