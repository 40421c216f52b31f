import { LeanAnswer } from '../../lean/answer.ts';
import type { LeanRefused } from '../../errors/lean-errors.ts';
import { conflict, wholly, type PayoutRejected } from './creation-answer.ts';

/**
 * The meaning of a refusal by Lean. `final`: Lean took nothing, and the answer is told at once. `open`: an earlier copy
 * of the request may still be taken; `rejected`, where there is one, becomes the answer once Lean is proven to have
 * nothing of it. `turned away`: Lean refused the gateway and not the payout.
 */
export type RefusalVerdict =
  | { readonly kind: 'final'; readonly rejected: PayoutRejected }
  | { readonly kind: 'open'; readonly rejected: PayoutRejected | null }
  | { readonly kind: 'turned away' };

/** The refused send. */
export interface RefusedSend {
  readonly idempotencyKey: string;
  /** Whether it was the first send of the request. */
  readonly first: boolean;
  readonly transfers: number;
}

interface Rule {
  readonly when: (refused: LeanRefused, code: string) => boolean;
  /** On the first send of a single transfer; anything else is looked for first. */
  readonly verdict: 'final' | 'open' | 'unknown' | 'turned away';
  readonly reason: string;
}

/**
 * Codes by which Lean refuses a request for what it asks for: a second copy of it, as an edge may make, would be
 * refused as well. The value is the input field at fault.
 * @see https://docs.leantech.me/reference/general-errors and https://docs.leantech.me/reference/payments-errors
 */
const refusedFields: ReadonlyMap<string, string | null> = new Map([
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

/** Lean's documents name no code for a key that was used with another input; a code must say so to be believed. */
const otherInput = /IDEMPOTEN.*(?:MISMATCH|DIFFER)|(?:MISMATCH|DIFFER).*IDEMPOTEN/;

/** A code that speaks of an earlier request, which may be this very payout: still running, or done. */
const earlierRequest = /IDEMPOTEN|DUPLICAT|ALREADY|IN_PROGRESS|PROCESSING|CONCURRENT/;

/** The first row that fits decides. */
export const refusalRules: readonly Rule[] = [
  {
    when: ({ cause }) => !(cause instanceof LeanAnswer) || cause.envelope === undefined,
    verdict: 'unknown',
    reason: 'Whatever answered is not seen to be Lean: behind it Lean may have taken the payout.',
  },
  {
    when: (_refused, code) => code === 'INVALID_URL' || code === 'INVALID_HTTP_METHOD',
    verdict: 'unknown',
    reason: 'It speaks of the way to Lean, which an edge in front of it may have lost for a moment.',
  },
  {
    when: (_refused, code) => otherInput.test(code),
    verdict: 'final',
    reason: 'Lean knows the key with another input: it has not taken this one.',
  },
  {
    when: (_refused, code) => earlierRequest.test(code),
    verdict: 'unknown',
    reason: 'The earlier request that it speaks of may be another copy of this one.',
  },
  {
    when: ({ code }) => code === 'LEAN_UNAUTHORIZED' || code === 'LEAN_RATE_LIMITED',
    verdict: 'turned away',
    reason: 'Lean looked at who asks, or how often, and not at the payout.',
  },
  {
    when: (_refused, code) => refusedFields.has(code),
    verdict: 'final',
    reason: 'It depends on the request alone, so that every copy of it is refused.',
  },
  {
    when: () => true,
    verdict: 'open',
    reason:
      'Balance, limits and the like change: a copy that an edge made may have been taken before this one.',
  },
];

/** Judges a refusal of a creation, by the first rule that fits. */
export function judgeRefusal(refused: LeanRefused, send: RefusedSend): RefusalVerdict {
  const { idempotencyKey, first, transfers } = send;
  const leanCode = refused.details.code ?? null;
  const code = leanCode?.toUpperCase() ?? '';
  const verdict = refusalRules.find(({ when }) => when(refused, code))?.verdict;
  if (verdict === 'turned away') return { kind: verdict };
  if (verdict === 'unknown' || verdict === undefined) return { kind: 'open', rejected: null };
  const single = transfers === 1;
  if (otherInput.test(code))
    return first
      ? { kind: 'final', rejected: conflict(idempotencyKey, { leanCode }) }
      : { kind: 'open', rejected: null };
  const message = `Lean refused the payout${leanCode === null ? '' : ` (${leanCode})`}. Nothing was paid.`;
  // Lean does not say which of several transfers it refuses.
  const field = single ? (refusedFields.get(code) ?? null) : null;
  const rejected: PayoutRejected = {
    ...wholly(idempotencyKey),
    code: 'REJECTED_BY_LEAN',
    message,
    inputErrors: field === null ? [] : [{ field, code: 'REFUSED_BY_LEAN', message }],
    leanCode,
  };
  return { kind: verdict === 'final' && first && single ? 'final' : 'open', rejected };
}
