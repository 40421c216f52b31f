import { compareInstants, parseInstant } from '../values/instant.ts';
import type { Payout } from '../payout.ts';
import type { Candidate } from './candidate.ts';
import { isOwnOfSettled } from './own-payout.ts';
import type { Finding } from './finding.ts';
import type { KeptDecision } from './operator-records.ts';
import type { PayoutRequest } from './payout-record.ts';
import { marginMs, type Reading } from './payout-matcher.ts';
import { defaultDelayMs, keyMemoryMs } from './resend-rule.ts';
import type { SendHistory } from './send-history.ts';

const unsureOfTime: ReadonlySet<Finding> = new Set(['clocks_differ', 'lean_time_unknown']);

/** How long after it was sent a payout must still be in Lean's list, in ms. */
const listedForMs = 2 * 86_400_000;

/** A payout of Lean's that its list lacked when it should have had it. */
export interface MissedPayout {
  readonly intentId: string;
  /** For operators. */
  readonly reason: string;
}

/**
 * The payouts that Lean's list has missed. Some are older than the moment at which the settled request was sent again, or
 * rejected, because the list did not have them. Others were created, and the list still lacks them. Decisions of operators
 * are left out, because they do not rest on the list alone.
 * @param reading of Lean's list
 * @param own payouts of the request that no record names
 */
export function missedPayouts(
  request: PayoutRequest,
  { rows, isWhole, absence }: Pick<Reading, 'rows' | 'isWhole' | 'absence'>,
  own: readonly Candidate[],
  decisions: readonly KeptDecision[],
): readonly MissedPayout[] {
  const missed = [
    ...missedBeforeSend(request, rows, own, decisions),
    ...missedBeforeRejection(request, own, decisions),
    // The window rests on the clocks.
    ...(isWhole && !unsureOfTime.has(absence) ? missedStill(request, rows, decisions) : []),
  ];
  // The list had those that an operator has judged to be other payouts.
  return missed.filter(({ intentId }) => !request.judgedPayouts.includes(intentId));
}

function missedBeforeSend(
  request: PayoutRequest,
  rows: readonly Payout[],
  own: readonly Candidate[],
  decisions: readonly KeptDecision[],
): readonly MissedPayout[] {
  const sends = sendsByList(request.sends, decisions);
  const { count, firstAt, lastAt, delayMs } = sends;
  if (firstAt === null || lastAt === null || count < 2) return [];
  // It was sent again without a delay, because Lean's memory of keys was relied on.
  if (delayMs === 0 && lastAt < firstAt + keyMemoryMs) return [];
  const ids = new Set([
    ...request.records.flatMap(({ intentId }) => intentId ?? []),
    ...own.map(({ row }) => row.intentId),
  ]);
  return intentsOlderThan(
    sends,
    { at: lastAt, since: firstAt },
    rows.filter(row => ids.has(row.intentId)),
  ).map(intentId => ({
    intentId,
    reason: `intent ${intentId} was missing from the list when it was read before the second send`,
  }));
}

/** Created payouts that a whole list lacks one resend delay after they were sent. */
function missedStill(
  { records, sends, readAt }: PayoutRequest,
  rows: readonly Payout[],
  decisions: readonly KeptDecision[],
): readonly MissedPayout[] {
  if (sends.until === null) return [];
  const age = readAt - sends.until;
  // A list may not go back any further.
  if (age < Math.max(sends.delayMs, defaultDelayMs) || age > listedForMs) return [];
  const listed = new Set(rows.map(({ intentId }) => intentId));
  const decided = positionsEnded(decisions);
  return records.flatMap(({ state, position, intentId }) =>
    state !== 'created' || decided.has(position) || intentId === null || listed.has(intentId)
      ? []
      : { intentId, reason: `intent ${intentId} was missing from the list long after it was created` },
  );
}

/** The transfers whose outcome an operator has decided. */
function positionsEnded(decisions: readonly KeptDecision[]): ReadonlySet<number | undefined> {
  const ended = decisions.filter(({ decision }) => decision !== 'send again');
  return new Set(ended.map(({ evidence }) => evidence.position));
}

/** The sends without the last ones, if an operator allowed those although the list proved nothing. */
function sendsByList(sends: SendHistory, decisions: readonly KeptDecision[]): SendHistory {
  const grant = decisions.findLast(
    ({ decision, evidence }) => decision === 'send again' && evidence.sends?.count === sends.count - 1,
  )?.evidence;
  if (grant?.sends === undefined || grant.absence === 'absent') return sends;
  return sendsByList(grant.sends, decisions);
}

function missedBeforeRejection(
  request: PayoutRequest,
  own: readonly Candidate[],
  decisions: readonly KeptDecision[],
): readonly MissedPayout[] {
  const { sends, records, upstreamResponse, changedAt } = request;
  // With an answer of Lean's own it was not rejected because of an absence.
  if (upstreamResponse !== null || sends.lastAt === null) return [];
  const decided = positionsEnded(decisions);
  const absent = records.filter(({ state, position }) => state === 'rejected' && !decided.has(position));
  const missed = own.filter(candidate => absent.some(record => isOwnOfSettled(candidate, record)));
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
 * Intents of the rows that are older than a moment. The clock that stamps rows may be behind the one that stamps
 * answers, so a row counts as older only by that difference, or by half of the time since the send before it.
 * @param moment.at by the store's clock, as is the send before it
 */
function intentsOlderThan(
  { until, leanUntil }: SendHistory,
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
