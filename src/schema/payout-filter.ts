import { builder } from './builder.ts';

const PayoutDecimalRange = builder.inputType('PayoutDecimalRange', {
  description: 'A range of decimals. Both bounds are inclusive, and either may be left out.',
  fields: t => ({
    min: t.field({ type: 'Decimal', description: 'Lowest value, such as `"100"`.' }),
    max: t.field({ type: 'Decimal', description: 'Highest value, such as `"999.99"`.' }),
  }),
});

const PayoutDateTimeRange = builder.inputType('PayoutDateTimeRange', {
  description: 'A range of time. Both bounds are inclusive, and either may be left out.',
  fields: t => ({
    from: t.field({ type: 'DateTime', description: 'Earliest instant, such as `"2026-03-01T00:00:00Z"`.' }),
    to: t.field({
      type: 'DateTime',
      description: 'Latest instant, such as `"2026-03-31T23:59:59.999999Z"`.',
    }),
  }),
});

export const PayoutFilter = builder.inputType('PayoutFilter', {
  description:
    'Which payouts a list holds: those that meet all that is given. These are all the filters Lean has.',
  fields: t => ({
    amount: t.field({
      type: PayoutDecimalRange,
      description: 'By amount, in major units, whatever the currency.',
    }),
    createdAt: t.field({ type: PayoutDateTimeRange, description: 'By the time of creation at Lean.' }),
    updatedAt: t.field({ type: PayoutDateTimeRange, description: 'By the time of the last change at Lean.' }),
  }),
});
