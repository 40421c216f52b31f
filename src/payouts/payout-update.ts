import type { HistoryEventType } from './history-event.ts';
import type { Instant } from './values/instant.ts';
import type { PayoutStatus, PostInitiationStatus } from './payout.ts';

/**
 * An event that Lean reported, in a webhook or in its list of events. It proves nothing: the gateway reads the payout
 * from Lean before it publishes anything.
 */
export interface ReceivedEvent {
  readonly eventId: string;
  readonly type: HistoryEventType;
  readonly paymentId: string;
  readonly intentId: string | null;
  readonly leanStatus: string | null;
  /** Undefined if the event does not mention the tracking. It may then announce any state with its status. */
  readonly postInitiationStatus: PostInitiationStatus | null | undefined;
  readonly publishedAt: Instant;
}

/** A state that a payout has reached, as read from Lean. */
export interface PayoutStateChange {
  /**
   * The id of Lean's event that announced the change, or one derived from the payout and the state if there was none.
   */
  readonly eventId: string;
  readonly type: HistoryEventType;
  readonly intentId: string;
  /** The payment that reached the state; null if Lean had made no payment. */
  readonly paymentId: string | null;
  readonly status: PayoutStatus;
  readonly leanStatus: string;
  /** Undefined if this Lean application does not report the tracking. */
  readonly postInitiationStatus: PostInitiationStatus | null | undefined;
  readonly publishedAt: Instant;
}

/** A state change that is published to subscribers. All gateways on one store share the sequence of positions. */
export interface PayoutUpdate extends PayoutStateChange {
  readonly position: number;
}

const statusRanks: Readonly<Record<PayoutStatus, number>> = {
  CREATED: 0,
  AWAITING_AUTHORIZATION: 1,
  PENDING_WITH_BANK: 2,
  // An unknown status may be anywhere between the first and the last, so it ranks in the middle.
  UNKNOWN: 2,
  ACCEPTED_BY_BANK: 3,
  FAILED: 4,
  AUTHORISATION_FAILED: 4,
};

/** How far a payout has come, from 0 to 5. It usually grows with each state change, but a payout may also go back. */
export function progressOf({
  status,
  postInitiationStatus,
}: Pick<PayoutStateChange, 'status' | 'postInitiationStatus'>): number {
  return postInitiationStatus == null ? statusRanks[status] : 5;
}

/** The values in which two states of a payout differ. */
export type PaymentState = Pick<PayoutStateChange, 'paymentId' | 'leanStatus' | 'postInitiationStatus'>;

/** For a failed authorisation, Lean's list and history say `FAILED`, but a payment's own call names it. */
const failedStatuses: ReadonlySet<string> = new Set([
  'FAILED',
  'AUTHORISATION_FAILED',
  'AUTHORIZATION_FAILED',
]);

/** A text that is equal for two states of one payment if they are the same, and only then. */
export function stateKey({ leanStatus, postInitiationStatus }: Omit<PaymentState, 'paymentId'>): string {
  return `${postInitiationStatus ?? ''} ${failedStatuses.has(leanStatus) ? 'FAILED' : leanStatus}`;
}

type PaymentReference = Pick<PaymentState, 'paymentId'>;

/** Whether both may be of the same payment. A state without a payment id may be of any. */
export function isSamePayment(one: PaymentReference, other: PaymentReference): boolean {
  return one.paymentId === null || other.paymentId === null || one.paymentId === other.paymentId;
}

/** Whether two states are the same. A state without a payment id matches that of any payment. */
export function isSameState(one: PaymentState, other: PaymentState): boolean {
  return isSamePayment(one, other) && stateKey(one) === stateKey(other);
}

/** A payout that was created for this Lean application, and that had no payment in Lean's answer. */
export interface NewPayout {
  readonly intentId: string;
  /** The time since the last send of its request, in ms. */
  readonly ageMs: number;
  /** Its last published state; undefined if none has been published. */
  readonly published: PayoutStateChange | undefined;
}

/** How long received events and published updates are kept, in ms: as long as Lean lists its events. */
export const updateRetentionMs = 90 * 24 * 60 * 60 * 1000;

/** Updates after a position, and the bounds of all updates in the store. */
export interface PublishedUpdates {
  /** Identifies the store. A position has no meaning in another store. */
  readonly store: string;
  /** The positions of the oldest and the newest update in the store; 1 and 0 if there is none. */
  readonly first: number;
  readonly last: number;
  /** Oldest first. */
  readonly updates: readonly PayoutUpdate[];
}

/**
 * The store of received events and published updates. It is durable, and gateways may share it, also those of different
 * Lean applications. Each application has its own events and new payouts, because another application does not know its
 * payouts.
 */
export interface PayoutEvents {
  /** Stores events that have not been received before. They are due at once. Returns how many were new. */
  receive(events: readonly ReceivedEvent[]): Promise<number>;
  /**
   * Returns due events of this application, and leases them for a while, so that only one of several gateways processes
   * them.
   */
  leaseDue(limit: number): Promise<readonly LeasedEvent[]>;
  /** Marks events as processed. They do not become due again. */
  complete(eventIds: readonly string[]): Promise<void>;
  /** Makes events due again in `inMs`. */
  postpone(eventIds: readonly string[], inMs: number): Promise<void>;
  /** The position of the last update; 0 if nothing has been published. */
  lastPosition(): Promise<number>;
  /**
   * Publishes state changes of one payout, all of them or none. Nothing is published if an update of the payout was
   * published after its state was read from Lean, because that state may then be out of date.
   * @param readAfter `lastPosition()` from before the payout was read
   * @returns how many were published; undefined if the payout has had another update since
   */
  publish(changes: readonly PayoutStateChange[], readAfter: number): Promise<number | undefined>;
  /** The updates after a position, at most `limit`. */
  publishedAfter(position: number, limit: number): Promise<PublishedUpdates>;
  /**
   * The published updates of a payout, oldest first, and the received events of its payment. Of the updates that are older
   * than the retention, only the last one is known.
   */
  updatesAndEventsOf(
    intentId: string,
    paymentId: string | null,
  ): Promise<{ readonly published: readonly PayoutUpdate[]; readonly received: readonly ReceivedEvent[] }>;
  /** The last published update of each payout, by intent id. Payouts without an update are left out. */
  latestUpdates(intentIds: readonly string[]): Promise<ReadonlyMap<string, PayoutUpdate>>;
  /**
   * New payouts of this application for which Lean's answer was recorded in the last `maxAgeMs`: the newest `limit`,
   * newest first.
   */
  newPayouts(maxAgeMs: number, limit: number): Promise<readonly NewPayout[]>;
  /**
   * Deletes processed events, and all updates but the newest, that are older than this by the store's clock. The last
   * update of each payout is no longer published, but remembered, so that its state is not published again.
   */
  purge(olderThanMs: number): Promise<void>;
}

export interface LeasedEvent extends ReceivedEvent {
  /** How often the event has been leased before. */
  readonly tries: number;
}
