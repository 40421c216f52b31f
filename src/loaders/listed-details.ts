import type { DetailCache, DetailName, PayoutDetails } from '../payouts/detail-cache.ts';
import type { RowCache } from '../payouts/listing/row-cache.ts';
import type { PayoutRow } from '../payouts/payout.ts';

/**
 * The details of the payouts that the lists of one request have shown: from the cache, or read from Lean and then
 * cached. The details of any other payout are read from Lean, and what the cache has of it is dropped.
 */
export class ListedDetails {
  readonly #cache: DetailCache;
  readonly #rowCache: RowCache;
  readonly #pages: (readonly PayoutRow[])[] = [];
  /** By intent id and by payment id; null if the pages show different rows of the payout. */
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
   * A cached detail of a payout; undefined if it must be read.
   * @param id of its intent or its payment
   */
  cached<Name extends DetailName>(name: Name, id: string): PayoutDetails[Name] | undefined {
    const row = this.#rowOf(id);
    return row && this.#cache.get(row, name);
  }

  /**
   * Reads a detail of a payout, and caches it if a list has shown the payout.
   * @param ids of its intent and its payment, as far as they are known; by the first one its row is found
   */
  async read<Name extends DetailName, Read extends PayoutDetails[Name] | null>(
    name: Name,
    ids: readonly [string, ...string[]],
    read: () => Promise<Read>,
  ): Promise<Read> {
    const row = this.#rowOf(ids[0]);
    const detailRead = row && this.#cache.begin(row);
    let value: Read | undefined;
    try {
      value = await read();
      return value;
    } finally {
      if (detailRead !== undefined) this.#cache.end(detailRead, name, value ?? undefined);
      else {
        const readId = value != null && 'intentId' in value ? [value.intentId] : [];
        for (const id of [...ids, ...readId]) this.#cache.drop(id);
      }
    }
  }

  /** The row of a payout, if the lists have shown one row of it and no newer payment is known. */
  #rowOf(id: string): PayoutRow | undefined {
    if (this.#pages.length === 0) return undefined;
    this.#rows ??= rowsOf(this.#pages);
    const row = this.#rows.get(id) ?? undefined;
    return row === undefined || this.#rowCache.hasNewerPayment(row) ? undefined : row;
  }
}

function rowsOf(pages: readonly (readonly PayoutRow[])[]): Map<string, PayoutRow | null> {
  const rows = new Map<string, PayoutRow | null>();
  for (const row of pages.flat()) {
    const isFirst = !rows.has(row.intentId);
    rows.set(row.intentId, isFirst ? row : null);
    if (row.paymentId !== null) rows.set(row.paymentId, isFirst ? row : null);
  }
  return rows;
}
