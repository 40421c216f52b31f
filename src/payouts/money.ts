import { code as currencyByCode } from 'currency-codes';
import { compareDecimals, decimalPlaces, type Decimal } from './decimal.ts';

/** An amount in the currency's major unit: `16.50` with `AED` is sixteen dirhams and fifty fils. */
export interface Money {
  readonly amount: Decimal;
  /** ISO 4217 alphabetic code. */
  readonly currency: string;
}

/** Places after the point that amounts of a currency may have (AED 2, KWD 3), or undefined for an unknown code. */
export function currencyPlaces(currency: string): number | undefined {
  return currencyByCode(currency)?.digits;
}

/** Largest amount that a payout may name, in digits before the point: far beyond any bank's, short of absurd. */
const maxWholeDigits = 18;

/**
 * What keeps an amount from being paid, in words for the caller, or undefined when nothing does.
 * @see https://www.iso.org/iso-4217-currency-codes.html for the number of decimals
 */
export function amountProblem({
  amount,
  currency,
}: Money): { field: 'amount' | 'currency'; problem: string } | undefined {
  const places = currencyPlaces(currency);
  if (places === undefined)
    return { field: 'currency', problem: 'is not an ISO 4217 currency; send a code such as "AED" or "SAR".' };
  if (compareDecimals(amount, '0' as Decimal) <= 0)
    return { field: 'amount', problem: 'must be above zero.' };
  if (decimalPlaces(amount) > places)
    return {
      field: 'amount',
      problem: `has more decimals than ${currency} has; at most ${String(places)} are accepted.`,
    };
  if ((amount.split('.')[0] ?? '').length > maxWholeDigits)
    return {
      field: 'amount',
      problem: `is too large; at most ${String(maxWholeDigits)} digits before the point.`,
    };
  return undefined;
}
