import { builder } from './builder.ts';

const PayoutDecimalRange = builder.inputType('PayoutDecimalRange', {
  description: 'A range of decimal numbers. Both bounds are inclusive and optional.',
  fields: t => ({
    min: t.field({ type: 'Decimal', description: 'The lowest value, such as `"100"`.' }),
    max: t.field({ type: 'Decimal', description: 'The highest value, such as `"999.99"`.' }),
  }),
});

const PayoutDateTimeRange = builder.inputType('PayoutDateTimeRange', {
  description: 'A range of time. Both bounds are inclusive and optional.',
  fields: t => ({
    from: t.field({
      type: 'DateTime',
      description: 'The earliest instant, such as `"2026-03-01T00:00:00Z"`.',
    }),
    to: t.field({
      type: 'DateTime',
      description: 'The latest instant, such as `"2026-03-31T23:59:59.999999Z"`.',
    }),
  }),
});

export const PayoutFilter = builder.inputType('PayoutFilter', {
  description:
    'Selects the payouts of a list. A payout must match all fields that are given. Lean has no other filters.',
  fields: t => ({
    amount: t.field({
      type: PayoutDecimalRange,
      description: 'The amount in major units, in any currency.',
    }),
    createdAt: t.field({ type: PayoutDateTimeRange, description: 'When Lean recorded the payout.' }),
    updatedAt: t.field({ type: PayoutDateTimeRange, description: 'When Lean last changed the payout.' }),
  }),
});
