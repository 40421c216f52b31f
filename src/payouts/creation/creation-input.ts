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
    return [
      ...ofKey,
      {
        field: 'transfers',
        code: transfers.length === 0 ? 'REQUIRED' : 'TOO_MANY',
        problem: `must hold 1 to ${String(maxTransfers)} transfers.`,
      },
    ];
  const problems = transfers.flatMap((transfer, index) =>
    transferProblems(transfer).map(each => ({ ...each, field: fieldOf(index, each.field) })),
  );
  const wrong = new Set(problems.map(({ field }) => field));
  const repeated = repeatedReferences(
    transfers,
    referencesOf(transfers, ofKey.length === 0 ? key : undefined),
  )
    .map(({ index, other }): InputProblem => ({
      field: fieldOf(index, 'externalReference'),
      code: 'DUPLICATE',
      problem: `must differ from that of transfers.${String(other)}, because a transfer is found at Lean by its reference.`,
    }))
    .filter(({ field }) => !wrong.has(field));
  return [...ofKey, ...problems, ...repeated];
}

/**
 * The references that transfers will carry; null for those that are not known.
 * @param key undefined if it is invalid; then the default references are not known, because they come from it
 */
export function referencesOf(
  transfers: readonly Transfer[],
  key: RequestKey | undefined,
): readonly (string | null)[] {
  const all = key === undefined ? transfers : withReferences(transfers, leanKeyFor(key));
  return all.map(({ externalReference }) => externalReference);
}

/** The path of a transfer's field within the input of a batch. */
export function fieldOf(index: number, field: string): string {
  return `transfers.${String(index)}.${field}`;
}
