import { isCode } from '../../lean/answer.ts';
import type { Instant } from '../values/instant.ts';
import type { CreatedTransfer } from './created-transfer.ts';
import type { PayoutUnknownReason } from './finding.ts';
import type { InputProblem, PayoutInputErrorCode } from './input-problem.ts';

export type PayoutRejectionCode = 'INVALID_INPUT' | 'REJECTED_BY_LEAN' | 'IDEMPOTENCY_CONFLICT';

/** Lean has accepted the payout; it is not paid yet. */
export interface PayoutCreated extends Omit<CreatedTransfer, 'reason'> {
  readonly kind: 'created';
  readonly idempotencyKey: string;
  /** Position among the transfers of `createPayouts`, from 0. */
  readonly transferIndex: number;
  /** Another key of this caller for a similar payout whose outcome was unknown when this one was first sent. */
  readonly similarUnknownKey: string | null;
}

/** Nothing was paid, and the same request would be refused again. */
export interface PayoutRejected {
  readonly kind: 'rejected';
  readonly code: PayoutRejectionCode;
  readonly message: string;
  /** One for each wrong field of the input, at most 20. */
  readonly inputErrors: readonly PayoutInputError[];
  readonly leanCode: string | null;
  readonly rejectedIntentId: string | null;
  readonly idempotencyKey: string;
  /** Null when the request was refused as a whole. */
  readonly transferIndex: number | null;
}

/** A wrong field of the input. */
export interface PayoutInputError {
  /** Its path within the input, such as `amount.amount` or `transfers.2.description`. */
  readonly field: string;
  readonly code: PayoutInputErrorCode;
  /** A sentence for people. */
  readonly message: string;
}

/** Lean may or may not have accepted the payout. */
export interface PayoutOutcomeUnknown {
  readonly kind: 'unknown';
  readonly message: string;
  readonly idempotencyKey: string;
  readonly reason: PayoutUnknownReason;
  /** Whole seconds, 1 to 30, after which the client may repeat the request. */
  readonly retryAfterSeconds: number;
  /** When a repetition is sent again if Lean still does not have the payout; null if an operator must decide. */
  readonly resendAt: Instant | null;
}

export interface PayoutsCreated {
  readonly kind: 'batch';
  readonly idempotencyKey: string;
  readonly created: readonly PayoutCreated[];
  readonly rejected: readonly PayoutRejected[];
}

export type CreatePayoutAnswer = PayoutCreated | PayoutRejected | PayoutOutcomeUnknown;
export type CreatePayoutsAnswer = PayoutsCreated | PayoutRejected | PayoutOutcomeUnknown;

/** The final answer to one transfer. */
export type TransferAnswer = PayoutCreated | PayoutRejected;

/** The intent that Lean has created for a transfer, also one that Lean failed at once; null if there is none. */
export function intentOf(answer: TransferAnswer): string | null {
  return answer.kind === 'created' ? answer.intentId : answer.rejectedIntentId;
}

/** The intents that Lean has created for transfers, including those that Lean failed at once. */
export function intentsOf(answers: readonly TransferAnswer[]): readonly string[] {
  return answers.flatMap(answer => intentOf(answer) ?? []);
}

/** Combines the answers to all transfers of a request, in their order, into the answer to the request. */
export function batchAnswer(idempotencyKey: string, answers: readonly TransferAnswer[]): CreatePayoutsAnswer {
  const [first] = answers;
  if (first?.kind === 'rejected' && first.transferIndex === null) return first;
  return {
    kind: 'batch',
    idempotencyKey,
    created: answers.filter(answer => answer.kind === 'created'),
    rejected: answers.filter(answer => answer.kind === 'rejected'),
  };
}

/** The final answer to a transfer that Lean has answered. A payout that Lean fails at once is a rejection. */
export function transferAnswer(
  idempotencyKey: string,
  transferIndex: number,
  { reason, ...answer }: CreatedTransfer,
  similarUnknownKey: string | null,
): TransferAnswer {
  // Only FAILED is a rejection: Lean does not document whether a failed authorisation ends a payout.
  if (answer.state.status !== 'FAILED')
    return { kind: 'created', idempotencyKey, transferIndex, ...answer, similarUnknownKey };
  // A word without an underscore may be a name and not a code.
  const code = isCode(reason) && reason.includes('_') ? reason : null;
  return {
    kind: 'rejected',
    code: 'REJECTED_BY_LEAN',
    message: `Lean failed the payout at once${code === null ? '' : ` (${code})`}. Nothing was paid.`,
    inputErrors: [],
    leanCode: code,
    rejectedIntentId: answer.intentId,
    idempotencyKey,
    transferIndex,
  };
}

/** The most problems in one answer. It keeps the answer smaller than the request. */
export const maxProblems = 20;

/** The rejection of an input before anything is sent. */
export function invalidInput(idempotencyKey: string, problems: readonly InputProblem[]): PayoutRejected {
  const inputErrors = problems.slice(0, maxProblems).map(({ field, code, problem }) => ({
    field,
    code,
    message: `${field} ${problem}`,
  }));
  const [first] = inputErrors;
  const several = `${String(problems.length)} fields of the input are wrong; see inputErrors.`;
  return {
    ...requestRejection(idempotencyKey),
    code: 'INVALID_INPUT',
    message: problems.length === 1 && first !== undefined ? first.message : several,
    inputErrors,
  };
}

/**
 * The rejection of a key that was used before with another input.
 * @param details.leanCode Lean's error code, if Lean has found the conflict and not the gateway
 * @param details.open whether the outcome of the earlier request is unknown
 */
export function keyConflict(
  idempotencyKey: string,
  { leanCode = null, open = false }: { readonly leanCode?: string | null; readonly open?: boolean } = {},
): PayoutRejected {
  const message =
    'This idempotency key was used before with another input. This request paid nothing, but the earlier one with this key may ' +
    'have. Send the original input' +
    (open
      ? ', whose outcome is not known yet; do not pay it under another key.'
      : '. Use a new key only for a payout that is meant in addition to it.');
  return {
    ...requestRejection(idempotencyKey),
    code: 'IDEMPOTENCY_CONFLICT',
    message,
    inputErrors: [{ field: 'idempotencyKey', code: 'ALREADY_USED', message }],
    leanCode,
  };
}

/** The fields that all rejections of a request as a whole have in common. */
export function requestRejection(
  idempotencyKey: string,
): Pick<PayoutRejected, 'kind' | 'leanCode' | 'rejectedIntentId' | 'idempotencyKey' | 'transferIndex'> {
  return { kind: 'rejected', leanCode: null, rejectedIntentId: null, idempotencyKey, transferIndex: null };
}
