import type { HistoryEventType } from './history-event.ts';
import type { Instant } from './values/instant.ts';
import type { PayoutStatus, PostInitiationStatus } from './payout.ts';

/** What Lean has said of a payment, in a webhook or in its list of events: a claim, until it has been looked at. */
export interface ReceivedEvent {
  readonly eventId: string;
  readonly type: HistoryEventType;
  readonly paymentId: string;
  readonly intentId: string | null;
  readonly leanStatus: string | null;
  /** Undefined if the event says nothing of the tracking. Then it may announce any state with its status. */
  readonly postInitiationStatus: PostInitiationStatus | null | undefined;
  readonly publishedAt: Instant;
}

/** A state that a payout has come to, as Lean itself has it. */
export interface PayoutStep {
  /** Lean's own id of the event that announced it, or one made of the payout and the state where none did. */
  readonly eventId: string;
  readonly type: HistoryEventType;
  readonly intentId: string;
  /** The payment that made the step; null if Lean had made no payment. */
  readonly paymentId: string | null;
  readonly status: PayoutStatus;
  readonly leanStatus: string;
  /** Undefined if this Lean application does not report the tracking. */
  readonly postInitiationStatus: PostInitiationStatus | null | undefined;
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

/** How far a step has come: mostly this grows from step to step, though payouts may also go back. */
export function rankOf({
  status,
  postInitiationStatus,
}: Pick<PayoutStep, 'status' | 'postInitiationStatus'>): number {
  return postInitiationStatus == null ? ranks[status] : 5;
}

/** The values in which two steps of a payout differ. */
export type StepState = Pick<PayoutStep, 'paymentId' | 'leanStatus' | 'postInitiationStatus'>;

/** Lean's list and history have no word for a failed authorisation, and say `FAILED` where a payment's own call has one. */
const failedWords: ReadonlySet<string> = new Set(['FAILED', 'AUTHORISATION_FAILED', 'AUTHORIZATION_FAILED']);

function isSameWord(one: string, other: string): boolean {
  return one === other || (failedWords.has(one) && failedWords.has(other));
}

/** Whether both are the same step. A step that is known without its payment may be that of any payment. */
export function isSameStep(one: StepState, other: StepState): boolean {
  return (
    (one.paymentId === null || other.paymentId === null || one.paymentId === other.paymentId) &&
    isSameWord(one.leanStatus, other.leanStatus) &&
    (one.postInitiationStatus ?? null) === (other.postInitiationStatus ?? null)
  );
}

/** Updates after a position, and the bounds of all updates that the store has. */
export interface Told {
  /** Names the store, because the positions of another store mean something else. */
  readonly store: string;
  /** Positions of the oldest and of the newest update that is kept; 1 and 0 if there is none. */
  readonly first: number;
  readonly last: number;
  /** Oldest first. */
  readonly updates: readonly PayoutUpdate[];
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
  /** The position of the last update; 0 when nothing has been told. */
  lastPosition(): Promise<number>;
  /**
   * Tells subscribers of steps of one payout, all of them or none: what has been read of a payout is only to be told as
   * long as nothing that was read later has been.
   * @param since where the updates stood before the steps were read
   * @returns how many those are; undefined when something has been told of the payout since
   */
  tell(steps: readonly PayoutStep[], since: number): Promise<number | undefined>;
  /** The updates after a position, at most `limit`. */
  toldAfter(position: number, limit: number): Promise<Told>;
  /** The steps that subscribers were told of a payout, oldest first, and the events received of its payment. */
  knownOf(
    intentId: string,
    paymentId: string | null,
  ): Promise<{ readonly told: readonly PayoutUpdate[]; readonly claims: readonly ReceivedEvent[] }>;
  /** The last step that subscribers were told of each payout, by its intent. Payouts without a step are left out. */
  lastSteps(intentIds: readonly string[]): Promise<ReadonlyMap<string, PayoutUpdate>>;
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
