import type { MaybePromise } from '../loaders/maybe-promise.ts';
import { parseUuid } from '../payouts/values/ids.ts';
import { maskAccount } from '../access/masking.ts';
import type { PayoutDestination } from '../payouts/payout-intent.ts';
import { builder } from './builder.ts';
import type { GraphContext } from './context.ts';
import { readsLean } from './fact-field.ts';
import { maskedFor } from './masked-for.ts';
import { requiresReadScope } from './scope-rules.ts';

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
    maskedFor(context, context.payouts.destinationFact(destination, name), maskAccount);
}

/** The end of the description of fields that Lean documents only for a destination within an intent. */
const onlyInIntents =
  'Lean documents this field only for a destination within an intent. Otherwise it may be null, with the error ' +
  '`NOT_OFFERED_BY_LEAN`.';

PayoutDestinationType.implement({
  ...requiresReadScope,
  description: 'A beneficiary that is set up at Lean and can receive payouts.',
  fields: t => ({
    id: t.exposeID('id', { description: "Lean's payment_destination_id." }),
    status: t.string({
      ...readsLean('destination'),
      nullable: true,
      description:
        "Lean's own name of the status, such as `ACTIVE` or `AWAITING_BENEFICIARY_COOL_OFF`. Pay a destination only when " +
        'it is `ACTIVE`. Costs one Lean call if the destination was read with an intent.',
      resolve: factOf('status'),
    }),
    legalName: t.string({
      nullable: true,
      description: 'The legal name of the beneficiary.',
      resolve: factOf('legalName'),
    }),
    displayName: t.string({
      nullable: true,
      description: "The name that Lean's list of payouts shows.",
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
      description: `Lean's identifier of the bank, such as \`LEAN_SME_MB1_UAE\`. ${onlyInIntents}`,
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
      description: `Lean's id of the customer that the destination belongs to. ${onlyInIntents}`,
      resolve: factOf('customerId'),
    }),
    ownerType: t.string({
      nullable: true,
      description: `The kind of owner: \`APPLICATION\` or \`CUSTOMER\`. ${onlyInIntents}`,
      resolve: factOf('ownerType'),
    }),
    isDefault: t.boolean({
      nullable: true,
      description: `Whether this is the owner's default destination. ${onlyInIntents}`,
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
    ...requiresReadScope,
    description:
      'One destination; null if Lean does not know the id. Costs one Lean call. Pay a destination only when its status is ' +
      '`ACTIVE`.',
    args: { id: t.arg.id({ required: true, description: "Lean's payment_destination_id." }) },
    resolve: (_root, { id }, { payouts }) => payouts.destination(parseUuid(id, 'id')),
  }),
);
