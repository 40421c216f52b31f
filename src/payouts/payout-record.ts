import { createHash } from 'node:crypto';
import {
  batch,
  type CreatePayoutsAnswer,
  type PayoutCreated,
  type TransferAnswer,
} from './creation-answer.ts';
import { canonicalDecimal } from './decimal.ts';
import type { Transfer } from './transfer.ts';

/**
 * What is known of a transfer that somebody asked for. `reserved`: nothing has been sent. `sent`: it is on its way to
 * Lean. `created` and `rejected` are Lean's word and stay. `unknown`: it was sent and no answer tells.
 */
export type RecordState = 'reserved' | 'sent' | 'created' | 'rejected' | 'unknown';

/** A key is one caller's own: another's may be the same. */
export interface RequestKey {
  /** The caller's subject; the empty text for everybody where callers are not told apart. */
  readonly caller: string;
  readonly idempotencyKey: string;
}

export interface PayoutRecord {
  /** Place among the transfers of its request, from 0. */
  readonly position: number;
  readonly transfer: Transfer;
  readonly state: RecordState;
  /** Lean's ids, as they become known. */
  readonly intentId: string | null;
  readonly paymentId: string | null;
  /** Once it is created or rejected. */
  readonly answer: TransferAnswer | null;
}

/** Lean's own answer to a creation, as it came. */
export interface LeanWord {
  readonly status: number;
  /** Its media type, where it named one. */
  readonly contentType: string | null;
  readonly body: string;
}

/** All that was asked for under one key, by one Lean call. Times are epoch milliseconds. */
export interface PayoutRequest extends RequestKey {
  readonly fingerprint: string;
  /** Null as long as there is none that could be understood, also where the payouts were found at Lean. */
  readonly leanWord: LeanWord | null;
  /** At least one, in the order of the transfers. */
  readonly records: readonly PayoutRecord[];
  /** Whether somebody is at it right now. */
  readonly underWay: boolean;
  /** How often it has been reserved for sending. */
  readonly attempts: number;
  readonly createdAt: number;
  readonly firstSentAt: number | null;
  readonly lastSentAt: number | null;
  /** When the state of one of its records last changed. */
  readonly changedAt: number;
  /** How often it has been looked for at Lean in vain, and when that is due again. */
  readonly checks: number;
  readonly nextCheckAt: number | null;
}

/** The right to send a request, held by one attempt at a time. */
export interface Claim extends RequestKey {
  readonly id: string;
  /** 1 for the first: only then does not having sent it mean that it was never sent. */
  readonly attempt: number;
}

export interface NewRequest extends RequestKey {
  readonly fingerprint: string;
  readonly transfers: readonly Transfer[];
}

/** The right to send it, or what the key stands for already. */
export type Reservation = { readonly claim: Claim } | { readonly request: PayoutRequest };

/**
 * What came of recording Lean's word. `overtaken`: the claim is no longer good, and a refusal speaks of its own
 * attempt alone, so the outcome is for another to tell. `foreign`: Lean names a payout that belongs to another key;
 * the outcome stays unknown. `twice`: Lean has taken it, and the record names another payout already.
 */
export type Settlement = 'recorded' | 'overtaken' | 'foreign' | 'twice';

/**
 * The durable record of every attempt to move money. Each call is one transaction: when it resolves, what it says
 * survives a crash; when it rejects with `StoreUnavailable`, it may or may not have happened.
 */
export interface PayoutRecords {
  /** Reserves a key that is free, or tells what it stands for. */
  reserve(request: NewRequest): Promise<Reservation>;
  /** Reserves a request whose outcome is unknown, to send it again; undefined when somebody else was first. */
  reserveAgain(request: PayoutRequest): Promise<Claim | undefined>;
  /**
   * To be called before the first byte is sent. False when the claim is no longer good, or Lean has turned out to have
   * one of the transfers: then nothing may be sent.
   */
  sending(claim: Claim): Promise<boolean>;
  /** This attempt has sent nothing. After the first one the key is free again. */
  release(claim: Claim): Promise<void>;
  /** This attempt has sent it, and no answer tells. */
  lose(claim: Claim): Promise<void>;
  /** Lean's word on all of it, and what that comes to for each transfer. */
  settle(claim: Claim, word: LeanWord, answers: readonly TransferAnswer[]): Promise<Settlement>;
  /** A payout of unknown outcome has been found at Lean. False when it is another key's, or settled already. */
  found(key: RequestKey, answer: PayoutCreated): Promise<boolean>;
  read(key: RequestKey): Promise<PayoutRequest | undefined>;
  /** Those of the intents that a record names. */
  recordedIntents(intentIds: readonly string[]): Promise<ReadonlySet<string>>;
  /** Requests of unknown outcome that are due to be looked for; of more than `limit`, those due longest. */
  due(limit: number): Promise<readonly PayoutRequest[]>;
  /** Puts the next look off. False when somebody else has done so, or something has happened to it, meanwhile. */
  postpone(
    request: PayoutRequest,
    next: { readonly checks: number; readonly inMs: number },
  ): Promise<boolean>;
  /** Takes back what was left lying by those who are gone: what they had sent is unknown, the rest is free again. */
  recover(): Promise<void>;
  /** Forgets requests that are settled and have not changed since. */
  forget(changedBefore: number): Promise<void>;
  /** Has those of unknown outcome looked for at once: something has been heard that may be theirs. */
  hasten(): Promise<void>;
  /** How many requests there are of unknown outcome. */
  unresolved(): Promise<number>;
  /** The newest requests first. */
  list(filter: ListFilter): Promise<readonly PayoutRequest[]>;
}

export interface ListFilter {
  readonly unknownOnly: boolean;
  /** Epoch ms of their creation. */
  readonly since: number | undefined;
  readonly limit: number;
}

/** The recorded answer to a request; undefined while one of its transfers has none. */
export function recordedAnswer({ idempotencyKey, records }: PayoutRequest): CreatePayoutsAnswer | undefined {
  const answers = records.map(({ answer }) => answer).filter(answer => answer !== null);
  return answers.length === records.length ? batch(idempotencyKey, answers) : undefined;
}

/** The same for inputs that mean the same: `16.5` and `16.50`, an id in whichever case. */
export function fingerprintOf(transfers: readonly Transfer[]): string {
  const canonical = transfers.map(transfer => [
    transfer.accountId,
    transfer.destinationId.toLowerCase(),
    canonicalDecimal(transfer.amount.amount),
    transfer.amount.currency,
    transfer.description,
    transfer.externalReference,
    transfer.authorize,
  ]);
  return createHash('sha256').update(JSON.stringify(canonical)).digest('base64url');
}
