import { andThen, type MaybePromise } from '../loaders/maybe-promise.ts';
import { LeanBadAnswer, LeanNotOffered } from '../errors/lean-errors.ts';
import { BadInput } from '../errors/gateway-errors.ts';
import { intentIdOf, parseUuid, payoutIdOf } from '../payouts/values/ids.ts';
import { maskText } from '../access/masking.ts';
import { awaitsTracking, outcomeOf, type Payout, type PayoutOutcome } from '../payouts/payout.ts';
import { builder } from './builder.ts';
import type { GraphContext } from './context.ts';
import { readsLean, factOptions } from './fact-field.ts';
import { HistoryEventType } from './history-event.ts';
import { maskedFor } from './masked-for.ts';
import { MoneyType } from './money.ts';
import { PayoutIntentType } from './payout-intent.ts';
import { PayoutPartyType, senderOf } from './payout-party.ts';
import { PayoutOutcomeType, PayoutStatusType, PostInitiationStatusType } from './payout-status.ts';
import { requiresReadScope } from './scope-rules.ts';

export const PayoutType = builder.objectRef<Payout>('Payout');

/** @throws LeanBadAnswer if Lean's response lacks a field that every payout must have */
function required<Value>(value: Value | null, field: string): Value {
  if (value !== null) return value;
  throw new LeanBadAnswer(`Lean's response for the payout has no ${field}.`);
}

/** Reads the tracking even for a final status, because the tracking may contradict it. */
function outcomeFor(payout: Payout, { payouts }: GraphContext): MaybePromise<PayoutOutcome | null> {
  return andThen(payouts.fact(payout, 'state'), state => {
    const { status } = required(state, 'status');
    const tracking = payouts.fact(payout, 'postInitiationStatus');
    const isOptional = !awaitsTracking(status);
    return andThen(
      isOptional && tracking instanceof Promise ? tracking.catch(nullIfNotOffered) : tracking,
      postInitiationStatus => outcomeOf(status, postInitiationStatus),
    );
  });
}

function nullIfNotOffered(error: unknown): null {
  if (error instanceof LeanNotOffered) return null;
  throw error;
}

PayoutType.implement({
  ...requiresReadScope,
  description:
    "A payout from your bank account through Lean: Lean's payment intent with its newest payment. A field has the same " +
    "value in every query. Fields that Lean's list does not contain cost one more Lean call per payout, shared by all of " +
    'them; `history` costs one call of its own. A field that this Lean application does not offer is null, with the ' +
    'error `NOT_OFFERED_BY_LEAN`.',
  fields: t => ({
    id: t.id({
      description:
        "The id of the payout. It never changes, and it is opaque. Lean's own ids are `intentId` and `paymentId`.",
      resolve: ({ intentId }) => payoutIdOf(intentId),
    }),
    paymentId: t.id({
      ...factOptions(
        'paymentId',
        "Lean's payment_id; null if Lean has made no payment, because the payout awaits authorisation or has failed.",
      ),
      nullable: true,
      resolve: (payout, _args, { payouts }) => payouts.fact(payout, 'paymentId'),
    }),
    intentId: t.exposeID('intentId', { description: "Lean's payment_intent_id." }),
    intent: t.field({
      ...readsLean('intent'),
      type: PayoutIntentType,
      nullable: true,
      description:
        'The request behind the payout: external reference, destination, customer. Costs one Lean call, or none after ' +
        '`payout` and `payoutByIntent`, which have read it.',
      resolve: ({ intentId }, _args, { payouts }) => payouts.intent(intentId),
    }),
    amount: t.field({
      ...factOptions('amount', 'The exact amount.'),
      type: MoneyType,
      resolve: (payout, _args, { payouts }) =>
        andThen(payouts.fact(payout, 'amount'), amount => required(amount, 'amount')),
    }),
    description: t.string({
      ...factOptions(
        'description',
        "The reference text that goes to the recipient's bank, such as `INV 001`.",
      ),
      nullable: true,
      resolve: (payout, _args, context) =>
        maskedFor(context, context.payouts.fact(payout, 'description'), maskText),
    }),
    status: t.field({
      ...factOptions(
        'state',
        'The progress of the payout. To decide whether money has moved, use `outcome`.',
      ),
      type: PayoutStatusType,
      resolve: (payout, _args, { payouts }) =>
        andThen(payouts.fact(payout, 'state'), state => required(state, 'status').status),
    }),
    leanStatus: t.string({
      ...factOptions(
        'state',
        "Lean's own name of the status, also if `status` is `UNKNOWN`; null if Lean gives none.",
      ),
      nullable: true,
      resolve: (payout, _args, { payouts }) =>
        andThen(payouts.fact(payout, 'state'), state => state?.leanStatus ?? null),
    }),
    outcome: t.field({
      ...factOptions(
        'state',
        'Whether money has moved, from `status` and `postInitiationStatus` together. Null if they do not show it: one is ' +
          "unknown, the two contradict each other, or this Lean application does not report the bank's tracking.",
      ),
      type: PayoutOutcomeType,
      nullable: true,
      resolve: (payout, _args, context) => outcomeFor(payout, context),
    }),
    postInitiationStatus: t.field({
      ...factOptions('postInitiationStatus', "How the bank's tracking ended; null while it has not ended."),
      type: PostInitiationStatusType,
      nullable: true,
      resolve: (payout, _args, { payouts }) => payouts.fact(payout, 'postInitiationStatus'),
    }),
    granularStatusCode: t.string({
      ...factOptions(
        'granularStatusCode',
        "Lean's detailed status code, such as `SUCCESS`; null if Lean gives none.",
      ),
      nullable: true,
      resolve: (payout, _args, { payouts }) => payouts.fact(payout, 'granularStatusCode'),
    }),
    statusDetails: t.string({
      ...factOptions(
        'statusDetails',
        "Lean's explanation of the status, for people and not for programs; null if Lean gives none.",
      ),
      nullable: true,
      resolve: (payout, _args, context) =>
        maskedFor(context, context.payouts.fact(payout, 'statusDetails'), maskText),
    }),
    recipient: t.field({
      type: PayoutPartyType,
      description: 'The recipient of the money.',
      resolve: payout => ({ payout, side: 'recipient' as const }),
    }),
    sender: t.field({
      ...factOptions(
        'sender',
        'The account that the money comes from. Lean names it once there is a payment. For payouts that this gateway ' +
          'created, it is known before that.',
      ),
      type: PayoutPartyType,
      nullable: true,
      resolve: (payout, _args, { payouts }) => senderOf(payout, payouts),
    }),
    paymentSourceId: t.id({
      ...factOptions(
        'paymentSourceId',
        "Lean's id of the connected payment source that the money comes from.",
      ),
      nullable: true,
      resolve: (payout, _args, { payouts }) => payouts.fact(payout, 'paymentSourceId'),
    }),
    bankTransactionReference: t.string({
      ...factOptions(
        'bankTransactionReference',
        "The bank's reference, for reconciliation; null until the bank has given one.",
      ),
      nullable: true,
      resolve: (payout, _args, { payouts }) => payouts.fact(payout, 'bankTransactionReference'),
    }),
    autoAuthorized: t.boolean({
      ...factOptions('autoAuthorized', 'Whether the payout was to be authorised without a person.'),
      nullable: true,
      resolve: (payout, _args, { payouts }) => payouts.fact(payout, 'autoAuthorized'),
    }),
    pendingManualAuthorization: t.boolean({
      ...factOptions('pendingManualAuthorization', 'Whether a person still has to authorise the payout.'),
      nullable: true,
      resolve: (payout, _args, { payouts }) => payouts.fact(payout, 'pendingManualAuthorization'),
    }),
    createdAt: t.field({
      ...factOptions('createdAt', 'When Lean recorded the payout.'),
      type: 'DateTime',
      nullable: true,
      resolve: (payout, _args, { payouts }) => payouts.fact(payout, 'createdAt'),
    }),
    updatedAt: t.field({
      ...factOptions('updatedAt', 'When Lean last changed the payout.'),
      type: 'DateTime',
      nullable: true,
      resolve: (payout, _args, { payouts }) => payouts.fact(payout, 'updatedAt'),
    }),
    submittedAt: t.field({
      ...factOptions('submittedAt', 'When the payout was submitted to the bank.'),
      type: 'DateTime',
      nullable: true,
      resolve: (payout, _args, { payouts }) => payouts.fact(payout, 'submittedAt'),
    }),
    initiatedAt: t.field({
      ...factOptions('initiatedAt', 'When the payment at the bank was started.'),
      type: 'DateTime',
      nullable: true,
      resolve: (payout, _args, { payouts }) => payouts.fact(payout, 'initiatedAt'),
    }),
    history: t.field({
      ...readsLean('history'),
      type: [HistoryEventType],
      nullable: true,
      description:
        "The events of the payout, oldest first. Costs one Lean call. The end of the bank's tracking may be missing; use " +
        '`outcome` for that.',
      resolve: (payout, _args, { payouts }) => payouts.history(payout),
    }),
  }),
});

builder.asEntity(PayoutType, {
  key: [
    builder.selection<{ id: string }>('id'),
    builder.selection<{ intentId: string }>('intentId'),
    builder.selection<{ paymentId: string }>('paymentId'),
  ],
  resolveReference: (
    { id, intentId, paymentId }: { id?: unknown; intentId?: unknown; paymentId?: unknown },
    { payouts },
  ) => {
    if (id != null) return payouts.payout(intentIdOf(id, 'id'));
    if (intentId != null) return payouts.payout(parseUuid(intentId, 'intentId'));
    if (paymentId != null) return payouts.payoutByPayment(parseUuid(paymentId, 'paymentId'));
    // The argument path is that of the whole representation.
    throw new BadInput('', 'a Payout needs its id, its intentId or its paymentId.');
  },
});
