import { compareDecimals } from '../values/decimal.ts';
import type { Money } from '../values/money.ts';

/*
 * Compares sent values with the values that Lean shows, which Lean may have altered: it documents amounts as floats
 * and integers, and documents neither a length nor a character set for texts.
 */

/**
 * `same`: equal. `may be`: Lean may have rounded or altered the sent value into this one. `other`: it cannot have.
 */
export type Resemblance = 'same' | 'may be' | 'other';

/**
 * Compares amounts. Lean may have rounded the sent amount to whole units, or converted it to a 32-bit float. The
 * currency may differ, because Lean's application of a country may always return the currency of that country.
 */
export function compareAmounts(sent: Money, seen: Money | undefined): Resemblance {
  if (seen === undefined) return 'may be';
  if (compareDecimals(seen.amount, sent.amount) === 0)
    return seen.currency === sent.currency ? 'same' : 'may be';
  const difference = Math.abs(Number(seen.amount) - Number(sent.amount));
  return difference < 1 || difference <= Number(sent.amount) * floatError ? 'may be' : 'other';
}

/** Twice the relative rounding error of a 32-bit float. */
const floatError = 2 ** -22;

/** Combines two comparisons of the same amount: Lean's list and its intents may round it differently. */
export function combineAmounts(a: Resemblance, b: Resemblance): Resemblance {
  if (a === b) return a;
  if (a === 'other' || b === 'other') return a === 'same' || b === 'same' ? 'may be' : 'other';
  return 'same';
}

/**
 * Compares texts such as references and descriptions. Lean may have trimmed or truncated the sent text, or changed
 * its case, whitespace or punctuation, or returned null.
 */
export function compareTexts(sent: string, seen: string | null | undefined): Resemblance {
  if (seen === sent) return 'same';
  const [a, b] = [normalize(sent), normalize(seen ?? '')];
  return a.includes(b) || b.includes(a) ? 'may be' : 'other';
}

/**
 * Compares references at a Lean that is known to return them unchanged. A reference that is neither equal to the sent
 * one nor a part of it belongs to another payout. That holds only for ASCII letters, digits and `_.-`: a server may
 * encode other characters differently.
 */
export function compareExactReferences(sent: string, seen: string | null): Resemblance {
  if (seen === sent) return 'same';
  if (seen === null || !unencodedText.test(sent) || !unencodedText.test(seen)) return 'may be';
  return normalize(sent).includes(normalize(seen)) ? 'may be' : 'other';
}

/** Only characters that servers do not encode. */
const unencodedText = /^[\w.-]+$/;

/**
 * Whether Lean may have altered a sent reference into the one that it shows, which is the exact reference of another
 * record.
 * @param provenReferenceLength the length up to which Lean is known to return references unchanged; 0 if unknown
 */
export function mayHaveBecome(
  sent: string,
  seen: string | null | undefined,
  provenReferenceLength: number,
): boolean {
  if (provenReferenceLength === 0 || seen == null || !unencodedText.test(sent) || !unencodedText.test(seen))
    return compareTexts(sent, seen) !== 'other';
  if (normalize(sent) === normalize(seen)) return true;
  // Lean may have truncated a longer reference.
  return sent.length > provenReferenceLength && compareExactReferences(sent, seen) !== 'other';
}

/**
 * Compares descriptions, as `compareTexts` does. Only ASCII texts can differ: a server may drop other characters,
 * replace them with question marks, or transliterate them. Lean may also have added a prefix to the sent text.
 */
export function compareDescriptions(sent: string, seen: string | null | undefined): Resemblance {
  if (seen === sent) return 'same';
  if (seen == null || !unescapedAscii.test(sent) || !unescapedAscii.test(seen)) return 'may be';
  return endsWithPrefixOf(normalize(seen), normalize(sent)) ? 'may be' : compareTexts(sent, seen);
}

/** Whether a text ends with the beginning of the sent one: a bank may add a prefix and truncate the result. */
function endsWithPrefixOf(seen: string, sent: string): boolean {
  for (let length = minKeptLength; length < Math.min(seen.length, sent.length); length += 1)
    if (seen.endsWith(sent.slice(0, length))) return true;
  return false;
}

/** The fewest letters and digits of a truncated description that count as a match. */
const minKeptLength = 3;

/**
 * ASCII without the characters that servers escape or that mark an escape, such as `<`, `&` and `%`, and without `?`,
 * which replaces other characters.
 */
const unescapedAscii = /^[\w .,:;()/#'+-]*$/;

/**
 * Compares accounts; null if unknown. Only complete IBANs can differ: a masked or truncated one has no valid check
 * digits.
 */
export function compareAccounts(
  sent: string | null | undefined,
  seen: string | null | undefined,
): Resemblance {
  const [a, b] = [withoutWhitespace(sent), withoutWhitespace(seen)];
  if (a.length !== b.length || !isIban(a) || !isIban(b)) return 'may be';
  return a === b ? 'same' : 'other';
}

function withoutWhitespace(account: string | null | undefined): string {
  return account?.replace(/\s/gu, '').toUpperCase() ?? '';
}

/**
 * Whether a text is an IBAN with valid check digits (ISO 13616). After the country code it must have digits only,
 * because letters may be a mask.
 */
function isIban(text: string): boolean {
  if (!/^[A-Z]{2}\d{13,32}$/.test(text)) return false;
  const digits = `${text.slice(4)}${text.slice(0, 4)}`.replace(/[A-Z]/g, letter =>
    String(letter.charCodeAt(0) - 55),
  );
  return BigInt(digits) % 97n === 1n;
}

/** Keeps only letters and digits, in lower case. */
function normalize(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '');
}
