import { parseUuid } from '../payouts/ids.ts';
import { masked } from '../payouts/masking.ts';
import type { PayoutDestination } from '../payouts/payout-intent.ts';
import { builder } from './builder.ts';
import { forReaders } from './scope-rules.ts';

export const PayoutDestinationType = builder.objectRef<PayoutDestination>('PayoutDestination');

PayoutDestinationType.implement({
  ...forReaders,
  description: 'A beneficiary that payouts can go to, as it was set up at Lean.',
  fields: t => ({
    id: t.exposeID('id', { description: "Lean's payment_destination_id." }),
    status: t.exposeString('status', {
      nullable: true,
      description:
        "Lean's own word, such as `ACTIVE` or `AWAITING_BENEFICIARY_COOL_OFF`. Pay only what is `ACTIVE`.",
    }),
    legalName: t.exposeString('legalName', { nullable: true, description: 'Legal name.' }),
    displayName: t.exposeString('displayName', { nullable: true, description: 'The name shown in lists.' }),
    iban: t.string({
      nullable: true,
      description: 'IBAN, such as `"AE070331234567890123456"`; masked as in `PayoutParty.iban`.',
      resolve: ({ iban }, _args, { masksAccounts }) => (iban !== null && masksAccounts ? masked(iban) : iban),
    }),
    accountNumber: t.string({
      nullable: true,
      description: 'Bank account number; masked as in `PayoutParty.accountNumber`.',
      resolve: ({ accountNumber }, _args, { masksAccounts }) =>
        accountNumber !== null && masksAccounts ? masked(accountNumber) : accountNumber,
    }),
    swiftCode: t.exposeString('swiftCode', {
      nullable: true,
      description: 'BIC of the bank, such as `EBILAEAD`.',
    }),
    bankIdentifier: t.exposeString('bankIdentifier', {
      nullable: true,
      description: "Lean's identifier of the bank, such as `LEAN_SME_MB1_UAE`.",
    }),
    address: t.exposeString('address', { nullable: true, description: 'Street address.' }),
    city: t.exposeString('city', { nullable: true, description: 'City, such as `Dubai`.' }),
    country: t.exposeString('country', {
      nullable: true,
      description: 'ISO 3166 alpha-3 code of the country, such as `ARE`.',
    }),
    customerId: t.exposeID('customerId', {
      nullable: true,
      description: "Lean's id of the customer it belongs to.",
    }),
    ownerType: t.exposeString('ownerType', {
      nullable: true,
      description: "Whose it is, in Lean's word: `APPLICATION` or `CUSTOMER`.",
    }),
    isDefault: t.exposeBoolean('isDefault', {
      nullable: true,
      description: "Whether it is its owner's default one.",
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
