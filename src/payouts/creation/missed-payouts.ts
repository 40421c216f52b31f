import { compareInstants, parseInstant } from '../instant.ts';
import type { Payout } from '../payout.ts';
import { rowId, type Candidate } from './candidate.ts';
import { isOwnOfSettled } from './own-payout.ts';
import type { PayoutRequest } from './payout-record.ts';
import { marginMs } from './payout-matcher.ts';
import { keyMemoryMs } from './resend-rule.ts';

/** A payout that Lean already had when its list was taken as proof that Lean did not have it. */
export interface MissedPayout {
  readonly intentId: string;
  /** For operators. */
  readonly reason: string;
}

/**
 * The payouts that Lean's list had missed: those of a settled request that are older than the moment at which it was sent
 * again, or rejected, because the list did not have them.
 * @param rows of Lean's list
 * @param own payouts of the request that no record names
 */
export function missedPayouts(
  request: PayoutRequest,
  rows: readonly Payout[],
  own: readonly Candidate[],
): readonly MissedPayout[] {
  const { count, firstAt, lastAt, delayMs } = request.sends;
  if (firstAt === null || lastAt === null) return [];
  // It was sent again without a delay, because Lean's memory of keys was relied on.
  const relied = delayMs === 0 && lastAt < firstAt + keyMemoryMs;
  if (count >= 2 && !relied) {
    const ids = new Set([...request.records.flatMap(({ intentId }) => intentId ?? []), ...own.map(idOf)]);
    return intentsOlderThan(
      request,
      { at: lastAt, since: firstAt },
      rows.filter(row => ids.has(rowId(row))),
    ).map(intentId => ({
      intentId,
      reason: `intent ${intentId} was missing from the list when it was read before the second send`,
    }));
  }
  // With an answer of Lean's own it was not rejected because of an absence.
  if (request.upstreamResponse !== null) return [];
  const absent = request.records.filter(({ state }) => state === 'rejected');
  const missed = own.filter(candidate => absent.some(record => isOwnOfSettled(candidate, record)));
  return intentsOlderThan(
    request,
    { at: request.changedAt, since: lastAt },
    missed.map(({ row }) => row),
  ).map(intentId => ({
    intentId,
    reason: `intent ${intentId} was missing from the list when the payout was rejected because of that`,
  }));
}

/**
 * Intents of the rows that are older than a moment. The clock that stamps rows may be behind the one that stamps
 * answers, so a row counts as older only by that difference, or by half of the time since the send before it.
 * @param moment.at by the store's clock, as is the send before it
 */
function intentsOlderThan(
  { sends: { until, leanUntil } }: PayoutRequest,
  { at, since }: { readonly at: number; readonly since: number },
  rows: readonly Payout[],
): readonly string[] {
  if (until === null || leanUntil === null) return [];
  const byLean = leanUntil - (until - at) - Math.min(marginMs, Math.max(0, at - since) / 2);
  const moment = parseInstant(new Date(byLean).toISOString());
  return rows.flatMap(({ intentId, createdAt }) =>
    createdAt != null && moment !== undefined && compareInstants(createdAt, moment) < 0 ? intentId : [],
  );
}

function idOf({ row }: Candidate): string {
  return rowId(row);
}
