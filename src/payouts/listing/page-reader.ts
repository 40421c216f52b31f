import type { CallOptions, LeanClient } from '../../lean/client.ts';
import { pageFromLean, type LeanPage } from '../from-lean.ts';
import { pageSpanOf, pagesOf, type PageSpan, type Range } from './page-window.ts';
import type { FilterQuery } from './payout-filter.ts';
import type { PayoutRow } from '../payout.ts';

export interface ReadRequest {
  readonly wanted: Range;
  /** A row directly before or after `wanted`, read along where it costs no further page. */
  readonly beside?: number | undefined;
  /** Read it along at any cost. */
  readonly insist?: boolean;
}

export interface ReadRange {
  /** All rows read, in order; more than were asked for when pages do not end where the stretch does. */
  readonly rows: readonly PayoutRow[];
  /** The list's length. */
  readonly total: number;
  /** When Lean answered the first page, by its own clock: epoch milliseconds, whole seconds. */
  readonly date: number | undefined;
  /** False when what was read does not belong together: the list changed while it was read. */
  readonly consistent: boolean;
  row(place: number): PayoutRow | undefined;
  /** The rows of a stretch, or undefined when not all of them were read. */
  slice(stretch: Range): readonly PayoutRow[] | undefined;
}

interface ReadPage {
  readonly rows: LeanPage['rows'];
  readonly total: number;
  /** False when rows are missing that should be there. */
  readonly whole: boolean;
  /** How many rows Lean gives at most, where it has given less than was asked for. */
  readonly cap: number | undefined;
  readonly date: number | undefined;
}

/** Stretches of Lean's list, read with as few of its numbered pages as can hold them, side by side. */
export class PageReader {
  /** Rows that a page may hold; lowered when Lean turns out to give less than was asked for. */
  maxPageSize: number;
  readonly #client: LeanClient;

  constructor(client: LeanClient, maxPageSize: number) {
    this.#client = client;
    this.maxPageSize = maxPageSize;
  }

  /**
   * Reads a stretch. Undefined when Lean caps its pages lower than was known: ask again.
   * @throws LeanError
   */
  async read(query: FilterQuery, wish: ReadRequest, options: CallOptions): Promise<ReadRange | undefined> {
    const { pageSize, firstPage, lastPage } = this.#cover(wish);
    const numbers = Array.from({ length: lastPage - firstPage + 1 }, (_, index) => firstPage + index);
    const pages = await Promise.all(numbers.map(number => this.#page(query, number, pageSize, options)));
    const cap = Math.min(...pages.map(page => page.cap ?? pageSize));
    if (cap < pageSize) {
      this.maxPageSize = cap;
      return undefined;
    }
    const [first] = pages;
    const start = firstPage * pageSize;
    // `flatMap` would go through each page row by row.
    const rows = ([] as readonly PayoutRow[]).concat(...pages.map(page => page.rows));
    const total = first?.total ?? 0;
    const row = (place: number): PayoutRow | undefined => (place < start ? undefined : rows[place - start]);
    return {
      rows,
      total,
      date: first?.date,
      consistent: pages.every(page => page.total === total && page.whole),
      row,
      slice: ({ start: from, end }) => {
        const slice = from < start ? [] : rows.slice(from - start, end - start);
        return slice.length === end - from ? slice : undefined;
      },
    };
  }

  #cover({ wanted, beside, insist }: ReadRequest): PageSpan {
    const alone = pageSpanOf(wanted, this.maxPageSize);
    if (beside === undefined || beside < 0) return alone;
    const together = pageSpanOf(
      { start: Math.min(wanted.start, beside), end: Math.max(wanted.end, beside + 1) },
      this.maxPageSize,
    );
    return insist === true || pagesOf(together) <= pagesOf(alone) ? together : alone;
  }

  async #page(query: FilterQuery, number: number, pageSize: number, options: CallOptions): Promise<ReadPage> {
    const { page: wire, answer } = await this.#client.listPayouts(
      { page_number: String(number), page_size: String(pageSize), ...query },
      options,
    );
    const page = pageFromLean(wire, answer);
    const { rows } = page;
    const total = page.total ?? (rows.length < pageSize ? number * pageSize + rows.length : undefined);
    if (total === undefined) throw answer.bad("Lean's list does not say how long it is.");
    const short = rows.length < pageSize && total > number * pageSize + rows.length;
    // Rows and count may have been taken at different moments; a cap is believed when Lean says so, or says nothing.
    const most = page.size ?? rows.length;
    const cap = short && most > 0 && most < pageSize ? most : undefined;
    return { rows, total, whole: !short, cap, date: answer.date };
  }
}
