/**
 * Lean's JSON with its amounts kept exact. Lean writes amounts as JSON numbers; `JSON.parse` would squeeze them
 * through a binary float, so they are quoted first and come out as their own text.
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
 * A number directly after one of these keys. Inside a JSON string every quote is escaped, so `"amount":` with bare
 * quotes can only be a key: text that merely talks about amounts is never touched. Account numbers and
 * references are here because they are identifiers, whatever a server may make of them.
 */
const exactFields =
  /(?<!\\)("(?:(?:total_)?amount|account_number|iban|bank_transaction_reference|external_reference)")(\s*:\s*)(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?=\s*[,}\]])/g;

/**
 * Parses a JSON text of Lean's; amounts and account numbers come back as strings with exactly the digits Lean sent.
 * @throws SyntaxError when the text is not JSON.
 */
export function parseLeanJson(text: string): unknown {
  return JSON.parse(text.replace(exactFields, '$1$2"$3"'));
}

/** A decimal text as a JSON number with exactly those digits, for use inside `JSON.stringify`. */
export function jsonNumber(decimal: string): unknown {
  return JSON.rawJSON(decimal);
}
