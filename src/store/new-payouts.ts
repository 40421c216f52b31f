import type { Statement } from './database.ts';

/** The longest time from the record of a creation request to the record of Lean's answer: the longest `LEAN_TIMEOUT_MS`. */
const longestCreationMs = 300_000;

/**
 * Selects the payouts that were created in the last `maxAgeMs` and had no payment in Lean's answer, newest first, each
 * with its last update. If nothing was created, it reads one entry of an index.
 * @param limit the most payouts, and the most requests that are read for them
 */
export function selectNewPayouts(maxAgeMs: number, limit: number): Statement {
  return {
    // The time is a subquery, because PostgreSQL searches no index for a value that may differ from row to row. CROSS
    // JOIN makes SQLite start with the requests.
    sql: `SELECT p.intent_id AS new_intent_id, store_now() - r.created_at AS age_ms, u.*
      FROM (SELECT caller, idempotency_key, created_at FROM lean_payout_requests
        WHERE created_at > (SELECT store_now() - CAST($1 AS BIGINT)) ORDER BY created_at DESC LIMIT $3) r
      CROSS JOIN lean_payout_records p
      LEFT JOIN lean_payout_updates u
        ON u.position = (SELECT MAX(position) FROM lean_payout_updates WHERE intent_id = p.intent_id)
      WHERE p.caller = r.caller AND p.idempotency_key = r.idempotency_key
        AND p.intent_id IS NOT NULL AND p.payment_id IS NULL AND p.changed_at > store_now() - CAST($2 AS BIGINT)
      ORDER BY r.created_at DESC, p.position LIMIT $3`,
    values: [maxAgeMs + longestCreationMs, maxAgeMs, limit],
  };
}
