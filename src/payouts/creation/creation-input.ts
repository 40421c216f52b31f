import type { InputProblem } from './input-problem.ts';
import { leanKeyFor, withReferences } from './lean-key.ts';
import type { RequestKey } from './payout-record.ts';
import {
  keyProblems,
  maxTransfers,
  repeatedReferences,
  transferProblems,
  type Transfer,
} from './transfer.ts';

/** All problems that make the input of one payout invalid. */
export function createPayoutProblems(key: RequestKey, transfer: Transfer): readonly InputProblem[] {
  return [...keyProblems(key.idempotencyKey), ...transferProblems(transfer)];
}

/** All problems that make the input of a batch invalid. Field names of a transfer include its position. */
export function createPayoutsProblems(
  key: RequestKey,
  transfers: readonly Transfer[],
): readonly InputProblem[] {
  const problemsOfKey = keyProblems(key.idempotencyKey);
  if (transfers.length === 0 || transfers.length > maxTransfers)
    return [
      ...problemsOfKey,
      {
        field: 'transfers',
        code: transfers.length === 0 ? 'REQUIRED' : 'TOO_MANY',
        problem: `has ${String(transfers.length)} transfers; accepted: 1 to ${String(maxTransfers)}.`,
      },
    ];
  const problemsOfTransfers = transfers.flatMap((transfer, index) =>
    transferProblems(transfer).map(each => ({ ...each, field: transferField(index, each.field) })),
  );
  const invalidFields = new Set(problemsOfTransfers.map(({ field }) => field));
  const repeated = repeatedReferences(
    transfers,
    referencesOf(transfers, problemsOfKey.length === 0 ? key : undefined),
  )
    .map(({ index, other }): InputProblem => ({
      field: transferField(index, 'externalReference'),
      code: 'DUPLICATE',
      problem: `must differ from that of transfers.${String(other)}, because a transfer is found at Lean by its reference.`,
    }))
    .filter(({ field }) => !invalidFields.has(field));
  return [...problemsOfKey, ...problemsOfTransfers, ...repeated];
}

/**
 * The references that the transfers will have at Lean, in their order.
 * @param key undefined if it is invalid; default references are then null, because they are derived from the key
 */
export function referencesOf(
  transfers: readonly Transfer[],
  key: RequestKey | undefined,
): readonly (string | null)[] {
  const referenced = key === undefined ? transfers : withReferences(transfers, leanKeyFor(key));
  return referenced.map(({ externalReference }) => externalReference);
}

/** The path of a transfer's field within the input of a batch. */
export function transferField(index: number, field: string): string {
  return `transfers.${String(index)}.${field}`;
}
