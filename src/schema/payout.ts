import { andThen, type MaybePromise } from '../loaders/maybe-promise.ts';
import { LeanBadAnswer, LeanNotOffered } from '../errors/lean-errors.ts';
import { BadInput } from '../errors/gateway-errors.ts';
import { intentIdOf, parseUuid, payoutIdOf } from '../payouts/values/ids.ts';
import { maskedProse } from '../access/masking.ts';
import { awaitsTracking, outcomeOf, type Payout, type PayoutOutcome } from '../payouts/payout.ts';
import { builder } from './builder.ts';
import type { GraphContext } from './context.ts';
import { asksLean, ofFact } from './fact-field.ts';
import { HistoryEventType } from './history-event.ts';
import { maskedFor } from './masked-for.ts';
import { MoneyType } from './money.ts';
import { PayoutIntentType } from './payout-intent.ts';
import { PayoutPartyType, senderOf } from './payout-party.ts';
import { PayoutOutcomeType, PayoutStatusType, PostInitiationStatusType } from './payout-status.ts';
import { forReaders } from './scope-rules.ts';

export const PayoutType = builder.objectRef<Payout>('Payout');

function required<Value>(value: Value | null, what: string): Value {
  if (value !== null) return value;
  throw new LeanBadAnswer('LEAN_BAD_RESPONSE', `Lean's payout has no ${what} in it.`, { retryable: false });
}

/** The tracking is read for every status, because it may contradict a final one. */
function outcomeFor(payout: Payout, { payouts }: GraphContext): MaybePromise<PayoutOutcome | null> {
  return andThen(payouts.fact(payout, 'state'), state => {
    const { status } = required(state, 'status');
    const tracking = payouts.fact(payout, 'postInitiationStatus');
    const isKnownWithout = tracking instanceof Promise && !awaitsTracking(status);
    return andThen(isKnownWithout ? tracking.catch(nullIfNotOffered) : tracking, told =>
      outcomeOf(status, told),
    );
  });
}

function nullIfNotOffered(error: unknown): null {
  if (error instanceof LeanNotOffered) return null;
  throw error;
}

PayoutType.implement({
  ...forReaders,
  description:
    "A payout from your bank account, made through Lean: Lean's payment intent with its newest payment. A field has the " +
    'same value however the payout was reached. Fields that lists do not carry cost one more Lean call per payout, ' +
    'shared by all of them; `history` costs one of its own. A field that this Lean application does not offer is null, with the error ' +
    '`NOT_OFFERED_BY_LEAN`.',
  fields: t => ({
    id: t.id({
      description:
        "Never changes, from the moment of creation. It is opaque; Lean's own ids are `intentId` and `paymentId`.",
      resolve: ({ intentId }) => payoutIdOf(intentId),
    }),
    paymentId: t.id({
      ...ofFact(
        'paymentId',
        "Lean's payment_id; null if Lean has made no payment: the payout awaits authorisation, or failed before.",
      ),
      nullable: true,
      resolve: (payout, _args, { payouts }) => payouts.fact(payout, 'paymentId'),
    }),
    intentId: t.exposeID('intentId', { description: "Lean's payment_intent_id." }),
    intent: t.field({
      ...asksLean('intent'),
      type: PayoutIntentType,
      nullable: true,
      description:
        'The request behind it: external reference, destination, customer. One Lean call; none after `payout` and ' +
        '`payoutByIntent`, which read it anyway.',
      resolve: ({ intentId }, _args, { payouts }) => payouts.intent(intentId),
    }),
    amount: t.field({
      ...ofFact('amount', 'The exact amount.'),
      type: MoneyType,
      resolve: (payout, _args, { payouts }) =>
        andThen(payouts.fact(payout, 'amount'), amount => required(amount, 'amount')),
    }),
    description: t.string({
      ...ofFact('description', "The reference text that goes to the recipient's bank, such as `INV 001`."),
      nullable: true,
      resolve: (payout, _args, context) =>
        maskedFor(context, context.payouts.fact(payout, 'description'), maskedProse),
    }),
    status: t.field({
      ...ofFact('state', 'How far it has come. To decide whether money has moved, read `outcome`.'),
      type: PayoutStatusType,
      resolve: (payout, _args, { payouts }) =>
        andThen(payouts.fact(payout, 'state'), state => required(state, 'status').status),
    }),
    leanStatus: t.string({
      ...ofFact(
        'state',
        "Lean's own word for the status, even if `status` is `UNKNOWN`; null if Lean gives none.",
      ),
      nullable: true,
      resolve: (payout, _args, { payouts }) =>
        andThen(payouts.fact(payout, 'state'), state => state?.leanStatus ?? null),
    }),
    outcome: t.field({
      ...ofFact(
        'state',
        'Whether money has moved, from `status` and `postInitiationStatus` together. Null if they do not say: a word is ' +
          "unknown, the two contradict each other, or this Lean application does not report the bank's tracking.",
      ),
      type: PayoutOutcomeType,
      nullable: true,
      resolve: (payout, _args, context) => outcomeFor(payout, context),
    }),
    postInitiationStatus: t.field({
      ...ofFact('postInitiationStatus', "How the bank's tracking ended; null while it has not ended."),
      type: PostInitiationStatusType,
      nullable: true,
      resolve: (payout, _args, { payouts }) => payouts.fact(payout, 'postInitiationStatus'),
    }),
    granularStatusCode: t.string({
      ...ofFact(
        'granularStatusCode',
        "Lean's finer code for the status, such as `SUCCESS`; null if Lean gives none.",
      ),
      nullable: true,
      resolve: (payout, _args, { payouts }) => payouts.fact(payout, 'granularStatusCode'),
    }),
    statusDetails: t.string({
      ...ofFact(
        'statusDetails',
        "Lean's sentence about the status; null if Lean gives none. For people to read, not for programs.",
      ),
      nullable: true,
      resolve: (payout, _args, context) =>
        maskedFor(context, context.payouts.fact(payout, 'statusDetails'), maskedProse),
    }),
    recipient: t.field({
      type: PayoutPartyType,
      description: 'Who is paid.',
      resolve: payout => ({ payout, side: 'recipient' as const }),
    }),
    sender: t.field({
      ...ofFact(
        'sender',
        'The account that the money comes from. Lean names it once there is a payment; for payouts that this gateway ' +
          'created it is known before.',
      ),
      type: PayoutPartyType,
      nullable: true,
      resolve: (payout, _args, { payouts }) => senderOf(payout, payouts),
    }),
    paymentSourceId: t.id({
      ...ofFact('paymentSourceId', "Lean's id of the connected source of the money."),
      nullable: true,
      resolve: (payout, _args, { payouts }) => payouts.fact(payout, 'paymentSourceId'),
    }),
    bankTransactionReference: t.string({
      ...ofFact(
        'bankTransactionReference',
        "The bank's reference, for reconciliation; null until the bank has given one.",
      ),
      nullable: true,
      resolve: (payout, _args, { payouts }) => payouts.fact(payout, 'bankTransactionReference'),
    }),
    autoAuthorized: t.boolean({
      ...ofFact('autoAuthorized', 'Whether Lean was to authorise it without a person.'),
      nullable: true,
      resolve: (payout, _args, { payouts }) => payouts.fact(payout, 'autoAuthorized'),
    }),
    pendingManualAuthorization: t.boolean({
      ...ofFact('pendingManualAuthorization', 'Whether a person still has to authorise it.'),
      nullable: true,
      resolve: (payout, _args, { payouts }) => payouts.fact(payout, 'pendingManualAuthorization'),
    }),
    createdAt: t.field({
      ...ofFact('createdAt', 'When Lean recorded it.'),
      type: 'DateTime',
      nullable: true,
      resolve: (payout, _args, { payouts }) => payouts.fact(payout, 'createdAt'),
    }),
    updatedAt: t.field({
      ...ofFact('updatedAt', 'When Lean last changed it.'),
      type: 'DateTime',
      nullable: true,
      resolve: (payout, _args, { payouts }) => payouts.fact(payout, 'updatedAt'),
    }),
    submittedAt: t.field({
      ...ofFact('submittedAt', 'When it was submitted to the bank.'),
      type: 'DateTime',
      nullable: true,
      resolve: (payout, _args, { payouts }) => payouts.fact(payout, 'submittedAt'),
    }),
    initiatedAt: t.field({
      ...ofFact('initiatedAt', 'When the bank step started.'),
      type: 'DateTime',
      nullable: true,
      resolve: (payout, _args, { payouts }) => payouts.fact(payout, 'initiatedAt'),
    }),
    history: t.field({
      ...asksLean('history'),
      type: [HistoryEventType],
      nullable: true,
      description:
        "Its events, oldest first. One Lean call. Lean may leave out the end of the bank's tracking; read `outcome` for that.",
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
    throw new BadInput('representations', 'a Payout needs its id, its intentId or its paymentId.');
  },
});
