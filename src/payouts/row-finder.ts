import type { CallOptions, LeanClient } from '../lean/client.ts';
import { pageFromLean, type LeanPage } from './from-lean.ts';
import { compareInstants } from './instant.ts';
import type { KnownRows } from './known-rows.ts';
import type { FilterQuery } from './payout-filter.ts';
import type { PayoutRow } from './payout.ts';
import { amountQuery, windowsOf, type RowTimes, type RowWindow } from './row-window.ts';

const pageSize = 100;

type Found = Map<string, PayoutRow | Error>;

/**
 * Finds the rows of payouts in Lean's list. Payouts that were created or changed at about the same time share one or two
 * calls. If they are not within two pages of 100, each of them is looked for by its amount instead of on the second page.
 */
export class RowFinder {
  readonly #client: LeanClient;
  readonly #known: KnownRows;

  constructor(client: LeanClient, known: KnownRows) {
    this.#client = client;
    this.#known = known;
  }

  /** Gives for each payout, in order, its row, null if it was not found, or the error that kept it from being read. */
  async find(
    wanted: readonly RowTimes[],
    options: CallOptions,
  ): Promise<readonly (PayoutRow | null | Error)[]> {
    const found: Found = new Map();
    await Promise.all(windowsOf(wanted).map(window => this.#look(window, found, options)));
    return wanted.map(({ intentId }) => found.get(intentId) ?? null);
  }

  /** Looks in one window. An error is kept for those of its payouts that were not found before. */
  async #look({ query, wanted }: RowWindow, found: Found, options: CallOptions): Promise<void> {
    const ids = new Set(wanted.map(({ intentId }) => intentId));
    const left = (): readonly RowTimes[] => wanted.filter(({ intentId }) => !found.has(intentId));
    const take = async (page: Promise<LeanPage>): Promise<LeanPage> => {
      const read = await page;
      for (const row of read.rows)
        // This window may hold an older payment of a payout that another window is for.
        if (ids.has(row.intentId)) found.set(row.intentId, newer(row, found.get(row.intentId)));
      return read;
    };
    try {
      const { rows, total } = await take(this.#page(query, 0, options));
      const missing = left();
      // A list that does not say how long it is may give less than was asked for before its end.
      if (missing.length === 0 || rows.length === 0 || (total !== null && total <= rows.length)) return;
      if (total !== null && total <= 2 * pageSize && rows.length === pageSize) {
        await take(this.#page(query, 1, options));
        return;
      }
      await Promise.all(
        missing.map(async times => {
          const amount = amountQuery(times);
          const byAmount = amount !== undefined && query.amount_min === undefined;
          try {
            await take(
              byAmount ? this.#page({ ...query, ...amount }, 0, options) : this.#page(query, 1, options),
            );
          } catch (error) {
            if (!found.has(times.intentId)) found.set(times.intentId, errorFrom(error));
          }
        }),
      );
    } catch (error) {
      for (const { intentId } of left()) found.set(intentId, errorFrom(error));
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

function errorFrom(error: unknown): Error {
  return error instanceof Error ? error : new Error('Lean was not asked', { cause: error });
}

/** The row with the later payment, of two rows of one intent. A row whose time is known counts as later. */
function newer(row: PayoutRow, other: PayoutRow | Error | undefined): PayoutRow {
  if (other === undefined || other instanceof Error) return row;
  if (row.createdAt === null || other.createdAt === null) return row.createdAt === null ? other : row;
  return compareInstants(row.createdAt, other.createdAt) > 0 ? row : other;
}
