import { LeanAnswer } from '../../lean/answer.ts';
import type { LeanRefused } from '../../errors/lean-errors.ts';
import { keyConflict, requestRejection, type PayoutRejected } from './creation-answer.ts';

/**
 * The meaning of a refusal by Lean. `final`: Lean has accepted nothing, and `rejected` is the answer. `open`: Lean
 * may accept another copy of the request; `rejected`, if there is one, becomes the answer once Lean is proven not to
 * have the request. `turned away`: Lean has refused the gateway and not the payout.
 */
export type RefusalVerdict =
  | { readonly kind: 'final'; readonly rejected: PayoutRejected }
  | { readonly kind: 'open'; readonly rejected: PayoutRejected | null }
  | { readonly kind: 'turned away' };

/** The send that Lean has refused. */
export interface RefusedSend {
  readonly idempotencyKey: string;
  /** Whether it was certainly the first send of the request. */
  readonly first: boolean;
  /** The number of transfers. */
  readonly transfers: number;
}

interface Rule {
  readonly when: (refused: LeanRefused, code: string) => boolean;
  /**
   * `final` applies only to a first send, and except for a key mismatch only to a single transfer; otherwise `open`.
   */
  readonly verdict: 'final' | 'open' | 'unknown' | 'turned away';
}

/** The words for the refused fields in messages. The name of a field differs between the surfaces. */
const fieldNames = {
  'amount.amount': 'amount',
  'amount.currency': 'currency',
  accountId: 'account',
  destinationId: 'destination',
  description: 'description',
} as const;

/**
 * Codes by which Lean refuses a request because of its contents. A proxy in front of Lean may have delivered the
 * request twice, but Lean refuses the other copy as well. The value is the wrong input field; null if the code names
 * none.
 * @see https://docs.leantech.me/reference/general-errors and https://docs.leantech.me/reference/payments-errors
 */
const refusedFields: ReadonlyMap<string, keyof typeof fieldNames | null> = new Map([
  ['INVALID_PARAMETERS', null],
  ['MISSING_PARAMETERS', null],
  ['INVALID_AMOUNT', 'amount.amount'],
  ['AMOUNT_UNDER_MIN_VALUE', 'amount.amount'],
  ['AMOUNT_OVER_MAX_VALUE', 'amount.amount'],
  ['INVALID_CURRENCY', 'amount.currency'],
  ['INVALID_ACCOUNT', 'accountId'],
  ['UNKNOWN_ACCOUNT', 'accountId'],
  ['INVALID_IBAN', 'destinationId'],
  ['INVALID_NAME', 'destinationId'],
  ['UNKNOWN_PAYMENT_DESTINATION', 'destinationId'],
  ['BENEFICIARY_NOT_ACTIVE', 'destinationId'],
  ['INVALID_DESCRIPTION', 'description'],
]);

/** Codes for a key that was used with another input. Lean documents none, so the code itself must say so. */
const keyMismatchCode = /IDEMPOTEN.*(?:MISMATCH|DIFFER)|(?:MISMATCH|DIFFER).*IDEMPOTEN/;

/** Codes that refer to an earlier request, in flight or completed. It may be another copy of this one. */
const earlierRequestCode = /IDEMPOTEN|DUPLICAT|ALREADY|IN_PROGRESS|PROCESSING|CONCURRENT/;

/** The first rule that matches decides. */
const refusalRules: readonly Rule[] = [
  // The response has no error body of Lean, so a proxy may have sent it after Lean had accepted the payout.
  {
    when: ({ cause }) => !(cause instanceof LeanAnswer) || cause.errorEnvelope === undefined,
    verdict: 'unknown',
  },
  // The error is about the route to Lean, which a proxy in front of Lean may have lost for a moment.
  {
    when: (_refused, code) => code === 'INVALID_URL' || code === 'INVALID_HTTP_METHOD',
    verdict: 'unknown',
  },
  // Lean has the key with another input, so it has not accepted this one.
  { when: (_refused, code) => keyMismatchCode.test(code), verdict: 'final' },
  // The earlier request may be another copy of this one.
  { when: (_refused, code) => earlierRequestCode.test(code), verdict: 'unknown' },
  // Lean has refused the credentials or the request rate, and has not evaluated the payout.
  {
    when: ({ code }) => code === 'LEAN_UNAUTHORIZED' || code === 'LEAN_RATE_LIMITED',
    verdict: 'turned away',
  },
  // The result depends only on the request, so Lean refuses every copy of it.
  { when: (_refused, code) => refusedFields.has(code), verdict: 'final' },
  // The result depends on a balance, a limit or the like. If a proxy has delivered two copies, Lean may have accepted
  // the other one.
  { when: () => true, verdict: 'open' },
];

/** Classifies Lean's refusal of a creation. */
export function classifyRefusal(refused: LeanRefused, send: RefusedSend): RefusalVerdict {
  const { idempotencyKey, first, transfers } = send;
  const leanCode = refused.details.code ?? null;
  const code = leanCode?.toUpperCase() ?? '';
  const verdict = refusalRules.find(({ when }) => when(refused, code))?.verdict;
  if (verdict === 'turned away') return { kind: verdict };
  if (verdict === 'unknown' || verdict === undefined) return { kind: 'open', rejected: null };
  const isSingle = transfers === 1;
  if (keyMismatchCode.test(code))
    return first
      ? { kind: 'final', rejected: keyConflict(idempotencyKey, { leanCode }) }
      : { kind: 'open', rejected: null };
  // In a batch, Lean does not name the transfer that it refuses.
  const field = isSingle ? (refusedFields.get(code) ?? null) : null;
  const why = field === null ? '' : ` because of its ${fieldNames[field]}`;
  const message =
    `Lean refused the payout${why}${leanCode === null ? '' : ` (${leanCode})`}. Nothing was paid. ` +
    'A corrected payout needs a new idempotency key.';
  const rejected: PayoutRejected = {
    ...requestRejection(idempotencyKey),
    code: 'REJECTED_BY_LEAN',
    message,
    inputErrors: field === null ? [] : [{ field, code: 'REFUSED_BY_LEAN', message }],
    leanCode,
  };
  return { kind: verdict === 'final' && first && isSingle ? 'final' : 'open', rejected };
}
