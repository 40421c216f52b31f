import type {
  CreatePayoutAnswer,
  CreatePayoutsAnswer,
  PayoutCreated,
  PayoutOutcomeUnknown,
  PayoutsCreated,
} from '../payouts/creation/creation-answer.ts';
import type { PayoutUnknownReason } from '../payouts/creation/finding.ts';
import { bareOf, unknownParty, type Payout } from '../payouts/payout.ts';
import { payoutIdOf } from '../payouts/values/ids.ts';
import { builder } from './builder.ts';
import { asksLean } from './fact-field.ts';
import { MoneyType } from './money.ts';
import { PayoutIntentType } from './payout-intent.ts';
import { PayoutPartyType, senderOf } from './payout-party.ts';
import { PayoutRejectedType } from './payout-rejected.ts';
import { PayoutStatusType } from './payout-status.ts';
import { PayoutType } from './payout.ts';

/** The payout as Lean's answer to the creation shows it. */
function payoutOf({ intentId, paymentId, sender, recipient }: PayoutCreated): Payout {
  return {
    ...bareOf(intentId),
    paymentId,
    sender: sender ?? undefined,
    recipient: recipient ?? unknownParty,
  };
}

const PayoutCreatedType = builder.objectRef<PayoutCreated>('PayoutCreated').implement({
  description: 'Lean has taken the payout. It is not paid yet: follow its outcome.',
  fields: t => ({
    idempotencyKey: t.exposeString('idempotencyKey', { description: 'The key that it was created under.' }),
    intentId: t.exposeID('intentId', { description: "Lean's payment_intent_id of it." }),
    intent: t.field({
      ...asksLean('intent'),
      type: PayoutIntentType,
      nullable: true,
      description: 'The intent as Lean has it now. One Lean call, shared with `payout`.',
      resolve: ({ intentId }, _args, { payouts }) => payouts.intent(intentId),
    }),
    payoutId: t.id({
      description: 'The id of the payout: `Payout.id`.',
      resolve: ({ intentId }) => payoutIdOf(intentId),
    }),
    paymentId: t.exposeID('paymentId', {
      nullable: true,
      description:
        "Lean's payment_id, if Lean's answer had one. Mostly null, because no payment has been made yet.",
    }),
    payout: t.field({
      ...asksLean('intent'),
      type: PayoutType,
      nullable: true,
      description: 'The payout as Lean has it now. One Lean call, shared with `intent`.',
      resolve: ({ intentId }, _args, { payouts }) => payouts.payout(intentId),
    }),
    status: t.field({
      type: PayoutStatusType,
      description: "Its status in Lean's answer, mostly `CREATED`.",
      resolve: ({ state }) => state.status,
    }),
    leanStatus: t.string({
      description: "Lean's own word for that status.",
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
      description: 'Who will be paid.',
      resolve: created => ({ payout: payoutOf(created), side: 'recipient' as const }),
    }),
    traceId: t.exposeID('traceId', {
      nullable: true,
      description: "Lean's initiate_payment_task_id: name it when you ask Lean's support about this payout.",
    }),
    transferIndex: t.exposeInt('transferIndex', {
      // `PayoutRejected` has it nullable, and a document may select both.
      nullable: true,
      description: 'Which of the `transfers` of `createPayouts` it is, from 0; 0 for `createPayout`.',
    }),
    similarUnknownKey: t.exposeString('similarUnknownKey', {
      nullable: true,
      description:
        'Another key of yours with the same account, destination, amount and description whose outcome was unknown when ' +
        'this payout was first sent: ask the user whether this was paid twice.',
    }),
  }),
});

const PayoutUnknownReasonType = builder.enumType('PayoutUnknownReason', {
  description: 'Why the outcome of a payout is unknown.',
  values: {
    WAITING: {
      description:
        'Lean may still take it, or could not be read. Repeat the same input and key after `retryAfterSeconds`.',
    },
    UNCLEAR: {
      description:
        'Lean has a payout that may be this one. An operator must decide; repeating does not help.',
    },
    OPERATOR: { description: 'An operator must decide what became of it; repeating does not help.' },
  } as const satisfies Record<PayoutUnknownReason, { readonly description: string }>,
});

const PayoutOutcomeUnknownType = builder.objectRef<PayoutOutcomeUnknown>('PayoutOutcomeUnknown').implement({
  description:
    'Lean may or may not have taken the payout. Never pay it under another key. Repeating this key is always safe; ' +
    '`reason` says whether it can help.',
  fields: t => ({
    message: t.exposeString('message', { description: 'What is known, and what to do.' }),
    idempotencyKey: t.exposeString('idempotencyKey', { description: 'The key to send again.' }),
    reason: t.expose('reason', { type: PayoutUnknownReasonType, description: 'Why it is unknown.' }),
    retryAfterSeconds: t.exposeInt('retryAfterSeconds', {
      description: 'When it is worth asking again: 1 to 30 seconds from now.',
    }),
    resendAt: t.expose('resendAt', {
      type: 'DateTime',
      nullable: true,
      description:
        'The gateway may send the payout again from this time on, when the key is repeated and Lean does not have it. ' +
        'Null where it is not sent again without a person.',
    }),
  }),
});

const PayoutsCreatedType = builder.objectRef<PayoutsCreated>('PayoutsCreated').implement({
  description: 'Lean has answered to each transfer: some may have been taken and others rejected.',
  fields: t => ({
    idempotencyKey: t.exposeString('idempotencyKey', { description: 'The key of the request.' }),
    created: t.expose('created', {
      type: [PayoutCreatedType],
      description: 'The transfers that Lean has taken.',
    }),
    rejected: t.expose('rejected', {
      type: [PayoutRejectedType],
      description: 'The transfers that Lean failed at once.',
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
    'What became of the request. Always ask for all three: only the last leaves open whether money moves.',
  types: [PayoutCreatedType, PayoutRejectedType, PayoutOutcomeUnknownType],
  resolveType: answer => typeNames[answer.kind],
});

export const CreatePayoutsResult = builder.unionType('CreatePayoutsResult', {
  description: 'What became of the request as a whole, or, where Lean answered, of each transfer.',
  types: [PayoutsCreatedType, PayoutRejectedType, PayoutOutcomeUnknownType],
  resolveType: answer => typeNames[answer.kind],
});
