import { hash } from 'node:crypto';
import { BadInput } from '../../errors/gateway-errors.ts';
import { parseInstant, type Instant } from '../values/instant.ts';
import type { PayoutRow } from '../payout.ts';

/**
 * A row's place in a list as it was when paging began. Rows that come later are kept out by `asOf`; `total` tells
 * whether the list has changed all the same; and by the row's own ids it is found again if it has.
 */
export interface Cursor {
  /** The row's place, from 0, among the rows created up to `asOf`. */
  readonly place: number;
  readonly total: number;
  /** By Lean's clock. Null where Lean gave no hint of its time. */
  readonly asOf: Instant | null;
  readonly intentId: string | null;
  readonly paymentId: string | null;
  readonly createdAt: Instant | null;
}

export function isRowOf(cursor: Cursor, row: PayoutRow): boolean {
  return (
    row.intentId === cursor.intentId &&
    row.createdAt === cursor.createdAt &&
    // A payment may have been made of the intent meanwhile.
    (row.paymentId === cursor.paymentId || cursor.paymentId === null)
  );
}

/** Short fingerprint of a list's filter: a cursor means nothing in another list. */
export function fingerprintOf(filter: object): string {
  let fingerprint = fingerprints.get(filter);
  if (fingerprint === undefined) {
    fingerprint = hash('sha256', JSON.stringify(filter), 'base64url').slice(0, 8);
    fingerprints.set(filter, fingerprint);
  }
  return fingerprint;
}

/** Of filters that do not change: all rows of a page have the same. */
const fingerprints = new WeakMap<object, string>();

export function writeCursor(cursor: Cursor, fingerprint: string): string {
  const { place, total, asOf, intentId, paymentId, createdAt } = cursor;
  return Buffer.from(
    JSON.stringify([1, fingerprint, place, total, asOf, intentId, paymentId, createdAt]),
  ).toString('base64url');
}

/** @throws BadInput naming `argument`, when it is not a cursor, or one of another list */
export function readCursor(text: string, fingerprint: string, argument: 'after' | 'before'): Cursor {
  const cursor = decode(text);
  if (cursor === undefined)
    throw new BadInput(
      argument,
      'is not a cursor. Send a `cursor`, `startCursor` or `endCursor` as this field gave it.',
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
  const [version, fingerprint, place, total, asOf, intentId, paymentId, createdAt] = parts as unknown[];
  if (
    version !== 1 ||
    typeof fingerprint !== 'string' ||
    !isCount(place) ||
    !isCount(total) ||
    place >= total
  )
    return undefined;
  if (
    !isInstantOrNull(asOf) ||
    !isTextOrNull(intentId) ||
    !isTextOrNull(paymentId) ||
    !isInstantOrNull(createdAt)
  )
    return undefined;
  if (intentId === null && paymentId === null) return undefined;
  return { fingerprint, place, total, asOf, intentId, paymentId, createdAt };
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
