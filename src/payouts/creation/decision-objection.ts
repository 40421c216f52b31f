import { belongsToOtherTransfer, type DecisionDependencies } from './chosen-payout.ts';
import type { Finding } from './finding.ts';
import { isFailed } from './found-answer.ts';
import { readIntent } from './intent-reads.ts';
import type { Decision } from './operator-records.ts';
import type { Reconciliation } from './outcome-reconciler.ts';
import { isOwn } from './own-payout.ts';
import { isSameKey, type PayoutRecord, type PayoutRequest } from './payout-record.ts';

/** An operator's decision that Lean does not have a payout: it is not paid, or it is sent again. */
export interface DecisionWithoutPayout {
  readonly kind: Exclude<Decision['decision'], 'created'>;
  /**
   * Why Lean's list proves nothing, if the operator decides in spite of that; null if the list must prove the
   * absence.
   */
  readonly despite: Finding | null;
}

/**
 * Finds a reason to refuse a decision: a payout that Lean has, the state of the record, or a list that proves
 * nothing.
 * @returns a sentence for the operator; undefined if the decision is acceptable
 * @throws StoreUnavailable
 */
export async function findObjection(
  { kind, despite }: DecisionWithoutPayout,
  request: PayoutRequest,
  record: PayoutRecord,
  reconciliation: Reconciliation,
  options: DecisionDependencies,
): Promise<string | undefined> {
  const candidates = reconciliation.reading?.candidates.filter(({ failed }) => !failed) ?? [];
  const atLean = new Set([
    ...candidates.filter(candidate => isOwn(candidate, record)).map(({ row }) => row.intentId),
    ...(await liveDuplicates(kind, request, record, reconciliation, options)),
  ]);
  if (atLean.size > 0)
    return `Lean has a payout with its reference (${[...atLean].join(', ')}): settle it with --created.`;
  if (kind === 'send again') {
    if (request.records.length > 1)
      return 'A batch is never sent again: request what is missing under a new key.';
    if (request.refusal !== null)
      return 'Lean has refused it, so it is never sent again: settle it with --created or --not-paid.';
  }
  const { absence = 'absent' } = reconciliation;
  if (absence !== 'absent' && absence !== despite)
    return `Lean's list proves nothing about it. If you know from another source that Lean has not accepted it, add --despite ${absence}.`;
  const unreadable = [
    ...candidates.filter(candidate => candidate.unreadable).map(({ row }) => row.intentId),
    ...(reconciliation.reading?.unreadableOfOthers ?? []),
  ];
  // With `--despite` the operator has already confirmed that Lean does not have the payout.
  if (unreadable.length > 0 && despite === null)
    return `Lean could not show ${unreadable.join(', ')}, which may be this payout: try again later. If Lean can never show it, and you know that it is another payout, add --despite lean_unavailable.`;
  return undefined;
}

/**
 * The duplicate intents of the request that Lean may still have for this transfer. Failed payouts do not count, nor
 * those that an operator has assigned to another key. An intent that Lean no longer knows counts only for another
 * send.
 */
async function liveDuplicates(
  kind: DecisionWithoutPayout['kind'],
  request: PayoutRequest,
  record: PayoutRecord,
  { finding, reading }: Reconciliation,
  options: DecisionDependencies,
): Promise<readonly string[]> {
  const { records, duplicateIntents } = request;
  // These credentials belong to another application, so neither the payouts' states nor their transfers can be read.
  if (finding === 'other_application') return records.length > 1 ? [] : duplicateIntents;
  const owners = await options.evidence.owners(duplicateIntents);
  const live: string[] = [];
  for (const intentId of duplicateIntents) {
    const owner = owners.get(intentId);
    if (owner !== undefined && !isSameKey(owner, request)) continue;
    if (reading?.candidates.find(({ row }) => row.intentId === intentId)?.failed === true) continue;
    const intent = await readIntent(options, intentId);
    if (intent === null && kind !== 'send again') continue;
    if (
      intent != null &&
      (isFailed(intent.payout, intent) || belongsToOtherTransfer(request, record, intent))
    )
      continue;
    live.push(intentId);
  }
  return live;
}

/**
 * Why a decision is refused because of the Lean application of the payout; undefined if it is not. The credentials of
 * another application cannot read the list that has the payout. A mistyped address is no reason to decide without it.
 * @param other the application of the operator's credentials, if it is another one than that of the payout
 */
export function applicationObjection(
  { kind, despite }: { readonly kind: Decision['decision']; readonly despite: Finding | null },
  { application }: PayoutRequest,
  other: string | undefined,
): string | undefined {
  if (other === undefined)
    return despite === 'other_application'
      ? 'It was sent for the Lean application of these credentials, so its list decides: leave out --despite other_application.'
      : undefined;
  // Another send requires the list.
  if (kind === 'send again')
    return `It was sent for the Lean application ${application}: decide with the credentials of that one, or see accept-application.`;
  if (despite === 'other_application') return undefined;
  return (
    `It was sent for the Lean application ${application}, but the settings of this command are those of ${other}, which ` +
    'cannot show it: Lean was not asked. Decide with the LEAN_BASE_URL and the credentials of the application that it ' +
    'was sent for. If that application no longer exists, and you know the outcome from another source, add --despite ' +
    'other_application.'
  );
}

/** Tells an operator that a decision was kept without a look at Lean. */
export function notAskedNote({ application }: PayoutRequest): string {
  return ` Lean was not asked, because these credentials cannot read the list of the Lean application ${application}: the decision is yours alone.`;
}
