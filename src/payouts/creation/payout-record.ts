import { createHash } from 'node:crypto';
import { canonicalDecimal } from '../values/decimal.ts';
import {
  batch,
  type CreatePayoutsAnswer,
  type PayoutRejected,
  type TransferAnswer,
} from './creation-answer.ts';
import type { Finding } from './finding.ts';
import type { ReferencedTransfer, Transfer } from './transfer.ts';
import type { SendHistory } from './send-history.ts';

/**
 * The state of one transfer. `reserved`: nothing has been sent. `sent`: it is on its way to Lean. `created` and
 * `rejected` are final. `unknown`: Lean may have it, and no answer tells.
 */
export type RecordState = 'reserved' | 'sent' | 'created' | 'rejected' | 'unknown';

/** A key belongs to one caller: another caller's key may be the same text. */
export interface RequestKey {
  /** The caller's subject; the empty text where callers are not told apart. */
  readonly caller: string;
  readonly idempotencyKey: string;
}

export interface PayoutRecord {
  /** Place among the transfers of its request, from 0. */
  readonly position: number;
  readonly transfer: ReferencedTransfer;
  readonly state: RecordState;
  /** Lean's ids, as they become known. */
  readonly intentId: string | null;
  readonly paymentId: string | null;
  /** Once it is created or rejected. */
  readonly answer: TransferAnswer | null;
}

/** Lean's own answer to a creation, as it came. */
export interface UpstreamResponse {
  readonly status: number;
  /** Its media type, where it named one. */
  readonly contentType: string | null;
  readonly body: string;
}

/** All that was asked for under one key, in one Lean call. Times are epoch milliseconds of the store's clock. */
export interface PayoutRequest extends RequestKey {
  readonly fingerprint: string;
  /** The idempotency key that Lean gets, with every send. */
  readonly leanKey: string;
  /** The Lean application that it was recorded for; null in a record of an older version. */
  readonly application: string | null;
  /** Null while there is none that could be understood, also where the payouts were found at Lean. */
  readonly upstreamResponse: UpstreamResponse | null;
  /** At least one, in the order of the transfers. */
  readonly records: readonly PayoutRecord[];
  /** Whether a gateway is sending it right now. */
  readonly inFlight: boolean;
  /** How many leases it has had. */
  readonly leases: number;
  readonly sends: SendHistory;
  /** A refusal by Lean that becomes final once it is proven that Lean has nothing of the request. */
  readonly refusal: PayoutRejected | null;
  /** The finding of the last reconciliation read; null before the first. */
  readonly finding: Finding | null;
  /** Intents at Lean that are this request's beyond its transfers: money that may have moved twice. */
  readonly duplicateIntents: readonly string[];
  /** Ids of payouts at Lean that an operator has judged to be others. */
  readonly judgedPayouts: readonly string[];
  /** Another key of this caller, for a payout like this one, whose outcome was unknown when this one was first sent. */
  readonly similarUnknownKey: string | null;
  readonly createdAt: number;
  /** When the state of one of its records last changed. */
  readonly changedAt: number;
  /** How often it has been looked for at Lean since it was last sent, and when that is due again. */
  readonly checks: number;
  readonly nextCheckAt: number | null;
  /** The store's time when this was read. */
  readonly readAt: number;
}

/** The right to send a request, held by one attempt at a time. */
export interface Lease extends RequestKey {
  readonly id: string;
  readonly leanKey: string;
  readonly transfers: readonly ReferencedTransfer[];
  /** Whether the request was leased before. A refusal of a repetition does not prove that nothing was taken. */
  readonly repeated: boolean;
  /** The sends before this lease, as they were recorded. They are restored when nothing is sent. */
  readonly before: SendHistory;
  /** The duplicate intents that were known when it was leased: it is not sent again once there are others. */
  readonly duplicateIntents: readonly string[];
  /** Another key of this caller, for a payout like this one, whose outcome is unknown. */
  readonly similarUnknownKey: string | null;
}

export interface NewRequest extends RequestKey {
  readonly fingerprint: string;
  readonly leanKey: string;
  readonly application: string;
  readonly transfers: readonly ReferencedTransfer[];
}

/** The right to send it, or what the key stands for already. */
export type Reservation = { readonly lease: Lease } | { readonly request: PayoutRequest };

/** The recorded answer to a request; undefined while one of its transfers has none. */
export function recordedAnswer({ idempotencyKey, records }: PayoutRequest): CreatePayoutsAnswer | undefined {
  const answers = records.map(({ answer }) => answer).filter(answer => answer !== null);
  return answers.length === records.length ? batch(idempotencyKey, answers) : undefined;
}

/** The transfers of a request whose outcome is not known. */
export function openRecords({ records }: PayoutRequest): readonly PayoutRecord[] {
  return records.filter(({ answer }) => answer === null);
}

/** Whether Lean has turned away every send of a request, and nothing of it has been shown or decided since. */
export function allSendsTurnedAway({
  sends,
  records,
  duplicateIntents,
}: Pick<PayoutRequest, 'sends' | 'records' | 'duplicateIntents'>): boolean {
  return sends.turnedAway && duplicateIntents.length === 0 && records.every(({ answer }) => answer === null);
}

/**
 * The same for inputs that mean the same, on whichever surface: `16.5` and `16.50`, an id in whichever case, a batch
 * of one and a single payout.
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
  return createHash('sha256').update(JSON.stringify(canonical)).digest('base64url');
}
