import type { PayoutRejected, TransferAnswer } from './creation-answer.ts';
import type { Finding } from './finding.ts';
import type { KeptDecision } from './operator-records.ts';
import type {
  Lease,
  NewRequest,
  PayoutRecord,
  PayoutRequest,
  RequestKey,
  Reservation,
  UpstreamResponse,
} from './payout-record.ts';
import type { ResendPermit, SendStamp } from './resend-rule.ts';

/**
 * The result of recording Lean's answer. `overtaken`: the lease is no longer good, and a refusal speaks of its own send
 * alone, so the outcome stays open. `duplicate intent`: Lean names a payout that belongs to another key; the outcome
 * stays unknown. `double payment`: Lean has taken it, and the record names another payout already.
 */
export type Settlement = 'recorded' | 'overtaken' | 'duplicate intent' | 'double payment';

/**
 * The result of noting that a request is about to be sent. `look first`: the store may have lost records (it is new, or
 * another server has taken over), so the request must be looked for at Lean before its first send.
 */
export type SendNote = 'noted' | 'lease lost' | 'look first';

/**
 * The durable record of every attempt to move money. Each call is one transaction: when it resolves, what it says
 * survives a crash; when it rejects with `StoreUnavailable`, it may or may not have happened.
 */
export interface PayoutRecords {
  /**
   * Reserves a key that is free, or tells what it stands for. A record that was made while callers were not told apart
   * answers for every caller who asks for the same.
   */
  reserve(request: NewRequest): Promise<Reservation>;
  /** Another key of the caller, for a payout like this one, that has no answer yet; null where there is none. */
  similarKey(lease: Lease): Promise<string | null>;
  /** Takes a lease on a request whose outcome is unknown, to send it again; undefined when that is not permitted. */
  leaseAgain(request: PayoutRequest, permit: ResendPermit): Promise<Lease | undefined>;
  /** To be called before the first byte is sent: what it notes is on disk when it resolves. */
  noteSending(lease: Lease, stamp: SendStamp, permit: ResendPermit): Promise<SendNote>;
  /** This attempt has sent nothing. After the first one the key is free again. */
  release(lease: Lease): Promise<void>;
  /** Lean turned this send away (credentials, rate limit): it has not taken it, and the next send looks first. */
  turnedAway(lease: Lease): Promise<void>;
  /** This attempt has sent it, and no answer tells. `refusal` becomes final once Lean is proven to have nothing of it. */
  markUnknown(lease: Lease, refusal?: PayoutRejected | null): Promise<void>;
  /**
   * Treats an unsent request as sent at some time within `lookbackMs`, because the store may have lost its record. Its
   * outcome is unknown from now on.
   */
  adopt(
    lease: Lease,
    sent: { readonly lookbackMs: number; readonly leanNow: number | undefined },
  ): Promise<void>;
  /** Age of the oldest record that this store may have lost, in ms; null if unknown. */
  lostRecordsAgeMs(): Promise<number | null>;
  /** Lean's answer to all of it, and what that comes to for each transfer. */
  settle(lease: Lease, response: UpstreamResponse, answers: readonly TransferAnswer[]): Promise<Settlement>;
  read(key: RequestKey): Promise<PayoutRequest | undefined>;
  /** Takes back what gateways that are gone have left: what they had sent is unknown, the rest is free again. */
  recover(): Promise<void>;
  /**
   * Forgets requests that have been settled for longer than this, and turned-away ones that old. A request stays while
   * the outcome of one that was sent at about the same time is unknown: its intents are not that one's.
   */
  forget(olderThanMs: number): Promise<void>;
}

/** A payout that Lean has announced; null where the announcement does not say. */
export interface HeardPayout {
  /** Decimal text. */
  readonly amount: string | null;
  readonly destinationId: string | null;
  readonly intentId: string | null;
}

/** The rejection of one transfer of a request. */
export interface TransferRejection {
  /** Place of the transfer in its request, from 0. */
  readonly position: number;
  readonly answer: TransferAnswer;
}

/** The records, as reconciliation uses them. */
export interface ReconciliationRecords {
  /** Requests of a Lean application that are due to be looked for; of more than `limit`, those due longest. */
  due(limit: number, application: string): Promise<readonly PayoutRequest[]>;
  /** Puts the next look off. False when another gateway has done so, or something has happened to it, meanwhile. */
  postpone(
    request: PayoutRequest,
    next: { readonly checks: number; readonly inMs: number | null },
  ): Promise<boolean>;
  /** Claims the reconciliation read of a request. At most one in five seconds; undefined when it is too early. */
  startReading(request: RequestKey): Promise<PayoutRequest | undefined>;
  /** Keeps the finding of a reconciliation read, unless the request was leased again since it was read. */
  noteFinding(request: PayoutRequest, finding: Finding): Promise<void>;
  /** A transfer of unknown outcome has been found at Lean. False when it is another key's, or settled already. */
  found(request: RequestKey, position: number, answer: TransferAnswer): Promise<boolean>;
  /**
   * Rejects transfers of unknown outcome, because Lean is proven to have nothing of them.
   * @returns those that are rejected now: none when something has happened to the request since it was read
   */
  rejectAbsent(
    request: PayoutRequest,
    rejections: readonly TransferRejection[],
  ): Promise<readonly TransferRejection[]>;
  /**
   * Frees the key of a request that was only ever turned away, and of which Lean is proven to have nothing. One of which
   * anything was found or decided keeps its key.
   */
  freeTurnedAway(request: PayoutRequest): Promise<void>;
  /** Restarts the resend delay from now, because the recorded times are wrong. */
  restartDelay(request: PayoutRequest, leanNow: number): Promise<void>;
  /** Ends the permission of an operator for one more send, unless something has happened to the request meanwhile. */
  endGrant(request: PayoutRequest): Promise<void>;
  /**
   * Adds intents that are a request's beyond its transfers; tells those that were not known. They end the permission of
   * an operator for one more send, who did not know them either.
   */
  noteDuplicates(request: RequestKey, intentIds: readonly string[]): Promise<readonly string[]>;
  /**
   * Stops proofs of absence for this Lean application, because its list has lacked a payout. False where that payout is
   * known already: an operator may have accepted the list since.
   */
  doubtAbsence(application: string, intentId: string, reason: string): Promise<boolean>;
  /** The decisions of operators about a request, the earliest first. */
  decisions(request: PayoutRequest): Promise<readonly KeptDecision[]>;
  /** Why proofs of absence are stopped for a Lean application; undefined when they are not. */
  doubt(application: string): Promise<string | undefined>;
  /**
   * Makes requests due now that a payout may belong to: those of unknown outcome, those that are audited, and those that
   * were settled in the last hours. If a record has the payout's intent, its request becomes due only if it was rejected.
   */
  rescheduleNow(payout: HeardPayout): Promise<void>;
}

/** A record and the request that it is part of. */
export interface OwnedRecord extends RequestKey {
  readonly record: PayoutRecord;
  readonly inFlight: boolean;
}

/** Records of other requests that may own a payout which no record names. */
export interface OtherRecords {
  readonly records: readonly OwnedRecord[];
  /** Whether these are all. Otherwise there are more, of unknown outcome, with other references than the request's. */
  readonly isWhole: boolean;
}

/** Other payouts that the store knows. They tell whether a payout at Lean belongs to a request. */
export interface PayoutEvidence {
  /** Which request each of the intents belongs to, for those that a record names. */
  owners(intentIds: readonly string[]): Promise<ReadonlyMap<string, RequestKey>>;
  /**
   * Records of other requests that may own a payout which no record names: those of unknown outcome, those in flight, and
   * settled ones that have a payout with a reference of this request: Lean may have a second one. Their Lean application
   * does not matter, because a client id may be replaced for the same account.
   * @param from how far back settled ones are looked for, by Lean's clock
   */
  otherRecords(request: PayoutRequest, from: number): Promise<OtherRecords>;
  /**
   * A payout whose creation Lean has answered, and which must be in Lean's list between two times of Lean's clock.
   * Undefined where the store knows of none.
   */
  referencePayout(
    application: string,
    between: { readonly from: number; readonly to: number },
  ): Promise<PayoutRecord | undefined>;
}
