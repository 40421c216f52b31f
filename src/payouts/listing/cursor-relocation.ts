import type { CallOptions } from '../../lean/client.ts';
import { isRowOf, type Cursor } from './cursor.ts';
import { compareInstants } from '../values/instant.ts';
import type { PageReader } from './page-reader.ts';
import type { FilterQuery } from './payout-filter.ts';
import type { PayoutRow } from '../payout.ts';

export interface Found {
  /** Where the row is; when it is gone, the place of the row that now follows where it was. */
  readonly place: number;
  readonly there: boolean;
}

/** Pages looked through before the row counts as gone. */
const maxPages = 20;

/**
 * Finds a cursor's row again after the list has shifted under it, page by page from where it is expected. The rows'
 * times tell which way to go; where they tell nothing, the search goes outward both ways.
 */
export async function relocateCursor(
  pages: PageReader,
  query: FilterQuery,
  cursor: Cursor,
  expected: number,
  options: CallOptions,
): Promise<Found> {
  const size = pages.maxPageSize;
  const looked = new Set<number>();
  let fallback = expected;
  let anyTied = false;
  let page = Math.floor(expected / size);
  while (looked.size < maxPages) {
    looked.add(page);
    const start = page * size;
    const read = await pages.read(query, { wanted: { start, end: start + size } }, options);
    // Capped below the size that the search began with: begin again with the smaller one.
    if (read === undefined) return relocateCursor(pages, query, cursor, expected, options);
    const index = read.rows.findIndex(row => isRowOf(cursor, row));
    if (index >= 0) return { place: start + index, there: true };
    const behind = read.rows.findIndex(row => isBehind(row, cursor, read.rows));
    // Rows of the very same instant are in no order that could be known: the row may be among them on any page.
    anyTied ||= read.rows.some(row => row.createdAt === null || row.createdAt === cursor.createdAt);
    if (behind > 0 && !anyTied) return { place: start + behind, there: false };
    if (behind === 0) fallback = start;
    else if (read.rows.length > 0) fallback = start + read.rows.length;
    const next = nextPage({
      page,
      backward: behind === 0 || read.rows.length === 0,
      bothWays: anyTied || cursor.createdAt === null,
      looked,
      pages: Math.max(1, Math.ceil(read.total / size)),
    });
    if (next === undefined) break;
    page = next;
  }
  return { place: anyTied ? expected : fallback, there: false };
}

/** Whether a row lies behind the place where the cursor's row was, by their times and the list's own direction. */
function isBehind(row: PayoutRow, cursor: Cursor, rows: readonly PayoutRow[]): boolean {
  const [first, last] = [rows[0]?.createdAt, rows.at(-1)?.createdAt];
  if (row.createdAt === null || cursor.createdAt === null || first == null || last == null) return false;
  const order = compareInstants(row.createdAt, cursor.createdAt);
  return compareInstants(first, last) < 0 ? order > 0 : order < 0;
}

/** Undefined when there is nowhere left to look, or when the two pages that the row would lie between have been seen. */
function nextPage(search: {
  readonly page: number;
  readonly backward: boolean;
  readonly bothWays: boolean;
  readonly looked: ReadonlySet<number>;
  readonly pages: number;
}): number | undefined {
  const { page, backward, bothWays, looked, pages } = search;
  const ahead = backward ? page - 1 : page + 1;
  const candidates = bothWays ? [ahead, ...Array.from({ length: pages }, (_, number) => number)] : [ahead];
  return candidates.find(candidate => candidate >= 0 && candidate < pages && !looked.has(candidate));
}
