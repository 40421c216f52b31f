import type { MaybePromise } from '../loaders/maybe-promise.ts';
import { parseUuid } from '../payouts/values/ids.ts';
import { masked } from '../access/masking.ts';
import type { PayoutDestination } from '../payouts/payout-intent.ts';
import { builder } from './builder.ts';
import type { GraphContext } from './context.ts';
import { asksLean } from './fact-field.ts';
import { maskedFor } from './masked-for.ts';
import { forReaders } from './scope-rules.ts';

export const PayoutDestinationType = builder.objectRef<PayoutDestination>('PayoutDestination');

type TextName = Exclude<keyof PayoutDestination, 'id' | 'isDefault'>;

function factOf(name: TextName) {
  return (
    destination: PayoutDestination,
    _args: object,
    { payouts }: GraphContext,
  ): MaybePromise<string | null> => payouts.destinationFact(destination, name);
}

function maskedFactOf(name: 'iban' | 'accountNumber') {
  return (
    destination: PayoutDestination,
    _args: object,
    context: GraphContext,
  ): MaybePromise<string | null> =>
    maskedFor(context, context.payouts.destinationFact(destination, name), masked);
}

/** Ends the descriptions of fields that Lean's documents name for a destination within an intent only. */
const ofIntents =
  "Lean's documents name it only for a destination within an intent. Elsewhere it may be null, with the error " +
  '`NOT_OFFERED_BY_LEAN`.';

PayoutDestinationType.implement({
  ...forReaders,
  description: 'A beneficiary that payouts can go to, as it was set up at Lean.',
  fields: t => ({
    id: t.exposeID('id', { description: "Lean's payment_destination_id." }),
    status: t.string({
      ...asksLean('destination'),
      nullable: true,
      description:
        "Lean's own word, such as `ACTIVE` or `AWAITING_BENEFICIARY_COOL_OFF`. Pay only what is `ACTIVE`. One Lean call " +
        'for a destination that came with an intent.',
      resolve: factOf('status'),
    }),
    legalName: t.string({ nullable: true, description: 'Legal name.', resolve: factOf('legalName') }),
    displayName: t.string({
      nullable: true,
      description: 'The name shown in lists.',
      resolve: factOf('displayName'),
    }),
    iban: t.string({
      nullable: true,
      description: 'IBAN, such as `"AE070331234567890123456"`; masked as in `PayoutParty.iban`.',
      resolve: maskedFactOf('iban'),
    }),
    accountNumber: t.string({
      nullable: true,
      description: 'Bank account number; masked as in `PayoutParty.accountNumber`.',
      resolve: maskedFactOf('accountNumber'),
    }),
    swiftCode: t.string({
      nullable: true,
      description: 'BIC of the bank, such as `EBILAEAD`.',
      resolve: factOf('swiftCode'),
    }),
    bankIdentifier: t.string({
      nullable: true,
      description: `Lean's identifier of the bank, such as \`LEAN_SME_MB1_UAE\`. ${ofIntents}`,
      resolve: factOf('bankIdentifier'),
    }),
    address: t.string({ nullable: true, description: 'Street address.', resolve: factOf('address') }),
    city: t.string({ nullable: true, description: 'City, such as `Dubai`.', resolve: factOf('city') }),
    country: t.string({
      nullable: true,
      description: 'ISO 3166 alpha-3 code of the country, such as `ARE`.',
      resolve: factOf('country'),
    }),
    customerId: t.id({
      nullable: true,
      description: `Lean's id of the customer it belongs to. ${ofIntents}`,
      resolve: factOf('customerId'),
    }),
    ownerType: t.string({
      nullable: true,
      description: `The kind of owner, in Lean's word: \`APPLICATION\` or \`CUSTOMER\`. ${ofIntents}`,
      resolve: factOf('ownerType'),
    }),
    isDefault: t.boolean({
      nullable: true,
      description: `Whether it is the owner's default destination. ${ofIntents}`,
      resolve: (destination, _args, { payouts }) => payouts.destinationFact(destination, 'isDefault'),
    }),
  }),
});

builder.asEntity(PayoutDestinationType, {
  key: builder.selection<{ id: string }>('id'),
  resolveReference: ({ id }, { payouts }) => payouts.destination(parseUuid(id, 'id')),
});

builder.queryField('payoutDestination', t =>
  t.field({
    type: PayoutDestinationType,
    nullable: true,
    ...forReaders,
    description:
      'One destination, by one Lean call; null if Lean does not know the id. Pay it once its status is `ACTIVE`.',
    args: { id: t.arg.id({ required: true, description: "Lean's payment_destination_id." }) },
    resolve: (_root, { id }, { payouts }) => payouts.destination(parseUuid(id, 'id')),
  }),
);
