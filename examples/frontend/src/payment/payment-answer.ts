import type { ErrorLike } from '@apollo/client';
import { codesOf, wrongArgumentsOf } from '../gateway/error-code';
import type { PaymentResultFragment, PayoutUnknownReason } from '../gql/graphql';
import { errorMessages, type ErrorCode } from './field-messages';
import { fields, type FieldErrors } from './payment-input';

/** What is known of a payment after a request. */
export type PaymentAnswer =
  | { readonly kind: 'created'; readonly payoutId: string; readonly similarUnknownKey: string | null }
  /** Nothing was paid. With another input the payment is another one, and needs a new key. */
  | { readonly kind: 'rejected'; readonly message: string; readonly fieldErrors: FieldErrors }
  /** Nothing was paid. The key belongs to an earlier payment with another input. */
  | { readonly kind: 'conflict'; readonly message: string }
  /** Nothing was paid: this input is refused every time. The corrected input keeps the key. */
  | { readonly kind: 'invalid'; readonly message: string; readonly fieldErrors: FieldErrors }
  /** This request sent nothing. The same input may be accepted later, with the same key. */
  | { readonly kind: 'not-sent'; readonly message: string }
  | {
      readonly kind: 'unknown';
      readonly message: string;
      /** When to repeat the payment, in epoch ms. Undefined: an operator decides, and it does not help to repeat. */
      readonly repeatAt: number | undefined;
    };

/**
 * With these codes the gateway sent nothing, or Lean refused the gateway itself. Any other error, and none at all, leaves
 * the outcome unknown.
 */
const nothingSentCodes: ReadonlySet<string> = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'ACCESS_UNAVAILABLE',
  'RATE_LIMITED',
  'OPERATION_TOO_EXPENSIVE',
  'PERSISTED_OPERATION_REQUIRED',
  'PERSISTED_OPERATION_NOT_FOUND',
  'PAYOUT_STORE_UNAVAILABLE',
  'LEAN_UNAUTHORIZED',
  'LEAN_RATE_LIMITED',
  'LEAN_TIMEOUT',
  'LEAN_UNAVAILABLE',
]);

const reasons: Record<PayoutUnknownReason, string> = {
  WAITING: 'Lean may or may not have accepted it. Repeat it with the same key, which never pays twice.',
  UNCLEAR: 'Lean has a payout that may be this one. An operator must decide. Look it up again later.',
  OPERATOR: 'An operator must find out what happened. Look it up again later.',
};

/** The answer in a result of `createPayout` or `payoutRequest`. */
export function answerOf(result: PaymentResultFragment): PaymentAnswer {
  switch (result.__typename) {
    case 'PayoutCreated':
      return { kind: 'created', payoutId: result.payoutId, similarUnknownKey: result.similarUnknownKey };
    case 'PayoutRejected': {
      const { code, message, inputErrors } = result;
      if (code === 'IDEMPOTENCY_CONFLICT') return { kind: 'conflict', message };
      const kind = code === 'INVALID_INPUT' ? 'invalid' : 'rejected';
      return { kind, ...atFields(message, inputErrors) };
    }
    case 'PayoutOutcomeUnknown': {
      const { reason, retryAfterSeconds } = result;
      const repeatAt = reason === 'WAITING' ? Date.now() + retryAfterSeconds * 1000 : undefined;
      return { kind: 'unknown', message: reasons[reason], repeatAt };
    }
    default:
      return unknownFor('The answer is of an unknown kind.');
  }
}

/** The answer of a payment that got an error instead of a result. */
export function answerOfError(error: ErrorLike): PaymentAnswer {
  const { message } = error;
  const codes = codesOf(error);
  if (codes.length === 0 || !codes.every(code => nothingSentCodes.has(code)))
    return unknownFor(`No answer arrived (${message}).`);
  if (!codes.includes('BAD_USER_INPUT')) return { kind: 'not-sent', message };
  const unreadable = wrongArgumentsOf(error).map(
    path => ({ field: path.replace(/^input\./, ''), code: 'NOT_READABLE' }) as const,
  );
  return { kind: 'invalid', ...atFields(message, unreadable) };
}

/** The answer if nothing is known. The payment may be repeated at once. */
export function unknownFor(cause: string): PaymentAnswer {
  return { kind: 'unknown', message: `${cause} ${reasons.WAITING}`, repeatAt: Date.now() };
}

/** Puts errors at the fields of the form. The gateway's message is shown if one of them is about no such field. */
function atFields(
  message: string,
  errors: readonly { readonly field: string; readonly code: ErrorCode }[],
): { readonly message: string; readonly fieldErrors: FieldErrors } {
  const areShown = errors.length > 0 && errors.every(({ field }) => fields.some(known => known === field));
  return {
    message: areShown ? 'Correct the marked fields.' : message,
    fieldErrors: Object.fromEntries(errors.map(({ field, code }) => [field, errorMessages[code]])),
  };
}
