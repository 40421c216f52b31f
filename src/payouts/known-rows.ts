import { LRUCache } from 'lru-cache';
import { compareInstants, type Instant } from './instant.ts';
import type { Payout, PayoutRow } from './payout.ts';

/** What is kept of a row: its newest payment, and what never changes and only lists carry. */
export type KnownRow = Pick<PayoutRow, 'createdAt' | 'autoAuthorized' | 'paymentId'>;

/** Memory that a row takes, with its key and its place in the cache, in bytes. */
const bytesOfRow = 600;

/**
 * A cache of rows that were read from Lean's list, so that a payout that is reached another way need not be looked for
 * there. It is bounded by bytes and keeps the rows used last. All callers share it, because Lean answers all of them
 * the same.
 */
export class KnownRows {
  readonly #rows: LRUCache<string, KnownRow> | undefined;
  readonly #onSecondPayment: (intentId: string) => void;

  /**
   * @param bytes 0 for none
   * @param onSecondPayment called when Lean shows another payment of an intent
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
      if (known === undefined || known.paymentId === null)
        this.#rows.set(intentId, { createdAt, autoAuthorized, paymentId });
      else if (paymentId !== null && paymentId !== known.paymentId) {
        this.#onSecondPayment(intentId);
        if (isLater(createdAt, known.createdAt))
          this.#rows.set(intentId, { createdAt, autoAuthorized, paymentId });
      }
    }
  }

  /** Whether the cache has a newer payment of the same intent than this one. */
  supersedes({ intentId, paymentId }: Pick<Payout, 'intentId' | 'paymentId'>): boolean {
    const known = this.#rows?.get(intentId)?.paymentId;
    return paymentId !== null && known != null && known !== paymentId;
  }
}

function isLater(a: Instant | null, b: Instant | null): boolean {
  return a !== null && (b === null || compareInstants(a, b) > 0);
}
