import type { DetailCache, DetailName, PayoutDetails } from '../payouts/detail-cache.ts';
import type { RowCache } from '../payouts/listing/row-cache.ts';
import type { PayoutRow } from '../payouts/payout.ts';

/**
 * The details of the payouts that the lists of one request have shown: from the cache, or read from Lean and then
 * cached. Other payouts are read from Lean, and their cached details are dropped.
 */
export class ListedDetails {
  readonly #cache: DetailCache;
  readonly #rowCache: RowCache;
  readonly #pages: (readonly PayoutRow[])[] = [];
  /** By intent id and by payment id; null if the pages show the payout more than once, because its rows may differ. */
  #rows: Map<string, PayoutRow | null> | undefined;

  constructor(cache: DetailCache, rowCache: RowCache) {
    this.#cache = cache;
    this.#rowCache = rowCache;
  }

  /** Adds a page of a list that the request has read. */
  addPage(rows: readonly PayoutRow[]): void {
    this.#pages.push(rows);
    this.#rows = undefined;
  }

  /**
   * A detail of a payout. If a list has shown the payout, it comes from the cache, or is cached after the read.
   * @param ids of its intent and its payment, as far as they are known; the first one finds its row
   */
  async get<Name extends DetailName, Read extends PayoutDetails[Name] | null>(
    name: Name,
    ids: readonly [string, ...string[]],
    read: () => Promise<Read>,
  ): Promise<Read | PayoutDetails[Name]> {
    const row = this.#rowOf(ids[0]);
    const cached = row && this.#cache.get(row, name);
    if (cached !== undefined) return cached;
    const detailRead = row && this.#cache.begin(row);
    let value: Read | undefined;
    try {
      value = await read();
      return value;
    } finally {
      if (detailRead !== undefined) this.#cache.end(detailRead, name, value);
      else {
        const readId = value != null && 'intentId' in value ? [value.intentId] : [];
        for (const id of [...ids, ...readId]) this.#cache.drop(id);
      }
    }
  }

  /** The row of a payout, if the lists have shown one row of it and no newer payment is known. */
  #rowOf(id: string): PayoutRow | undefined {
    if (this.#pages.length === 0) return undefined;
    this.#rows ??= rowsOf(this.#pages.flat().map(row => this.#cache.sameRow(row)));
    const row = this.#rows.get(id) ?? undefined;
    return row === undefined || this.#rowCache.hasNewerPayment(row) ? undefined : row;
  }
}

function rowsOf(shown: readonly PayoutRow[]): Map<string, PayoutRow | null> {
  const rows = new Map<string, PayoutRow | null>();
  for (const row of shown) {
    const earlier = rows.get(row.intentId);
    if (earlier?.paymentId != null) rows.set(earlier.paymentId, null);
    const only = rows.has(row.intentId) ? null : row;
    rows.set(row.intentId, only);
    if (row.paymentId !== null) rows.set(row.paymentId, only);
  }
  return rows;
}
