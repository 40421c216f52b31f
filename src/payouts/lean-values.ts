import { parseDecimal } from './values/decimal.ts';
import { parseInstant, type Instant } from './values/instant.ts';
import type { Money } from './values/money.ts';

/*
 * Single values as Lean writes them. A value of another type than promised is null and never a failure.
 */

/** A text; numbers are taken as their digits, and the text "null" for a null, as Lean's documents have it. */
export function text(value: unknown): string | null {
  if (typeof value === 'string') return value === 'null' ? null : value;
  // A number that a float may have changed is no longer what Lean sent.
  const kept = Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value);
  // The digits that `String` makes, of which V8 would keep each in the old part of the heap until it cleans up there.
  return kept ? JSON.stringify(value) : null;
}

export function id(value: unknown): string | null {
  const given = text(value);
  return given === null || given === '' ? null : given;
}

/** The objects in an array; nothing where there is no array. */
export function objects<Wire extends object>(value: unknown): Wire[] {
  return Array.isArray(value)
    ? value.filter((item: unknown): item is Wire => typeof item === 'object' && item !== null)
    : [];
}

/** An id of Lean's in lower case, because a UUID means the same in either case. */
export function leanId(value: unknown): string | null {
  return id(value)?.toLowerCase() ?? null;
}

export function boolean(value: unknown): boolean | null {
  if (value === true || value === 'true') return true;
  return value === false || value === 'false' ? false : null;
}

/** @returns null for a time that cannot be read; one without an offset is taken for UTC, as all of Lean's are. */
export function instantFromLean(value: unknown): Instant | null {
  const given = text(value);
  if (given === null) return null;
  return parseInstant(given) ?? parseInstant(`${given}Z`) ?? null;
}

export function moneyFromLean(amount: unknown, currency: unknown): Money | undefined {
  const digits = text(amount);
  const code = id(currency);
  const decimal = digits === null ? undefined : parseDecimal(digits);
  return decimal === undefined || code === null ? undefined : { amount: decimal, currency: code };
}

/** `undefined` for a key that is not there, so that it is looked for elsewhere; what is there, null too, is read by `as`. */
export function carried<T>(wire: object, key: string, as: (value: unknown) => T): T | undefined {
  const value = (wire as Readonly<Record<string, unknown>>)[key];
  return value === undefined ? undefined : as(value);
}

export function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A number of rows or pages; null if it is not one. */
export function count(value: unknown): number | null {
  const number = typeof value === 'string' ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : null;
}
