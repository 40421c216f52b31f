import type {
  CreatePayoutAnswer,
  CreatePayoutsAnswer,
  PayoutCreated,
  PayoutOutcomeUnknown,
  PayoutsCreated,
} from '../payouts/creation/creation-answer.ts';
import type { PayoutUnknownReason } from '../payouts/creation/finding.ts';
import { emptyPayout, unknownParty, type Payout } from '../payouts/payout.ts';
import { payoutIdOf } from '../payouts/values/ids.ts';
import { builder } from './builder.ts';
import { readsLean } from './fact-field.ts';
import { MoneyType } from './money.ts';
import { PayoutIntentType } from './payout-intent.ts';
import { PayoutPartyType, senderOf } from './payout-party.ts';
import { PayoutRejectedType } from './payout-rejected.ts';
import { PayoutStatusType } from './payout-status.ts';
import { PayoutType } from './payout.ts';

/** The payout as Lean's response to the creation shows it. */
function payoutOf({ intentId, paymentId, sender, recipient }: PayoutCreated): Payout {
  return {
    ...emptyPayout(intentId),
    paymentId,
    sender: sender ?? undefined,
    recipient: recipient ?? unknownParty,
  };
}

const PayoutCreatedType = builder.objectRef<PayoutCreated>('PayoutCreated').implement({
  description: 'Lean has accepted the payout. It is not paid yet: check `Payout.outcome` later.',
  fields: t => ({
    idempotencyKey: t.exposeString('idempotencyKey', { description: 'The idempotency key of the request.' }),
    intentId: t.exposeID('intentId', { description: "Lean's payment_intent_id of the payout." }),
    intent: t.field({
      ...readsLean('intent'),
      type: PayoutIntentType,
      nullable: true,
      description: 'The intent as Lean has it now. Costs one Lean call, shared with `payout`.',
      resolve: ({ intentId }, _args, { payouts }) => payouts.intent(intentId),
    }),
    payoutId: t.id({
      description: 'The id of the payout, as in `Payout.id`.',
      resolve: ({ intentId }) => payoutIdOf(intentId),
    }),
    paymentId: t.exposeID('paymentId', {
      nullable: true,
      description:
        "Lean's payment_id from Lean's response. Usually null, because Lean makes the payment later.",
    }),
    payout: t.field({
      ...readsLean('intent'),
      type: PayoutType,
      nullable: true,
      description: 'The payout as Lean has it now. Costs one Lean call, shared with `intent`.',
      resolve: ({ intentId }, _args, { payouts }) => payouts.payout(intentId),
    }),
    status: t.field({
      type: PayoutStatusType,
      description: "The payout's status in Lean's response, usually `CREATED`.",
      resolve: ({ state }) => state.status,
    }),
    leanStatus: t.string({
      description: "Lean's own name of the status, such as `ACCEPTED_BY_BANK`.",
      resolve: ({ state }) => state.leanStatus ?? 'UNKNOWN',
    }),
    amount: t.expose('amount', { type: MoneyType, description: 'The amount as Lean confirmed it.' }),
    sender: t.field({
      type: PayoutPartyType,
      nullable: true,
      description: 'The account that will be debited.',
      resolve: (created, _args, { payouts }) => senderOf(payoutOf(created), payouts),
    }),
    recipient: t.field({
      type: PayoutPartyType,
      nullable: true,
      description: 'The recipient of the money.',
      resolve: created => ({ payout: payoutOf(created), side: 'recipient' as const }),
    }),
    traceId: t.exposeID('traceId', {
      nullable: true,
      description: "Lean's initiate_payment_task_id. Quote it when you ask Lean's support about this payout.",
    }),
    transferIndex: t.exposeInt('transferIndex', {
      // Nullable as in `PayoutRejected`, because a document may select the field of both types.
      nullable: true,
      description:
        'The index of the transfer in `transfers` of `createPayouts`, from 0. Always 0 for `createPayout`.',
    }),
    similarUnknownKey: t.exposeString('similarUnknownKey', {
      nullable: true,
      description:
        'Another key of yours with the same account, destination, amount and description, whose outcome was unknown when ' +
        'this payout was first sent. Both may be paid: ask the user whether that was intended.',
    }),
  }),
});

const PayoutUnknownReasonType = builder.enumType('PayoutUnknownReason', {
  description: 'Why the outcome of a payout is unknown.',
  values: {
    WAITING: {
      description:
        'Lean may still accept the payout, or could not be read. Repeat the same input and key after `retryAfterSeconds`.',
    },
    UNCLEAR: {
      description:
        'Lean has a payout that may be this one. An operator must decide. Repeating the request does not help.',
    },
    OPERATOR: {
      description: 'An operator must find out what happened. Repeating the request does not help.',
    },
  } as const satisfies Record<PayoutUnknownReason, { readonly description: string }>,
});

const PayoutOutcomeUnknownType = builder.objectRef<PayoutOutcomeUnknown>('PayoutOutcomeUnknown').implement({
  description:
    'Lean may or may not have accepted the payout. Never pay it under another key. Repeating the request with the same ' +
    'key is always safe; `reason` says whether it can help.',
  fields: t => ({
    message: t.exposeString('message', {
      description: 'A sentence that says why the outcome is unknown, and what to do next.',
    }),
    idempotencyKey: t.exposeString('idempotencyKey', { description: 'The key to repeat the request with.' }),
    reason: t.expose('reason', { type: PayoutUnknownReasonType, description: 'Why the outcome is unknown.' }),
    retryAfterSeconds: t.exposeInt('retryAfterSeconds', {
      description: 'How long to wait before the request is repeated: 1 to 30 seconds.',
    }),
    resendAt: t.expose('resendAt', {
      type: 'DateTime',
      nullable: true,
      description:
        'From this time on, a repeated request may send the payout again, if Lean does not have it. Null if the payout is ' +
        'not sent again without a decision of an operator.',
    }),
  }),
});

const PayoutsCreatedType = builder.objectRef<PayoutsCreated>('PayoutsCreated').implement({
  description: 'Lean has answered for each transfer. It may have accepted some and rejected others.',
  fields: t => ({
    idempotencyKey: t.exposeString('idempotencyKey', { description: 'The idempotency key of the request.' }),
    created: t.expose('created', {
      type: [PayoutCreatedType],
      description: 'The transfers that Lean has accepted.',
    }),
    rejected: t.expose('rejected', {
      type: [PayoutRejectedType],
      description: 'The transfers that were rejected.',
    }),
  }),
});

const typeNames = {
  created: 'PayoutCreated',
  rejected: 'PayoutRejected',
  unknown: 'PayoutOutcomeUnknown',
  batch: 'PayoutsCreated',
} as const satisfies Record<(CreatePayoutAnswer | CreatePayoutsAnswer)['kind'], string>;

export const CreatePayoutResult = builder.unionType('CreatePayoutResult', {
  description:
    'The result of a request. Always select all three types. `PayoutOutcomeUnknown` means that money may have moved.',
  types: [PayoutCreatedType, PayoutRejectedType, PayoutOutcomeUnknownType],
  resolveType: answer => typeNames[answer.kind],
});

export const CreatePayoutsResult = builder.unionType('CreatePayoutsResult', {
  description:
    'The result of a request with several transfers: of each transfer if Lean has answered, and of the whole request ' +
    'otherwise.',
  types: [PayoutsCreatedType, PayoutRejectedType, PayoutOutcomeUnknownType],
  resolveType: answer => typeNames[answer.kind],
});
