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
