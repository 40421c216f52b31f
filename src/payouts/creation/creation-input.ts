import { leanKeyFor, withReferences } from './lean-key.ts';
import type { RequestKey } from './payout-record.ts';
import {
  keyProblems,
  maxTransfers,
  repeatedReferences,
  transferProblems,
  type InputProblem,
  type Transfer,
} from './transfer.ts';

/** Everything that keeps one payout from being sent, by the names of the input fields. */
export function createPayoutProblems(key: RequestKey, transfer: Transfer): readonly InputProblem[] {
  return [...keyProblems(key.idempotencyKey), ...transferProblems(transfer)];
}

/** Everything that keeps a batch from being sent; the fields of a transfer have its position before them. */
export function createPayoutsProblems(
  key: RequestKey,
  transfers: readonly Transfer[],
): readonly InputProblem[] {
  const ofKey = keyProblems(key.idempotencyKey);
  if (transfers.length === 0 || transfers.length > maxTransfers)
    return [...ofKey, { field: 'transfers', problem: `must hold 1 to ${String(maxTransfers)} transfers.` }];
  const problems = transfers.flatMap((transfer, index) =>
    transferProblems(transfer).map(({ field, problem }) => ({ field: fieldOf(index, field), problem })),
  );
  if (ofKey.length > 0 || problems.length > 0) return [...ofKey, ...problems];
  return repeatedReferences(withReferences(transfers, leanKeyFor(key))).map(({ index, first }) => ({
    field: fieldOf(index, 'externalReference'),
    problem: `must differ from that of transfers.${String(first)}, because a transfer is found at Lean by its reference.`,
  }));
}

function fieldOf(index: number, field: string): string {
  return `transfers.${String(index)}.${field}`;
}
