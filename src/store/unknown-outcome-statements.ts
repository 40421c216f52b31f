import type { Lease, RequestKey } from '../payouts/creation/payout-record.ts';
import type { Statement } from './database.ts';
import { changeState, endLease, lockRequest } from './payout-statements.ts';
import { endChecksWhenSettled } from './settlement-statements.ts';

/** Pause before the first reconciliation read after an outcome became unknown, in ms. */
const firstCheckMs = 5000;

/** The statements that end a lease with an unknown outcome, together with `changes`. */
export function endWithUnknownOutcome(
  lease: RequestKey & Pick<Lease, 'id'>,
  ...changes: readonly Statement[]
): Statement[] {
  return [
    lockRequest(lease),
    changeState('to unknown', lease, lease.id),
    ...changes,
    endLease(lease.id, firstCheckMs),
    endChecksWhenSettled(lease),
  ];
}
