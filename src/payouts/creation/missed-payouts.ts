import { compareInstants, instantAt } from '../values/instant.ts';
import type { Payout } from '../payout.ts';
import type { Candidate } from './candidate.ts';
import { isOwnOfSettled } from './own-payout.ts';
import type { Finding } from './finding.ts';
import type { RecordedDecision } from './operator-records.ts';
import type { PayoutRequest } from './payout-record.ts';
import { rowTimeMarginMs, type ListReading } from './payout-matcher.ts';
import { defaultDelayMs, leanKeyLifetimeMs } from './resend-rule.ts';
import { earliestSend, neverSent, type SendHistory } from './send-history.ts';

const unreliableClockFindings: ReadonlySet<Finding> = new Set(['clocks_differ', 'lean_time_unknown']);

/** How long after its send a payout is expected to stay in Lean's list, in ms. */
const listedForMs = 2 * 86_400_000;

/** A payout at Lean that was missing from Lean's list when it should have been in it. */
export interface MissedPayout {
  readonly intentId: string;
  /** A sentence for operators. */
  readonly reason: string;
}

/**
 * Finds the payouts of a settled request that Lean's list has missed. There are two kinds. Some payouts are older
 * than the moment at which the request was sent again, or rejected, because the list did not have them. Others were
 * created, and the list still does not have them. Decisions of operators do not count, because they do not rest on
 * the list alone.
 * @param own payouts of the request that no record names
 */
export function findMissedPayouts(
  request: PayoutRequest,
  { rows, isComplete, absence }: Pick<ListReading, 'rows' | 'isComplete' | 'absence'>,
  own: readonly Candidate[],
  decisions: readonly RecordedDecision[],
): readonly MissedPayout[] {
  const missed = [
    ...missedBeforeSend(request, rows, own, decisions),
    ...missedBeforeRejection(request, own, decisions),
    // The time range that was read depends on the clocks.
    ...(isComplete && !unreliableClockFindings.has(absence) ? stillMissing(request, rows, decisions) : []),
  ];
  // An operator has judged these to be other payouts, so the list had shown them.
  return missed.filter(({ intentId }) => !request.judgedPayouts.includes(intentId));
}

/** Payouts that were created before the last send, although the list had not shown them before it. */
function missedBeforeSend(
  request: PayoutRequest,
  rows: readonly Payout[],
  own: readonly Candidate[],
  decisions: readonly RecordedDecision[],
): readonly MissedPayout[] {
  const sends = sendsBasedOnList(request.sends, decisions);
  const { count, lastAt, delayMs } = sends;
  const since = earliestSend(sends);
  if (since === null || lastAt === null || count < 2) return [];
  // Without a resend delay the send relied on Lean's idempotency keys and not on the list.
  if (delayMs === 0 && lastAt < since + leanKeyLifetimeMs) return [];
  const ids = new Set([
    ...request.records.flatMap(({ intentId }) => intentId ?? []),
    ...own.map(({ row }) => row.intentId),
  ]);
  return intentsOlderThan(
    sends,
    { at: lastAt, since },
    rows.filter(row => ids.has(row.intentId)),
  ).map(intentId => ({
    intentId,
    reason: `intent ${intentId} was missing from the list when it was read before the second send`,
  }));
}

/** Created payouts that a complete list does not have, although the resend delay has passed since they were sent. */
function stillMissing(
  { records, sends, readAt }: PayoutRequest,
  rows: readonly Payout[],
  decisions: readonly RecordedDecision[],
): readonly MissedPayout[] {
  if (sends.until === null) return [];
  const age = readAt - sends.until;
  // Lean's list may not contain older payouts.
  if (age < Math.max(sends.delayMs, defaultDelayMs) || age > listedForMs) return [];
  const listed = new Set(rows.map(({ intentId }) => intentId));
  const decided = decidedPositions(decisions);
  return records.flatMap(({ state, position, intentId }) =>
    state !== 'created' || decided.has(position) || intentId === null || listed.has(intentId)
      ? []
      : { intentId, reason: `intent ${intentId} was missing from the list long after it was created` },
  );
}

/** The positions of the transfers whose outcome an operator has decided. */
function decidedPositions(decisions: readonly RecordedDecision[]): ReadonlySet<number | undefined> {
  const outcomes = decisions.filter(({ decision }) => decision !== 'send again');
  return new Set(outcomes.map(({ evidence }) => evidence.position));
}

/** The send history without the latest sends that an operator allowed although the list proved nothing. */
function sendsBasedOnList(sends: SendHistory, decisions: readonly RecordedDecision[]): SendHistory {
  const grant = decisions.findLast(
    ({ decision, evidence }) => decision === 'send again' && evidence.sends?.count === sends.count - 1,
  )?.evidence;
  if (grant?.sends === undefined || grant.absence === 'absent') return sends;
  return sendsBasedOnList({ ...neverSent, ...grant.sends }, decisions);
}

/** Payouts that were created before their transfer was rejected because the list had not shown them. */
function missedBeforeRejection(
  request: PayoutRequest,
  own: readonly Candidate[],
  decisions: readonly RecordedDecision[],
): readonly MissedPayout[] {
  const { sends, records, upstreamResponse, changedAt } = request;
  // With an answer from Lean the rejection does not rest on the list.
  if (upstreamResponse !== null || sends.lastAt === null) return [];
  const decided = decidedPositions(decisions);
  const rejected = records.filter(({ state, position }) => state === 'rejected' && !decided.has(position));
  const missed = own.filter(candidate => rejected.some(record => isOwnOfSettled(candidate, record)));
  return intentsOlderThan(
    sends,
    { at: changedAt, since: sends.lastAt },
    missed.map(({ row }) => row),
  ).map(intentId => ({
    intentId,
    reason: `intent ${intentId} was missing from the list when the payout was rejected because of that`,
  }));
}

/**
 * Intents of the rows that were created before a moment. The clock of Lean's rows may be behind the clock of its
 * `Date` headers. So a row counts only if it is older by that tolerance, or by half of the time between the earlier
 * send and the moment if that is less.
 * @param moment.at the moment, epoch ms of the store's clock
 * @param moment.since the earlier send, epoch ms of the store's clock
 */
function intentsOlderThan(
  { until, leanUntil }: SendHistory,
  { at, since }: { readonly at: number; readonly since: number },
  rows: readonly Payout[],
): readonly string[] {
  if (until === null || leanUntil === null) return [];
  const leanTime = leanUntil - (until - at) - Math.min(rowTimeMarginMs, Math.max(0, at - since) / 2);
  const moment = instantAt(leanTime);
  return rows.flatMap(({ intentId, createdAt }) =>
    createdAt != null && compareInstants(createdAt, moment) < 0 ? intentId : [],
  );
}
