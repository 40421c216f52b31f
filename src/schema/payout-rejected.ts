import type { PayoutInputError, PayoutRejected } from '../payouts/creation/creation-answer.ts';
import type { PayoutInputErrorCode } from '../payouts/creation/input-problem.ts';
import { builder } from './builder.ts';
import { asksLean } from './fact-field.ts';
import { PayoutType } from './payout.ts';

const PayoutRejectionCodeType = builder.enumType('PayoutRejectionCode', {
  description: 'Why a payout was rejected.',
  values: {
    INVALID_INPUT: {
      description:
        'The input was refused before anything was sent. Correct the fields in `inputErrors`. The key is free, unless ' +
        'an earlier request has used it.',
    },
    REJECTED_BY_LEAN: {
      description:
        'Lean refused it, failed it, or has not taken it; see `leanCode`. A corrected payout needs a new key.',
    },
    IDEMPOTENCY_CONFLICT: {
      description:
        'The key was used before, with another input. This request paid nothing, but the earlier one may have. Send the ' +
        'original input; use a new key only for a payout that is meant in addition to it.',
    },
  } as const,
});

const PayoutInputErrorCodeType = builder.enumType('PayoutInputErrorCode', {
  description: 'Why a field of the input was refused. Use it to write messages in your own language.',
  values: {
    REQUIRED: { description: 'It is empty, or has no visible character.' },
    TOO_LONG: { description: 'It has more characters than are accepted.' },
    TOO_MANY: { description: 'The list has more entries than are accepted.' },
    OUTER_BLANKS: { description: 'It begins or ends with a blank.' },
    INVALID_CHARACTERS: { description: 'It holds characters that are not accepted in this field.' },
    NOT_A_UUID: { description: 'It is not a UUID.' },
    NOT_POSITIVE: { description: 'The amount is zero or below.' },
    TOO_LARGE: { description: 'The amount has more digits before the point than are accepted.' },
    TOO_MANY_DECIMALS: { description: 'The amount has more decimals than its currency has.' },
    UNKNOWN_CURRENCY: { description: 'The currency is not in ISO 4217.' },
    DUPLICATE: { description: 'Another transfer of the request has the same value.' },
    ALREADY_USED: { description: 'The idempotency key was used before, with another input.' },
    REFUSED_BY_LEAN: { description: 'Lean refused the payout because of this field; see `leanCode`.' },
  } as const satisfies Record<PayoutInputErrorCode, { readonly description: string }>,
});

const PayoutInputErrorType = builder.objectRef<PayoutInputError>('PayoutInputError').implement({
  description: 'A wrong field of the input.',
  fields: t => ({
    field: t.exposeString('field', {
      description: 'Its path within the input, such as `amount.amount` or `transfers.2.description`.',
    }),
    code: t.expose('code', { type: PayoutInputErrorCodeType, description: 'The reason, for programs.' }),
    message: t.exposeString('message', { description: 'The reason, as an English sentence.' }),
  }),
});

export const PayoutRejectedType = builder.objectRef<PayoutRejected>('PayoutRejected').implement({
  description:
    'Nothing was paid, and the same request would be refused again. A payout that Lean creates and fails at once is ' +
    'rejected, too, and has an intent.',
  fields: t => ({
    code: t.expose('code', { type: PayoutRejectionCodeType, description: 'The reason, for programs.' }),
    message: t.exposeString('message', { description: 'The reason, as an English sentence.' }),
    inputErrors: t.expose('inputErrors', {
      type: [PayoutInputErrorType],
      description: 'One entry for each wrong field of the input, 20 at most; empty if no field is wrong.',
    }),
    leanCode: t.exposeString('leanCode', {
      nullable: true,
      description: "Lean's code for the refusal, such as `UNKNOWN_PAYMENT_DESTINATION`, if it gave one.",
    }),
    rejectedIntentId: t.exposeID('rejectedIntentId', {
      nullable: true,
      description: 'The intent that Lean created and failed, if it created one.',
    }),
    payout: t.field({
      ...asksLean('intent'),
      type: PayoutType,
      nullable: true,
      description:
        'The payout of `rejectedIntentId`, as Lean has it now; null if Lean created none. One Lean call.',
      resolve: ({ rejectedIntentId }, _args, { payouts }) =>
        rejectedIntentId === null ? null : payouts.payout(rejectedIntentId),
    }),
    idempotencyKey: t.exposeString('idempotencyKey', { description: 'The key of the request.' }),
    transferIndex: t.exposeInt('transferIndex', {
      nullable: true,
      description: 'Which of the `transfers` it is, from 0; null if the request was refused as a whole.',
    }),
  }),
});
