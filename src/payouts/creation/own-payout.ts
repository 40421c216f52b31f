import type { Candidate } from './candidate.ts';
import type { PayoutRecord } from './payout-record.ts';
import { compareTexts } from './resemblance.ts';

/**
 * Whether Lean shows this payout with the transfer's exact reference, and no other record may have that reference. Lean
 * may have rounded the amount.
 */
export function isOwn(
  { intent, sharedWith }: Pick<Candidate, 'intent' | 'sharedWith'>,
  { transfer }: Pick<PayoutRecord, 'transfer'>,
): boolean {
  const seen = intent?.externalReference;
  return (
    seen === transfer.externalReference &&
    sharedWith.every(({ record }) => compareTexts(record.transfer.externalReference, seen) === 'other')
  );
}

/** The same for a settled transfer: only records that are still open may share the reference. */
export function isOwnOfSettled(
  { intent, sharedWith }: Pick<Candidate, 'intent' | 'sharedWith'>,
  record: Pick<PayoutRecord, 'transfer'>,
): boolean {
  const open = sharedWith.filter(({ record: { answer } }) => answer === null);
  return isOwn({ intent, sharedWith: open }, record);
}
