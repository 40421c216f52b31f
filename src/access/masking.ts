import { scopes, type Caller } from './caller.ts';

/** Whether a caller gets IBANs and account numbers masked, where that is switched on at all. */
export function masksFor(caller: Caller, maskIban: boolean): boolean {
  return maskIban && !caller.scopes.has(scopes.readSensitive);
}

/** Shorter ones would be told by their last digits. */
const shortest = 9;

/** An IBAN or account number of which its country and last four characters are left: `AE*****************3456`. */
export function masked(account: string): string {
  if (account.length < shortest) return '*'.repeat(account.length);
  const country = /^[A-Z]{2}(?=\d\d)/i.exec(account)?.[0] ?? '';
  return country + '*'.repeat(account.length - country.length - 4) + account.slice(-4);
}

/** Lean's fields that hold one, with their value as text or number. */
const accountField = /("(?:account_number|iban|recipient_iban)"\s*:\s*)(?:"((?:[^"\\]|\\.)*)"|(\d+))/g;

/** Lean's fields that hold sentences, which may name an account. */
const proseField =
  /("(?:description|status_additional_details|error_message|message)"\s*:\s*)("(?:[^"\\]|\\.)*")/g;

/**
 * Matches account numbers in a sentence: an IBAN in one piece or in groups, three or more groups of digits, or nine or
 * more digits. UUIDs and amounts are matched first, so that no part of one is taken for an account number. Every group
 * but the last has at least three digits, so that dates do not match.
 */
const accountInProse = new RegExp(
  [
    String.raw`(?<kept>\b[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\b|(?<![\d-])\d{1,3}(?: \d{3}){1,3}(?![\s-]?\d))`,
    String.raw`\b[a-z]{2}\d{2}[a-z\d]{11,30}\b`,
    String.raw`\b[a-z]{2}\d{2}(?:[\s-]{1,2}(?=[a-z]*\d)[a-z\d]{1,12}\b){2,12}`,
    String.raw`(?<![\d-])\d{3,8}(?:[\s-]\d{3,8}){1,7}[\s-]\d{1,8}(?![\d-])`,
    String.raw`\d{9,}`,
  ].join('|'),
  'gi',
);

/** A sentence with the IBANs and account numbers in it masked. */
export function maskedProse(text: string): string {
  return text.replace(accountInProse, (found, kept: string | undefined) => kept ?? masked(found));
}

/** Lean's JSON with IBANs and account numbers masked, in sentences too, and every other letter as it was. */
export function maskedJson(text: string): string {
  return text
    .replace(
      accountField,
      (_, name: string, quoted: string | undefined, digits: string | undefined) =>
        `${name}"${masked(quoted ?? digits ?? '')}"`,
    )
    .replace(proseField, (_, name: string, sentence: string) => name + maskedString(sentence));
}

/** The same for what Lean says of an error: account numbers may stand in any of its texts, and it need not be JSON. */
export function maskedError(text: string): string {
  return isJson(text) ? maskedJson(text).replace(jsonString, maskedString) : maskedProse(text);
}

const jsonString = /"(?:[^"\\]|\\.)*"/g;

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** @param json a JSON string with its quotes; it comes back letter by letter where nothing in it is masked */
function maskedString(json: string): string {
  const sentence = JSON.parse(json) as string;
  const shown = maskedProse(sentence);
  return shown === sentence ? json : JSON.stringify(shown);
}
