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

/** A party to a payout. A value is `undefined` if the answer that the payout was read from does not carry it. */
export interface PayoutParty {
  /** As Lean's payment and the destination itself have it. */
  readonly legalName: string | null | undefined;
  /** As the list calls a destination. */
  readonly displayName: string | null | undefined;
  readonly accountNumber: string | null | undefined;
  readonly iban: string | null | undefined;
  readonly bankName: string | null | undefined;
}

/** What a payout's statuses say, in Lean's own word and in ours. */
export interface PayoutState {
  readonly status: PayoutStatus;
  readonly leanStatus: string | null;
}

/**
 * A payout as one of Lean's answers shows it: an intent of Lean's with its newest payment. A fact is `undefined` if that
 * answer does not carry it; it can then be read elsewhere (`payout-facts.ts`). It is `null` if Lean says so, or if there
 * is no payment to have it.
 */
export interface Payout {
  readonly intentId: string;
  /** Null where there is no payment, and where a list row does not name it. */
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
  /** From here on: carried by lists alone. */
  readonly autoAuthorized: boolean | null | undefined;
  readonly pendingManualAuthorization: boolean | null | undefined;
  readonly createdAt: Instant | null | undefined;
  readonly updatedAt: Instant | null | undefined;
}

/** A payout as a row of Lean's list shows it. */
export interface PayoutRow extends Payout {
  readonly createdAt: Instant | null;
}

export const unknownParty: PayoutParty = {
  legalName: undefined,
  displayName: undefined,
  accountNumber: undefined,
  iban: undefined,
  bankName: undefined,
};

/** A payout of which only the intent's id is known. */
export function bareOf(intentId: string): Payout {
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
 * What Lean's two statuses mean together, or null where that cannot be told: a word that is not known, two that
 * contradict each other, or an acceptance whose tracking cannot be had.
 * @param postInitiationStatus null while the tracking goes on; undefined where this Lean application does not tell
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

/**
 * Whether the outcome depends on the bank's tracking. With any other status it is known also if Lean does not report the
 * tracking.
 */
export function awaitsTracking(status: PayoutStatus): boolean {
  return status === 'ACCEPTED_BY_BANK' || status === 'PENDING_WITH_BANK' || status === 'UNKNOWN';
}

/** Whether Lean has made no payment of it yet, by its status. */
export function isBeforePayment(payout: Pick<Payout, 'state'> | undefined): boolean {
  const status = payout?.state?.status;
  return status === 'CREATED' || status === 'AWAITING_AUTHORIZATION';
}

/** Whether Lean has a payment of a payout with this status, also where a list row does not name it. */
export function isAtBank(status: PayoutStatus): boolean {
  return status === 'PENDING_WITH_BANK' || status === 'ACCEPTED_BY_BANK';
}
