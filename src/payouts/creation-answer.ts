import { isCode } from '../lean/answer.ts';
import type { LeanRefused } from '../lean/errors.ts';
import type { CreatedTransfer } from './creation-wire.ts';
import type { InputProblem } from './transfer.ts';

export type PayoutRejectionCode = 'INVALID_INPUT' | 'REJECTED_BY_LEAN' | 'IDEMPOTENCY_CONFLICT';

/** Lean has taken the payout; it is not paid yet. */
export interface PayoutCreated extends Omit<CreatedTransfer, 'reason'> {
  readonly kind: 'created';
  readonly idempotencyKey: string;
  /** Position among the transfers of `createPayouts`, from 0. */
  readonly transferIndex: number;
}

/** Nothing was paid, and the same request would be refused again. */
export interface PayoutRejected {
  readonly kind: 'rejected';
  readonly code: PayoutRejectionCode;
  readonly message: string;
  readonly field: string | null;
  readonly leanCode: string | null;
  readonly rejectedIntentId: string | null;
  readonly idempotencyKey: string;
  /** Null when the request was refused as a whole. */
  readonly transferIndex: number | null;
}

/** Lean may or may not have taken the payout. */
export interface PayoutOutcomeUnknown {
  readonly kind: 'unknown';
  readonly message: string;
  readonly idempotencyKey: string;
}

export interface PayoutsCreated {
  readonly kind: 'batch';
  readonly idempotencyKey: string;
  readonly created: readonly PayoutCreated[];
  readonly rejected: readonly PayoutRejected[];
}

export type CreatePayoutAnswer = PayoutCreated | PayoutRejected | PayoutOutcomeUnknown;
export type CreatePayoutsAnswer = PayoutsCreated | PayoutRejected | PayoutOutcomeUnknown;

/** What is known of one transfer for good. */
export type TransferAnswer = PayoutCreated | PayoutRejected;

export function unknown(idempotencyKey: string): PayoutOutcomeUnknown {
  return {
    kind: 'unknown',
    message:
      'Lean may or may not have taken the payout: its answer did not arrive or could not be read. ' +
      'Send the same input with the same idempotencyKey again; do not send it with another key.',
    idempotencyKey,
  };
}

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
): TransferAnswer {
  const { status } = answer.state;
  if (status !== 'FAILED' && status !== 'AUTHORISATION_FAILED')
    return { kind: 'created', idempotencyKey, transferIndex, ...answer };
  // A single word may as well be a name.
  const code = isCode(reason) && reason.includes('_') ? reason : null;
  return {
    kind: 'rejected',
    code: 'REJECTED_BY_LEAN',
    message: `Lean failed the payout at once${code === null ? '' : ` (${code})`}. Nothing was paid.`,
    field: null,
    leanCode: code,
    rejectedIntentId: answer.intentId,
    idempotencyKey,
    transferIndex,
  };
}

export function invalid(idempotencyKey: string, problems: readonly InputProblem[]): PayoutRejected {
  return {
    ...wholly(idempotencyKey),
    code: 'INVALID_INPUT',
    message: problems.map(({ field, problem }) => `${field} ${problem}`).join(' '),
    field: problems[0]?.field ?? null,
  };
}

/** The key stands for another input; by our own record, or by Lean's code where it has one for that. */
export function conflict(idempotencyKey: string, leanCode: string | null = null): PayoutRejected {
  return {
    ...wholly(idempotencyKey),
    code: 'IDEMPOTENCY_CONFLICT',
    message:
      'This idempotencyKey was used before with another input. This request paid nothing; a new payout needs a new key.',
    field: 'idempotencyKey',
    leanCode,
  };
}

function wholly(
  idempotencyKey: string,
): Pick<PayoutRejected, 'kind' | 'leanCode' | 'rejectedIntentId' | 'idempotencyKey' | 'transferIndex'> {
  return { kind: 'rejected', leanCode: null, rejectedIntentId: null, idempotencyKey, transferIndex: null };
}

/** The input field that a refusal of Lean's is about, by Lean's code. */
const refusedFields: Readonly<Record<string, string>> = {
  UNKNOWN_PAYMENT_DESTINATION: 'destinationId',
  INVALID_AMOUNT: 'amount.amount',
  AMOUNT_UNDER_MIN_VALUE: 'amount.amount',
  AMOUNT_OVER_MAX_VALUE: 'amount.amount',
  INVALID_CURRENCY: 'amount.currency',
  INVALID_ACCOUNT: 'accountId',
  UNKNOWN_ACCOUNT: 'accountId',
  INVALID_DESCRIPTION: 'description',
};

/** Statuses by which Lean says that it did not take a request. Any other 4xx leaves that open. */
const provenRefusals: ReadonlySet<number | undefined> = new Set([
  400, 404, 405, 406, 410, 413, 414, 415, 422, 431,
]);

/** Lean's documents name no code for a key that was used with another input; a code must say so to be believed. */
const otherInput =
  /IDEMPOTEN.*(?:MISMATCH|DIFFER|CONFLICT|REUSE)|(?:MISMATCH|DIFFER|CONFLICT|REUSE).*IDEMPOTEN/;

/** A code that speaks of an earlier request, which may be this very payout: still running, or done. */
const earlierRequest = /IDEMPOTEN|DUPLICAT|ALREADY|IN_PROGRESS|PROCESSING|CONCURRENT/;

/**
 * A 4xx that is about the payout; undefined for one that leaves its outcome open. One that speaks of an earlier
 * request of the same kind is no proof that nothing was paid, and telling the caller to use another key would pay
 * twice.
 * @param several whether the request holds several transfers: Lean does not say which one it means
 */
export function refusal(
  idempotencyKey: string,
  { details }: LeanRefused,
  several: boolean,
): PayoutRejected | undefined {
  const leanCode = details.code ?? null;
  const code = leanCode?.toUpperCase() ?? '';
  if (otherInput.test(code)) return conflict(idempotencyKey, leanCode);
  if (earlierRequest.test(code) || !provenRefusals.has(details.httpStatus)) return undefined;
  return {
    ...wholly(idempotencyKey),
    code: 'REJECTED_BY_LEAN',
    message: `Lean refused the payout${leanCode === null ? '' : ` (${leanCode})`}. Nothing was paid.`,
    field: several ? null : (refusedFields[code] ?? null),
    leanCode,
  };
}
