import type { CallBudget } from '../lean/call-budget.ts';
import type { GiveUpSignal } from '../lean/give-up.ts';
import type { PayoutLookup } from '../loaders/payout-lookup.ts';
import type { Caller } from '../payouts/caller.ts';
import type { PayoutCreation } from '../payouts/creation/payout-creation.ts';
import type { Payout } from '../payouts/payout.ts';
import type { PayoutUpdate } from '../payouts/payout-update.ts';
import type { PayoutLists } from '../payouts/payout-list.ts';

/** What happens to payouts, for subscribers. */
export interface Updates {
  /** Notes where the updates stand now. What it gives tells that as a cursor: null where this gateway is told of none. */
  standing(): () => string | null;
  /**
   * From this call on, or from behind a cursor: nothing that happens before the first update is asked for is missed.
   * @throws BadInput, UpdatesCursorExpired, UpdatesUnavailable, TooManySubscriptions
   */
  subscribe(wish: SubscriptionWish, context: GraphContext): Promise<AsyncIterable<UpdateOfPayout>>;
}

/** What a subscriber wants to be told of. */
export interface SubscriptionWish {
  /** The payout of this intent; all of them where there is none. */
  readonly intentId: string | undefined;
  /** A cursor to go on from; undefined for what comes from now on. */
  readonly after: string | undefined;
}

/** An update, with what Lean has by then: each read is made once for all subscribers. */
export interface UpdateOfPayout extends PayoutUpdate {
  readonly cursor: string;
  readonly payouts: PayoutLookup;
  readonly payout: () => Promise<Payout | null>;
}

/** What a resolver may use: made afresh for each request, nothing in it is shared with another caller. */
export interface GraphContext {
  /** Of a subscription: that of the update that is being answered. */
  payouts: PayoutLookup;
  /** Lean calls that the operation may still make. */
  readonly budget: CallBudget;
  /** What happens to payouts, as it comes. */
  readonly updates: Updates;
  /**
   * Where the updates stood when the request began, as a cursor; null where this gateway is told of none.
   * @throws UpdatesUnavailable while they cannot be read
   */
  readonly updatesCursor: () => string | null;
  readonly lists: PayoutLists;
  readonly creation: PayoutCreation;
  /** Who asks: idempotency keys are one caller's own. */
  readonly caller: Caller;
  /** Whether account numbers and IBANs are to be masked for them. */
  readonly masksAccounts: boolean;
  /** Aborted when the caller goes away: reads stop, what moves money goes on. */
  readonly signal: GiveUpSignal;
}
