import { LeanNotOffered } from '../errors/lean-errors.ts';
import { maskText } from '../access/masking.ts';
import { parseUuid } from '../payouts/values/ids.ts';
import type { PayoutIntent } from '../payouts/payout-intent.ts';
import { builder } from './builder.ts';
import { maskedFor } from './masked-for.ts';
import { MoneyType } from './money.ts';
import { PayoutDestinationType } from './payout-destination.ts';
import { PayoutType } from './payout.ts';
import { requiresReadScope } from './scope-rules.ts';

export const PayoutIntentType = builder.objectRef<PayoutIntent>('PayoutIntent');

/** @throws LeanNotOffered if the value is undefined, because this Lean application has no call for it */
function requireOffered<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new LeanNotOffered();
  return value;
}

PayoutIntentType.implement({
  ...requiresReadScope,
  description:
    'The request behind a payout: the amount to pay, and its destination. Lean has it from the creation on, before there ' +
    'is a payment.',
  fields: t => ({
    id: t.exposeID('id', { description: "Lean's payment_intent_id." }),
    customerId: t.id({
      nullable: true,
      description: "Lean's id of the customer that the intent belongs to.",
      resolve: (intent, _args, { payouts }) => payouts.customer(intent),
    }),
    amount: t.expose('amount', { type: MoneyType, description: 'The exact amount to be paid.' }),
    description: t.string({
      nullable: true,
      description: "The reference text for the recipient's bank.",
      resolve: ({ description }, _args, context) => maskedFor(context, description, maskText),
    }),
    externalReference: t.string({
      nullable: true,
      description:
        'Your own id of the payout, as given on creation, such as `INV-2026-0042`. It is never masked, so it must not ' +
        'contain an account number.',
      resolve: ({ externalReference }) => requireOffered(externalReference),
    }),
    payout: t.expose('payout', {
      type: PayoutType,
      nullable: true,
      description: 'The payout of this intent. It costs no further Lean call, except for fields that say so.',
    }),
    destination: t.field({
      type: PayoutDestinationType,
      nullable: true,
      description:
        'The destination of the money. It costs no further Lean call, except on Lean applications without a call for ' +
        'intents (UAE V1, KSA), where it costs one.',
      resolve: ({ destination, destinationId }, _args, { payouts }) =>
        destination === undefined && destinationId !== undefined
          ? payouts.destination(destinationId)
          : requireOffered(destination),
    }),
  }),
});

builder.asEntity(PayoutIntentType, {
  key: builder.selection<{ id: string }>('id'),
  resolveReference: ({ id }, { payouts }) => payouts.intent(parseUuid(id, 'id')),
});

builder.queryField('payoutIntent', t =>
  t.field({
    type: PayoutIntentType,
    nullable: true,
    ...requiresReadScope,
    description:
      'One intent, with its payout and destination; null if Lean does not know the id. Costs one Lean call.',
    args: { id: t.arg.id({ required: true, description: "Lean's payment_intent_id." }) },
    resolve: (_root, { id }, { payouts }) => payouts.intent(parseUuid(id, 'id')),
  }),
);
