import type { Loaders } from '../loaders/loaders.ts';
import type { PayoutCreation } from '../payouts/create.ts';
import type { PayoutLists } from '../payouts/payout-list.ts';

/** What a resolver may use: made afresh for each request, nothing in it is shared with another caller. */
export interface GraphContext {
  readonly loaders: Loaders;
  readonly lists: PayoutLists;
  readonly creation: PayoutCreation;
  /** Who asks: idempotency keys are one caller's own. The empty text where callers are not told apart. */
  readonly caller: string;
  /** Aborted when the caller goes away: reads stop, what moves money goes on. */
  readonly signal: AbortSignal;
}
