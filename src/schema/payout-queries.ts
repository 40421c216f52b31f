import { intentIdOf, parseUuid } from '../payouts/values/ids.ts';
import { builder } from './builder.ts';
import { PayoutType } from './payout.ts';
import { forReaders } from './scope-rules.ts';

const onePayout = { type: PayoutType, nullable: true, ...forReaders } as const;

const nullAndCost =
  'null if Lean does not know it. One Lean call, also for its `intent` and the destination; fields that cost more say so.';

builder.queryFields(t => ({
  payout: t.field({
    ...onePayout,
    description: `One payout; ${nullAndCost}`,
    args: { id: t.arg.id({ required: true, description: 'A `Payout.id`.' }) },
    resolve: (_root, { id }, { payouts }) => payouts.payout(intentIdOf(id, 'id')),
  }),
  payoutByIntent: t.field({
    ...onePayout,
    description: `The payout with this payment_intent_id at Lean; ${nullAndCost}`,
    args: { intentId: t.arg.id({ required: true, description: "Lean's payment_intent_id." }) },
    resolve: (_root, { intentId }, { payouts }) => payouts.payout(parseUuid(intentId, 'intentId')),
  }),
  payoutByPayment: t.field({
    ...onePayout,
    description:
      'The payout with this payment_id at Lean; null if Lean does not know it. One Lean call, or two where ' +
      'Lean has no call for a payment (UAE V1, KSA); fields that cost more say so.',
    args: { paymentId: t.arg.id({ required: true, description: "Lean's payment_id." }) },
    resolve: (_root, { paymentId }, { payouts }) =>
      payouts.payoutByPayment(parseUuid(paymentId, 'paymentId')),
  }),
}));
