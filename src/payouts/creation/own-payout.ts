import type { Candidate } from './candidate.ts';
import type { PayoutRecord } from './payout-record.ts';
import { compareTexts } from './resemblance.ts';

/**
 * Whether a payout at Lean is a transfer's own, also where Lean has rounded its amount: Lean shows it with the very
 * reference of the transfer, and of none that it may share that with.
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

/** The same once the transfer is settled: then the payout may be an open one's, but no longer a settled one's. */
export function isOwnOfSettled(
  { intent, sharedWith }: Pick<Candidate, 'intent' | 'sharedWith'>,
  record: Pick<PayoutRecord, 'transfer'>,
): boolean {
  const open = sharedWith.filter(({ record: { answer } }) => answer === null);
  return isOwn({ intent, sharedWith: open }, record);
}
