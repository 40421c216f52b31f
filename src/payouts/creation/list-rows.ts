import { compareTimes } from '../values/instant.ts';
import type { Payout } from '../payout.ts';
import { isFailed } from './found-answer.ts';

/*
 * Lean's list has one row per payment. An intent whose payment has failed may have another payment.
 */

function intentIdOf({ intentId }: Payout): string {
  return intentId;
}

/**
 * The key of a row; several rows of one intent have different keys. `paymentId` is null until Lean has created the
 * payment. A failed row without it has a key of its own, so that it does not replace the row of a live payment.
 */
export function rowKey(row: Payout): string {
  const failed = row.paymentId === null && isFailed(row, null);
  return JSON.stringify([row.intentId, row.paymentId, row.createdAt, failed]);
}

/**
 * Counts distinct rows across pages. If Lean creates a payment between two page reads, one row appears with two keys.
 * If Lean replaces a payment between two page reads, one row appears with two payment ids. So an intent certainly has
 * several rows only if one page showed them together.
 */
export class DistinctRows {
  readonly #byIntent = new Map<string, { readonly payments: Set<string>; maxOnOnePage: number }>();

  addPage(page: readonly Payout[]): void {
    for (const [id, rows] of Map.groupBy(page, intentIdOf)) {
      const known = this.#byIntent.get(id) ?? { payments: new Set(), maxOnOnePage: 0 };
      for (const { paymentId } of rows) if (paymentId !== null) known.payments.add(paymentId);
      known.maxOnOnePage = Math.max(known.maxOnOnePage, new Set(rows.map(rowKey)).size);
      this.#byIntent.set(id, known);
    }
  }

  /** Whether the number of rows is certain, and equals `total`. */
  isExactly(total: number): boolean {
    let least = 0;
    let most = 0;
    for (const { payments, maxOnOnePage } of this.#byIntent.values()) {
      least += maxOnOnePage;
      most += Math.max(payments.size, maxOnOnePage);
    }
    return least === total && most === total;
  }

  /** Whether a row of the same intent was added. */
  has(row: Payout): boolean {
    return this.#byIntent.has(row.intentId);
  }
}

/** One row per intent: the newest one that has not failed, or else the newest one. */
export function currentRowPerPayout(rows: readonly Payout[]): readonly Payout[] {
  return [...Map.groupBy(rows, intentIdOf).values()].flatMap(rowsOfIntent =>
    rowsOfIntent.toSorted(compareRows).slice(-1),
  );
}

/** The number of payments per intent, without those that Lean has failed or the bank has rejected. */
export function paymentsPerIntent(rows: readonly Payout[]): ReadonlyMap<string, number> {
  const livePayments = rows.filter(
    row => row.paymentId !== null && !isFailed(row, null) && row.postInitiationStatus !== 'REJECTED',
  );
  return new Map(
    [...Map.groupBy(livePayments, intentIdOf)].map(([id, rowsOfIntent]) => [
      id,
      new Set(rowsOfIntent.map(({ paymentId }) => paymentId)).size,
    ]),
  );
}

/** Sorts failed rows first, then by time. */
function compareRows(a: Payout, b: Payout): number {
  return (
    Number(isFailed(b, null)) - Number(isFailed(a, null)) ||
    compareTimes(a.createdAt, b.createdAt) ||
    compareTimes(a.updatedAt, b.updatedAt) ||
    Number(rowKey(a) > rowKey(b)) - Number(rowKey(a) < rowKey(b))
  );
}
