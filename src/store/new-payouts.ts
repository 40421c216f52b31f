import type { Statement } from './database.ts';

/**
 * Selects the payouts that were created in the last `maxAgeMs` and had no payment in Lean's answer, newest first, each
 * with its last update. If there are none, it reads only an index.
 */
export function selectNewPayouts(maxAgeMs: number, limit: number): Statement {
  return {
    // The time is a subquery, because PostgreSQL uses no index for a condition with a volatile function.
    sql: `SELECT p.intent_id AS new_intent_id, store_now() - p.changed_at AS age_ms, u.*
      FROM (SELECT intent_id, changed_at FROM lean_payout_records
        WHERE intent_id IS NOT NULL AND payment_id IS NULL
          AND changed_at > (SELECT store_now() - CAST($1 AS BIGINT))
        ORDER BY changed_at DESC LIMIT $2) p
      LEFT JOIN lean_payout_updates u
        ON u.position = (SELECT MAX(position) FROM lean_payout_updates WHERE intent_id = p.intent_id)
      ORDER BY p.changed_at DESC`,
    values: [maxAgeMs, limit],
  };
}
