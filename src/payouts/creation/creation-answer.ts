import { isCode } from '../../lean/answer.ts';
import type { Instant } from '../values/instant.ts';
import type { CreatedTransfer } from './created-transfer.ts';
import type { PayoutUnknownReason } from './finding.ts';
import type { InputProblem, PayoutInputErrorCode } from './input-problem.ts';

export type PayoutRejectionCode = 'INVALID_INPUT' | 'REJECTED_BY_LEAN' | 'IDEMPOTENCY_CONFLICT';

/** Lean has taken the payout; it is not paid yet. */
export interface PayoutCreated extends Omit<CreatedTransfer, 'reason'> {
  readonly kind: 'created';
  readonly idempotencyKey: string;
  /** Position among the transfers of `createPayouts`, from 0. */
  readonly transferIndex: number;
  /** Another key of this caller, for a payout like this one, whose outcome was unknown when this one was first sent. */
  readonly similarUnknownKey: string | null;
}

/** Nothing was paid, and the same request would be refused again. */
export interface PayoutRejected {
  readonly kind: 'rejected';
  readonly code: PayoutRejectionCode;
  readonly message: string;
  /** One for each wrong field of the input, 20 at most. */
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

/** Lean may or may not have taken the payout. */
export interface PayoutOutcomeUnknown {
  readonly kind: 'unknown';
  readonly message: string;
  readonly idempotencyKey: string;
  readonly reason: PayoutUnknownReason;
  /** Whole seconds, 1 to 30, until it is worth asking again. */
  readonly retryAfterSeconds: number;
  /** From when on a repetition would be sent if Lean still has nothing of it; null where a person must decide. */
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

/** The answer to a request from those to its transfers, in their order. */
export function batch(idempotencyKey: string, answers: readonly TransferAnswer[]): CreatePayoutsAnswer {
  const [first] = answers;
  if (first?.kind === 'rejected' && first.transferIndex === null) return first;
  return {
    kind: 'batch',
    idempotencyKey,
    created: answers.filter(answer => answer.kind === 'created'),
    rejected: answers.filter(answer => answer.kind === 'rejected'),
  };
}

/** What Lean's answer to a transfer comes to: one that it fails on the spot is a rejection. */
export function transferAnswer(
  idempotencyKey: string,
  transferIndex: number,
  { reason, ...answer }: CreatedTransfer,
  similarUnknownKey: string | null,
): TransferAnswer {
  // Whether a failed authorisation is the end of a payout, Lean's documents do not say.
  if (answer.state.status !== 'FAILED')
    return { kind: 'created', idempotencyKey, transferIndex, ...answer, similarUnknownKey };
  // A single word may as well be a name.
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

/** The most problems in one answer, so that an answer does not outgrow the request. */
export const mostProblems = 20;

/** Rejects an input before anything is sent. There is one problem for each wrong field. */
export function invalid(idempotencyKey: string, problems: readonly InputProblem[]): PayoutRejected {
  const inputErrors = problems.slice(0, mostProblems).map(({ field, code, problem }) => ({
    field,
    code,
    message: `${field} ${problem}`,
  }));
  const [first] = inputErrors;
  const several = `${String(problems.length)} fields of the input are wrong; see inputErrors.`;
  return {
    ...wholly(idempotencyKey),
    code: 'INVALID_INPUT',
    message: problems.length === 1 && first !== undefined ? first.message : several,
    inputErrors,
  };
}

/** The key stands for another input; by our own record, or by Lean's code where it has one for that. */
export function conflict(
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
    ...wholly(idempotencyKey),
    code: 'IDEMPOTENCY_CONFLICT',
    message,
    inputErrors: [{ field: 'idempotencyKey', code: 'ALREADY_USED', message }],
    leanCode,
  };
}

export function wholly(
  idempotencyKey: string,
): Pick<PayoutRejected, 'kind' | 'leanCode' | 'rejectedIntentId' | 'idempotencyKey' | 'transferIndex'> {
  return { kind: 'rejected', leanCode: null, rejectedIntentId: null, idempotencyKey, transferIndex: null };
}
