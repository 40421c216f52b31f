import type { CallOptions, LeanClient } from '../../lean/client.ts';
import { LeanBadAnswer } from '../../errors/lean-errors.ts';
import { fingerprintOf, isRowOf, readCursor, writeCursor, type Cursor } from './cursor.ts';
import { BadInput } from '../../errors/gateway-errors.ts';
import { snapshotTime } from './snapshot-time.ts';
import type { Instant } from '../values/instant.ts';
import type { KnownRows } from './known-rows.ts';
import { PageReader } from './page-reader.ts';
import { relocateCursor } from './cursor-relocation.ts';
import { rangeOf, type Range, type Window } from './page-window.ts';
import { filterQuery, upTo, type FilterQuery, type PayoutFilter } from './payout-filter.ts';
import type { PayoutRow } from '../payout.ts';

type Maybe<T> = T | null | undefined;

export interface PayoutListArguments {
  readonly first?: Maybe<number>;
  readonly after?: Maybe<string>;
  readonly last?: Maybe<number>;
  readonly before?: Maybe<string>;
  readonly filter?: Maybe<PayoutFilter>;
}

export interface PayoutPage {
  readonly rows: readonly PayoutRow[];
  /** Of the row at this index on the page. Written when somebody wants it: most ask for that of the last row alone. */
  cursorOf(index: number): string;
  readonly hasPreviousPage: boolean;
  readonly hasNextPage: boolean;
  /** Rows that the filter matched when paging began. */
  readonly totalCount: number;
}

export const maxPageSize = 100;
export const defaultPageSize = 50;

/** How often a read starts over because the list changed under it. */
const maxAttempts = 5;

/** A cursor's row, and where in the list it is now thought to be. */
interface Mark {
  readonly cursor: Cursor;
  place: number;
  /** The row itself is gone; the place is where it was. */
  gone: boolean;
}

/**
 * Relay's pages over Lean's numbered ones, without shifting: paging works on the rows that were there when it began,
 * and where Lean's list has changed all the same, the cursor's row is found again before anything is answered.
 */
export class PayoutLists {
  readonly #client: LeanClient;
  readonly #pages: PageReader;
  readonly #known: KnownRows;

  constructor(client: LeanClient, known: KnownRows) {
    this.#client = client;
    this.#known = known;
    this.#pages = new PageReader(client, maxPageSize);
  }

  /**
   * @throws BadInput naming the argument that cannot be used
   * @throws LeanError when Lean gives no usable answer
   */
  async read(args: PayoutListArguments, options: CallOptions): Promise<PayoutPage> {
    const { size, fromEnd } = pageSizeOf(args);
    const query = filterQuery(args.filter ?? {});
    const after = markOf(args.after, query, 'after');
    const before = markOf(args.before, query, 'before');
    if (after !== undefined && before !== undefined && after.cursor.asOf !== before.cursor.asOf)
      throw new BadInput('before', 'comes from another walk through the list than after.');
    const walk = new Walk(this.#pages, { query, after, before, size, fromEnd });
    const walked = await walk.read({ ...options, deadline: options.deadline ?? this.#client.deadline() });
    const { stretch, rows, total } = walked;
    this.#known.remember(rows);
    return {
      rows,
      cursorOf: index => cursorOf(walked, index, query),
      hasPreviousPage: stretch.start > 0,
      hasNextPage: stretch.end < total,
      totalCount: total,
    };
  }
}

interface WalkPlan {
  readonly query: FilterQuery;
  readonly after: Mark | undefined;
  readonly before: Mark | undefined;
  readonly size: number;
  readonly fromEnd: boolean;
}

interface WalkResult {
  readonly stretch: Range;
  readonly rows: readonly PayoutRow[];
  readonly total: number;
  readonly asOf: Instant | null;
}

/** One page's worth of reading: tries until what it read belongs together. */
class Walk {
  readonly #pages: PageReader;
  readonly #plan: WalkPlan;
  readonly #marks: readonly Mark[];
  #asOf: Instant | null;
  #total: number | undefined;

  constructor(pages: PageReader, plan: WalkPlan) {
    this.#pages = pages;
    this.#plan = plan;
    this.#marks = [plan.after, plan.before].filter(mark => mark !== undefined);
    this.#asOf = this.#marks[0]?.cursor.asOf ?? null;
    this.#total = this.#marks[0]?.cursor.total;
  }

  async read(options: CallOptions): Promise<WalkResult> {
    for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
      const wanted = this.#wanted();
      if (this.#total !== undefined && wanted.start === wanted.end)
        return this.#result(wanted, [], this.#total);
      const near = this.#markBeside(wanted);
      const query = upTo(this.#plan.query, this.#asOf);
      const read = await this.#pages.read(
        query,
        { wanted, beside: near?.place, ...this.#mustSee() },
        options,
      );
      if (read === undefined) continue;
      if (this.#marks.length === 0 && this.#asOf === null) this.#asOf = snapshotTime(read);
      // What a cursor counted stays the measure until its row has been found again.
      if (!read.consistent && this.#marks.length > 0) continue;
      const shifted = read.consistent && (await this.#hasShifted(read.total, near, read.row, query, options));
      this.#total = read.total;
      if (!read.consistent || shifted) continue;
      const stretch = this.#wanted();
      const rows = read.slice(stretch);
      if (rows !== undefined) return this.#result(stretch, rows, read.total);
    }
    throw new LeanBadAnswer('LEAN_BAD_RESPONSE', "Lean's list changes faster than it can be read.", {
      retryable: true,
    });
  }

  /** As far as the list's length is known: counted from its end, the first page is read for the length's sake. */
  #wanted(): Range {
    const { after, before, size, fromEnd } = this.#plan;
    const window: Window = { after: after?.place, before: before?.place, size, fromEnd };
    if (this.#total !== undefined) return rangeOf(window, this.#total);
    return { start: 0, end: fromEnd ? this.#pages.maxPageSize : size };
  }

  /** The cursor's row, when it lies directly beside what is wanted: read along, it proves that nothing has shifted. */
  #markBeside(wanted: Range): Mark | undefined {
    const { after, before } = this.#plan;
    if (after?.gone === false && after.place === wanted.start - 1) return after;
    return before?.gone === false && before.place === wanted.end ? before : undefined;
  }

  /** Rows come and go by their last change: there the list's length proves nothing, and the row must be seen. */
  #mustSee(): { readonly insist: boolean } {
    const { from_updated_at, to_updated_at } = this.#plan.query;
    return { insist: from_updated_at !== undefined || to_updated_at !== undefined };
  }

  /** Whether rows are no longer where the cursors have them. If so, the cursors' rows have been found again. */
  async #hasShifted(
    total: number,
    near: Mark | undefined,
    row: (place: number) => PayoutRow | undefined,
    query: FilterQuery,
    options: CallOptions,
  ): Promise<boolean> {
    if (this.#marks.length === 0) return false;
    const seen = near === undefined ? undefined : row(near.place);
    if (near !== undefined && seen !== undefined ? isRowOf(near.cursor, seen) : total === this.#total)
      return false;
    for (const mark of this.#marks) {
      const expected = mark.place + Math.max(0, total - (this.#total ?? total));
      const found = await relocateCursor(this.#pages, query, mark.cursor, expected, options);
      mark.gone = !found.there;
      mark.place = found.there || mark === this.#plan.before ? found.place : found.place - 1;
    }
    return true;
  }

  #result(stretch: Range, rows: readonly PayoutRow[], total: number): WalkResult {
    return { stretch, rows, total, asOf: this.#asOf };
  }
}

function cursorOf({ stretch, rows, total, asOf }: WalkResult, index: number, query: FilterQuery): string {
  const row = rows[index];
  if (row === undefined) throw new RangeError(`the page has no row ${String(index)}`);
  const { intentId, paymentId, createdAt } = row;
  const cursor = { place: stretch.start + index, total, asOf, intentId, paymentId, createdAt };
  return writeCursor(cursor, fingerprintOf(query));
}

function markOf(text: Maybe<string>, query: FilterQuery, argument: 'after' | 'before'): Mark | undefined {
  if (text == null) return undefined;
  const cursor = readCursor(text, fingerprintOf(query), argument);
  return { cursor, place: cursor.place, gone: false };
}

function pageSizeOf({ first, last, before, after }: PayoutListArguments): { size: number; fromEnd: boolean } {
  if (first != null && last != null)
    throw new BadInput('last', 'cannot go together with first. Send one of the two.');
  for (const [argument, size] of Object.entries({ first, last }))
    if (size != null && (size < 1 || size > maxPageSize))
      throw new BadInput(argument, `is ${String(size)}; accepted are 1 to ${String(maxPageSize)}.`);
  // A lone `before` asks for the rows just in front of its cursor.
  const fromEnd = last != null || (first == null && before != null && after == null);
  return { size: first ?? last ?? defaultPageSize, fromEnd };
}
