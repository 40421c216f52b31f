import type { PayoutRejected, TransferAnswer } from './creation-answer.ts';
import type { Finding } from './finding.ts';
import type { RecordedDecision } from './operator-records.ts';
import type {
  Lease,
  NewRequest,
  PayoutRecord,
  PayoutRequest,
  RequestKey,
  Reservation,
  UpstreamResponse,
} from './payout-record.ts';
import type { SendPermit, SendTiming } from './resend-rule.ts';
import type { Money } from '../values/money.ts';

/**
 * The result of recording Lean's answer. `overtaken`: the lease has been lost, and a refusal is only about its own
 * send, so the outcome stays open. `duplicate intent`: the payout in the answer belongs to another key, so the
 * outcome stays unknown. `double payment`: Lean has accepted the send, and the record has another payout already.
 */
export type Settlement = 'recorded' | 'overtaken' | 'duplicate intent' | 'double payment';

/**
 * The result of recording that a request is about to be sent. `list read required`: the store may have lost records
 * (it is new, or another server has taken over), so Lean's list must be read before the first send.
 */
export type SendNoteResult = 'noted' | 'lease lost' | 'list read required';

/**
 * The durable records of all payouts. Each call is one transaction. Once it resolves, its changes survive a crash. If
 * it rejects with `StoreUnavailable`, the changes may or may not have been made.
 */
export interface PayoutRecords {
  /**
   * Reserves a free key, or returns the request that has it. A record from the time before callers were authenticated
   * also answers an authenticated caller with the same input.
   */
  reserve(request: NewRequest): Promise<Reservation>;
  /** Another key of the caller for a similar payout of unknown outcome; null if there is none. */
  similarKey(lease: Lease): Promise<string | null>;
  /** Leases a request of unknown outcome for another send; undefined if that is not permitted. */
  leaseAgain(request: PayoutRequest, permit: SendPermit): Promise<Lease | undefined>;
  /** Records on disk that the request is about to be sent. The first byte may only leave after it has resolved. */
  noteSending(lease: Lease, timing: SendTiming, permit: SendPermit): Promise<SendNoteResult>;
  /** Ends a lease under which nothing was sent. After the first lease the key is free again. */
  release(lease: Lease): Promise<void>;
  /**
   * Ends a lease whose send Lean has turned away (credentials, rate limit) and so has not accepted. Lean's list is
   * read before the next send.
   */
  markTurnedAway(lease: Lease): Promise<void>;
  /**
   * Ends a lease whose send has an unknown outcome.
   * @param refusal the answer once Lean is proven not to have the request
   */
  markUnknown(lease: Lease, refusal?: PayoutRejected | null): Promise<void>;
  /**
   * Ends a lease and records the unsent request as sent within the last `lookbackMs`, because the store may have lost
   * an earlier record of it. Its outcome is unknown from now on.
   */
  assumeSent(
    lease: Lease,
    sent: { readonly lookbackMs: number; readonly leanNow: number | undefined },
  ): Promise<void>;
  /** Age of the oldest record that this store may have lost, in ms; null if unknown. */
  lostRecordsAgeMs(): Promise<number | null>;
  /** Ends a lease and records Lean's response, and the answer to each transfer. */
  settle(lease: Lease, response: UpstreamResponse, answers: readonly TransferAnswer[]): Promise<Settlement>;
  read(key: RequestKey): Promise<PayoutRequest | undefined>;
  /**
   * Ends the leases of gateways that no longer run. Requests that they had sent become unknown, the other keys are
   * free.
   */
  recover(): Promise<void>;
  /**
   * Deletes requests that were settled longer ago than this, and turned-away ones of that age. A settled request is
   * kept while a request that was sent at about the same time is open: its record shows which payouts at Lean do not
   * belong to the open one.
   */
  purge(olderThanMs: number): Promise<void>;
}

/** The fields of a webhook that identify a payout; null for a field that the webhook lacks. */
export interface AnnouncedPayout {
  /** Decimal text in major units, such as `16.50`. */
  readonly amount: string | null;
  readonly destinationId: string | null;
  readonly intentId: string | null;
}

/** The rejection of one transfer of a request. */
export interface TransferRejection {
  /** Position of the transfer in its request, from 0. */
  readonly position: number;
  readonly answer: TransferAnswer;
}

/** The operations on records for reconciliation. */
export interface ReconciliationRecords {
  /** Requests of a Lean application whose reconciliation read is due, open ones first, then the longest due. */
  due(limit: number, application: string): Promise<readonly PayoutRequest[]>;
  /**
   * Postpones the next reconciliation read of a request.
   * @param next.inMs from now; null for none
   * @returns false if another gateway has postponed it, or if the request was leased, since it was read
   */
  postpone(
    request: PayoutRequest,
    next: { readonly checks: number; readonly inMs: number | null },
  ): Promise<boolean>;
  /** Starts a reconciliation read, at most one per request in five seconds; undefined if it is too early. */
  startReading(request: RequestKey): Promise<PayoutRequest | undefined>;
  /** Records the finding of a reconciliation read, unless the request was leased again since it was read. */
  noteFinding(request: PayoutRequest, finding: Finding): Promise<void>;
  /**
   * Records the answer to a transfer of unknown outcome that was found at Lean.
   * @returns false if the payout belongs to another key, or if the transfer is settled already
   */
  recordFound(request: RequestKey, position: number, answer: TransferAnswer): Promise<boolean>;
  /**
   * Rejects transfers of unknown outcome that Lean is proven not to have.
   * @returns the recorded rejections; none if the request has changed since it was read
   */
  rejectAbsent(
    request: PayoutRequest,
    rejections: readonly TransferRejection[],
  ): Promise<readonly TransferRejection[]>;
  /**
   * Frees the key of a request whose sends Lean has all turned away, and that Lean is proven not to have. A request
   * of which a payout was found or decided keeps its key.
   */
  freeTurnedAway(request: PayoutRequest): Promise<void>;
  /** Starts the resend delay again now, because the recorded times are wrong. */
  restartDelay(request: PayoutRequest, leanNow: number): Promise<void>;
  /** Removes an operator's permission for one more send, unless the request has changed since it was read. */
  endGrant(request: PayoutRequest): Promise<void>;
  /**
   * Records intents that a request has in addition to its transfers. A new one removes an operator's permission for
   * one more send, because the operator did not know it.
   * @returns the intents that were not recorded before
   */
  noteDuplicates(request: RequestKey, intentIds: readonly string[]): Promise<readonly string[]>;
  /**
   * Records that the list of a Lean application has lacked a payout. From then on the list proves no absence.
   * @returns false if this payout is recorded already; an operator may have accepted the list since
   */
  doubtAbsence(application: string, intentId: string, reason: string): Promise<boolean>;
  /** Operators' decisions about a request, the earliest first. */
  decisions(request: PayoutRequest): Promise<readonly RecordedDecision[]>;
  /** Why the list of a Lean application proves no absence; undefined if it is not doubted. */
  doubtReason(application: string): Promise<string | undefined>;
  /**
   * Makes the requests due now that an announced payout may belong to: those of unknown outcome, those that are
   * audited, and those that were settled in the last hours. If a record has the payout's intent, only a rejected one
   * becomes due.
   */
  rescheduleNow(payout: AnnouncedPayout): Promise<void>;
}

/** A record with the key of its request. */
export interface KeyedRecord extends RequestKey {
  readonly record: PayoutRecord;
  readonly inFlight: boolean;
}

/** Records of other requests that may own a payout that no record names. */
export interface OtherRecords {
  readonly records: readonly KeyedRecord[];
  /** Whether these are all. If not, the others are of unknown outcome and have other references than the request. */
  readonly isComplete: boolean;
}

/** The record that names an intent. */
export interface IntentOwner extends RequestKey {
  readonly destinationId: string;
  readonly amount: Money;
  readonly externalReference: string;
}

/** Payouts in the store that show whether a payout at Lean belongs to a request. */
export interface PayoutEvidence {
  /** The owners of the intents. An intent that no record names is not in the map. */
  owners(intentIds: readonly string[]): Promise<ReadonlyMap<string, IntentOwner>>;
  /**
   * Records of other requests that may own a payout that no record names. These are records of unknown outcome,
   * records in flight, and settled ones with a reference of this request, because Lean may have a second payout of
   * them. Their Lean application does not matter, because the client id of an account may be replaced.
   * @param from the earliest creation of settled ones, epoch ms of Lean's clock
   */
  otherRecords(request: PayoutRequest, from: number): Promise<OtherRecords>;
  /**
   * A reference payout: Lean has confirmed its creation, so it must be in Lean's list.
   * @param between the range of its send time, epoch ms of Lean's clock
   * @returns undefined if the store has none
   */
  referencePayout(
    application: string,
    between: { readonly from: number; readonly to: number },
  ): Promise<PayoutRecord | undefined>;
}
