import { LeanNotOffered } from '../errors/lean-errors.ts';
import { maskedProse } from '../access/masking.ts';
import { parseUuid } from '../payouts/values/ids.ts';
import type { PayoutIntent } from '../payouts/payout-intent.ts';
import { builder } from './builder.ts';
import { maskedFor } from './masked-for.ts';
import { MoneyType } from './money.ts';
import { PayoutDestinationType } from './payout-destination.ts';
import { PayoutType } from './payout.ts';
import { forReaders } from './scope-rules.ts';

export const PayoutIntentType = builder.objectRef<PayoutIntent>('PayoutIntent');

/** @throws LeanNotOffered if this Lean application has no call for the value */
function offered<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new LeanNotOffered();
  return value;
}

PayoutIntentType.implement({
  ...forReaders,
  description:
    'The request behind a payout: what is to be paid, and to whom. Lean has it from the moment of creation, before there ' +
    'is a payment.',
  fields: t => ({
    id: t.exposeID('id', { description: "Lean's payment_intent_id." }),
    customerId: t.id({
      nullable: true,
      description: "Lean's id of the customer that it belongs to.",
      resolve: (intent, _args, { payouts }) => payouts.customer(intent),
    }),
    amount: t.expose('amount', { type: MoneyType, description: 'The amount to be paid, exact.' }),
    description: t.string({
      nullable: true,
      description: "The reference text for the recipient's bank.",
      resolve: ({ description }, _args, context) => maskedFor(context, description, maskedProse),
    }),
    externalReference: t.string({
      nullable: true,
      description:
        'Your own id of the payout, as given on creation, such as `INV-2026-0042`. It is never masked: put no account in it.',
      resolve: ({ externalReference }) => offered(externalReference),
    }),
    payout: t.expose('payout', {
      type: PayoutType,
      nullable: true,
      description: 'The payout of this intent. It costs no further Lean call; fields that cost more say so.',
    }),
    destination: t.field({
      type: PayoutDestinationType,
      nullable: true,
      description:
        'The destination of the money. It costs no Lean call, or one where Lean has no call for intents (UAE V1, KSA).',
      resolve: ({ destination, destinationId }, _args, { payouts }) =>
        destination === undefined && destinationId !== undefined
          ? payouts.destination(destinationId)
          : offered(destination),
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
    ...forReaders,
    description:
      'One intent, with its payout and destination, by one Lean call; null if Lean does not know the id.',
    args: { id: t.arg.id({ required: true, description: "Lean's payment_intent_id." }) },
    resolve: (_root, { id }, { payouts }) => payouts.intent(parseUuid(id, 'id')),
  }),
);
