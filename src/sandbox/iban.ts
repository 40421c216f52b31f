/**
 * Builds an IBAN with its check digits (ISO 13616, mod 97) from a country code and the basic bank account number
 * (BBAN).
 */
export function ibanOf(country: string, basicAccountNumber: string): string {
  const check = 98n - remainder(`${basicAccountNumber}${country}00`);
  return `${country}${check.toString().padStart(2, '0')}${basicAccountNumber}`;
}

/** Whether a text has the form of an IBAN and correct check digits. */
export function isIban(text: string): boolean {
  return /^[A-Z]{2}\d\d[A-Z0-9]+$/.test(text) && remainder(text.slice(4) + text.slice(0, 4)) === 1n;
}

function remainder(text: string): bigint {
  return BigInt(text.replace(/[A-Z]/g, letter => String(letter.charCodeAt(0) - 55))) % 97n;
}
