import type { Loaders } from '../loaders/loaders.ts';
import type { Caller } from '../payouts/caller.ts';
import type { PayoutCreation } from '../payouts/create.ts';
import type { PayoutLists } from '../payouts/payout-list.ts';

/** What a resolver may use: made afresh for each request, nothing in it is shared with another caller. */
export interface GraphContext {
  readonly loaders: Loaders;
  readonly lists: PayoutLists;
  readonly creation: PayoutCreation;
  /** Who asks: idempotency keys are one caller's own. */
  readonly caller: Caller;
  /** Whether account numbers and IBANs are to be masked for them. */
  readonly masksAccounts: boolean;
  /** Aborted when the caller goes away: reads stop, what moves money goes on. */
  readonly signal: AbortSignal;
}
