import type { CallBudget } from '../lean/call-budget.ts';
import type { CancellationSignal } from '../lean/cancellation.ts';
import type { PayoutLookup } from '../loaders/payout-lookup.ts';
import type { Caller } from '../access/caller.ts';
import type { PayoutCreation } from '../payouts/creation/payout-creation.ts';
import type { Payout } from '../payouts/payout.ts';
import type { PayoutUpdate } from '../payouts/payout-update.ts';
import type { PayoutLists } from '../payouts/listing/payout-list.ts';

/** Updates of payouts, for subscribers. */
export interface Updates {
  /**
   * Notes which update is the newest now. The function that it returns gives the cursor of that update; null if this
   * gateway receives no updates. It throws UpdatesUnavailable while the store has not been read.
   */
  standing(): () => string | null;
  /**
   * Subscribes from this call on, or from after a cursor. Updates between the call and the first read are not missed.
   * @throws BadInput, UpdatesCursorExpired, UpdatesUnavailable, TooManySubscriptions
   */
  subscribe(wish: SubscriptionRequest, context: GraphContext): Promise<AsyncIterable<UpdateOfPayout>>;
}

/** The updates that a subscriber wants. */
export interface SubscriptionRequest {
  /** Only updates of the payout of this intent; undefined for all payouts. */
  readonly intentId: string | undefined;
  /** The cursor after which updates begin; undefined to begin now. */
  readonly after: string | undefined;
}

/** An update, with the reads of its payout, which all subscribers of the update share. */
export interface UpdateOfPayout extends PayoutUpdate {
  readonly cursor: string;
  readonly payouts: PayoutLookup;
  readonly payout: () => Promise<Payout | null>;
}

/** The values that a resolver may use, made afresh for each request. No other caller shares any of them. */
export interface GraphContext {
  /** In a subscription, it belongs to the update that is being answered. */
  payouts: PayoutLookup;
  /** Lean calls that the operation may still make. */
  readonly budget: CallBudget;
  /** Updates of payouts as they happen. */
  readonly updates: Updates;
  /**
   * The cursor of the newest update when the request began; null if this gateway receives no updates.
   * @throws UpdatesUnavailable while the store has not been read
   */
  readonly updatesCursor: () => string | null;
  readonly lists: PayoutLists;
  readonly creation: PayoutCreation;
  /** The caller. Idempotency keys belong to one caller. */
  readonly caller: Caller;
  /** Whether account numbers and IBANs are to be masked for them. */
  readonly masksAccounts: boolean;
  /** Aborted when the caller goes away: reads stop, what moves money goes on. */
  readonly signal: CancellationSignal;
}
