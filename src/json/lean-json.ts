/**
 * Lean writes amounts as JSON numbers, which `JSON.parse` reads as binary floats. A float may lose digits of a long
 * number, and prints some numbers in another way: `16.50` as `16.5`, `1e3` as `1000`. Such a number is put in quotes
 * before the text is parsed, whatever its key, so that it is read as a text of exactly the digits that Lean sent.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8259#section-6 (numbers and the precision that receivers keep)
 */

declare global {
  interface JSON {
    /** A JSON text that `JSON.stringify` writes out as it is. */
    rawJSON(text: string): { readonly rawJSON: string };
  }
}

/**
 * The end of an object's key, and the colon after it, such as `t":` in `"amount":`. A quote that opens a string
 * follows `[`, `{`, `,`, `:` or whitespace, and a quote inside a string follows a backslash. So a quote that follows
 * any other character closes a string, and a colon after a closed string ends a key. Numbers within arrays have no key
 * and stay floats, as do numbers whose key ends with one of the characters above. Lean sends neither.
 */
const afterKey = String.raw`(?<=[^\s[{,:\\]"\s*:\s*)`;

/**
 * A number that a float neither changes nor prints in another way: at most nine digits before the point and six after
 * it, with no zero at the end. No two such numbers are the same float, and `String` returns the digits that Lean sent.
 */
const safeNumber = String.raw`(?:0|[1-9]\d{0,8})(?:\.\d{0,5}[1-9])?\s*[,}\]]`;

/** Leading zeros are not JSON, but an account number may have them. */
const number = String.raw`-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?`;

/**
 * Any other number after a key. The order matters for speed, because a page of payouts has few numbers: `["\s]:` finds
 * the candidates, the lookaheads reject nearly all of them, and only the rest are searched backwards for the key.
 */
const inexactNumber = new RegExp(
  String.raw`(["\s]:\s*)(?=[-\d])(?!${safeNumber})${afterKey}(${number})(?=\s*[,}\]])`,
  'g',
);

/**
 * Parses a JSON text of Lean's. A number in an object stays a number if `String` returns exactly the digits that Lean
 * sent. Otherwise it becomes a text of these digits.
 * @throws SyntaxError when the text is not JSON
 */
export function parseLeanJson(text: string): unknown {
  return JSON.parse(text.replace(inexactNumber, '$1"$2"'));
}

const leadingZeros = new RegExp(String.raw`(["\s]:\s*)(?=-?0\d)${afterKey}(${number})(?=\s*[,}\]])`, 'g');

/**
 * Parses a JSON text of Lean's like `JSON.parse`, with numbers in the precision of JavaScript. A number with leading
 * zeros, which is not JSON, becomes a text of its digits.
 * @throws SyntaxError when the text is not JSON
 */
export function parseWithFloats(text: string): unknown {
  return JSON.parse(text.replace(leadingZeros, '$1"$2"'));
}

/** A decimal text as a JSON number with exactly those digits, for use inside `JSON.stringify`. */
export function jsonNumber(decimal: string): unknown {
  return JSON.rawJSON(decimal);
}
