import type { Candidate } from './candidate.ts';
import { isFailed } from './found-answer.ts';
import { paymentsPerIntent } from './list-rows.ts';
import type { Reading } from './payout-matcher.ts';
import type { PayoutRequest } from './payout-record.ts';

/**
 * Intents of a settled request at Lean that its callers were not told of.
 * @param own payouts of the request that no record names
 */
export function duplicateIntents(
  { sends, judgedPayouts, records }: PayoutRequest,
  { candidates, duplicates, rows }: Reading,
  own: readonly Candidate[],
): readonly string[] {
  // A key that was sent twice, or rejected, may have a payout that its callers do not know of. Where Lean does not return
  // references, it looks like any other one.
  const mayHaveMore = sends.count > 1 || records.some(({ state }) => state === 'rejected');
  const similar = candidates.filter(
    ({ failed, unread, row, sharedWith }) =>
      mayHaveMore && !failed && !unread && !judgedPayouts.includes(row.intentId) && sharedWith.length === 0,
  );
  const payments = paymentsPerIntent(rows);
  // Lean may make one intent of several transfers: it may have as many payments.
  const told = Map.groupBy(createdIntents(records), id => id);
  const paidTwice = [...told].flatMap(([id, ofOne]) => ((payments.get(id) ?? 0) > ofOne.length ? id : []));
  const beyond = [...own, ...similar].map(({ row }) => row.intentId);
  return [...new Set([...duplicates, ...beyond, ...paidTwice, ...takenAfterAll(records, rows)])];
}

/** Intents of rejected transfers that Lean had failed, and that have a payment now. */
function takenAfterAll(records: PayoutRequest['records'], rows: Reading['rows']): readonly string[] {
  // A row without a status tells nothing.
  const living = new Set(
    rows.filter(row => row.state !== undefined && !isFailed(row, null)).map(({ intentId }) => intentId),
  );
  const rejected = records.flatMap(({ state, intentId }) => (state === 'rejected' ? (intentId ?? []) : []));
  // Another transfer may have been answered with the same intent.
  const told = createdIntents(records);
  return rejected.filter(id => living.has(id) && !told.includes(id));
}

/** The intent of each transfer that was answered as created. */
function createdIntents(records: PayoutRequest['records']): readonly string[] {
  return records.flatMap(({ answer }) => (answer?.kind === 'created' ? answer.intentId : []));
}
