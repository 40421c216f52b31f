import { createHash } from 'node:crypto';
import type { RequestKey } from './payout-record.ts';
import { maxKeyLength, maxReferenceLength, type ReferencedTransfer, type Transfer } from './transfer.ts';

/**
 * The idempotency key that the gateway sends to Lean for a caller's key.
 *
 * Lean's keys are unique per application, the gateway's are unique per caller. If callers are authenticated, a digest
 * of the subject is appended, so that the same key of two callers becomes two keys at Lean. The result is stored in
 * the record, so a repetition sends the same key even if a later version of this function returns another one.
 * @returns at most 255 characters
 */
export function leanKeyFor({ caller, idempotencyKey }: RequestKey): string {
  const key = caller === '' ? idempotencyKey : `${idempotencyKey}.${digest(caller).slice(0, 12)}`;
  return key.length <= maxKeyLength ? key : shorten(key);
}

/**
 * The default external reference of a transfer: Lean's key, and in a batch also a dot and the position. It is used to
 * find the payout if Lean's answer is lost.
 * @returns at most 64 characters
 */
function referenceFor(leanKey: string, position: number, transfers: number): string {
  const reference = transfers === 1 ? leanKey : `${leanKey}.${String(position)}`;
  return reference.length <= maxReferenceLength ? reference : shorten(reference);
}

/** The transfers, each with the reference that it has at Lean. */
export function withReferences(transfers: readonly Transfer[], leanKey: string): ReferencedTransfer[] {
  return transfers.map((transfer, position) => ({
    ...transfer,
    externalReference: transfer.externalReference ?? referenceFor(leanKey, position, transfers.length),
  }));
}

/** A text of 64 characters: the beginning of the long one and its digest. */
function shorten(text: string): string {
  return `${text.slice(0, 20)}.${digest(text)}`;
}

/** SHA-256 as base64url, 43 characters. */
function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
