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
  const country = /^[A-Z]{2}(?=\d\d)/.exec(account)?.[0] ?? '';
  return country + '*'.repeat(account.length - country.length - 4) + account.slice(-4);
}

/** Lean's fields that hold one, with their value as text or number. */
const accountField = /("(?:account_number|iban|recipient_iban)"\s*:\s*)(?:"((?:[^"\\]|\\.)*)"|(\d+))/g;

/** Lean's fields that hold sentences, which may name an account. */
const proseField =
  /("(?:description|status_additional_details|error_message|message)"\s*:\s*)"((?:[^"\\]|\\.)*)"/g;

/** One in a sentence: in one piece, or in groups of four as on paper. */
const ibanInProse = /\b[A-Z]{2}\d{2}(?:[A-Z0-9]{11,30}|(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?)\b/g;

/** Digits of an account number in a sentence; not those of a UUID. */
const accountInProse = /(?<![\w-])\d{9,}(?![\w-])/g;

/** A sentence with the IBANs and account numbers in it masked. */
export function maskedProse(text: string): string {
  return text.replace(ibanInProse, masked).replace(accountInProse, masked);
}

/** Lean's JSON with IBANs and account numbers masked, in sentences too, and every other letter as it was. */
export function maskedJson(text: string): string {
  return text
    .replace(
      accountField,
      (_, name: string, quoted: string | undefined, digits: string | undefined) =>
        `${name}"${masked(quoted ?? digits ?? '')}"`,
    )
    .replace(proseField, (_, name: string, sentence: string) => name + maskedString(`"${sentence}"`));
}

/** @param json a string as JSON has it, with its quotes; it comes back letter by letter where nothing in it is masked */
function maskedString(json: string): string {
  const sentence = readString(json);
  const shown = maskedProse(sentence);
  return shown === sentence ? json : JSON.stringify(shown);
}

/** As it stands, where it is no JSON after all. */
function readString(json: string): string {
  try {
    return JSON.parse(json) as string;
  } catch {
    return json.slice(1, -1);
  }
}

/** The same for what Lean says of an error, which may hold IBANs anywhere, and need not be JSON. */
export function maskedError(text: string): string {
  return maskedJson(text).replace(ibanInProse, masked);
}
