import { parseDecimal } from './values/decimal.ts';
import { parseInstant, type Instant } from './values/instant.ts';
import type { Money } from './values/money.ts';

/*
 * Readers of single JSON values from Lean. A value of an unexpected type never throws: it becomes null.
 */

/**
 * A string. A number is read as its digits. The string "null" is null, because Lean's documentation uses it for null.
 */
export function text(value: unknown): string | null {
  if (typeof value === 'string') return value === 'null' ? null : value;
  // An integer beyond the safe range may have been rounded, so its digits are not those that Lean sent.
  const isExact = Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value);
  // `String` would give the same digits, but V8 would cache its result in the old generation.
  return isExact ? JSON.stringify(value) : null;
}

/** The longest id, word or code that is taken from Lean. */
const maxIdLength = 200;

/** A string that can be an id, a word or a code: it is not empty, not too long, and without control characters. */
export function shortText(value: unknown): string | null {
  const given = text(value);
  // PostgreSQL cannot store a NUL character.
  const isId =
    given !== null && given !== '' && given.length <= maxIdLength && !/[\u0000-\u001f]/.test(given);
  return isId ? given : null;
}

/** The objects in an array; an empty array for any other value. */
export function objects<Wire extends object>(value: unknown): Wire[] {
  return Array.isArray(value)
    ? value.filter((item: unknown): item is Wire => typeof item === 'object' && item !== null)
    : [];
}

/** An id in lower case, because a UUID means the same in either case. */
export function leanId(value: unknown): string | null {
  return shortText(value)?.toLowerCase() ?? null;
}

export function boolean(value: unknown): boolean | null {
  if (value === true || value === 'true') return true;
  return value === false || value === 'false' ? false : null;
}

/** A time. Without an offset it is read as UTC, which Lean uses throughout. */
export function instantFromLean(value: unknown): Instant | null {
  const given = text(value);
  if (given === null) return null;
  return parseInstant(given) ?? parseInstant(`${given}Z`) ?? null;
}

/** @returns undefined if the amount is not a decimal, or if there is no currency */
export function moneyFromLean(amount: unknown, currency: unknown): Money | undefined {
  const digits = text(amount);
  const code = shortText(currency);
  const decimal = digits === null ? undefined : parseDecimal(digits);
  return decimal === undefined || code === null ? undefined : { amount: decimal, currency: code };
}

/**
 * Reads a field that a response may lack.
 * @returns undefined if the object lacks the key, so that the value is read from another source; otherwise, also for
 *   null, the result of `read`
 */
export function optionalField<T>(wire: object, key: string, read: (value: unknown) => T): T | undefined {
  const value = (wire as Readonly<Record<string, unknown>>)[key];
  return value === undefined ? undefined : read(value);
}

/** A number of rows or pages: a whole number from 0. */
export function count(value: unknown): number | null {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : null;
}
