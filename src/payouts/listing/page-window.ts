/** A stretch of a list: from `start` up to, and not with, `end`. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** The numbered pages of one size that hold a stretch. */
export interface PageSpan {
  readonly pageSize: number;
  readonly firstPage: number;
  readonly lastPage: number;
}

/** Where paging starts from: Relay's arguments, with each cursor turned into its row's place in the list. */
export interface Window {
  readonly after?: number | undefined;
  readonly before?: number | undefined;
  readonly size: number;
  readonly fromEnd: boolean;
}

/**
 * The stretch of a list of `total` rows that Relay's arguments name.
 * @see https://relay.dev/graphql/connections.htm#sec-Pagination-algorithm
 */
export function rangeOf({ after, before, size, fromEnd }: Window, total: number): Range {
  const low = Math.min(after === undefined ? 0 : after + 1, total);
  const high = Math.max(low, Math.min(before ?? total, total));
  return fromEnd
    ? { start: Math.max(low, high - size), end: high }
    : { start: low, end: Math.min(high, low + size) };
}

/**
 * The fewest pages of at most `maxPageSize` rows that hold a stretch, and among those the smallest: a stretch that
 * lies across two pages of one size often lies within a single page of another.
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

export function pagesOf(cover: PageSpan): number {
  return cover.lastPage - cover.firstPage + 1;
}
