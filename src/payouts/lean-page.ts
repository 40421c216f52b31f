import type { LeanPayoutPage } from '../lean/wire.ts';
import { isJsonObject } from '../json/json-object.ts';
import type { LeanAnswer } from '../lean/answer.ts';
import type { LeanBadAnswer } from '../errors/lean-errors.ts';
import { payoutFromRow } from './from-lean.ts';
import { count } from './lean-values.ts';
import type { PayoutRow } from './payout.ts';

/** A page of Lean's list of payouts. */
export interface LeanPage {
  readonly rows: readonly PayoutRow[];
  /** How many rows Lean returned, including those that cannot be read. */
  readonly rowCount: number;
  /** The page size that Lean applied, which is below the requested one if Lean caps its pages; null if not stated. */
  readonly size: number | null;
  /** How many rows match the query, on all pages; null if not stated. */
  readonly total: number | null;
  /** Whether Lean states another number for this page than the requested one, as if it counted pages from 1. */
  readonly numberDiffers: boolean;
}

/**
 * Whether Lean's list has another page. If Lean caps its pages, a page with fewer rows than were requested need not be
 * the last one.
 * @param read rows of the list up to the end of this page
 * @param pageSize the requested page size
 */
export function hasNextPage({ rowCount, size, total }: LeanPage, read: number, pageSize: number): boolean {
  if (rowCount === 0) return false;
  return total === null ? rowCount >= Math.min(size ?? pageSize, pageSize) : read < total;
}

/**
 * Reads a page of Lean's list in either of its envelopes: with the page numbers in `page`, or beside `content`.
 * @param requested the number of the page, from 0
 * @throws LeanBadAnswer if it is not this page of a list of payouts, or if a row has no intent id
 */
export function pageFromLean(
  page: LeanPayoutPage,
  answer: Pick<LeanAnswer, 'badAnswer'>,
  requested: number,
): LeanPage {
  const read = lenientPageFromLean(page, answer, requested);
  if (read.rowError !== undefined) throw read.rowError;
  return read;
}

/**
 * Reads a page like `pageFromLean`, but leaves out rows without an intent id. `rowError` is the error for them.
 * @throws LeanBadAnswer if it is not this page of a list
 */
export function lenientPageFromLean(
  page: LeanPayoutPage,
  answer: Pick<LeanAnswer, 'badAnswer'>,
  requested: number,
): LeanPage & { readonly rowError: LeanBadAnswer | undefined } {
  const { content } = page;
  if (!Array.isArray(content)) throw answer.badAnswer("Lean's list has no `content` array.");
  const rows = (content as readonly unknown[]).flatMap(
    row => (isJsonObject(row) ? payoutFromRow(row) : undefined) ?? [],
  );
  const { number, size, total_elements } = page.page ?? page;
  const stated = count(number) ?? count(page.pageable?.page_number) ?? requested;
  // Lean documents page numbers from 0. Numbers from 1 are accepted as well.
  if (stated !== requested && stated !== requested + 1)
    throw answer.badAnswer("Lean's list has another page than the requested one.");
  return {
    rows,
    rowCount: content.length,
    size: count(size),
    total: count(total_elements),
    numberDiffers: stated !== requested,
    rowError:
      rows.length === content.length ? undefined : answer.badAnswer("A row of Lean's list has no intent id."),
  };
}
