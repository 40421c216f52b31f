import { hash } from 'node:crypto';
import { BadInput } from '../../errors/gateway-errors.ts';
import { parseInstant, type Instant } from '../values/instant.ts';
import type { PayoutRow } from '../payout.ts';

/**
 * The content of a `cursor`: a row, and its position in the list at the snapshot time. `total` shows whether the list
 * has changed since then. The row's ids and creation time identify it, so that it can be found again if it has moved.
 */
export interface Cursor {
  /** The row's position, from 0, among the rows that were created up to `snapshotTime`. */
  readonly position: number;
  /** How many rows the list had. */
  readonly total: number;
  /** When paging began, by Lean's clock (`snapshot-time.ts`). Null if Lean's response carried no time. */
  readonly snapshotTime: Instant | null;
  readonly intentId: string | null;
  readonly paymentId: string | null;
  readonly createdAt: Instant | null;
}

/** Whether a row is the one that the cursor was written for. */
export function isRowOf(cursor: Cursor, row: PayoutRow): boolean {
  return (
    row.intentId === cursor.intentId &&
    row.createdAt === cursor.createdAt &&
    // Lean may have made the intent's payment since the cursor was written.
    (row.paymentId === cursor.paymentId || cursor.paymentId === null)
  );
}

/**
 * A short hash of a list's filter. A cursor carries it, because a cursor is valid only with the filter it came from.
 */
export function fingerprintOf(filter: object): string {
  return hash('sha256', JSON.stringify(filter), 'base64url').slice(0, 8);
}

/** Encodes a cursor as Base64url text. */
export function writeCursor(cursor: Cursor, fingerprint: string): string {
  const { position, total, snapshotTime, intentId, paymentId, createdAt } = cursor;
  return Buffer.from(
    JSON.stringify([1, fingerprint, position, total, snapshotTime, intentId, paymentId, createdAt]),
  ).toString('base64url');
}

/**
 * Decodes a cursor.
 * @throws BadInput naming `argument`, if the text is not a cursor, or the cursor of a list with another filter
 */
export function readCursor(text: string, fingerprint: string, argument: 'after' | 'before'): Cursor {
  const cursor = decode(text);
  if (cursor === undefined)
    throw new BadInput(
      argument,
      'is not a cursor. Send a `cursor`, `startCursor` or `endCursor` as this field returned it.',
    );
  if (cursor.fingerprint !== fingerprint)
    throw new BadInput(
      argument,
      'belongs to a list with another filter. Keep the filter the same while paging.',
    );
  return cursor;
}

function decode(text: string): (Cursor & { readonly fingerprint: string }) | undefined {
  if (text.length > 512) return undefined;
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
  if (!Array.isArray(parts) || parts.length !== 8) return undefined;
  const [version, fingerprint, position, total, snapshotTime, intentId, paymentId, createdAt] =
    parts as unknown[];
  if (
    version !== 1 ||
    typeof fingerprint !== 'string' ||
    !isCount(position) ||
    !isCount(total) ||
    position >= total
  )
    return undefined;
  if (
    !isInstantOrNull(snapshotTime) ||
    !isTextOrNull(intentId) ||
    !isTextOrNull(paymentId) ||
    !isInstantOrNull(createdAt)
  )
    return undefined;
  if (intentId === null && paymentId === null) return undefined;
  return { fingerprint, position, total, snapshotTime, intentId, paymentId, createdAt };
}

/** GraphQL's largest `Int`. */
const largestInt = 2 ** 31 - 1;

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= largestInt;
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}

function isInstantOrNull(value: unknown): value is Instant | null {
  return value === null || (typeof value === 'string' && parseInstant(value) === value);
}
