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
   * Captures the position of the newest update. The returned function gives its cursor, or null if this gateway
   * receives no updates. It throws UpdatesUnavailable if the store had not been read yet when this was called.
   */
  captureCursor(): () => string | null;
  /**
   * Subscribes to the updates after a cursor, or after this call. Updates between this call and the first read of the
   * result are included.
   * @throws BadInput, UpdatesCursorExpired, UpdatesUnavailable, TooManySubscriptions
   */
  subscribe(request: SubscriptionRequest, context: GraphContext): Promise<AsyncIterable<UpdateWithPayout>>;
}

/** Selects the updates of a subscription. */
export interface SubscriptionRequest {
  /** Only updates of the payout of this intent; undefined for all payouts. */
  readonly intentId: string | undefined;
  /** Only updates after this cursor; undefined for updates from now on. */
  readonly after: string | undefined;
}

/** An update with the reads of its payout. All subscribers of the update share the reads. */
export interface UpdateWithPayout extends PayoutUpdate {
  readonly cursor: string;
  readonly payouts: PayoutLookup;
  readonly payout: () => Promise<Payout | null>;
}

/**
 * The representations of entities that must not be read, because the request may not make so many Lean calls: their
 * indexes, by the response key of the `_entities` field.
 */
export type RefusedEntities = ReadonlyMap<string, ReadonlySet<number>>;

/** The values that resolvers use. They are created for each request, and never shared with other callers. */
export interface GraphContext {
  /** Reads payouts. In a subscription, each update has its own. */
  payouts: PayoutLookup;
  /** The Lean calls that the operation may still make. */
  readonly budget: CallBudget;
  /** Set before the execution. @default none are refused */
  refusedEntities?: RefusedEntities;
  readonly updates: Updates;
  /**
   * The cursor of the newest update when the request began; null if this gateway receives no updates.
   * @throws UpdatesUnavailable if the store had not been read yet when the request began
   */
  readonly updatesCursor: () => string | null;
  readonly lists: PayoutLists;
  readonly creation: PayoutCreation;
  /** The caller. Idempotency keys belong to one caller. */
  readonly caller: Caller;
  /** Whether account numbers and IBANs are masked for the caller. */
  readonly masksAccounts: boolean;
  /** Whether the subgraph's SDL has the directives of Apollo Federation that name the scopes of fields. */
  readonly authDirectives: boolean;
  /** Aborted when the caller disconnects. Then reads are cancelled; creations of payouts continue. */
  readonly signal: CancellationSignal;
}
