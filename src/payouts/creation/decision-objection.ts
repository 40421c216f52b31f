import { intentAt, isOfOther, isSameKey, type ChosenPayoutsOptions } from './chosen-payout.ts';
import type { Finding } from './finding.ts';
import { isFailed } from './found-answer.ts';
import type { Decision } from './operator-records.ts';
import type { Reconciliation } from './outcome-reconciler.ts';
import { isOwn } from './own-payout.ts';
import type { PayoutRecord, PayoutRequest } from './payout-record.ts';

/** A decision by which Lean has not taken a payout, or is to be sent it again. */
export interface DecisionWithoutPayout {
  readonly kind: Exclude<Decision['decision'], 'created'>;
  /** Why Lean's list proves nothing, as far as the operator knows; null where it is to be a proof. */
  readonly despite: Finding | null;
}

/**
 * The reason for refusing a decision, by what Lean has, what the record says, and what Lean's list proves; undefined
 * where there is none.
 * @throws StoreUnavailable
 */
export async function objectionTo(
  { kind, despite }: DecisionWithoutPayout,
  request: PayoutRequest,
  record: PayoutRecord,
  reconciliation: Reconciliation,
  options: ChosenPayoutsOptions,
): Promise<string | undefined> {
  const candidates = reconciliation.reading?.candidates.filter(({ failed }) => !failed) ?? [];
  const known = new Set([
    ...candidates.filter(candidate => isOwn(candidate, record)).map(({ row }) => row.intentId),
    ...(await liveDuplicates(kind, request, record, reconciliation, options)),
  ]);
  if (known.size > 0)
    return `Lean has a payout with its reference (${[...known].join(', ')}): decide --created.`;
  if (kind === 'send again') {
    if (request.records.length > 1)
      return 'A batch is never sent again: ask for what is missing under a new key.';
    if (request.refusal !== null)
      return 'Lean has refused it, so it is never sent again: decide --created or --not-paid.';
  }
  const { absence = 'absent' } = reconciliation;
  if (absence !== 'absent' && absence !== despite)
    return `Lean's list proves nothing about it. If you know from elsewhere that Lean has not taken it, add --despite ${absence}.`;
  const unread = candidates.filter(candidate => candidate.unread).map(({ row }) => row.intentId);
  // An operator who has given `--despite` has already vouched that Lean has not taken it.
  if (unread.length > 0 && despite === null)
    return `Lean could not show ${unread.join(', ')}, which may be it: try again later. If Lean can never show it, and you know that it is another one, add --despite lean_unavailable.`;
  return undefined;
}

/**
 * Payouts of a transfer that Lean has shown, and that it may still have. Failed ones do not count, nor those that an
 * operator has given to another key; nor do, unless the key is to be sent again, those that Lean does not know any more.
 */
async function liveDuplicates(
  kind: DecisionWithoutPayout['kind'],
  request: PayoutRequest,
  record: PayoutRecord,
  { finding, reading }: Reconciliation,
  options: ChosenPayoutsOptions,
): Promise<readonly string[]> {
  const { records, duplicateIntents } = request;
  // Another application does not know them, whatever became of them; nor can it tell which transfer they were of.
  if (finding === 'other_application') return records.length > 1 ? [] : duplicateIntents;
  const owners = await options.evidence.owners(duplicateIntents);
  const live: string[] = [];
  for (const intentId of duplicateIntents) {
    const owner = owners.get(intentId);
    if (owner !== undefined && !isSameKey(owner, request)) continue;
    if (reading?.candidates.find(({ row }) => row.intentId === intentId)?.failed === true) continue;
    const intent = await intentAt(options, intentId);
    if (intent === null && kind !== 'send again') continue;
    if (intent != null && (isFailed(intent.payout, intent) || isOfOther(request, record, intent))) continue;
    live.push(intentId);
  }
  return live;
}
