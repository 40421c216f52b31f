import { propagationDelayMs } from '../payouts/propagation-delay.ts';
import type { Statement } from './database.ts';

/**
 * If the outcome of a payout was found longer than this after its last send, in ms, the payout is not new: Lean's list
 * has shown it before. The backfill publishes its states.
 */
const maxSendAgeMs = String(propagationDelayMs);

/**
 * Selects the payouts that a Lean application created in the last `maxAgeMs` without a payment in its answer, newest
 * first, each with its last update. If there are none, it reads only an index.
 */
export function selectNewPayouts(application: string, maxAgeMs: number, limit: number): Statement {
  return {
    // The times are subqueries, because PostgreSQL uses no index for a condition with a volatile function. A time in the
    // far future was written by a wrong clock. CROSS JOIN makes SQLite start with the records, which have the index.
    sql: `SELECT p.intent_id AS new_intent_id, store_now() - p.last_sent_at AS age_ms, u.*
      FROM (SELECT p.intent_id, p.changed_at, r.last_sent_at
        FROM lean_payout_records p CROSS JOIN lean_payout_requests r
        WHERE p.intent_id IS NOT NULL AND p.payment_id IS NULL
          AND p.changed_at > (SELECT store_now() - CAST($1 AS BIGINT))
          AND p.changed_at < (SELECT store_now() + CAST($1 AS BIGINT))
          AND r.caller = p.caller AND r.idempotency_key = p.idempotency_key
          AND r.application = $3 AND r.last_sent_at > store_now() - ${maxSendAgeMs}
        ORDER BY p.changed_at DESC LIMIT $2) p
      LEFT JOIN lean_payout_updates u
        ON u.position = (SELECT MAX(position) FROM lean_payout_updates WHERE intent_id = p.intent_id)
      ORDER BY p.changed_at DESC`,
    values: [maxAgeMs, limit, application],
  };
}
