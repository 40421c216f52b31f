import { compareDecimals } from '../decimal.ts';
import type { Money } from '../money.ts';

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

/** Compares IBANs and account numbers; null where one of them is not known. */
export function compareAccounts(
  sent: string | null | undefined,
  seen: string | null | undefined,
): Resemblance {
  if (sent == null || seen == null || sent === '' || seen === '') return 'may be';
  return plain(sent) === plain(seen) ? 'same' : 'other';
}

/** Letters and digits in one case: what is left of a text when a server normalises it. */
function plain(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '');
}
