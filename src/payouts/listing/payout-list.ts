import type { CallOptions, LeanClient } from '../../lean/client.ts';
import { pageSize } from '../../lean/page-size.ts';
import { fingerprintOf, readCursor, writeCursor } from './cursor.ts';
import { BadInput } from '../../errors/gateway-errors.ts';
import type { RowCache } from './row-cache.ts';
import { PageReader, type CursorAnchor, type PageResult } from './page-reader.ts';
import { RangeReader } from './range-reader.ts';
import { filterQuery, type Maybe, type PayoutFilter } from './payout-filter.ts';
import type { PayoutRow } from '../payout.ts';

/** Relay's arguments of a connection, and the filter. */
export interface PayoutListArguments {
  readonly first?: Maybe<number>;
  readonly after?: Maybe<string>;
  readonly last?: Maybe<number>;
  readonly before?: Maybe<string>;
  readonly filter?: Maybe<PayoutFilter>;
}

export interface PayoutPage {
  readonly rows: readonly PayoutRow[];
  /**
   * The cursor of the row at an index of the page. It is written on demand, because most callers need only the last.
   */
  cursorOf(index: number): string;
  readonly hasPreviousPage: boolean;
  readonly hasNextPage: boolean;
  /** How many rows match the filter, created up to the snapshot time. */
  readonly totalCount: number;
}

/** The most payouts that a caller may request. */
export const maxPageSize = 100;
export const defaultPageSize = 50;

/**
 * Relay's cursor pages over Lean's numbered pages, stable while rows are added at Lean:
 *
 * 1. The first page sets a snapshot time (`snapshot-time.ts`). Every cursor carries it, and all later pages leave out
 *    rows created after it (`upToSnapshot`).
 * 2. A cursor also carries its row's position and ids (`cursor.ts`). The position gives the next page without a search:
 *    Relay's arguments become a range of positions (`page-window.ts`), read from Lean's pages (`range-reader.ts`).
 * 3. Each read is checked against the cursor. If rows have moved nevertheless, for example out of a filter on the last
 *    change, the cursor's row is found again by its ids (`cursor-relocation.ts`) and the page is read again
 *    (`page-reader.ts`).
 */
export class PayoutLists {
  readonly #client: LeanClient;
  readonly #ranges: RangeReader;
  readonly #rowCache: RowCache;

  constructor(client: LeanClient, rowCache: RowCache) {
    this.#client = client;
    this.#rowCache = rowCache;
    this.#ranges = new RangeReader(client, pageSize);
  }

  /**
   * @throws BadInput naming the argument that is not valid
   * @throws LeanError if Lean gives no usable response
   */
  async read(args: PayoutListArguments, options: CallOptions): Promise<PayoutPage> {
    const { size, fromEnd } = pageSizeOf(args);
    const query = filterQuery(args.filter ?? {});
    const fingerprint = fingerprintOf(query);
    const after = anchorOf(args.after, fingerprint, 'after');
    const before = anchorOf(args.before, fingerprint, 'before');
    if (
      after !== undefined &&
      before !== undefined &&
      after.cursor.snapshotTime !== before.cursor.snapshotTime
    )
      throw new BadInput(
        'before',
        'belongs to another snapshot of the list than after. Take both cursors from the same sequence of pages.',
      );
    const reader = new PageReader(this.#ranges, { query, after, before, size, fromEnd });
    const page = await reader.read({ ...options, deadline: options.deadline ?? this.#client.deadline() });
    const { range, rows, total } = page;
    this.#rowCache.add(rows);
    return {
      rows,
      cursorOf: index => cursorOf(page, index, fingerprint),
      hasPreviousPage: range.start > 0,
      hasNextPage: range.end < total,
      totalCount: total,
    };
  }
}

function cursorOf(
  { range, rows, total, snapshotTime }: PageResult,
  index: number,
  fingerprint: string,
): string {
  const row = rows[index];
  if (row === undefined) throw new RangeError(`the page has no row ${String(index)}`);
  const { intentId, paymentId, createdAt } = row;
  const cursor = { position: range.start + index, total, snapshotTime, intentId, paymentId, createdAt };
  return writeCursor(cursor, fingerprint);
}

function anchorOf(
  text: Maybe<string>,
  fingerprint: string,
  argument: 'after' | 'before',
): CursorAnchor | undefined {
  if (text == null) return undefined;
  const cursor = readCursor(text, fingerprint, argument);
  return { cursor, position: cursor.position, gone: false };
}

function pageSizeOf({ first, last, before, after }: PayoutListArguments): { size: number; fromEnd: boolean } {
  if (first != null && last != null)
    throw new BadInput('last', 'cannot go together with first. Send one of the two.');
  for (const [argument, size] of Object.entries({ first, last }))
    if (size != null && (size < 1 || size > maxPageSize))
      throw new BadInput(argument, `is ${String(size)}; accepted: 1 to ${String(maxPageSize)}.`);
  // `before` alone selects the rows directly before its cursor.
  const fromEnd = last != null || (first == null && before != null && after == null);
  return { size: first ?? last ?? defaultPageSize, fromEnd };
}
