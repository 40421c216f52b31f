import { scopes, type Caller } from './caller.ts';

/** Whether IBANs and account numbers are masked for a caller. `maskIban`: whether `MASK_IBAN` is on. */
export function isMaskedFor(caller: Caller, maskIban: boolean): boolean {
  return maskIban && !caller.scopes.has(scopes.readSensitive);
}

/** A shorter account is masked completely, because its last four digits would reveal too much of it. */
const minLength = 9;

/** Masks an IBAN or account number except for its country and its last four characters: `AE*****************3456`. */
export function maskAccount(account: string): string {
  if (account.length < minLength) return '*'.repeat(account.length);
  const country = /^[A-Z]{2}(?=\d\d)/i.exec(account)?.[0] ?? '';
  return country + '*'.repeat(account.length - country.length - 4) + account.slice(-4);
}

const string = String.raw`"(?:[^"\\]|\\.)*"`;

/** A whole JSON number, with its sign, fraction and exponent. A part of it in quotes would not be JSON. */
const number = String.raw`-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?`;

/** Lean's JSON fields that hold an account, with a string or a number as value. */
const accountField = new RegExp(
  String.raw`("(?:account_number|iban|recipient_iban)"\s*:\s*)(${string}|${number})`,
  'g',
);

/** Lean's JSON fields that hold free text, which may contain an account. */
const textField = new RegExp(
  String.raw`("(?:description|status_additional_details|error_message|message)"\s*:\s*)(${string}|${number})`,
  'g',
);

/**
 * Matches accounts in free text: an IBAN with or without separators, three or more groups of digits, or nine or more
 * digits. UUIDs and amounts are matched first, as `kept`, so that no part of them is mistaken for an account. Every
 * group except the last has at least three digits, so that dates do not match.
 */
const accountInText = new RegExp(
  [
    String.raw`(?<kept>\b[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\b|(?<![\d-])\d{1,3}(?: \d{3}){1,3}(?![\s-]?\d))`,
    String.raw`\b[a-z]{2}\d{2}[a-z\d]{11,30}\b`,
    String.raw`\b[a-z]{2}\d{2}(?:[\s-]{1,2}(?=[a-z]*\d)[a-z\d]{1,12}\b){2,12}`,
    String.raw`(?<![\d-])\d{3,8}(?:[\s-]\d{3,8}){1,7}[\s-]\d{1,8}(?![\d-])`,
    String.raw`\d{9,}`,
  ].join('|'),
  'gi',
);

/** Masks the IBANs and account numbers in free text. */
export function maskText(text: string): string {
  return text.replace(accountInText, (found, kept: string | undefined) => kept ?? maskAccount(found));
}

/** Masks IBANs and account numbers in Lean's JSON, also in free text. All other characters stay unchanged. */
export function maskJson(text: string): string {
  return text
    .replace(
      accountField,
      (_, name: string, value: string) =>
        `${name}"${maskAccount(value.startsWith('"') ? value.slice(1, -1) : value)}"`,
    )
    .replace(textField, (_, name: string, value: string) => name + maskValue(value));
}

/**
 * Masks one of Lean's error bodies. Any of its strings and numbers may contain an account, except its timestamp. It
 * need not be JSON.
 */
export function maskErrorBody(text: string): string {
  return isJson(text) ? maskJson(text).replace(timestampOrValue, maskValue) : maskText(text);
}

/** A timestamp, which is kept, or any other string or number. */
const timestampOrValue = new RegExp(
  String.raw`"timestamp"\s*:\s*\d{10,13}(?=\s*[,}])|${string}|${number}`,
  'g',
);

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Masks a JSON string with its quotes, or a number, which becomes a string. A value without an account is returned
 * unchanged, as is a whole timestamp member.
 */
function maskValue(json: string): string {
  if (json.startsWith('"timestamp"') && json !== '"timestamp"') return json;
  const text = json.startsWith('"') ? (JSON.parse(json) as string) : json;
  const masked = maskText(text);
  return masked === text ? json : JSON.stringify(masked);
}
