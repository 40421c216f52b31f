import type { CallOptions } from '../../lean/client.ts';
import { LeanBadAnswer } from '../../errors/lean-errors.ts';
import type { PayoutRow } from '../payout.ts';
import type { Instant } from '../values/instant.ts';
import { isRowOf, type Cursor } from './cursor.ts';
import { relocateCursor } from './cursor-relocation.ts';
import { rangeOf, type Range } from './page-window.ts';
import { upToSnapshot, type FilterQuery } from './payout-filter.ts';
import type { RangeReader, RangeResult } from './range-reader.ts';
import { snapshotTimeOf } from './snapshot-time.ts';

/** A caller's cursor, with the position at which its row is now expected in Lean's list. */
export interface CursorAnchor {
  readonly cursor: Cursor;
  /**
   * The row's position. If the row is gone: the position of the row that followed it. If the row of an `after` cursor is
   * gone: one less, so that the page begins with the row that followed.
   */
  position: number;
  /** Whether the row is no longer in the list. */
  gone: boolean;
}

/** The page that a caller asks for: Relay's arguments, with the cursors decoded. */
export interface PageRequest {
  readonly query: FilterQuery;
  readonly after: CursorAnchor | undefined;
  readonly before: CursorAnchor | undefined;
  readonly size: number;
  readonly fromEnd: boolean;
}

export interface PageResult {
  /** The positions of the rows, among those created up to the snapshot time. */
  readonly range: Range;
  readonly rows: readonly PayoutRow[];
  /** How many rows the list has, created up to the snapshot time. */
  readonly total: number;
  /** By Lean's clock; null if Lean's responses carry no time. */
  readonly snapshotTime: Instant | null;
}

/** How often a page is read before the list counts as changing too fast. */
const maxAttempts = 5;

/**
 * Reads one Relay page so that it fits the pages before it. The query leaves out rows created after the snapshot time.
 * After each read the reader checks that the rows are still where the cursors have them: the row of a cursor next to
 * the page must be at its position, or else the total must be unchanged. If rows have moved, it looks for the cursors'
 * rows and reads again. An instance is for a single page.
 */
export class PageReader {
  readonly #ranges: RangeReader;
  readonly #request: PageRequest;
  readonly #anchors: readonly CursorAnchor[];
  #snapshotTime: Instant | null;
  #total: number | undefined;

  constructor(ranges: RangeReader, request: PageRequest) {
    this.#ranges = ranges;
    this.#request = request;
    this.#anchors = [request.after, request.before].filter(anchor => anchor !== undefined);
    this.#snapshotTime = this.#anchors[0]?.cursor.snapshotTime ?? null;
    this.#total = this.#anchors[0]?.cursor.total;
  }

  /** @throws LeanError; a retryable LeanBadAnswer if the list changes during each attempt */
  async read(options: CallOptions): Promise<PageResult> {
    for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
      const expected = this.#range();
      if (this.#total !== undefined && expected.start === expected.end)
        return this.#result(expected, [], this.#total);
      const adjacent = this.#adjacentAnchor(expected);
      const query = upToSnapshot(this.#request.query, this.#snapshotTime);
      const request = {
        range: expected,
        adjacent: adjacent?.position,
        requireAdjacent: this.#filtersByUpdate(),
      };
      const read = await this.#ranges.read(query, request, options);
      // Lean's page limit is lower than was known: read again with smaller pages.
      if (read === undefined) continue;
      if (this.#anchors.length === 0 && this.#snapshotTime === null)
        this.#snapshotTime = snapshotTimeOf(read);
      if (!read.consistent) {
        // With a cursor, its total stays the reference until a consistent read has shown whether rows have moved.
        if (this.#anchors.length === 0) this.#total = read.total;
        continue;
      }
      const shifted = this.#hasShifted(read, adjacent);
      if (shifted) await this.#relocateAnchors(read.total, query, options);
      this.#total = read.total;
      if (shifted) continue;
      const range = this.#range();
      const rows = read.slice(range);
      if (rows !== undefined) return this.#result(range, rows, read.total);
    }
    throw new LeanBadAnswer("Lean's list changes faster than it can be read.", {
      retryable: true,
    });
  }

  /**
   * The positions of the page. While the total is unknown, a page from the end has no known position, so the first page
   * of the list is read to learn the total.
   */
  #range(): Range {
    const { after, before, size, fromEnd } = this.#request;
    if (this.#total !== undefined)
      return rangeOf({ after: after?.position, before: before?.position, size, fromEnd }, this.#total);
    return { start: 0, end: fromEnd ? this.#ranges.maxPageSize : size };
  }

  /**
   * The cursor whose row is directly before or after the range. If the row is read together with the range and is still
   * at its position, no rows have moved.
   */
  #adjacentAnchor(range: Range): CursorAnchor | undefined {
    const { after, before } = this.#request;
    if (after?.gone === false && after.position === range.start - 1) return after;
    return before?.gone === false && before.position === range.end ? before : undefined;
  }

  /**
   * Whether the filter is on the time of the last change. Rows can then enter and leave the list at any position, and
   * an unchanged total proves nothing. Only the adjacent row does, so it must be read.
   */
  #filtersByUpdate(): boolean {
    const { from_updated_at, to_updated_at } = this.#request.query;
    return from_updated_at !== undefined || to_updated_at !== undefined;
  }

  /** Whether rows have moved since the cursors were written, or were last relocated. */
  #hasShifted(read: RangeResult, adjacent: CursorAnchor | undefined): boolean {
    if (this.#anchors.length === 0) return false;
    const row = adjacent && read.rowAt(adjacent.position);
    return adjacent !== undefined && row !== undefined
      ? !isRowOf(adjacent.cursor, row)
      : read.total !== this.#total;
  }

  /** Looks for the cursors' rows in a list that now has `total` rows, and updates the anchors. */
  async #relocateAnchors(total: number, query: FilterQuery, options: CallOptions): Promise<void> {
    const added = Math.max(0, total - (this.#total ?? total));
    for (const anchor of this.#anchors) {
      const expected = anchor.position + added;
      const { exists, position } = await relocateCursor(
        this.#ranges,
        query,
        anchor.cursor,
        expected,
        options,
      );
      anchor.gone = !exists;
      anchor.position = exists || anchor === this.#request.before ? position : position - 1;
    }
  }

  #result(range: Range, rows: readonly PayoutRow[], total: number): PageResult {
    return { range, rows, total, snapshotTime: this.#snapshotTime };
  }
}
