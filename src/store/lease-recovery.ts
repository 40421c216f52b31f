import type { ActiveLeases } from './active-leases.ts';
import type { Database } from './database.ts';
import { isRecordOfRequest } from './payout-rows.ts';
import { deleteLeased } from './payout-statements.ts';
import { endWithUnknownOutcome } from './unknown-outcome-statements.ts';

/**
 * Twice the largest `LEAN_TIMEOUT_MS`, in ms. Each step of an attempt takes at most half of this and then records the
 * time, so a lease whose last recorded time is older belongs to no running attempt.
 */
const maxAttemptMs = 600_000;

/**
 * Ends the leases of gateways that no longer run, and of attempts that can no longer run. Requests that they had sent
 * become unknown. The keys of the others are free again.
 * @param active the leases of this process, which do not end
 */
export async function recoverLeases(database: Database, active: ActiveLeases): Promise<void> {
  const [leased = []] = await database.run({
    // An overdue lease has lasted longer than any attempt can. A suspended gateway keeps its leases and may never
    // resume.
    sql: `SELECT r.caller, r.idempotency_key, r.lease_id, r.lease_owner, CASE
        WHEN COALESCE(r.sent_until, 0) < store_now() - ${String(maxAttemptMs)}
          AND COALESCE((SELECT MAX(p.changed_at) FROM lean_payout_records p
            WHERE ${isRecordOfRequest}), r.created_at)
            < store_now() - ${String(maxAttemptMs)}
        THEN 1 ELSE 0 END AS overdue
      FROM lean_payout_requests r WHERE r.lease_id IS NOT NULL`,
  });
  const others = leased.filter(({ lease_id }) => !active.has(String(lease_id)));
  if (others.length === 0) return;
  // The rows are read before the owners are checked. A gateway takes its lock before it writes a row, so the check
  // finds the owner of each of these rows if it is still alive.
  const me = await database.owner();
  const alive = new Set(await database.aliveOwners(others.map(({ lease_owner }) => String(lease_owner))));
  for (const row of others) {
    // A lease with this process's id that is not an active one is abandoned, like a lease of an ended process.
    const isHeld = row['lease_owner'] !== me && alive.has(String(row['lease_owner']));
    if (isHeld && Number(row['overdue']) === 0) continue;
    const lease = {
      caller: String(row['caller']),
      idempotencyKey: String(row['idempotency_key']),
      id: String(row['lease_id']),
    };
    await database.run(deleteLeased(lease.id, 'never sent'), ...endWithUnknownOutcome(lease));
  }
}
