import { code as currencyByCode } from 'currency-codes';
import type { Decimal } from './decimal.ts';

/** An amount in the currency's major unit: `16.50` with `AED` is 16 dirhams and 50 fils. */
export interface Money {
  readonly amount: Decimal;
  /** ISO 4217 alphabetic code. */
  readonly currency: string;
}

/** ISO 4217 codes that are not currencies: no currency, testing, precious metals, and units of account. */
const nonCurrencies = /^(?:XXX|XTS|XA[GU]|XP[DT]|XB[A-D]|XDR|XSU|XUA)$/i;

/** How many decimal places a currency has (AED 2, KWD 3); undefined for an unknown code. */
export function currencyPlaces(currency: string): number | undefined {
  return nonCurrencies.test(currency) ? undefined : currencyByCode(currency)?.digits;
}
