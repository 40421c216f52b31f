import { intentIdOf, parseUuid } from '../payouts/values/ids.ts';
import { builder } from './builder.ts';
import { PayoutType } from './payout.ts';
import { requiresReadScope } from './scope-rules.ts';

const onePayout = { type: PayoutType, nullable: true, ...requiresReadScope } as const;

const nullAndCost =
  'null if Lean does not know it. Costs one Lean call, which includes its `intent` and the destination. Fields that cost ' +
  'more say so.';

builder.queryFields(t => ({
  payout: t.field({
    ...onePayout,
    description: `One payout; ${nullAndCost}`,
    args: { id: t.arg.id({ required: true, description: 'The id of the payout, as in `Payout.id`.' }) },
    resolve: (_root, { id }, { payouts }) => payouts.payout(intentIdOf(id, 'id')),
  }),
  payoutByIntent: t.field({
    ...onePayout,
    description: `The payout of an intent, by Lean's payment_intent_id; ${nullAndCost}`,
    args: { intentId: t.arg.id({ required: true, description: "Lean's payment_intent_id." }) },
    resolve: (_root, { intentId }, { payouts }) => payouts.payout(parseUuid(intentId, 'intentId')),
  }),
  payoutByPayment: t.field({
    ...onePayout,
    description:
      "The payout of a payment, by Lean's payment_id; null if Lean does not know it. Costs one Lean call, or two on Lean " +
      'applications without a call for a payment (UAE V1, KSA). Fields that cost more say so.',
    args: { paymentId: t.arg.id({ required: true, description: "Lean's payment_id." }) },
    resolve: (_root, { paymentId }, { payouts }) =>
      payouts.payoutByPayment(parseUuid(paymentId, 'paymentId')),
  }),
}));
