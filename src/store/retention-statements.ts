import { findings } from '../payouts/creation/finding.ts';
import type { Statement } from './database.ts';
import { openRequests } from './payout-rows.ts';
import { allSendsTurnedAway } from './send-conditions.ts';

/** If two payouts were sent within this time of each other, in ms, a search for one of them may also find the other. */
const nearMs = String(2 * 86_400_000);

/** The findings of requests that may be at Lean, as SQL texts. */
const unclearFindings = Object.entries(findings)
  .filter(([, { reason }]) => reason === 'UNCLEAR')
  .map(([finding]) => `'${finding}'`)
  .join(', ');

/**
 * Deletes requests that were settled longer ago than `olderThanMs`, and turned-away requests of that age. It keeps
 * requests that still have to be audited. It also keeps requests that were sent within two days of a request of unknown
 * outcome, because their records show which payouts at Lean do not belong to that request.
 */
export function deleteExpiredRequests(olderThanMs: number): Statement {
  const unknown = `FROM ${openRequests} o WHERE EXISTS (SELECT 1 FROM lean_payout_records u
    WHERE u.caller = o.caller AND u.idempotency_key = o.idempotency_key AND u.answer IS NULL)`;
  const firstUnknown = `(SELECT MIN(COALESCE(o.first_sent_at - o.lookback_ms, o.created_at)) ${unknown})`;
  const lastUnknown = `(SELECT MAX(COALESCE(o.sent_until, o.created_at) + o.resend_delay_ms) ${unknown})`;
  return {
    sql: `DELETE FROM lean_payout_requests
      WHERE created_at < store_now() - CAST($1 AS BIGINT) AND lease_id IS NULL
        AND (next_check_at IS NULL OR ${allSendsTurnedAway} AND COALESCE(finding, '') NOT IN (${unclearFindings}))
        AND (last_sent_at IS NULL OR ${allSendsTurnedAway}
          OR last_sent_at + ${nearMs} <= COALESCE(${firstUnknown}, last_sent_at + ${nearMs})
          OR first_sent_at - lookback_ms >= ${lastUnknown} + ${nearMs})
        AND NOT EXISTS (SELECT 1 FROM lean_payout_records p
          WHERE p.caller = lean_payout_requests.caller
            AND p.idempotency_key = lean_payout_requests.idempotency_key
            AND ((p.answer IS NULL AND NOT ${allSendsTurnedAway})
              OR p.changed_at >= store_now() - CAST($1 AS BIGINT)))`,
    values: [olderThanMs],
  };
}
