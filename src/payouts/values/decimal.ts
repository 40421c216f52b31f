import { ExactNumber } from '../../json/exact-json.ts';

/** A decimal number as text without an exponent, such as `16.50`. It is exact at any length. */
export type Decimal = string & { readonly decimal: unique symbol };

const plainPattern = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;
const exponentPattern = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?[eE]([+-]?\d{1,2})$/;

/** The texts that `parseDecimal` accepts, for error messages. */
export const decimalForm =
  'a decimal number such as "16.50" or "1.65e1", with a point and without spaces, leading zeros or a leading +, of at most 64 characters';

/**
 * Parses a decimal. Its digits stay as they were written, including trailing zeros; an exponent (`1.5e3`) is expanded.
 * @returns undefined if the text is not a decimal number, or longer than 64 characters
 */
export function parseDecimal(text: string): Decimal | undefined {
  if (text.length > 64) return undefined;
  if (plainPattern.test(text)) return text as Decimal;
  const match = exponentPattern.exec(text);
  if (match === null) return undefined;
  const [, sign = '', whole = '', fraction = '', exponent] = match;
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  const padded = point <= 0 ? '0'.repeat(1 - point) + digits : digits.padEnd(point, '0');
  const wholeLength = Math.max(1, point);
  const newWhole = padded.slice(0, wholeLength).replace(/^0+(?=\d)/, '');
  const newFraction = padded.slice(wholeLength);
  return `${sign}${newWhole}${newFraction === '' ? '' : `.${newFraction}`}` as Decimal;
}

/** The same number without trailing zeros: `16.5` for `16.50`. */
export function canonicalDecimal(decimal: Decimal): Decimal {
  return (decimal.includes('.') ? decimal.replace(/\.?0+$/, '') : decimal) as Decimal;
}

/** Compares exactly: -1, 0 or 1 if `a` is less than, equal to or greater than `b`. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  const places = Math.max(fractionOf(a).length, fractionOf(b).length);
  const difference = scaled(a, places) - scaled(b, places);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** The number of decimal places without trailing zeros: 1 for `16.50`. */
export function decimalPlaces(decimal: Decimal): number {
  return fractionOf(decimal).replace(/0+$/, '').length;
}

function fractionOf(decimal: Decimal): string {
  return decimal.split('.')[1] ?? '';
}

/** The decimal times 10 to the power of `places`. */
function scaled(decimal: Decimal, places: number): bigint {
  const [whole = '0'] = decimal.split('.');
  return BigInt(whole + fractionOf(decimal).padEnd(places, '0'));
}

/**
 * The decimal of a JSON number, with all its digits.
 * @returns undefined if the value is not a number, or a float that may have lost digits
 */
export function decimalFromNumber(value: unknown): Decimal | undefined {
  if (value instanceof ExactNumber) return parseDecimal(value.digits);
  if (typeof value !== 'number') return undefined;
  const exact = Number.isFinite(value) && Number(value.toPrecision(15)) === value;
  return exact ? parseDecimal(String(value)) : undefined;
}
