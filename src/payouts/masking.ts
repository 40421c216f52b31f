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

/** One that stands in the middle of a sentence. */
const ibanInProse = /\b[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b/g;

/** Lean's JSON with its IBANs and account numbers masked, and every other letter as it was. */
export function maskedJson(text: string): string {
  return text.replace(
    accountField,
    (_, name: string, quoted: string | undefined, digits: string | undefined) =>
      `${name}"${masked(quoted ?? digits ?? '')}"`,
  );
}

/** The same for what Lean says of an error, which may hold them anywhere. */
export function maskedProse(text: string): string {
  return maskedJson(text).replace(ibanInProse, masked);
}
