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

/** The characters that may separate the groups of an IBAN. */
const separator = String.raw`[\s\-./_]{1,2}`;

/** A character of an IBAN. Only a group with a digit follows a separator, so that the words after an IBAN do not match. */
const ibanCharacter = String.raw`(?:${separator}(?=[a-z]*\d))?[a-z\d]`;

/** The ends of a UUID or an IBAN. `\b` would not do, because it counts an underscore as a letter. */
const notBefore = String.raw`(?![a-z\d])`;
const notAfter = String.raw`(?<![a-z\d])`;

/** Kept as they are: UUIDs, and amounts with spaces between thousands. */
const kept = [
  String.raw`${notAfter}[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}${notBefore}`,
  String.raw`(?<![\d-])\d{1,3}(?: \d{3}){1,3}(?![\s-]?\d)`,
].join('|');

/**
 * Matches accounts in normalised free text. `kept` comes first, so that no part of it is mistaken for an account. An
 * IBAN has 15 to 34 characters. In groups of digits, every group except the last has at least three, so that dates do
 * not match.
 */
const accountInText = new RegExp(
  [
    `(?<kept>${kept})`,
    // A whole IBAN without separators.
    String.raw`${notAfter}[a-z]{2}\d{2}[a-z\d]{16,30}${notBefore}(?![-./_]{1,2}\d)`,
    // An IBAN in groups, the first of which may be a bank code of four letters.
    String.raw`${notAfter}[a-z]{2}\d{2}(?:${separator}[a-z]{4}(?=${separator}[a-z]*\d)(?:${ibanCharacter}){10,26}|(?:${ibanCharacter}){11,30})${notBefore}`,
    // A part of an IBAN, with usual separators only.
    String.raw`${notAfter}[a-z]{2}\d{2}(?:[\s-]{1,2}(?=[a-z]*\d)[a-z\d]{1,12}${notBefore}){2,12}`,
    // Groups of digits, and digits without separators.
    String.raw`(?<![\d-])\d{3,8}(?:[\s-]\d{3,8}){1,7}[\s-]\d{1,8}(?![\d-])`,
    String.raw`\d{9,}`,
  ].join('|'),
  'gi',
);

/** Masks the IBANs and account numbers in free text. A text without any stays unchanged; any other is normalised. */
export function maskText(text: string): string {
  const normalised = normalise(text);
  const masked = normalised.replace(
    accountInText,
    (found, kept: string | undefined) => kept ?? maskAccount(found),
  );
  return masked === normalised ? text : masked;
}

/**
 * Thirty combining marks in a row. An invisible character after them limits the time of the normalisation, which sorts
 * the marks of a character, and would take seconds for 256 KiB of them.
 * @see https://www.unicode.org/reports/tr15/#Stream_Safe_Text_Format
 */
const manyMarks = /[\p{M}\uff9e\uff9f]{30}/gu;

/** Writes a text so that every account in it has ASCII letters, digits and separators, and no invisible characters. */
function normalise(text: string): string {
  return text
    .replace(manyMarks, '$&\u034f')
    .normalize('NFKC')
    .replace(/\p{Default_Ignorable_Code_Point}/gu, '')
    .replace(/\p{Dash}/gu, '-')
    .replace(/[\u0660-\u0669\u06f0-\u06f9]/g, digit => String(digit.charCodeAt(0) % 16));
}

/** Masks IBANs and account numbers in Lean's JSON, also in free text. All other characters stay unchanged. */
export function maskJson(text: string): string {
  return text
    .replace(
      accountField,
      (_, name: string, value: string) => name + JSON.stringify(maskAccount(textOf(value))),
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
  const text = textOf(json);
  const masked = maskText(text);
  return masked === text ? json : JSON.stringify(masked);
}

/** The text of a JSON string, or the digits of a number. */
function textOf(json: string): string {
  if (!json.startsWith('"')) return json;
  return isJson(json) ? (JSON.parse(json) as string) : json.slice(1, -1);
}
