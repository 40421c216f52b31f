/**
 * Builds an IBAN with its check digits (ISO 13616, mod 97) from a country code and the basic bank account number
 * (BBAN).
 */
export function ibanOf(country: string, basicAccountNumber: string): string {
  const digits = `${basicAccountNumber}${country}00`.replace(/[A-Z]/g, letter =>
    String(letter.charCodeAt(0) - 55),
  );
  const check = 98n - (BigInt(digits) % 97n);
  return `${country}${check.toString().padStart(2, '0')}${basicAccountNumber}`;
}
