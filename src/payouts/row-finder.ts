import type { CallOptions, LeanClient } from '../lean/client.ts';
import { pageFromLean, type LeanPage } from './from-lean.ts';
import type { KnownRows } from './known-rows.ts';
import type { FilterQuery } from './payout-filter.ts';
import type { PayoutRow } from './payout.ts';
import { amountQuery, windowsOf, type RowTimes, type RowWindow } from './row-window.ts';

const pageSize = 100;

/**
 * Finds the rows of payouts in Lean's list: those that were made or changed near each other by one call, or two. What is
 * not within two pages of 100 is looked for once more, by its amount.
 */
export class RowFinder {
  readonly #client: LeanClient;
  readonly #known: KnownRows;

  constructor(client: LeanClient, known: KnownRows) {
    this.#client = client;
    this.#known = known;
  }

  /** In the order of the payouts: the row of each, null where it was not found, or why it could not be looked for. */
  async find(
    wanted: readonly RowTimes[],
    options: CallOptions,
  ): Promise<readonly (PayoutRow | null | Error)[]> {
    const found = new Map<string, PayoutRow | Error>();
    await Promise.all(
      windowsOf(wanted).map(async window => {
        try {
          for (const row of await this.#rowsIn(window, options)) found.set(row.intentId, newer(row, found));
        } catch (error) {
          for (const { intentId } of window.wanted)
            found.set(
              intentId,
              error instanceof Error ? error : new Error('Lean was not asked', { cause: error }),
            );
        }
      }),
    );
    return wanted.map(({ intentId }) => found.get(intentId) ?? null);
  }

  async #rowsIn({ query, wanted }: RowWindow, options: CallOptions): Promise<readonly PayoutRow[]> {
    const first = await this.#page(query, 0, options);
    const missing = wanted.filter(({ intentId }) => !first.rows.some(row => row.intentId === intentId));
    const total = first.total ?? (first.rows.length < pageSize ? first.rows.length : Infinity);
    if (missing.length === 0 || total <= first.rows.length) return first.rows;
    if (total <= 2 * pageSize && first.rows.length === pageSize)
      return [...first.rows, ...(await this.#page(query, 1, options)).rows];
    const byAmount = await Promise.all(
      missing.map(async times => {
        const amount = amountQuery(times);
        if (amount === undefined || query.amount_min !== undefined)
          return (await this.#page(query, 1, options)).rows;
        return (await this.#page({ ...query, ...amount }, 0, options)).rows;
      }),
    );
    return [...first.rows, ...byAmount.flat()];
  }

  async #page(query: FilterQuery, number: number, options: CallOptions): Promise<LeanPage> {
    const { page, answer } = await this.#client.listPayouts(
      { page_number: String(number), page_size: String(pageSize), ...query },
      options,
    );
    const read = pageFromLean(page, answer);
    this.#known.remember(read.rows);
    return read;
  }
}

/** Of two rows of one intent the one whose payment was made later; Lean's list is newest first, unless it has no order. */
function newer(row: PayoutRow, found: ReadonlyMap<string, PayoutRow | Error>): PayoutRow {
  const other = found.get(row.intentId);
  if (other === undefined || other instanceof Error) return row;
  return (row.createdAt ?? '') > (other.createdAt ?? '') ? row : other;
}
