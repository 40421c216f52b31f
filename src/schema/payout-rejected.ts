import type { PayoutInputError, PayoutRejected } from '../payouts/creation/creation-answer.ts';
import type { PayoutInputErrorCode } from '../payouts/creation/input-problem.ts';
import { builder } from './builder.ts';
import { readsLean } from './fact-field.ts';
import { PayoutType } from './payout.ts';

const PayoutRejectionCodeType = builder.enumType('PayoutRejectionCode', {
  description: 'Why a payout was rejected.',
  values: {
    INVALID_INPUT: {
      description:
        'The gateway refused the input and sent nothing. Correct the fields in `inputErrors`. The key may be used again, ' +
        'unless an earlier request has used it.',
    },
    REJECTED_BY_LEAN: {
      description:
        'Lean refused the payout, failed it, or has not accepted it; see `leanCode`. A corrected payout needs a new key.',
    },
    IDEMPOTENCY_CONFLICT: {
      description:
        'The key was used before with another input. This request paid nothing, but the earlier one may have. Repeat the ' +
        'original input. Use a new key only for an additional payout.',
    },
  } as const,
});

const PayoutInputErrorCodeType = builder.enumType('PayoutInputErrorCode', {
  description: 'Why a field of the input was refused. Use it to show messages in your own language.',
  values: {
    REQUIRED: { description: 'The text or the list is empty, or the text has no visible character.' },
    TOO_LONG: { description: 'The text has more characters than are accepted.' },
    TOO_MANY: { description: 'The list has more entries than are accepted.' },
    OUTER_BLANKS: { description: 'The text begins or ends with whitespace.' },
    INVALID_CHARACTERS: { description: 'The text contains characters that are not accepted in this field.' },
    NOT_A_UUID: { description: 'The text is not a UUID.' },
    NOT_POSITIVE: { description: 'The amount is zero or negative.' },
    TOO_LARGE: { description: 'The amount has more digits before the decimal point than are accepted.' },
    TOO_MANY_DECIMALS: { description: 'The amount has more decimal places than its currency has.' },
    UNKNOWN_CURRENCY: { description: 'The currency is not in ISO 4217.' },
    DUPLICATE: { description: 'Another transfer of the request has the same value.' },
    ALREADY_USED: { description: 'The idempotency key was used before with another input.' },
    REFUSED_BY_LEAN: {
      description:
        'Lean refused the payout because of this field; see `leanCode`. A corrected payout needs a new key.',
    },
  } as const satisfies Record<PayoutInputErrorCode, { readonly description: string }>,
});

const PayoutInputErrorType = builder.objectRef<PayoutInputError>('PayoutInputError').implement({
  description: 'A field of the input that was refused, with the reason.',
  fields: t => ({
    field: t.exposeString('field', {
      description:
        'The path of the field in the input, such as `amount.amount` or `transfers.2.description`.',
    }),
    code: t.expose('code', { type: PayoutInputErrorCodeType, description: 'The reason, for programs.' }),
    message: t.exposeString('message', { description: 'The reason, as an English sentence.' }),
  }),
});

export const PayoutRejectedType = builder.objectRef<PayoutRejected>('PayoutRejected').implement({
  description:
    'Nothing was paid, and the same request would be rejected again. A payout that Lean creates and fails at once is ' +
    'also rejected; it has a `rejectedIntentId`.',
  fields: t => ({
    code: t.expose('code', { type: PayoutRejectionCodeType, description: 'The reason, for programs.' }),
    message: t.exposeString('message', { description: 'The reason, as an English sentence.' }),
    inputErrors: t.expose('inputErrors', {
      type: [PayoutInputErrorType],
      description:
        'One entry for each refused field of the input, 20 at most. Empty if no field was refused.',
    }),
    leanCode: t.exposeString('leanCode', {
      nullable: true,
      description:
        "Lean's code for the refusal, such as `UNKNOWN_PAYMENT_DESTINATION`; null if Lean gave none.",
    }),
    rejectedIntentId: t.exposeID('rejectedIntentId', {
      nullable: true,
      description:
        "Lean's payment_intent_id of the payout that Lean created and failed; null if Lean created none.",
    }),
    payout: t.field({
      ...readsLean('intent'),
      type: PayoutType,
      nullable: true,
      description:
        'The payout of `rejectedIntentId`, as Lean has it now; null if Lean created none. Costs one Lean call.',
      resolve: ({ rejectedIntentId }, _args, { payouts }) =>
        rejectedIntentId === null ? null : payouts.payout(rejectedIntentId),
    }),
    idempotencyKey: t.exposeString('idempotencyKey', { description: 'The idempotency key of the request.' }),
    transferIndex: t.exposeInt('transferIndex', {
      nullable: true,
      description:
        'The index of the transfer in `transfers`, from 0. Null if Lean or the gateway refused the whole request; the ' +
        'results of `payoutRequest` then name each transfer of a batch.',
    }),
  }),
});
