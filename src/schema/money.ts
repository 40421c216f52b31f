import type { Money } from '../payouts/values/money.ts';
import { builder } from './builder.ts';

export const MoneyType = builder.objectRef<Money>('PayoutMoney').implement({
  description:
    'An amount of money in the major unit of its currency: `"16.50"` with `AED` is 16 dirhams and 50 fils. ' +
    'Always select both fields: client caches store it as a part of its payout and replace it as a whole.',
  fields: t => ({
    amount: t.expose('amount', {
      type: 'Decimal',
      description: 'The exact digits that Lean sent, as text, such as `"16.5"`.',
    }),
    currency: t.expose('currency', {
      type: 'PayoutCurrencyCode',
      description: 'The currency, such as `AED`.',
    }),
  }),
});

export const PayoutMoneyInput = builder.inputType('PayoutMoneyInput', {
  description: 'An amount of money to pay, in the major unit of its currency.',
  fields: t => ({
    amount: t.field({
      type: 'Decimal',
      required: true,
      description:
        'Greater than zero, with no more decimal places than the currency has (AED 2, KWD 3), such as `"16.50"`. Lean ' +
        'receives exactly these digits.',
    }),
    currency: t.field({
      type: 'PayoutCurrencyCode',
      required: true,
      description: 'The currency, such as `AED`.',
    }),
  }),
});
