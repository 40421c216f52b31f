import { compareTimes } from '../values/instant.ts';
import type { Payout } from '../payout.ts';
import { isFailed } from './found-answer.ts';

/*
 * Lean's list has a row for each payment: an intent whose payment has failed may have another one.
 */

function intentOf({ intentId }: Payout): string {
  return intentId;
}

/**
 * A key for one row; several rows of one intent have different keys. `paymentId` is null until Lean has created the
 * payment. A failed row without it has a key of its own, so that it does not replace the row of a payment that was taken.
 */
export function rowKey(row: Payout): string {
  const failed = row.paymentId === null && isFailed(row, null);
  return JSON.stringify([row.intentId, row.paymentId, row.createdAt, failed]);
}

/**
 * Counts distinct rows across pages. A row may get its payment between two pages and then looks like two. So an intent
 * counts as several rows only if one page showed them together, or if it has several payment ids.
 */
export class DistinctRows {
  readonly #ofPayouts = new Map<string, { readonly payments: Set<string>; sideBySide: number }>();

  addPage(page: readonly Payout[]): void {
    for (const [id, rows] of Map.groupBy(page, intentOf)) {
      const known = this.#ofPayouts.get(id) ?? { payments: new Set(), sideBySide: 0 };
      for (const { paymentId } of rows) if (paymentId !== null) known.payments.add(paymentId);
      known.sideBySide = Math.max(known.sideBySide, new Set(rows.map(rowKey)).size);
      this.#ofPayouts.set(id, known);
    }
  }

  get size(): number {
    let size = 0;
    for (const { payments, sideBySide } of this.#ofPayouts.values())
      size += Math.max(payments.size, sideBySide);
    return size;
  }

  /** Whether a row of the same payout has been met. */
  has(row: Payout): boolean {
    return this.#ofPayouts.has(row.intentId);
  }
}

/** One row of each payout: the newest that Lean has not failed, or else the newest. */
export function currentRowPerPayout(rows: readonly Payout[]): readonly Payout[] {
  return [...Map.groupBy(rows, intentOf).values()].flatMap(ofOne => ofOne.toSorted(compareRows).slice(-1));
}

/** How many payments each intent has, without those that Lean has failed or the bank has rejected. */
export function paymentsPerIntent(rows: readonly Payout[]): ReadonlyMap<string, number> {
  const taken = rows.filter(
    row => row.paymentId !== null && !isFailed(row, null) && row.postInitiationStatus !== 'REJECTED',
  );
  return new Map(
    [...Map.groupBy(taken, intentOf)].map(([id, ofOne]) => [
      id,
      new Set(ofOne.map(({ paymentId }) => paymentId)).size,
    ]),
  );
}

function compareRows(a: Payout, b: Payout): number {
  return (
    Number(isFailed(b, null)) - Number(isFailed(a, null)) ||
    compareTimes(a.createdAt, b.createdAt) ||
    compareTimes(a.updatedAt, b.updatedAt) ||
    Number(rowKey(a) > rowKey(b)) - Number(rowKey(a) < rowKey(b))
  );
}
