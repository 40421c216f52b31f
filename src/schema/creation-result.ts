import type {
  CreatePayoutAnswer,
  CreatePayoutsAnswer,
  PayoutCreated,
  PayoutInputError,
  PayoutOutcomeUnknown,
  PayoutRejected,
  PayoutsCreated,
} from '../payouts/creation/creation-answer.ts';
import type { PayoutUnknownReason } from '../payouts/creation/finding.ts';
import { bareOf, unknownParty, type Payout } from '../payouts/payout.ts';
import type { PayoutInputErrorCode } from '../payouts/creation/input-problem.ts';
import { payoutIdOf } from '../payouts/ids.ts';
import { builder } from './builder.ts';
import { asksLean } from './fact-field.ts';
import { MoneyType } from './money.ts';
import { PayoutIntentType } from './payout-intent.ts';
import { PayoutPartyType } from './payout-party.ts';
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
      description: 'Its intent as Lean has it now. One Lean call, shared with `payout`.',
      resolve: ({ intentId }, _args, { payouts }) => payouts.intent(intentId),
    }),
    payoutId: t.id({
      description: 'The payout: `Payout.id`.',
      resolve: ({ intentId }) => payoutIdOf(intentId),
    }),
    paymentId: t.exposeID('paymentId', {
      nullable: true,
      description:
        "Lean's payment_id of it, where Lean's answer had one: mostly null, as no payment is made yet.",
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
      resolve: created => created.sender && { payout: payoutOf(created), side: 'sender' as const },
    }),
    recipient: t.field({
      type: PayoutPartyType,
      nullable: true,
      description: 'Who will be paid.',
      resolve: created => created.recipient && { payout: payoutOf(created), side: 'recipient' as const },
    }),
    traceId: t.exposeID('traceId', {
      nullable: true,
      description: "Lean's initiate_payment_task_id: name it when you ask Lean's support about this payout.",
    }),
    transferIndex: t.exposeInt('transferIndex', {
      // As in `PayoutRejected`: a document may select both.
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

const PayoutRejectionCodeType = builder.enumType('PayoutRejectionCode', {
  description: 'Why a payout was rejected.',
  values: {
    INVALID_INPUT: {
      description:
        'The input was refused before anything was sent; correct what `inputErrors` names, the key is still free.',
    },
    REJECTED_BY_LEAN: {
      description:
        'Lean refused it, failed it, or has not taken it; see `leanCode`. A corrected payout needs a new key.',
    },
    IDEMPOTENCY_CONFLICT: {
      description:
        'The key was used before, with another input. This request paid nothing; the earlier one may have.',
    },
  } as const,
});

const PayoutInputErrorCodeType = builder.enumType('PayoutInputErrorCode', {
  description: 'Why a field of the input is not accepted, for messages in a language of your own.',
  values: {
    REQUIRED: { description: 'It is empty, or holds nothing that can be seen.' },
    TOO_LONG: { description: 'It has more characters than are accepted.' },
    TOO_MANY: { description: 'The list has more entries than are accepted.' },
    OUTER_BLANKS: { description: 'It begins or ends with a blank.' },
    INVALID_CHARACTERS: { description: 'It holds characters that are not accepted in this field.' },
    NOT_A_UUID: { description: 'It is no UUID, such as Lean’s ids are.' },
    NOT_POSITIVE: { description: 'The amount is zero or below.' },
    TOO_LARGE: { description: 'The amount has more digits before the point than are accepted.' },
    TOO_MANY_DECIMALS: { description: 'The amount has more decimals than its currency has.' },
    UNKNOWN_CURRENCY: { description: 'There is no such ISO 4217 currency.' },
    DUPLICATE: { description: 'Another transfer of the request has the same.' },
    ALREADY_USED: { description: 'The idempotency key stands for another input.' },
    REFUSED_BY_LEAN: { description: 'Lean refused the payout because of this field; see `leanCode`.' },
  } as const satisfies Record<PayoutInputErrorCode, { readonly description: string }>,
});

const PayoutInputErrorType = builder.objectRef<PayoutInputError>('PayoutInputError').implement({
  description: 'A wrong field of the input.',
  fields: t => ({
    field: t.exposeString('field', {
      description: 'Its path within the input, such as `amount.amount` or `transfers.2.description`.',
    }),
    code: t.expose('code', { type: PayoutInputErrorCodeType, description: 'Why, in a word.' }),
    message: t.exposeString('message', { description: 'Why, in a sentence for people.' }),
  }),
});

const PayoutRejectedType = builder.objectRef<PayoutRejected>('PayoutRejected').implement({
  description:
    'Nothing was paid, and the same request would be refused again. A payout that Lean fails inside a successful ' +
    'answer ends here too, with its intent id.',
  fields: t => ({
    code: t.expose('code', { type: PayoutRejectionCodeType, description: 'Why, in a word.' }),
    message: t.exposeString('message', { description: 'Why, in a sentence for people.' }),
    inputErrors: t.expose('inputErrors', {
      type: [PayoutInputErrorType],
      description:
        'The wrong fields of the input, one entry for each, 20 at most; empty where none of them is wrong.',
    }),
    leanCode: t.exposeString('leanCode', {
      nullable: true,
      description: "Lean's code for the refusal, such as `UNKNOWN_PAYMENT_DESTINATION`, where it gave one.",
    }),
    rejectedIntentId: t.exposeID('rejectedIntentId', {
      nullable: true,
      description: 'The intent that Lean made and failed, where it made one.',
    }),
    payout: t.field({
      ...asksLean('intent'),
      type: PayoutType,
      nullable: true,
      description:
        'The payout of `rejectedIntentId`, as Lean has it now; null where Lean made none. One Lean call.',
      resolve: ({ rejectedIntentId }, _args, { payouts }) =>
        rejectedIntentId === null ? null : payouts.payout(rejectedIntentId),
    }),
    idempotencyKey: t.exposeString('idempotencyKey', { description: 'The key of the request.' }),
    transferIndex: t.exposeInt('transferIndex', {
      nullable: true,
      description: 'Which of the `transfers` it is, from 0; null when the request was refused as a whole.',
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
