import { compareDecimals, decimalPlaces, type Decimal } from '../values/decimal.ts';
import { currencyPlaces, type Money } from '../values/money.ts';
import type { InputProblem } from './input-problem.ts';

/** The most digits that an amount may have before the point. Real amounts have far fewer. */
const maxWholeDigits = 18;

/** A problem with the amount or the currency. */
export type AmountProblem = InputProblem & { readonly field: keyof Money };

/**
 * The problems that make an amount invalid for a payout: at most one with the amount, and one with the currency.
 * @see https://www.iso.org/iso-4217-currency-codes.html for the decimal places of each currency
 */
export function amountProblems({ amount, currency }: Money): readonly AmountProblem[] {
  const places = currencyPlaces(currency);
  const problems: AmountProblem[] = [];
  if (compareDecimals(amount, '0' as Decimal) <= 0)
    problems.push({ field: 'amount', code: 'NOT_POSITIVE', problem: 'must be above zero.' });
  else if (places !== undefined && decimalPlaces(amount) > places)
    problems.push({
      field: 'amount',
      code: 'TOO_MANY_DECIMALS',
      problem: `has more decimals than ${currency} has; at most ${String(places)} are accepted.`,
    });
  else if ((amount.split('.')[0] ?? '').length > maxWholeDigits)
    problems.push({
      field: 'amount',
      code: 'TOO_LARGE',
      problem: `is too large; at most ${String(maxWholeDigits)} digits before the point.`,
    });
  if (places === undefined)
    problems.push({
      field: 'currency',
      code: 'UNKNOWN_CURRENCY',
      problem: 'is not an ISO 4217 currency; send a code such as "AED" or "SAR".',
    });
  return problems;
}
