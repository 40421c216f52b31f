import {
  defaultDelayMs,
  leanKeyLifetimeMs,
  maxSendsWithoutOperator,
} from '../payouts/creation/resend-rule.ts';

/*
 * The conditions for sending a request, as SQL. The database checks them inside the statement that changes the row, so
 * they hold even if the program has read the row earlier. All times are epoch milliseconds of the store's clock,
 * except in columns that begin with `lean_`: those are times of Lean's clock.
 */

/** The resend delay of a request in ms, computed as in `ResendRule.delayOf`. */
const resendDelay = (configured: string): string => {
  const longer = `CASE WHEN resend_delay_ms > ${configured} THEN resend_delay_ms ELSE ${configured} END`;
  const remembered = `store_now() < first_sent_at - lookback_ms + ${String(leanKeyLifetimeMs)}`;
  return `CASE WHEN (${longer}) > 0 THEN (${longer}) WHEN ${remembered} THEN 0 ELSE ${String(defaultDelayMs)} END`;
};

/** Whether proofs of absence are stopped for a Lean application. */
export const absenceDoubted = (application: string): string =>
  `EXISTS (SELECT 1 FROM lean_payout_absence_doubts d WHERE d.application = ${application} AND d.list_accepted = 0)`;

/**
 * Whether Lean may have a payout of a request: Lean has not turned away every send, or has shown a payout of the
 * request.
 * @param requests the name or alias of the table of requests in the statement
 */
export const mayBeAtLean = (requests: string): string =>
  `(${requests}.turned_away = 0 OR ${requests}.duplicate_intents IS NOT NULL
    OR EXISTS (SELECT 1 FROM lean_payout_records a
      WHERE a.caller = ${requests}.caller AND a.idempotency_key = ${requests}.idempotency_key
        AND a.answer IS NOT NULL))`;

/** The opposite of `mayBeAtLean`, for statements on the table of requests. */
export const allSendsTurnedAway = `NOT ${mayBeAtLean('lean_payout_requests')}`;

/** Whether the duplicate intents of a request are still the ones that the program has read. */
export const duplicatesUnchanged = (known: string): string =>
  `duplicate_intents IS NOT DISTINCT FROM CAST(${known} AS TEXT)`;

/**
 * Whether a request may be sent again. Recording a duplicate intent removes the operator's permission (`send_grant`).
 * @param configuredDelay the configured resend delay in ms; this and the other parameters are SQL expressions
 */
export const mayResend = ({
  configuredDelay,
  allowsRepetition,
  leanNow,
}: Readonly<Record<'configuredDelay' | 'allowsRepetition' | 'leanNow', string>>) =>
  `(${allSendsTurnedAway} OR ((send_grant IS NOT NULL OR (${allowsRepetition} = 1 AND send_count < ${String(maxSendsWithoutOperator)}
    AND duplicate_intents IS NULL AND NOT ${absenceDoubted('lean_payout_requests.application')})) AND (
    (${resendDelay(configuredDelay)}) = 0 OR (
      sent_until + (${resendDelay(configuredDelay)}) <= store_now() AND lean_sent_until + (${resendDelay(configuredDelay)}) <= ${leanNow}))))`;

/** A parameter with an explicit type, because PostgreSQL would infer a different one. */
export const bigintParameter = (index: number): string => `CAST($${String(index)} AS BIGINT)`;

/** The value of the column `duplicate_intents`. */
export function duplicateIntentsColumn(intentIds: readonly string[]): string | null {
  return intentIds.length === 0 ? null : JSON.stringify(intentIds);
}
