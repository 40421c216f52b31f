const yearMs = 365 * 86_400_000;

/**
 * Notes which store this is, and since when it is known to hold every record of what was sent.
 *
 * A new store may stand in the place of one that was lost, and a server that has taken over after a failover, or a
 * restored copy, may lack the newest records: those from after the newest one that it has. For one resend delay from
 * then on a payout is looked for at Lean before it is sent for the first time.
 */
export function noteStore(lossWindowMs: number): string {
  const lossWindow = String(Math.ceil(lossWindowMs));
  const at = 'COALESCE(last_sent_at, created_at)';
  // A time in the future comes from a wrong clock. If there is no other, the newest request is taken to be a year old.
  const newest = `COALESCE((SELECT MAX(${at}) FROM lean_payout_requests WHERE ${at} <= store_now()),
    (SELECT MIN(store_now() - ${String(yearMs)}) FROM lean_payout_requests))`;
  // An earlier loss whose window has not ended may reach further back: its time is kept.
  const lostSince = `CASE
      WHEN s.complete_from > store_now() AND (s.lost_since IS NULL OR s.lost_since < ${newest}) THEN s.lost_since
      ELSE ${newest} END`;
  return `INSERT INTO lean_payout_store AS s (id, identity, complete_from)
    SELECT 1, store_identity(),
      store_now() + CASE WHEN EXISTS (SELECT 1 FROM lean_payout_requests) THEN 0 ELSE ${lossWindow} END
    WHERE 1 = 1
    ON CONFLICT (id) DO UPDATE SET identity = store_identity(), complete_from = store_now() + ${lossWindow},
      lost_since = ${lostSince}
    WHERE s.identity <> store_identity()`;
}
