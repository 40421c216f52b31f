import type { CallOptions, LeanClient } from '../../lean/client.ts';
import { pageFromLean, type LeanPage } from '../from-lean.ts';
import { compareTimes } from '../values/instant.ts';
import type { KnownRows } from './known-rows.ts';
import type { FilterQuery } from './payout-filter.ts';
import type { PayoutRow } from '../payout.ts';
import { amountQuery, windowsOf, type RowTimes, type RowWindow } from './row-window.ts';

const pageSize = 100;

type Found = Map<string, PayoutRow | null | Error>;

/**
 * Finds the rows of payouts in Lean's list. Payouts that were created or changed at about the same time share one or two
 * calls. If their part of the list is longer than two pages of 100, each payout that is not on the first page is looked for
 * by its amount.
 */
export class RowFinder {
  readonly #client: LeanClient;
  readonly #known: KnownRows;

  constructor(client: LeanClient, known: KnownRows) {
    this.#client = client;
    this.#known = known;
  }

  /**
   * The row of each payout, in order, or the error that kept it from being read. Null: its part of the list was read
   * to the end, and it is not there. Undefined: it is not within what two calls have read.
   */
  async find(
    wanted: readonly RowTimes[],
    options: CallOptions,
  ): Promise<readonly (PayoutRow | null | undefined | Error)[]> {
    const found: Found = new Map();
    await Promise.all(windowsOf(wanted).map(window => this.#look(window, found, options)));
    return wanted.map(({ intentId }) => found.get(intentId));
  }

  /** Looks in one window. An error is kept for those of its payouts that were not found before. */
  async #look({ query, wanted }: RowWindow, found: Found, options: CallOptions): Promise<void> {
    const ids = new Set(wanted.map(({ intentId }) => intentId));
    const left = (): readonly RowTimes[] => wanted.filter(({ intentId }) => found.get(intentId) == null);
    const mark = (value: null | Error): void => {
      for (const { intentId } of left()) found.set(intentId, value);
    };
    const take = async (page: Promise<LeanPage>): Promise<LeanPage> => {
      const read = await page;
      for (const row of read.rows)
        // This window may hold an older payment of a payout that another window is for.
        if (ids.has(row.intentId)) found.set(row.intentId, newer(row, found.get(row.intentId)));
      return read;
    };
    try {
      const { rows, total } = await take(this.#page(query, 0, options));
      if (left().length === 0) return;
      // A list that does not say how long it is may give less than was asked for before its end.
      if (rows.length === 0 || (total !== null && total <= rows.length)) return mark(null);
      // Lean may give less than was asked for: then its second page begins where the first one ended.
      if (total !== null && total <= 2 * rows.length) {
        const second = await take(this.#page(query, 1, options));
        if (rows.length + second.rows.length >= total) mark(null);
        return;
      }
      await Promise.all(
        left().map(async times => {
          try {
            const amount = query.amount_min === undefined ? amountQuery(times) : undefined;
            const next =
              amount === undefined
                ? this.#page(query, 1, options)
                : this.#page({ ...ownQuery(times), ...amount }, 0, options);
            await take(next);
          } catch (error) {
            if (found.get(times.intentId) == null) found.set(times.intentId, errorFrom(error));
          }
        }),
      );
    } catch (error) {
      mark(errorFrom(error));
    }
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

/** The narrowest part of the list that holds one payout. */
function ownQuery(times: RowTimes): FilterQuery {
  return windowsOf([times])[0]?.query ?? {};
}

function errorFrom(error: unknown): Error {
  return error instanceof Error ? error : new Error('Lean was not asked', { cause: error });
}

/** The row with the later payment, of two rows of one intent. Lean's list is newest first, unless it has no order. */
export function newer(row: PayoutRow, other: PayoutRow | null | Error | undefined): PayoutRow {
  if (other == null || other instanceof Error) return row;
  return compareTimes(row.createdAt, other.createdAt) > 0 ? row : other;
}
