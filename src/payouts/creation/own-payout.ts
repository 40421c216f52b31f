import type { Candidate } from './candidate.ts';
import type { PayoutRecord } from './payout-record.ts';
import { compareTexts } from './resemblance.ts';

/**
 * Whether Lean shows this payout with the exact reference of the transfer, and no other record may have that
 * reference. The amount may differ, because Lean may have rounded it.
 */
export function isOwn(
  { intent, sharedWith }: Pick<Candidate, 'intent' | 'sharedWith'>,
  { transfer }: Pick<PayoutRecord, 'transfer'>,
): boolean {
  const reference = intent?.externalReference;
  return (
    reference === transfer.externalReference &&
    sharedWith.every(({ record }) => compareTexts(record.transfer.externalReference, reference) === 'other')
  );
}

/** As `isOwn`, for a settled transfer: only open records count as other owners of the reference. */
export function isOwnOfSettled(
  { intent, sharedWith }: Pick<Candidate, 'intent' | 'sharedWith'>,
  record: Pick<PayoutRecord, 'transfer'>,
): boolean {
  const open = sharedWith.filter(({ record: { answer } }) => answer === null);
  return isOwn({ intent, sharedWith: open }, record);
}
