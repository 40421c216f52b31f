import type { Transfer } from '../payouts/creation/transfer.ts';
import { builder } from './builder.ts';
import { CreatePayoutResult, CreatePayoutsResult } from './creation-result.ts';
import { PayoutMoneyInput } from './money.ts';
import { forPayers } from './scope-rules.ts';

const keyDescription =
  'Identifies this payout: 1 to 255 printable ASCII characters with no blank at either end, such as a UUID. Repeated ' +
  'requests with this key are one payout. Choose it when the user decides to pay, and keep it until the outcome is known.';

/** The input fields of one transfer, the same whether it comes alone or among others. */
const transferFields = {
  accountId: "The source account to take the money from, as the Payouts tab of Lean's dashboard names it.",
  destinationId: 'The destination to pay: `PayoutDestination.id`. Pay it once its status is `ACTIVE`.',
  amount: 'How much, and in which currency.',
  description: "Reference text for the recipient's bank: 1 to 32 characters, such as `INV 001`.",
  authorize:
    'Whether Lean is to authorise it at once, by the authoriser set up for that. Otherwise it waits for a person.',
};

const CreatePayoutInput = builder.inputType('CreatePayoutInput', {
  description: 'One payout to make.',
  fields: t => ({
    idempotencyKey: t.string({ required: true, description: keyDescription }),
    accountId: t.id({ required: true, description: transferFields.accountId }),
    destinationId: t.id({ required: true, description: transferFields.destinationId }),
    amount: t.field({ type: PayoutMoneyInput, required: true, description: transferFields.amount }),
    description: t.string({ required: true, description: transferFields.description }),
    externalReference: t.string({
      description:
        'Your own id of it, found again on its intent: at most 64 characters with no blank at either end, such as ' +
        '`INV-2026-0001`. By default the idempotency key, with a digest of the caller where callers have tokens.',
    }),
    authorize: t.boolean({ required: true, defaultValue: false, description: transferFields.authorize }),
  }),
});

const PayoutTransferInput = builder.inputType('PayoutTransferInput', {
  description: 'One of several payouts to make by one request.',
  fields: t => ({
    accountId: t.id({ required: true, description: transferFields.accountId }),
    destinationId: t.id({ required: true, description: transferFields.destinationId }),
    amount: t.field({ type: PayoutMoneyInput, required: true, description: transferFields.amount }),
    description: t.string({ required: true, description: transferFields.description }),
    externalReference: t.string({
      description:
        'Your own id of it, found again on its intent: at most 64 characters with no blank at either end, ' +
        'another one for each transfer. By default the key that Lean gets, a dot and the position among the transfers, ' +
        'from 0 (the key alone where there is one).',
    }),
    authorize: t.boolean({ required: true, defaultValue: false, description: transferFields.authorize }),
  }),
});

const CreatePayoutsInput = builder.inputType('CreatePayoutsInput', {
  description: 'Several payouts to make by one Lean call.',
  fields: t => ({
    idempotencyKey: t.string({ required: true, description: keyDescription }),
    transfers: t.field({
      type: [PayoutTransferInput],
      required: true,
      description: 'The payouts: 1 to 100.',
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
    ...forPayers,
    description:
      'Pays one destination. **Moves money**, at most once per key: a request that is repeated with the same key is ' +
      'the same payout, and gets the recorded answer. One document may hold one money-moving field. One Lean call, ' +
      "and one more for the first payout of a process, which asks for Lean's time; a repetition while the outcome is " +
      'unknown reads the list instead, at most once in five seconds.',
    args: { input: t.arg({ type: CreatePayoutInput, required: true, description: 'The payout to make.' }) },
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
    ...forPayers,
    description:
      'Pays several destinations by one Lean call. **Moves money.** All of them go under one key, which is repeated like ' +
      'that of `createPayout`. A batch is never sent again: what Lean does not have of it ends as rejected.',
    args: { input: t.arg({ type: CreatePayoutsInput, required: true, description: 'The payouts to make.' }) },
    resolve: (_root, { input }, { creation, caller }) =>
      creation.createPayouts(
        { caller: caller.subject, idempotencyKey: input.idempotencyKey },
        input.transfers.map(transferOf),
      ),
  }),
);
