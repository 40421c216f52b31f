import { defaultDelayMs, keyMemoryMs, sendsWithoutPerson } from '../payouts/creation/resend-rule.ts';

/*
 * The conditions under which a request may be sent, again or at all, as SQL. They stand in the statements themselves, so
 * that they hold whatever the program believes. All times are epoch milliseconds of the store's clock, except for columns
 * that begin with `lean_`.
 */

/** The resend delay of a request, as `ResendRule.delayOf` has it. */
const delay = (configured: string): string => {
  const longer = `CASE WHEN resend_after_ms > ${configured} THEN resend_after_ms ELSE ${configured} END`;
  const remembered = `store_now() < first_sent_at - lookback_ms + ${String(keyMemoryMs)}`;
  return `CASE WHEN (${longer}) > 0 THEN (${longer}) WHEN ${remembered} THEN 0 ELSE ${String(defaultDelayMs)} END`;
};

/** Whether nothing is judged absent for a Lean application. */
export const doubted = (application: string): string =>
  `EXISTS (SELECT 1 FROM lean_payout_doubts d WHERE d.application = ${application} AND d.accepted = 0)`;

/**
 * Whether Lean may have taken something of a request: it has not turned away every send, or has shown something of it.
 * @param requests name of the table of requests in the statement
 */
export const mayBeTaken = (requests: string): string =>
  `(${requests}.turned_away = 0 OR ${requests}.duplicate_intents IS NOT NULL
    OR EXISTS (SELECT 1 FROM lean_payout_records a
      WHERE a.caller = ${requests}.caller AND a.idempotency_key = ${requests}.idempotency_key
        AND a.answer IS NOT NULL))`;

/** The opposite, in a statement about the requests themselves. */
export const allSendsTurnedAway = `NOT ${mayBeTaken('lean_payout_requests')}`;

/** Whether a request has no other duplicate intents than the program knows. */
export const duplicatesUnchanged = (known: string): string =>
  `duplicate_intents IS NOT DISTINCT FROM CAST(${known} AS TEXT)`;

/**
 * Whether a request may be sent again: the last word, whatever the program believes. An operator's permission is gone
 * once a duplicate intent was noted after it.
 */
export const mayResend = ({
  configured,
  byRepetition,
  leanNow,
}: Readonly<Record<'configured' | 'byRepetition' | 'leanNow', string>>) =>
  `(${allSendsTurnedAway} OR ((send_grant IS NOT NULL OR (${byRepetition} = 1 AND sends < ${String(sendsWithoutPerson)}
    AND duplicate_intents IS NULL AND NOT ${doubted('lean_payout_requests.application')})) AND (
    (${delay(configured)}) = 0 OR (
      sent_until + (${delay(configured)}) <= store_now() AND lean_sent_until + (${delay(configured)}) <= ${leanNow}))))`;

/** A value as a whole number: PostgreSQL would guess another type. */
export const bigint = (place: number): string => `CAST($${String(place)} AS BIGINT)`;

/** As the column `duplicate_intents` has them. */
export function duplicatesOf(intentIds: readonly string[]): string | null {
  return intentIds.length === 0 ? null : JSON.stringify(intentIds);
}
