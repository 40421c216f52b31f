/** Positions in a list, counted from 0: from `start` up to, but not including, `end`. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Consecutive numbered pages of Lean's list, all of one size. Page numbers are counted from 0. */
export interface PageSpan {
  readonly pageSize: number;
  readonly firstPage: number;
  readonly lastPage: number;
}

/** Relay's paging arguments, with each cursor replaced by the position of its row. */
export interface PageWindow {
  readonly after?: number | undefined;
  readonly before?: number | undefined;
  readonly size: number;
  readonly fromEnd: boolean;
}

/**
 * The range of a list of `total` rows that Relay's arguments select.
 * @see https://relay.dev/graphql/connections.htm#sec-Pagination-algorithm
 */
export function rangeOf({ after, before, size, fromEnd }: PageWindow, total: number): Range {
  const low = Math.min(after === undefined ? 0 : after + 1, total);
  const high = Math.max(low, Math.min(before ?? total, total));
  return fromEnd
    ? { start: Math.max(low, high - size), end: high }
    : { start: low, end: Math.min(high, low + size) };
}

/**
 * The fewest pages of at most `maxPageSize` rows that hold a range; of equally many, those with the smallest page
 * size. A range that crosses a page boundary at one page size often lies within a single page of another size.
 */
export function pageSpanOf({ start, end }: Range, maxPageSize: number): PageSpan {
  const length = Math.max(1, end - start);
  const last = start + length - 1;
  for (let pages = Math.ceil(length / maxPageSize); ; pages += 1)
    for (let pageSize = Math.ceil(length / pages); pageSize <= maxPageSize; pageSize += 1) {
      const firstPage = Math.floor(start / pageSize);
      const lastPage = Math.floor(last / pageSize);
      if (lastPage - firstPage < pages) return { pageSize, firstPage, lastPage };
    }
}

export function pageCount({ firstPage, lastPage }: PageSpan): number {
  return lastPage - firstPage + 1;
}
