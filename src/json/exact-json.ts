import { beyondJsonBounds } from './json-bounds.ts';

/** A number of a JSON request that a binary float might change, as its own digits. */
export class ExactNumber {
  readonly digits: string;

  constructor(digits: string) {
    this.digits = digits;
  }

  /** What error messages show. */
  toJSON(): string {
    return this.digits;
  }
}

/** A run of digits that may be too long for a binary float to hold. */
const longNumber = /\d(?:\.?\d){15,}/;

/** Where no value begins with such a run there is no such number: sooner found than in all the digits of texts. */
const longValue = /(?:^|[:,[])\s*-?\d[\d.]{15}/;

/** JSON that is not read, because it holds too much. The message completes a sentence about it. */
export class JsonBeyondBounds extends Error {
  override readonly name = 'JsonBeyondBounds';
}

/**
 * Parses a request's JSON so that no number loses a digit: one of more than 15 digits becomes an `ExactNumber`.
 * @throws SyntaxError when it is not JSON
 * @throws JsonBeyondBounds when it is nested too deeply, or holds too many values
 */
export function parseExactJson(text: string): unknown {
  const beyond = beyondJsonBounds(text);
  if (beyond !== undefined) throw new JsonBeyondBounds(beyond);
  return longValue.test(text) ? JSON.parse(text, keepDigits) : JSON.parse(text);
}

/** For a reader of JSON that takes a reviver: what `parseExactJson` does with numbers. */
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
