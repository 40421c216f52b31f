import type { LeanPayoutRow } from '../../src/lean/wire.ts';
import { payoutFromRow } from '../../src/payouts/from-lean.ts';
import type { PayoutRow } from '../../src/payouts/payout.ts';

/** A row of Lean's list, by default of an accepted payment. */
export function rowOf(change: LeanPayoutRow = {}): PayoutRow {
  const wire = {
    payment_intent_id: 'i',
    payment_id: 'p',
    status: 'ACCEPTED_BY_BANK',
    created_at: '2026-03-01T12:00:00Z',
    ...change,
  };
  const row = payoutFromRow(wire);
  if (row === undefined) throw new Error('a row needs a payment_intent_id');
  return row;
}

/** A row of a payout that was paid, by default, with the time of its last change. */
export function paidRow(change: LeanPayoutRow = {}): PayoutRow {
  return rowOf({ updated_at: '2026-03-01T12:00:00Z', post_initiation_status: 'PROCESSED', ...change });
}
