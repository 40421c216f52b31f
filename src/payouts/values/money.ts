import { code as currencyByCode } from 'currency-codes';
import type { InputProblem } from '../creation/input-problem.ts';
import { compareDecimals, decimalPlaces, type Decimal } from './decimal.ts';

/** An amount in the currency's major unit: `16.50` with `AED` is sixteen dirhams and fifty fils. */
export interface Money {
  readonly amount: Decimal;
  /** ISO 4217 alphabetic code. */
  readonly currency: string;
}

/** Codes of ISO 4217 that are no money: none, for tests, precious metals, and units of account. */
const noMoney = /^(?:XXX|XTS|XA[GU]|XP[DT]|XB[A-D]|XDR|XSU|XUA)$/i;

/** Places after the point that amounts of a currency may have (AED 2, KWD 3), or undefined for an unknown code. */
export function currencyPlaces(currency: string): number | undefined {
  return noMoney.test(currency) ? undefined : currencyByCode(currency)?.digits;
}

/** Largest amount that a payout may name, in digits before the point: far beyond any bank's, short of absurd. */
const maxWholeDigits = 18;

/** A problem with one of the two parts of an amount. */
export type AmountProblem = InputProblem & { readonly field: keyof Money };

/**
 * The problems that keep an amount from being paid, at most one for each part.
 * @see https://www.iso.org/iso-4217-currency-codes.html for the number of decimals
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
