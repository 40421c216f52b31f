import { jsonBoundsProblem } from './json-bounds.ts';

/** A number of a JSON request whose digits a binary float might change, kept as text. */
export class ExactNumber {
  readonly digits: string;

  constructor(digits: string) {
    this.digits = digits;
  }

  /** Error messages show the value as JSON. */
  toJSON(): string {
    return this.digits;
  }
}

/** A run of digits that may be too long for a binary float. */
const longNumber = /\d(?:\.?\d){15,}/;

/**
 * The beginning of a value that may be such a number. If it does not match, the text has no such number. This test is
 * faster than `longNumber` (docs/performance.md).
 */
const longValue = /(?:^|[:,[])\s*-?\d[\d.]{15}/;

/** The JSON is too deep or too large to be parsed. The message completes a sentence whose subject is the JSON. */
export class JsonBoundsExceeded extends Error {
  override readonly name = 'JsonBoundsExceeded';
}

/**
 * Parses a request's JSON so that no number loses a digit: a number of more than 15 digits becomes an `ExactNumber`.
 * @param maxMembers how many values it may hold; see `jsonBoundsProblem`
 * @throws SyntaxError when the text is not JSON
 * @throws JsonBoundsExceeded when the JSON is nested too deeply, or holds too many values
 */
export function parseExactJson(text: string, maxMembers?: number): unknown {
  const problem = jsonBoundsProblem(text, maxMembers);
  if (problem !== undefined) throw new JsonBoundsExceeded(problem);
  return longValue.test(text) ? JSON.parse(text, keepDigits) : JSON.parse(text);
}

/** A reviver for `JSON.parse` that makes an `ExactNumber` of every number of more than 15 digits. */
export function keepDigits(
  this: unknown,
  _key: string,
  value: unknown,
  context?: { readonly source?: string },
): unknown {
  const source = context?.source;
  return typeof value === 'number' && source !== undefined && longNumber.test(source)
    ? new ExactNumber(source)
    : value;
}
