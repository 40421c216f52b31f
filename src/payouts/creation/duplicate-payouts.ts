import type { Candidate } from './candidate.ts';
import { isFailed } from './found-answer.ts';
import { paymentsPerIntent } from './list-rows.ts';
import type { ListReading } from './payout-matcher.ts';
import type { PayoutRequest } from './payout-record.ts';

/**
 * Finds the intents at Lean that a settled request has beyond the payouts in its answers.
 * @param own payouts of the request that no record names
 */
export function findDuplicateIntents(
  { sends, judgedPayouts, records }: PayoutRequest,
  { candidates, duplicates, rows }: ListReading,
  own: readonly Candidate[],
): readonly string[] {
  // A request that was sent twice, or rejected, may have another payout. A Lean that returns no references shows it
  // only as a similar payout.
  const mayHaveMore = sends.count > 1 || records.some(({ state }) => state === 'rejected');
  const similar = candidates.filter(
    ({ failed, unreadable, row, sharedWith }) =>
      mayHaveMore &&
      !failed &&
      !unreadable &&
      !judgedPayouts.includes(row.intentId) &&
      sharedWith.length === 0,
  );
  const payments = paymentsPerIntent(rows);
  // Lean may create one intent for several transfers, which then has one payment for each of them.
  const answered = Map.groupBy(createdIntents(records), id => id);
  const paidTwice = [...answered].flatMap(([id, transfers]) =>
    (payments.get(id) ?? 0) > transfers.length ? id : [],
  );
  const additional = [...own, ...similar].map(({ row }) => row.intentId);
  return [...new Set([...duplicates, ...additional, ...paidTwice, ...paidAfterRejection(records, rows)])];
}

/** Intents of rejected transfers that Lean had failed, and that now have a payment that has not failed. */
function paidAfterRejection(records: PayoutRequest['records'], rows: ListReading['rows']): readonly string[] {
  // A row without a status says nothing about the payment.
  const live = new Set(
    rows.filter(row => row.state !== undefined && !isFailed(row, null)).map(({ intentId }) => intentId),
  );
  const rejected = records.flatMap(({ state, intentId }) => (state === 'rejected' ? (intentId ?? []) : []));
  // The same intent may be the answer to another transfer.
  const answered = createdIntents(records);
  return rejected.filter(id => live.has(id) && !answered.includes(id));
}

/** The intents of the transfers whose answer is `created`. */
function createdIntents(records: PayoutRequest['records']): readonly string[] {
  return records.flatMap(({ answer }) => (answer?.kind === 'created' ? answer.intentId : []));
}
