import { hash } from 'node:crypto';
import { canonicalDecimal } from '../values/decimal.ts';
import {
  batchAnswer,
  type CreatePayoutsAnswer,
  type PayoutRejected,
  type TransferAnswer,
} from './creation-answer.ts';
import type { Finding } from './finding.ts';
import type { ReferencedTransfer, Transfer } from './transfer.ts';
import type { SendHistory } from './send-history.ts';

/**
 * The state of one transfer. `reserved`: nothing has been sent. `sent`: a send is in flight. `created` and `rejected`
 * are final. `unknown`: Lean may have accepted it, and the answer is missing.
 */
export type RecordState = 'reserved' | 'sent' | 'created' | 'rejected' | 'unknown';

/** Identifies a request. Keys are unique per caller: another caller may use the same key. */
export interface RequestKey {
  /** The caller's subject; empty if callers are not authenticated. */
  readonly caller: string;
  readonly idempotencyKey: string;
}

export function isSameKey(one: RequestKey, other: RequestKey): boolean {
  return one.caller === other.caller && one.idempotencyKey === other.idempotencyKey;
}

/** The record of one transfer of a request. */
export interface PayoutRecord {
  /** Position among the transfers of the request, from 0. */
  readonly position: number;
  readonly transfer: ReferencedTransfer;
  readonly state: RecordState;
  /** Lean's ids; null until they are known. */
  readonly intentId: string | null;
  readonly paymentId: string | null;
  /** Null until the state is `created` or `rejected`. */
  readonly answer: TransferAnswer | null;
}

/** Lean's HTTP response to a creation, unchanged. */
export interface UpstreamResponse {
  readonly status: number;
  /** The `Content-Type`; null if the response had none. */
  readonly contentType: string | null;
  readonly body: string;
}

/**
 * The record of a request: all transfers under one key, sent with one call to Lean. Times are epoch ms of the store's
 * clock.
 */
export interface PayoutRequest extends RequestKey {
  readonly fingerprint: string;
  /** The idempotency key of every send to Lean. */
  readonly leanKey: string;
  /** The Lean application that the request is sent for. */
  readonly application: string;
  /** Null as long as Lean has sent no readable response. It stays null if the payouts were found in Lean's list. */
  readonly upstreamResponse: UpstreamResponse | null;
  /** One per transfer, in their order; at least one. */
  readonly records: readonly PayoutRecord[];
  /** Whether a gateway holds the lease and is sending the request. */
  readonly inFlight: boolean;
  /** The number of leases so far. */
  readonly leases: number;
  readonly sends: SendHistory;
  /** A refusal by Lean that becomes final once Lean is proven not to have the request. */
  readonly refusal: PayoutRejected | null;
  /** The finding of the last reconciliation read; null before the first. */
  readonly finding: Finding | null;
  /** Intents at Lean that the request has in addition to its transfers: money may have moved twice. */
  readonly duplicateIntents: readonly string[];
  /** Intents at Lean that an operator has judged to be other payouts. */
  readonly judgedPayouts: readonly string[];
  /** Another key of this caller for a similar payout whose outcome was unknown when this one was first sent. */
  readonly similarUnknownKey: string | null;
  readonly createdAt: number;
  /** When the state of one of its records last changed. */
  readonly changedAt: number;
  /** The number of reconciliation reads since the last send; -1 if a webhook caused the next audit. */
  readonly checks: number;
  /** When the next reconciliation read is due; null if none is planned. */
  readonly nextCheckAt: number | null;
  /** The store's time of the last reconciliation read since the last send; null before the first. */
  readonly lastCheckAt: number | null;
  /** The store's time when the request was read. */
  readonly readAt: number;
}

/** Minimum time between two reconciliation reads of one key, over all gateways, in ms. */
export const minReadIntervalMs = 5000;

/** Maximum time between two reconciliation reads of a request of unknown outcome, in ms. */
export const maxReadIntervalMs = 3_600_000;

/** The lease on a request. Only its owner may send the request. */
export interface Lease extends RequestKey {
  readonly id: string;
  readonly leanKey: string;
  readonly transfers: readonly ReferencedTransfer[];
  /** Whether the request was leased before. If so, a refusal does not prove that Lean accepted nothing. */
  readonly repeated: boolean;
  /** The send history before this lease. It is restored if nothing is sent. */
  readonly earlierSends: SendHistory;
  /** The duplicate intents when the request was leased. If others are recorded meanwhile, it is not sent. */
  readonly duplicateIntents: readonly string[];
  /** Another key of this caller for a similar payout whose outcome is unknown. */
  readonly similarUnknownKey: string | null;
}

export interface NewRequest extends RequestKey {
  readonly fingerprint: string;
  readonly leanKey: string;
  readonly application: string;
  readonly transfers: readonly ReferencedTransfer[];
}

/** The result of reserving a key: a lease to send the request, or the request that already has the key. */
export type Reservation = { readonly lease: Lease } | { readonly request: PayoutRequest };

/** The recorded answer to a request; undefined as long as a transfer has none. */
export function recordedAnswer({ idempotencyKey, records }: PayoutRequest): CreatePayoutsAnswer | undefined {
  const answers = records.map(({ answer }) => answer).filter(answer => answer !== null);
  return answers.length === records.length ? batchAnswer(idempotencyKey, answers) : undefined;
}

/** The records of the transfers whose outcome is unknown. */
export function openRecords({ records }: PayoutRequest): readonly PayoutRecord[] {
  return records.filter(({ answer }) => answer === null);
}

/** Whether Lean has turned away every send of a request, and no payout of it has been found or decided since. */
export function allSendsTurnedAway({
  sends,
  records,
  duplicateIntents,
}: Pick<PayoutRequest, 'sends' | 'records' | 'duplicateIntents'>): boolean {
  return sends.turnedAway && duplicateIntents.length === 0 && records.every(({ answer }) => answer === null);
}

/**
 * The SHA-256 digest of a request's input, as base64url. Equivalent inputs of all interfaces have the same digest:
 * `16.5` and `16.50`, ids in upper and lower case, a batch of one and a single payout.
 */
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
  return hash('sha256', JSON.stringify(canonical), 'base64url');
}
