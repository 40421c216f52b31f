import type { Transfer } from '../payouts/creation/transfer.ts';
import { builder } from './builder.ts';
import { CreatePayoutResult, CreatePayoutsResult } from './creation-result.ts';
import { PayoutMoneyInput } from './money.ts';
import { requiresCreateScope } from './scope-rules.ts';

function keyDescription(noun: 'payout' | 'batch'): string {
  return (
    `Identifies this ${noun}: 1 to 255 printable ASCII characters without whitespace at either end, such as a UUID. All ` +
    `requests with the same key are one ${noun}. Create the key when the user decides to pay, and keep it until the ` +
    'outcome is known.'
  );
}

/** The descriptions of a transfer's fields, which both inputs share. */
const transferFields = {
  accountId: "The id of the account to debit, from the Payouts tab of Lean's dashboard.",
  destinationId:
    'The destination to pay, by its `PayoutDestination.id`. Pay a destination only when its status is `ACTIVE`.',
  amount: 'The amount, with its currency.',
  description: "Reference text for the recipient's bank: 1 to 32 characters, such as `INV 001`.",
  authorize:
    'True: Lean authorises the payout at once, through the authoriser that is set up for this. False: the payout waits ' +
    'until a person authorises it.',
};

const CreatePayoutInput = builder.inputType('CreatePayoutInput', {
  description: 'A payout to create.',
  fields: t => ({
    idempotencyKey: t.string({ required: true, description: keyDescription('payout') }),
    accountId: t.id({ required: true, description: transferFields.accountId }),
    destinationId: t.id({ required: true, description: transferFields.destinationId }),
    amount: t.field({ type: PayoutMoneyInput, required: true, description: transferFields.amount }),
    description: t.string({ required: true, description: transferFields.description }),
    externalReference: t.string({
      description:
        'Your own id of the payout, such as `INV-2026-0001`: at most 64 characters, without whitespace at either end. ' +
        '`PayoutIntent.externalReference` returns it. By default it is the idempotency key, with a digest of the caller ' +
        'if callers use access tokens.',
    }),
    authorize: t.boolean({ required: true, defaultValue: false, description: transferFields.authorize }),
  }),
});

const PayoutTransferInput = builder.inputType('PayoutTransferInput', {
  description: 'One of several payouts that one request creates.',
  fields: t => ({
    accountId: t.id({ required: true, description: transferFields.accountId }),
    destinationId: t.id({ required: true, description: transferFields.destinationId }),
    amount: t.field({ type: PayoutMoneyInput, required: true, description: transferFields.amount }),
    description: t.string({ required: true, description: transferFields.description }),
    externalReference: t.string({
      description:
        'Your own id of the payout: at most 64 characters, without whitespace at either end, and different for each ' +
        'transfer. `PayoutIntent.externalReference` returns it. The default is as in `CreatePayoutInput`. If there are ' +
        'several transfers, the index of the transfer, from 0, and a short digest follow.',
    }),
    authorize: t.boolean({ required: true, defaultValue: false, description: transferFields.authorize }),
  }),
});

const CreatePayoutsInput = builder.inputType('CreatePayoutsInput', {
  description: 'Several payouts to create by one Lean call.',
  fields: t => ({
    idempotencyKey: t.string({ required: true, description: keyDescription('batch') }),
    transfers: t.field({
      type: [PayoutTransferInput],
      required: true,
      description: 'The payouts to create: 1 to 100.',
    }),
  }),
});

function transferOf(
  input: Omit<Transfer, 'externalReference'> & { readonly externalReference?: string | null | undefined },
): Transfer {
  const { accountId, destinationId, amount, description, authorize } = input;
  const externalReference = input.externalReference ?? null;
  return { accountId, destinationId, amount, description, authorize, externalReference };
}

builder.mutationField('createPayout', t =>
  t.field({
    type: CreatePayoutResult,
    ...requiresCreateScope,
    description:
      'Pays one destination. **Moves money**, at most once per key: a repeated request with the same key is the same ' +
      'payout, and returns the recorded result. A document may contain one money-moving field. Costs one Lean call. The ' +
      "first payout of a gateway process costs one more, to read Lean's time. While the outcome is unknown, a repeated " +
      "request reads Lean's list instead, at most once in five seconds.",
    args: { input: t.arg({ type: CreatePayoutInput, required: true, description: 'The payout to create.' }) },
    resolve: (_root, { input }, { creation, caller }) =>
      creation.createPayout(
        { caller: caller.subject, idempotencyKey: input.idempotencyKey },
        transferOf(input),
      ),
  }),
);

builder.mutationField('createPayouts', t =>
  t.field({
    type: CreatePayoutsResult,
    ...requiresCreateScope,
    description:
      'Pays several destinations by one Lean call. **Moves money.** All transfers share one key. A repeated request ' +
      'with the same key works as in `createPayout`, but a batch is never sent again: transfers that Lean does not have ' +
      'become rejected. Transfers with the same destination and amount cost one more Lean call each, because only ' +
      'their intents show which payout is whose.',
    args: {
      input: t.arg({ type: CreatePayoutsInput, required: true, description: 'The payouts to create.' }),
    },
    resolve: (_root, { input }, { creation, caller }) =>
      creation.createPayouts(
        { caller: caller.subject, idempotencyKey: input.idempotencyKey },
        input.transfers.map(transferOf),
      ),
  }),
);
