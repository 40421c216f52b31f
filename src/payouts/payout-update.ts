import type { HistoryEventType } from './history-event.ts';
import type { Instant } from './instant.ts';
import type { PayoutStatus, PostInitiationStatus } from './payout.ts';

/** What Lean has said of a payment, in a webhook or in its list of events: a claim, until it has been looked at. */
export interface ReceivedEvent {
  readonly eventId: string;
  readonly type: HistoryEventType;
  readonly paymentId: string;
  readonly intentId: string | null;
  readonly leanStatus: string | null;
  readonly postInitiationStatus: PostInitiationStatus | null;
  readonly publishedAt: Instant;
}

/** A state that a payout has come to, as Lean itself has it. */
export interface PayoutStep {
  /** Lean's own id of the event that announced it, or one made of the payout and the state where none did. */
  readonly eventId: string;
  readonly type: HistoryEventType;
  readonly paymentId: string;
  readonly intentId: string | null;
  readonly status: PayoutStatus;
  readonly leanStatus: string;
  readonly postInitiationStatus: PostInitiationStatus | null;
  readonly publishedAt: Instant;
}

/** A step that subscribers are told of, in the order of `position`, which all gateways on one store have in common. */
export interface PayoutUpdate extends PayoutStep {
  readonly position: number;
}

const ranks: Readonly<Record<PayoutStatus, number>> = {
  CREATED: 0,
  AWAITING_AUTHORIZATION: 1,
  PENDING_WITH_BANK: 2,
  // Somewhere between the beginning and the end.
  UNKNOWN: 2,
  ACCEPTED_BY_BANK: 3,
  FAILED: 4,
  AUTHORISATION_FAILED: 4,
};

/** How far a step has come: a payout's steps are told with this growing, or staying where two differ in nothing else. */
export function rankOf({ status, postInitiationStatus }: PayoutStep): number {
  return postInitiationStatus === null ? ranks[status] : 5;
}

/** What is received and told, kept so that it survives a crash. */
export interface PayoutEvents {
  /** Keeps what has not been received before, to be looked at `inMs` from now. How many those are. */
  receive(events: readonly ReceivedEvent[]): Promise<number>;
  /** Events that are due to be looked at: taken for a while, so that of several gateways one looks. */
  take(limit: number): Promise<readonly TakenEvent[]>;
  /** They have been looked at. */
  done(eventIds: readonly string[]): Promise<void>;
  /** Looks at them again later. */
  putOff(eventIds: readonly string[], inMs: number): Promise<void>;
  /** Tells subscribers of those steps of a payout that lie ahead of what they have been told. How many those are. */
  tell(steps: readonly PayoutStep[]): Promise<number>;
  /** What has been told after a position, the oldest first. */
  toldAfter(position: number, limit: number): Promise<readonly PayoutUpdate[]>;
  /** Of what has been told last; 0 when nothing has. */
  lastPosition(): Promise<number>;
  /** Undefined for an event that is not known, or not any more. */
  positionOf(eventId: string): Promise<number | undefined>;
  /** The last step that has been told of each payment, for those of which any has. */
  lastSteps(paymentIds: readonly string[]): Promise<ReadonlyMap<string, PayoutUpdate>>;
  /**
   * When the first gateway on this store was there, by Lean's clock: what Lean announced before is nobody's news.
   * @param leanNow what is noted when nothing is yet
   */
  since(leanNow: Instant): Promise<Instant>;
  /**
   * Takes the turn to compare what has been received with what Lean has, and tells up to when, by Lean's clock, that has
   * been done.
   * Undefined when another gateway has the turn, or it is too early.
   */
  takeComparison(everyMs: number, leanNow: Instant): Promise<Instant | undefined>;
  comparisonDone(upTo: Instant): Promise<void>;
  /** Forgets what was received or told longer ago than this, by the store's clock. */
  forget(olderThanMs: number): Promise<void>;
}

export interface TakenEvent extends ReceivedEvent {
  /** How often it has been looked at before. */
  readonly tries: number;
}
