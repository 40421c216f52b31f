import type { CallOptions } from '../../lean/client.ts';
import { isRowOf, type Cursor } from './cursor.ts';
import { compareInstants } from '../values/instant.ts';
import type { RangeReader } from './range-reader.ts';
import type { FilterQuery } from './payout-filter.ts';
import type { PayoutRow } from '../payout.ts';

export interface RelocatedCursor {
  /** The position of the cursor's row. If the row is gone: the position of the row that followed it. */
  readonly position: number;
  /** Whether the row is still in the list. */
  readonly exists: boolean;
}

/** How many pages are searched before the row counts as gone. */
const maxPages = 20;

/**
 * Finds a cursor's row again after rows have moved in Lean's list. It reads one page at a time, first the page of the
 * expected position. Creation times give the direction of the search. Where they do not, because a time is missing or
 * several rows share the cursor's time, every page is searched.
 * @throws LeanError
 */
export async function relocateCursor(
  ranges: RangeReader,
  query: FilterQuery,
  cursor: Cursor,
  expected: number,
  options: CallOptions,
): Promise<RelocatedCursor> {
  const size = ranges.maxPageSize;
  const searched = new Set<number>();
  let fallback = expected;
  let isAmbiguous = false;
  let page = Math.floor(expected / size);
  while (searched.size < maxPages) {
    searched.add(page);
    const start = page * size;
    const read = await ranges.read(query, { range: { start, end: start + size } }, options);
    // Lean's page limit is lower than was known, so the search restarts with the smaller page size.
    if (read === undefined) return relocateCursor(ranges, query, cursor, expected, options);
    const index = read.rows.findIndex(row => isRowOf(cursor, row));
    if (index >= 0) return { position: start + index, exists: true };
    const firstAfter = read.rows.findIndex(row => isAfter(row, cursor, read.rows));
    // Rows with the same creation time are in no known order, so the cursor's row may be on any page.
    isAmbiguous ||= read.rows.some(row => row.createdAt === null || row.createdAt === cursor.createdAt);
    if (firstAfter > 0 && !isAmbiguous) return { position: start + firstAfter, exists: false };
    if (firstAfter === 0) fallback = start;
    else if (read.rows.length > 0) fallback = start + read.rows.length;
    const next = nextPage({
      page,
      backward: firstAfter === 0 || read.rows.length === 0,
      searchAll: isAmbiguous || cursor.createdAt === null,
      searched,
      pages: Math.max(1, Math.ceil(read.total / size)),
    });
    if (next === undefined) break;
    page = next;
  }
  return { position: isAmbiguous ? expected : fallback, exists: false };
}

/**
 * Whether a row comes after the cursor's row, by creation time and by the order in which the page's rows are listed.
 */
function isAfter(row: PayoutRow, cursor: Cursor, rows: readonly PayoutRow[]): boolean {
  const [first, last] = [rows[0]?.createdAt, rows.at(-1)?.createdAt];
  if (row.createdAt === null || cursor.createdAt === null || first == null || last == null) return false;
  const order = compareInstants(row.createdAt, cursor.createdAt);
  return compareInstants(first, last) < 0 ? order > 0 : order < 0;
}

/** The next page to search; undefined if no candidate is left. */
function nextPage(search: {
  readonly page: number;
  readonly backward: boolean;
  readonly searchAll: boolean;
  readonly searched: ReadonlySet<number>;
  readonly pages: number;
}): number | undefined {
  const { page, backward, searchAll, searched, pages } = search;
  const neighbour = backward ? page - 1 : page + 1;
  const candidates = searchAll
    ? [neighbour, ...Array.from({ length: pages }, (_, number) => number)]
    : [neighbour];
  return candidates.find(candidate => candidate >= 0 && candidate < pages && !searched.has(candidate));
}
