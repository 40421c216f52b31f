import type { Payout } from '../payout.ts';
import type { Candidate, RowDetails } from './candidate.ts';
import { isFailed } from './found-answer.ts';
import { isSameKey, openRecords, type PayoutRecord, type PayoutRequest } from './payout-record.ts';
import type { IntentOwner } from './payout-records.ts';
import { compareAmounts, compareTexts } from './resemblance.ts';

export interface MisassignedPayouts {
  readonly candidates: readonly Candidate[];
  /** Intents that may be among them, but that Lean could not show. */
  readonly unreadable: readonly string[];
}

/** References by intent id. */
export interface ReadonlyReferences {
  get(intentId: string): string | undefined;
}

/**
 * Finds payouts of a request that the record of another key names, because Lean, or a proxy in front of it, has
 * answered the creation of one payout with another one. Only the reference of an intent shows such a mistake. So this
 * reads the intents of the payouts whose records have the same destination, or another amount than the payout. Their
 * amounts and destinations were compared when they were created, but Lean's answer may have had neither.
 * @param rows the rows of Lean's list that are similar to a transfer of the request
 * @param owners the records that name the intents of the rows
 * @param references those that Lean has shown before. Such an intent is read again only if it may be misassigned.
 * @throws LeanError when Lean cannot be read
 */
export async function findMisassignedPayouts(
  request: PayoutRequest,
  rows: readonly Payout[],
  owners: ReadonlyMap<string, IntentOwner>,
  references: ReadonlyReferences,
  readDetails: (rows: readonly Payout[]) => Promise<readonly RowDetails[]>,
): Promise<MisassignedPayouts> {
  const open = openRecords(request);
  const suspects = rows.filter(row => {
    const owner = owners.get(row.intentId);
    if (owner === undefined || isSameKey(owner, request)) return false;
    const reference = references.get(row.intentId);
    return open.some(
      record =>
        isSimilar(record, row, owner) &&
        (reference === undefined || hasReferenceOf(record, reference, owner)),
    );
  });
  const candidates: Candidate[] = [];
  const details = await readDetails(suspects);
  for (const each of details) {
    const owner = owners.get(each.row.intentId);
    if (owner === undefined) continue;
    const records = open.filter(record => hasReferenceOf(record, each.intent?.externalReference, owner));
    if (records.length === 0) continue;
    candidates.push({
      ...each,
      match: 'exact',
      carriesReference: true,
      positions: records.map(({ position }) => position),
      sharedWith: [],
      recordedFor: owner,
      failed: isFailed(each.row, each.intent),
    });
  }
  const unreadable = details.filter(each => each.unreadable).map(({ row }) => row.intentId);
  return { candidates, unreadable };
}

function isSimilar({ transfer }: PayoutRecord, { amount }: Payout, owner: IntentOwner): boolean {
  return (
    compareAmounts(transfer.amount, amount) !== 'other' &&
    (owner.destinationId.toLowerCase() === transfer.destinationId.toLowerCase() ||
      compareAmounts(owner.amount, amount) === 'other')
  );
}

/**
 * Whether Lean shows a payout with the reference of the transfer, which cannot be that of its owner. An equal reference
 * decides also if that of the owner contains it, as `order-10` contains `order-1`.
 */
function hasReferenceOf(
  { transfer }: PayoutRecord,
  reference: string | null | undefined,
  owner: IntentOwner,
): boolean {
  if (reference === transfer.externalReference) return reference !== owner.externalReference;
  return (
    compareTexts(transfer.externalReference, reference) !== 'other' &&
    compareTexts(owner.externalReference, reference) === 'other'
  );
}
