import { Decimal } from './decimal.ts';

// TypeScript's library does not know JSON.rawJSON and the reviver's third argument yet.
const exact = JSON as unknown as {
  rawJSON(text: string): object;
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
  ): unknown;
};

/** A number that `JSON.stringify` writes digit for digit as given; throws a SyntaxError when `text` is no number. */
export function rawNumber(text: string): object {
  return exact.rawJSON(text);
}

/**
 * Parses JSON without rounding: every number comes as a Decimal. Throws a SyntaxError when the text is not JSON.
 * A number whose exponent is beyond reason stays a double, which no caller takes for an amount.
 */
export function parseExact(text: string): unknown {
  return exact.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined ? (Decimal.parse(source) ?? value) : value,
  );
}

/** One text for all JSON that means the same: keys sorted, numbers in their shortest form, no white space. */
export function canonicalJson(value: unknown): string {
  if (value instanceof Decimal) return value.toString();
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (!isRecord(value)) return JSON.stringify(value);
  const members = Object.keys(value)
    .sort()
    .map(key => `${JSON.stringify(key)}:${canonicalJson(value[key])}`);
  return `{${members.join(',')}}`;
}

/** Tells a JSON object from the other JSON values. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Decimal);
}
