/**
 * Lean's JSON with its amounts kept exact. Lean writes amounts as JSON numbers, which `JSON.parse` squeezes through a
 * binary float. Short ones come out of that digit by digit; where there is any other in a text, amounts are quoted first
 * and come out as their own text.
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
 * A number that a float neither changes nor prints in another way: up to nine digits before the point and six after it,
 * with no zeros at the end. Of those no two are the same float, and `String` gives back the digits that were sent.
 */
const safeNumber = String.raw`(?:0|[1-9]\d{0,8})(?:\.\d{0,5}[1-9])?\s*[,}\]]`;

/** Any other number, directly after a key. */
const fragileNumber = new RegExp(String.raw`\s*:\s*(?=[-\d])(?!${safeNumber})`, 'y');

/**
 * How those keys end, from a letter on that is rare in Lean's texts: the engine leaps from one such letter to the next,
 * where an expression goes through all that lies between.
 */
const keyEnds = ['mount"', 'ber"', 'ban"', 'ference"'] as const;

/** Whether a number is to be quoted: to quote what need not be would cost a fifth of the time that reading takes. */
function hasFragileNumber(text: string): boolean {
  for (const keyEnd of keyEnds)
    for (let start = text.indexOf(keyEnd); start !== -1; start = text.indexOf(keyEnd, start)) {
      start += keyEnd.length;
      // Nearly all account numbers and references come as texts.
      if (text.startsWith(':"', start)) continue;
      fragileNumber.lastIndex = start;
      if (fragileNumber.test(text)) return true;
    }
  return false;
}

/**
 * Parses a JSON text of Lean's; amounts and account numbers come back as text, or as numbers of which `String` makes
 * exactly the digits that Lean sent.
 * @throws SyntaxError when the text is not JSON.
 */
export function parseLeanJson(text: string): unknown {
  return JSON.parse(hasFragileNumber(text) ? text.replace(exactFields, '$1$2"$3"') : text);
}

/** A decimal text as a JSON number with exactly those digits, for use inside `JSON.stringify`. */
export function jsonNumber(decimal: string): unknown {
  return JSON.rawJSON(decimal);
}
