import type { Candidate } from '../payouts/creation/candidate.ts';
import { findings, type Finding } from '../payouts/creation/finding.ts';
import type { PayoutRequest } from '../payouts/creation/payout-record.ts';

/** Formats the payouts at Lean that may be the one in question, without names and account numbers. */
export function formatCandidates(candidates: readonly Candidate[]): string {
  if (candidates.length === 0) return '';
  const lines = candidates.map(
    ({ row, carriesReference, failed }) =>
      `  ${row.intentId}  ${row.amount?.amount ?? '?'} ${row.amount?.currency ?? ''}  ` +
      `${row.createdAt ?? '?'}  ${row.state?.leanStatus ?? '?'}  ${carriesReference ? 'same reference' : 'may be this one'}${failed ? ', failed' : ''}`,
  );
  return `\nPayouts at Lean that may be this one and belong to no other record:\n${lines.join('\n')}\n`;
}

/**
 * The warning that Lean's list does not prove the absence of a payout. Empty if there is nothing to warn about.
 * @param printed a finding that the caller prints itself, so it is not repeated
 */
export function absenceWarning(absence: Finding | undefined, printed?: Finding): string {
  if (absence === undefined || absence === 'absent' || absence === printed) return '';
  return `\nLean may have the payout without showing it (${absence}): ${findings[absence].description}.\n`;
}

/** The alarm for duplicates. The gateway's log and counter do not cover duplicates that a command has found. */
export function duplicateAlarm({ duplicateIntents }: PayoutRequest): string {
  if (duplicateIntents.length === 0) return '';
  return (
    `\nALARM: Lean has more payouts of this key than it has transfers: ${duplicateIntents.join(', ')}. Money may have ` +
    "moved twice.\nLook at each intent in Lean's dashboard, and have the extra payouts stopped or returned.\n"
  );
}

/** Writes a description as a sentence, with a capital letter and a full stop. */
export function toSentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
