import { ExactNumber } from '../../json/exact-json.ts';

/** A decimal number as plain text such as `16.50`: exact, whatever its length. */
export type Decimal = string & { readonly decimal: unique symbol };

const plain = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;
const withExponent = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?[eE]([+-]?\d{1,2})$/;

/** What `parseDecimal` accepts, for messages. */
export const decimalForm =
  'a decimal number such as "16.50", with a point and without blanks, leading zeros or a +, of at most 64 characters';

/**
 * The text as a decimal, digit by digit as it was written; only exponents (`1.5e3`) are written out.
 * Returns undefined when it is not a decimal number.
 */
export function parseDecimal(text: string): Decimal | undefined {
  if (text.length > 64) return undefined;
  if (plain.test(text)) return text as Decimal;
  const match = withExponent.exec(text);
  if (match === null) return undefined;
  const [, sign = '', whole = '', fraction = '', exponent] = match;
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  const padded = point <= 0 ? '0'.repeat(1 - point) + digits : digits.padEnd(point, '0');
  const at = point <= 0 ? 1 : point;
  const integer = padded.slice(0, at).replace(/^0+(?=\d)/, '');
  const rest = padded.slice(at);
  return `${sign}${integer}${rest === '' ? '' : `.${rest}`}` as Decimal;
}

/** The shortest text of the same number: `16.5` for `16.50`. */
export function canonicalDecimal(decimal: Decimal): Decimal {
  return (decimal.includes('.') ? decimal.replace(/\.?0+$/, '') : decimal) as Decimal;
}

/** Below, at or above zero as `a` is smaller than, equal to or greater than `b`, exactly. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  const places = Math.max(fractionOf(a).length, fractionOf(b).length);
  const difference = scaled(a, places) - scaled(b, places);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** Places after the point that say something: 1 for `16.50`. */
export function decimalPlaces(decimal: Decimal): number {
  return fractionOf(decimal).replace(/0+$/, '').length;
}

function fractionOf(decimal: Decimal): string {
  return decimal.split('.')[1] ?? '';
}

function scaled(decimal: Decimal, places: number): bigint {
  const [whole = '0'] = decimal.split('.');
  return BigInt(whole + fractionOf(decimal).padEnd(places, '0'));
}

/**
 * The decimal that a JSON number is, digit by digit; undefined for what is none, or may have lost digits on its way
 * through a binary float.
 */
export function decimalFromNumber(value: unknown): Decimal | undefined {
  if (value instanceof ExactNumber) return parseDecimal(value.digits);
  if (typeof value !== 'number') return undefined;
  const exact = Number.isFinite(value) && Number(value.toPrecision(15)) === value;
  return exact ? parseDecimal(String(value)) : undefined;
}
