import type { Instant } from './values/instant.ts';
import type { Money } from './values/money.ts';

export type PayoutStatus =
  | 'CREATED'
  | 'AWAITING_AUTHORIZATION'
  | 'PENDING_WITH_BANK'
  | 'ACCEPTED_BY_BANK'
  | 'FAILED'
  | 'AUTHORISATION_FAILED'
  | 'UNKNOWN';

export type PostInitiationStatus = 'PROCESSED' | 'REJECTED' | 'UNKNOWN';

export type PayoutOutcome = 'IN_PROGRESS' | 'PAID' | 'NOT_PAID';

/** A party to a payout. A value is `undefined` if the response that the payout was read from does not carry it. */
export interface PayoutParty {
  /** The name in Lean's payment, and in the destination itself. */
  readonly legalName: string | null | undefined;
  /** The name of the destination in Lean's list. */
  readonly displayName: string | null | undefined;
  readonly accountNumber: string | null | undefined;
  readonly iban: string | null | undefined;
  readonly bankName: string | null | undefined;
}

/** A payout's status: the gateway's own value, and Lean's text. */
export interface PayoutState {
  readonly status: PayoutStatus;
  readonly leanStatus: string | null;
}

/**
 * A payout, from one of Lean's responses: an intent at Lean with its newest payment. A fact is `undefined` if that
 * response does not carry it; it can then be read from another source (`payout-facts.ts`). It is `null` if Lean has no
 * value for it, or if only payments have it and there is none.
 */
export interface Payout {
  readonly intentId: string;
  /** Null if there is no payment, or if a list row lacks its id. */
  readonly paymentId: string | null;
  readonly amount: Money | undefined;
  readonly description: string | null | undefined;
  readonly state: PayoutState | undefined;
  readonly postInitiationStatus: PostInitiationStatus | null | undefined;
  readonly bankTransactionReference: string | null | undefined;
  readonly recipient: PayoutParty;
  readonly sender: PayoutParty | undefined;
  readonly paymentSourceId: string | null | undefined;
  readonly granularStatusCode: string | null | undefined;
  readonly statusDetails: string | null | undefined;
  readonly submittedAt: Instant | null | undefined;
  readonly initiatedAt: Instant | null | undefined;
  // Only list rows carry the following facts.
  readonly autoAuthorized: boolean | null | undefined;
  readonly pendingManualAuthorization: boolean | null | undefined;
  readonly createdAt: Instant | null | undefined;
  readonly updatedAt: Instant | null | undefined;
}

/** A payout from a row of Lean's list. */
export interface PayoutRow extends Payout {
  readonly createdAt: Instant | null;
  /** The row as Lean sent it, only to see whether it has changed. */
  readonly wire: unknown;
}

export const unknownParty: PayoutParty = {
  legalName: undefined,
  displayName: undefined,
  accountNumber: undefined,
  iban: undefined,
  bankName: undefined,
};

/** A payout of which only the intent id is known. */
export function emptyPayout(intentId: string): Payout {
  return {
    intentId,
    paymentId: null,
    amount: undefined,
    description: undefined,
    state: undefined,
    postInitiationStatus: undefined,
    bankTransactionReference: undefined,
    recipient: unknownParty,
    sender: undefined,
    paymentSourceId: undefined,
    granularStatusCode: undefined,
    statusDetails: undefined,
    submittedAt: undefined,
    initiatedAt: undefined,
    autoAuthorized: undefined,
    pendingManualAuthorization: undefined,
    createdAt: undefined,
    updatedAt: undefined,
  };
}

/**
 * The outcome that Lean's two statuses mean together.
 * @param postInitiationStatus null while the bank's tracking has no result; undefined if this Lean application does not
 *   report the tracking
 * @returns null if the outcome is not known: for an unknown status, for two statuses that contradict each other, and
 *   for a payout that the bank accepted but whose tracking is not reported
 */
export function outcomeOf(
  status: PayoutStatus,
  postInitiationStatus: PostInitiationStatus | null | undefined,
): PayoutOutcome | null {
  const failed = status === 'FAILED' || status === 'AUTHORISATION_FAILED';
  if (postInitiationStatus === 'REJECTED') return 'NOT_PAID';
  if (postInitiationStatus === 'PROCESSED') return failed ? null : 'PAID';
  if (failed) return 'NOT_PAID';
  if (status === 'UNKNOWN' || postInitiationStatus === 'UNKNOWN') return null;
  if (status === 'ACCEPTED_BY_BANK' && postInitiationStatus === undefined) return null;
  return 'IN_PROGRESS';
}

/** Whether the outcome depends on the bank's tracking. With any other status, the outcome is known without it. */
export function awaitsTracking(status: PayoutStatus): boolean {
  return status === 'ACCEPTED_BY_BANK' || status === 'PENDING_WITH_BANK' || status === 'UNKNOWN';
}

/** Whether the payout has no payment at Lean yet, by its status. */
export function isBeforePayment(payout: Pick<Payout, 'state'> | undefined): boolean {
  const status = payout?.state?.status;
  return status === 'CREATED' || status === 'AWAITING_AUTHORIZATION';
}

/** Whether a payout with this status has a payment at Lean, even if a list row lacks the payment's id. */
export function isAtBank(status: PayoutStatus): boolean {
  return status === 'PENDING_WITH_BANK' || status === 'ACCEPTED_BY_BANK';
}
