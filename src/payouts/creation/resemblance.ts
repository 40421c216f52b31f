import { compareDecimals } from '../values/decimal.ts';
import type { Money } from '../values/money.ts';

/*
 * Whether something at Lean may be what was sent, however Lean may have changed it on the way: its documents declare
 * amounts as floats and integers, and name no length or alphabet for texts.
 */

/** `same`: equal. `may be`: the sent value, rounded or altered, could have become it. `other`: it could not. */
export type Resemblance = 'same' | 'may be' | 'other';

/**
 * Compares amounts. One that Lean rounded to whole units, or squeezed through a 32-bit float, may be the sent one, and so
 * may the same number in another currency: a Lean of one country may answer with its own.
 */
export function compareAmounts(sent: Money, seen: Money | undefined): Resemblance {
  if (seen === undefined) return 'may be';
  if (compareDecimals(seen.amount, sent.amount) === 0)
    return seen.currency === sent.currency ? 'same' : 'may be';
  const difference = Math.abs(Number(seen.amount) - Number(sent.amount));
  return difference < 1 || difference <= Number(sent.amount) * floatError ? 'may be' : 'other';
}

/** Twice the relative error of a 32-bit float. */
const floatError = 2 ** -22;

/**
 * Compares texts such as references and descriptions. One that was trimmed, cut, or changed in case, blanks or
 * punctuation may be the sent one, and so may a null.
 */
export function compareTexts(sent: string, seen: string | null | undefined): Resemblance {
  if (seen === sent) return 'same';
  const [a, b] = [plain(sent), plain(seen ?? '')];
  return a.includes(b) || b.includes(a) ? 'may be' : 'other';
}

/**
 * Compares references at a Lean that is seen to give them back as they were sent. Of letters and digits alone, one that
 * is neither the sent one nor a part of it is another payout's; other characters a server may write in another way.
 */
export function compareExactReferences(sent: string, seen: string | null): Resemblance {
  if (seen === sent) return 'same';
  if (seen === null || !simple.test(sent) || !simple.test(seen)) return 'may be';
  return plain(sent).includes(plain(seen)) ? 'may be' : 'other';
}

const simple = /^[\w.-]+$/;

/**
 * Whether a reference may have been changed into one that is another record's own, as a whole.
 * @param provenReferenceLength up to which length Lean is seen to give references back as they were sent; 0: it is not seen to
 */
export function mayHaveBecome(
  sent: string,
  seen: string | null | undefined,
  provenReferenceLength: number,
): boolean {
  if (provenReferenceLength === 0 || seen == null || !simple.test(sent) || !simple.test(seen))
    return compareTexts(sent, seen) !== 'other';
  if (plain(sent) === plain(seen)) return true;
  // A longer one may have been cut.
  return sent.length > provenReferenceLength && compareExactReferences(sent, seen) !== 'other';
}

/**
 * Compares descriptions. Only texts of plain ASCII can be told apart, as `compareTexts` tells them: anything else a
 * server may drop, replace by a question mark, or write in another alphabet.
 */
export function compareDescriptions(sent: string, seen: string | null | undefined): Resemblance {
  if (seen === sent) return 'same';
  if (seen == null || !plainAscii.test(sent) || !plainAscii.test(seen)) return 'may be';
  return endsWithBeginning(plain(seen), plain(sent)) ? 'may be' : compareTexts(sent, seen);
}

/** Whether a text may be the sent one after a prefix, cut to the length that a bank allows. */
function endsWithBeginning(seen: string, sent: string): boolean {
  for (let length = leastKept; length < Math.min(seen.length, sent.length); length += 1)
    if (seen.endsWith(sent.slice(0, length))) return true;
  return false;
}

/** How many letters and digits of a description a cut must leave. With fewer, any two texts would look alike. */
const leastKept = 3;

/** Without the punctuation that servers write as entities or in percent signs, or put in place of other characters. */
const plainAscii = /^[\w .,:;()/#'+-]*$/;

/**
 * Compares accounts; null where one of them is not known. Only whole IBANs can be told apart: one that was masked or cut
 * has no valid check digits.
 */
export function compareAccounts(
  sent: string | null | undefined,
  seen: string | null | undefined,
): Resemblance {
  const [a, b] = [withoutBlanks(sent), withoutBlanks(seen)];
  if (a.length !== b.length || !isIban(a) || !isIban(b)) return 'may be';
  return a === b ? 'same' : 'other';
}

function withoutBlanks(account: string | null | undefined): string {
  return account?.replace(/\s/gu, '').toUpperCase() ?? '';
}

/** Whether a text is an IBAN of digits alone, whole by its check digits. Letters in it may be a mask. */
function isIban(text: string): boolean {
  if (!/^[A-Z]{2}\d{13,32}$/.test(text)) return false;
  const digits = `${text.slice(4)}${text.slice(0, 4)}`.replace(/[A-Z]/g, letter =>
    String(letter.charCodeAt(0) - 55),
  );
  return BigInt(digits) % 97n === 1n;
}

/** Letters and digits in one case: what is left of a text when a server normalises it. */
function plain(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '');
}
