import type { Instant } from './instant.ts';
import type { Money } from './money.ts';

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

/** A party to a payout. `undefined`: not carried by what the payout is known from, and worth a look at Lean. */
export interface PayoutParty {
  readonly name: string | null;
  readonly accountNumber: string | null | undefined;
  readonly iban: string | null;
  readonly bankName: string | null;
}

/** What a payout's statuses say, in Lean's own word and in ours. */
export interface PayoutState {
  readonly status: PayoutStatus;
  readonly leanStatus: string | null;
}

/**
 * A payout, as far as it is known. A field that is `undefined` was not carried by the answer that this payout was
 * read from, though Lean's single-payout call may carry it; `null` is Lean's own null, or what no call carries.
 */
export interface Payout {
  readonly paymentId: string | null;
  readonly intentId: string | null | undefined;
  readonly amount: Money | undefined;
  readonly description: string | null | undefined;
  /** `undefined` when only the intent is known: then the history tells. */
  readonly state: PayoutState | undefined;
  /** What Lean answered when it was created: says most as long as there is no event. */
  readonly createdAs?: PayoutState;
  readonly postInitiationStatus: PostInitiationStatus | null | undefined;
  readonly bankTransactionReference: string | null | undefined;
  readonly recipient: PayoutParty;
  readonly sender: PayoutParty | null | undefined;
  readonly paymentSourceId: string | null | undefined;
  readonly granularStatusCode: string | null | undefined;
  readonly statusDetails: string | null | undefined;
  readonly submittedAt: Instant | null | undefined;
  readonly initiatedAt: Instant | null | undefined;
  /** From here on: carried by lists alone, null otherwise. */
  readonly autoAuthorized: boolean | null;
  readonly pendingManualAuthorization: boolean | null;
  readonly createdAt: Instant | null;
  readonly updatedAt: Instant | null;
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

/** Whether the bank's tracking can still change what `status` means: only then is it worth a call. */
export function awaitsTracking(status: PayoutStatus): boolean {
  return status === 'ACCEPTED_BY_BANK' || status === 'PENDING_WITH_BANK' || status === 'UNKNOWN';
}
