import { Decimal } from './decimal.ts';

// TypeScript's library does not yet declare JSON.rawJSON and the third argument of the reviver.
const exact = JSON as unknown as {
  rawJSON(text: string): object;
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
  ): unknown;
};

/** A number that `JSON.stringify` writes digit for digit as given. Throws a SyntaxError if `text` is not a number. */
export function rawNumber(text: string): object {
  return exact.rawJSON(text);
}

/**
 * Parses JSON without rounding: every number becomes a Decimal. Throws a SyntaxError if the text is not JSON. A
 * number with an exponent of more than three digits stays a double, and every caller refuses a double as an amount.
 */
export function parseExact(text: string): unknown {
  return exact.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined ? (Decimal.parse(source) ?? value) : value,
  );
}

/** The canonical text of a JSON value: keys sorted, numbers in their shortest form, no whitespace. */
export function canonicalJson(value: unknown): string {
  if (value instanceof Decimal) return value.toString();
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (!isRecord(value)) return JSON.stringify(value);
  const members = Object.keys(value)
    .sort()
    .map(key => `${JSON.stringify(key)}:${canonicalJson(value[key])}`);
  return `{${members.join(',')}}`;
}

/** Whether a parsed JSON value is an object, and not an array, a Decimal or null. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Decimal);
}
