import { hash } from 'node:crypto';
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
  const key = caller === '' ? idempotencyKey : `${idempotencyKey}.${shortDigest(caller)}`;
  return key.length <= maxKeyLength ? key : shorten(key, `.${digest(key)}`);
}

/**
 * The default external reference of a transfer: Lean's key, and in a batch also the position and a digest of the key.
 * It is used to find the payout if Lean's answer is lost. Without the digest, the first transfer of the batch `order`
 * would have the reference of the single payout with the key `order.0`.
 * @returns at most 64 characters
 */
function referenceFor(leanKey: string, position: number, transfers: number): string {
  if (transfers > 1) return shorten(leanKey, `.${String(position)}.${shortDigest(leanKey)}`);
  return leanKey.length <= maxReferenceLength ? leanKey : shorten(leanKey, `.${digest(leanKey)}`);
}

/** The transfers, each with the reference that it has at Lean. */
export function withReferences(transfers: readonly Transfer[], leanKey: string): ReferencedTransfer[] {
  return transfers.map((transfer, position) => ({
    ...transfer,
    externalReference: transfer.externalReference ?? referenceFor(leanKey, position, transfers.length),
  }));
}

/** Appends the end, and cuts the text before it so that both together are at most 64 characters. */
function shorten(text: string, end: string): string {
  return text.slice(0, maxReferenceLength - end.length) + end;
}

/** SHA-256 as base64url, 43 characters. */
function digest(text: string): string {
  return hash('sha256', text, 'base64url');
}

/** The first 12 characters of the digest, 72 bits. They keep keys and references short enough to read. */
function shortDigest(text: string): string {
  return digest(text).slice(0, 12);
}
