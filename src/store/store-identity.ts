const yearMs = 365 * 86_400_000;

/**
 * Returns the statement that records the identity of the store, and the time from which on the store is known to hold
 * a record of every send.
 *
 * A new store may replace one that was lost. A standby server after a failover, or a restored copy, may lack the
 * newest records: all that are newer than its own newest one. So for one resend delay after the change, the gateway
 * reads Lean's list before the first send of each payout.
 * @param lossWindowMs the resend delay, in ms
 */
export function recordStoreIdentity(lossWindowMs: number): string {
  const lossWindow = String(Math.ceil(lossWindowMs));
  const requestTime = 'COALESCE(last_sent_at, created_at)';
  // A time in the future was written by a wrong clock. If all are, the newest request counts as one year old.
  const newest = `COALESCE((SELECT MAX(${requestTime}) FROM lean_payout_requests WHERE ${requestTime} <= store_now()),
    (SELECT MIN(store_now() - ${String(yearMs)}) FROM lean_payout_requests))`;
  // An earlier loss whose window has not ended may reach further back. Then its time is kept.
  const recordsLostSince = `CASE
      WHEN s.complete_from > store_now() AND (s.records_lost_since IS NULL OR s.records_lost_since < ${newest})
      THEN s.records_lost_since
      ELSE ${newest} END`;
  return `INSERT INTO lean_payout_store AS s (id, identity, complete_from)
    VALUES (1, store_identity(), store_now() + ${lossWindow})
    ON CONFLICT (id) DO UPDATE SET identity = store_identity(), complete_from = store_now() + ${lossWindow},
      records_lost_since = ${recordsLostSince}
    WHERE s.identity <> store_identity()`;
}
