import type { CallOptions, LeanClient } from '../../lean/client.ts';
import { pageSize } from '../../lean/page-size.ts';
import { pageFromLean, type LeanPage } from '../lean-page.ts';
import { compareTimes } from '../values/instant.ts';
import type { RowCache } from './row-cache.ts';
import type { FilterQuery } from './payout-filter.ts';
import type { PayoutRow } from '../payout.ts';
import { amountQuery, rowWindowsOf, type RowHints, type RowWindow } from './row-window.ts';
import { toError } from '../../errors/to-error.ts';

/** By intent: the row; null if its window was read to the end without it; or the error that kept it from being read. */
type FoundRows = Map<string, PayoutRow | null | Error>;

/**
 * Finds the rows of payouts in Lean's list. Payouts that were created or changed at about the same time share a window
 * of the list. A window costs one call, or two if it fits on two pages of 100. In a longer window, each payout that
 * is not on the first page is searched for by its amount, with one call each.
 */
export class RowFinder {
  readonly #client: LeanClient;
  readonly #cache: RowCache;

  constructor(client: LeanClient, cache: RowCache) {
    this.#client = client;
    this.#cache = cache;
  }

  /**
   * Finds the row of each payout.
   * @returns in the order of the hints: the row, or the error that kept it from being read; null if its window was read
   *   to the end and does not hold it; undefined if the pages that were read do not hold it
   */
  async find(
    hints: readonly RowHints[],
    options: CallOptions,
  ): Promise<readonly (PayoutRow | null | undefined | Error)[]> {
    const found = new Map<RowHints, PayoutRow | null | undefined | Error>();
    await Promise.all(
      rowWindowsOf(hints).map(async window => {
        const rows = await this.#search(window, options);
        for (const hint of window.hints) found.set(hint, rows.get(hint.intentId));
      }),
    );
    return hints.map(hint => found.get(hint));
  }

  /** Searches one window. An error is recorded for those of its payouts that have not been found. */
  async #search({ query, hints }: RowWindow, options: CallOptions): Promise<FoundRows> {
    const found: FoundRows = new Map();
    const ids = new Set(hints.map(({ intentId }) => intentId));
    const missing = (): readonly RowHints[] => hints.filter(({ intentId }) => !found.has(intentId));
    const setMissing = (value: null | Error): void => {
      for (const { intentId } of missing()) found.set(intentId, value);
    };
    const collect = async (page: Promise<LeanPage>): Promise<LeanPage> => {
      const read = await page;
      for (const row of read.rows)
        // A window may also hold an older payment of a payout that belongs to another window. That row is ignored.
        if (ids.has(row.intentId)) found.set(row.intentId, newerRow(row, found.get(row.intentId)));
      return read;
    };
    try {
      const { rows, total } = await collect(this.#page(query, 0, options));
      if (missing().length === 0) return found;
      // Without a total, a short page does not prove that the list ends, because Lean may cap its pages.
      if (rows.length === 0 || (total !== null && total <= rows.length)) {
        setMissing(null);
        return found;
      }
      // Lean may cap its pages. Its second page then begins where the first one ended, so both hold this many rows.
      if (total !== null && total <= 2 * rows.length) {
        const second = await collect(this.#page(query, 1, options));
        if (rows.length + second.rows.length >= total) setMissing(null);
        return found;
      }
      await Promise.all(
        missing().map(async hint => {
          try {
            const amount = query.amount_min === undefined ? amountQuery(hint) : undefined;
            const next =
              amount === undefined
                ? this.#page(query, 1, options)
                : this.#page({ ...ownQuery(hint), ...amount }, 0, options);
            await collect(next);
          } catch (error) {
            if (!found.has(hint.intentId)) found.set(hint.intentId, toError(error));
          }
        }),
      );
    } catch (error) {
      setMissing(toError(error));
    }
    return found;
  }

  async #page(query: FilterQuery, number: number, options: CallOptions): Promise<LeanPage> {
    const { page, answer } = await this.#client.listPayouts(
      { page_number: String(number), page_size: String(pageSize), ...query },
      options,
    );
    const read = pageFromLean(page, answer, number);
    this.#cache.add(read.rows);
    return read;
  }
}

/** The query of the narrowest window for a single payout. */
function ownQuery(hint: RowHints): FilterQuery {
  return rowWindowsOf([hint])[0]?.query ?? {};
}

/** The row with the later creation time, of two rows of the same intent. */
export function newerRow(row: PayoutRow, other: PayoutRow | null | Error | undefined): PayoutRow {
  if (other == null || other instanceof Error) return row;
  return compareTimes(row.createdAt, other.createdAt) > 0 ? row : other;
}
