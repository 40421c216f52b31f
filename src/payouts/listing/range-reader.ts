import type { CallOptions, LeanClient } from '../../lean/client.ts';
import { pageFromLean, type LeanPage } from '../lean-page.ts';
import { pageCount, pageSpanOf, type PageSpan, type Range } from './page-window.ts';
import type { FilterQuery } from './payout-filter.ts';
import type { PayoutRow } from '../payout.ts';

export interface RangeRequest {
  readonly range: Range;
  /** The position directly before or after `range`. Its row is read as well if that takes no additional page. */
  readonly adjacent?: number | undefined;
  /** Reads the adjacent row even if that takes an additional page. */
  readonly requireAdjacent?: boolean;
}

export interface RangeResult {
  /** All rows of the pages that were read, in Lean's order. Pages may hold more than the range. */
  readonly rows: readonly PayoutRow[];
  /** How many rows the list has. */
  readonly total: number;
  /** When Lean responded with the first page, by its own clock: epoch milliseconds, whole seconds. */
  readonly date: number | undefined;
  /** False if the list changed during the read, so that the pages do not fit together. */
  readonly consistent: boolean;
  /** The row at a position of the list; undefined if it was not read. */
  rowAt(position: number): PayoutRow | undefined;
  /** The rows of a range; undefined if not all of them were read. */
  slice(range: Range): readonly PayoutRow[] | undefined;
}

interface NumberedPage {
  readonly rows: LeanPage['rows'];
  readonly total: number;
  /** False if Lean returned fewer rows than the page must hold by `total`. */
  readonly complete: boolean;
  /** Lean's page limit, if this page has shown one below the requested size. */
  readonly cap: number | undefined;
  readonly date: number | undefined;
}

/** How long a page limit of Lean is believed, in ms. A single wrong answer must not make all later pages small. */
const capMs = 600_000;

/**
 * Reads a range of positions from Lean's list. Lean only has numbered pages, but of any size up to its limit, so the
 * reader picks the page size at which the fewest pages hold the range. It reads these pages at the same time.
 */
export class RangeReader {
  readonly #client: LeanClient;
  readonly #maxPageSize: number;
  readonly #now: () => number;
  /** Lean's page limit, if it has shown a lower one, and until when it is believed (`#now`). */
  #cap: { readonly size: number; readonly until: number } | undefined;

  /** @param now a monotonic clock, in ms */
  constructor(client: LeanClient, maxPageSize: number, now = (): number => performance.now()) {
    this.#client = client;
    this.#maxPageSize = maxPageSize;
    this.#now = now;
  }

  /** The largest page that is requested, in rows. It is lower for a while after Lean has returned fewer rows. */
  get maxPageSize(): number {
    return this.#cap !== undefined && this.#now() < this.#cap.until ? this.#cap.size : this.#maxPageSize;
  }

  /**
   * @returns undefined if Lean's page limit turned out to be lower than `maxPageSize`, which is now lowered: read again
   * @throws LeanError
   */
  async read(
    query: FilterQuery,
    request: RangeRequest,
    options: CallOptions,
  ): Promise<RangeResult | undefined> {
    const span = this.#pageSpan(request);
    const { pageSize, firstPage } = span;
    const numbers = Array.from({ length: pageCount(span) }, (_, index) => firstPage + index);
    const pages = await Promise.all(numbers.map(number => this.#page(query, number, pageSize, options)));
    const cap = Math.min(...pages.map(page => page.cap ?? pageSize));
    if (cap < pageSize) {
      this.#cap = { size: cap, until: this.#now() + capMs };
      return undefined;
    }
    const [first] = pages;
    const start = firstPage * pageSize;
    // `concat` copies whole arrays, whereas `flatMap` would go through each page row by row.
    const rows = ([] as readonly PayoutRow[]).concat(...pages.map(page => page.rows));
    const total = first?.total ?? 0;
    return {
      rows,
      total,
      date: first?.date,
      consistent: pages.every(page => page.total === total && page.complete),
      rowAt: position => (position < start ? undefined : rows[position - start]),
      slice: range => {
        const slice = range.start < start ? [] : rows.slice(range.start - start, range.end - start);
        return slice.length === range.end - range.start ? slice : undefined;
      },
    };
  }

  #pageSpan({ range, adjacent, requireAdjacent }: RangeRequest): PageSpan {
    const span = pageSpanOf(range, this.maxPageSize);
    if (adjacent === undefined || adjacent < 0) return span;
    const spanWithAdjacent = pageSpanOf(
      { start: Math.min(range.start, adjacent), end: Math.max(range.end, adjacent + 1) },
      this.maxPageSize,
    );
    return requireAdjacent === true || pageCount(spanWithAdjacent) <= pageCount(span)
      ? spanWithAdjacent
      : span;
  }

  async #page(
    query: FilterQuery,
    number: number,
    pageSize: number,
    options: CallOptions,
  ): Promise<NumberedPage> {
    const { page: wire, answer } = await this.#client.listPayouts(
      { page_number: String(number), page_size: String(pageSize), ...query },
      options,
    );
    const page = pageFromLean(wire, answer, number);
    const { rows } = page;
    const isLastByLength = rows.length < pageSize;
    const total = page.total ?? (isLastByLength ? number * pageSize + rows.length : undefined);
    if (total === undefined) throw answer.badAnswer("Lean's list does not say how long it is.");
    const complete = !isLastByLength || total <= number * pageSize + rows.length;
    // An incomplete page alone does not prove a limit, because Lean may count the list and read its rows at different
    // moments. The page size that Lean states decides; only if it states none, the number of rows counts as the limit.
    const limit = page.size ?? rows.length;
    const cap = !complete && limit > 0 && limit < pageSize ? limit : undefined;
    return { rows, total, complete, cap, date: answer.date };
  }
}
