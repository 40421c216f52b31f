import { createHash } from 'node:crypto';
import type { RequestKey } from './payout-record.ts';
import { maxKeyLength, maxReferenceLength, type ReferencedTransfer, type Transfer } from './transfer.ts';

/**
 * The idempotency key that Lean gets for a caller's key.
 *
 * Lean's keys are one per application, the gateway's are one per caller. Where callers are told apart, a digest of the
 * subject is added, so that two callers who choose the same key never meet at Lean. It is kept in the record, so that
 * a repetition sends exactly the key that was sent before, whatever this function makes by then.
 * @returns at most 255 characters
 */
export function leanKeyFor({ caller, idempotencyKey }: RequestKey): string {
  const key = caller === '' ? idempotencyKey : `${idempotencyKey}.${digest(caller).slice(0, 12)}`;
  return key.length <= maxKeyLength ? key : shortened(key);
}

/**
 * The external reference of a transfer for which the caller gave none: Lean's key, followed by a dot and the position
 * where the request has several transfers. The payout can be found again by it.
 * @returns at most 64 characters
 */
export function referenceFor(leanKey: string, position: number, transfers: number): string {
  const reference = transfers === 1 ? leanKey : `${leanKey}.${String(position)}`;
  return reference.length <= maxReferenceLength ? reference : shortened(reference);
}

/** The transfers with the reference that each of them carries at Lean. */
export function withReferences(transfers: readonly Transfer[], leanKey: string): ReferencedTransfer[] {
  return transfers.map((transfer, position) => ({
    ...transfer,
    externalReference: transfer.externalReference ?? referenceFor(leanKey, position, transfers.length),
  }));
}

/** A text of 64 characters that begins like the long one and is as unique. */
function shortened(text: string): string {
  return `${text.slice(0, 20)}.${digest(text)}`;
}

/** 43 characters. */
function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
