import { maskedProse } from '../payouts/masking.ts';
import { parseUuid } from '../payouts/ids.ts';
import type { PayoutIntent } from '../payouts/payout-intent.ts';
import { builder } from './builder.ts';
import { MoneyType } from './money.ts';
import { PayoutDestinationType } from './payout-destination.ts';
import { PayoutType } from './payout.ts';
import { forReaders } from './scope-rules.ts';

export const PayoutIntentType = builder.objectRef<PayoutIntent>('PayoutIntent');

PayoutIntentType.implement({
  ...forReaders,
  description:
    'What a payout was meant to be. There is one from the moment of creation, before there is a payment.',
  fields: t => ({
    id: t.exposeID('id', { description: "Lean's payment_intent_id." }),
    customerId: t.exposeID('customerId', {
      nullable: true,
      description: "Lean's id of the customer it belongs to.",
    }),
    amount: t.expose('amount', { type: MoneyType, description: 'The amount to be paid, exact.' }),
    description: t.string({
      nullable: true,
      description: "The reference text for the recipient's bank.",
      resolve: ({ description }, _args, { masksAccounts }) =>
        description !== null && masksAccounts ? maskedProse(description) : description,
    }),
    externalReference: t.exposeString('externalReference', {
      nullable: true,
      description: 'Your own id of it, as given on creation, such as `INV-2026-0042`.',
    }),
    payout: t.expose('payout', {
      type: PayoutType,
      nullable: true,
      description:
        'The payout made of it, as the intent carries it: no further Lean call for its own fields.',
    }),
    destination: t.expose('destination', {
      type: PayoutDestinationType,
      nullable: true,
      description: 'Where the money goes, as the intent carries it: no further Lean call.',
    }),
  }),
});

builder.asEntity(PayoutIntentType, {
  key: builder.selection<{ id: string }>('id'),
  resolveReference: ({ id }, { loaders }) => loaders.intentById.load(parseUuid(id, 'id')),
});

builder.queryField('payoutIntent', t =>
  t.field({
    type: PayoutIntentType,
    nullable: true,
    ...forReaders,
    description:
      'One intent, with its payout and destination, by one Lean call; null when Lean does not know the id.',
    args: { id: t.arg.id({ required: true, description: "Lean's payment_intent_id." }) },
    resolve: (_root, { id }, { loaders }) => loaders.intentById.load(parseUuid(id, 'id')),
  }),
);
