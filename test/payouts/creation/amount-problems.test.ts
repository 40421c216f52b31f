import { describe, expect, it } from 'vitest';
import type { Decimal } from '../../../src/payouts/values/decimal.ts';
import { amountProblems } from '../../../src/payouts/creation/amount-problems.ts';

function problem(amount: string, currency: string): string | undefined {
  const [found] = amountProblems({ amount: amount as Decimal, currency });
  return found === undefined ? undefined : `${found.field} ${found.problem}`;
}

describe('an amount', () => {
  it.each([
    ['16.50', 'AED'],
    ['0.01', 'AED'],
    ['16.5000', 'AED'],
    ['0.001', 'KWD'],
    ['1', 'JPY'],
    ['1.00', 'JPY'],
    [`${'9'.repeat(18)}.99`, 'AED'],
  ])('of %s %s is valid', (amount, currency) => {
    expect(problem(amount, currency)).toBeUndefined();
  });

  it.each([
    ['0', 'AED', 'amount must be above zero.'],
    ['0.00', 'AED', 'amount must be above zero.'],
    ['-0', 'AED', 'amount must be above zero.'],
    ['-0.01', 'AED', 'amount must be above zero.'],
    ['16.505', 'AED', 'amount has more decimals than AED has; at most 2 are accepted.'],
    ['0.001', 'AED', 'amount has more decimals than AED has; at most 2 are accepted.'],
    ['1.0005', 'KWD', 'amount has more decimals than KWD has; at most 3 are accepted.'],
    ['1.5', 'JPY', 'amount has more decimals than JPY has; at most 0 are accepted.'],
    ['1'.padEnd(19, '0'), 'AED', 'amount is too large; at most 18 digits before the point.'],
    ['1', 'XXQ', 'currency is not an ISO 4217 currency; send a code such as "AED" or "SAR".'],
    ['1', '', 'currency is not an ISO 4217 currency; send a code such as "AED" or "SAR".'],
  ])('of %s %s is refused', (amount, currency, expected) => {
    expect(problem(amount, currency)).toBe(expected);
  });

  it('is refused with two problems if both its amount and its currency are invalid', () => {
    expect(amountProblems({ amount: '0' as Decimal, currency: 'XXQ' })).toMatchObject([
      { field: 'amount', code: 'NOT_POSITIVE' },
      { field: 'currency', code: 'UNKNOWN_CURRENCY' },
    ]);
  });
});
