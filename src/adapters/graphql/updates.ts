import { BadInput, Unauthenticated } from '../../payouts/errors.ts';
import { Loaders } from '../../loaders/loaders.ts';
import type { PayoutHistories } from '../../payouts/history.ts';
import type { PayoutKey } from '../../payouts/ids.ts';
import type { PayoutEvents, PayoutUpdate } from '../../payouts/payout-update.ts';
import type { PayoutReads } from '../../payouts/payout-reads.ts';
import type { Payout } from '../../payouts/payout.ts';
import { CallBudget } from '../../lean/call-budget.ts';
import { turns } from '../../lean/turns.ts';
import type { GraphContext, UpdateOfPayout, Updates } from '../../schema/context.ts';
import type { LiveUpdates } from '../../webhooks/live-updates.ts';
import { admitted } from './admission.ts';
import type { RequestContext } from './request-context.ts';
import type { Subscriptions } from './subscriptions.ts';
import { onExpiry } from './token-expiry.ts';

export interface UpdatesOptions {
  readonly live: LiveUpdates;
  readonly histories: PayoutHistories;
  readonly subscriptions: Subscriptions;
  /** Lean calls that one update may cost. */
  readonly maxUpstreamCalls: number;
  readonly events: Pick<PayoutEvents, 'positionOf'>;
  readonly reads: PayoutReads;
}

/** How long what has been read for an update, or has failed, is shared by its subscribers, in ms. */
const sharedMs = 10_000;

/** What happens to payouts, for the subscribers of the graph. */
export class GraphUpdates implements Updates {
  readonly #options: UpdatesOptions;
  /** Loaders that all subscribers of an update share, and until when. */
  readonly #loaders = new WeakMap<PayoutUpdate, { readonly loaders: Loaders; readonly until: number }>();

  constructor(options: UpdatesOptions) {
    this.#options = options;
  }

  /**
   * From this call on: what happens before the first update is asked for is not missed.
   * @throws TooManySubscriptions
   */
  subscribe(
    key: PayoutKey | undefined,
    context: GraphContext & RequestContext,
  ): AsyncGenerator<UpdateOfPayout, void, undefined> {
    const { live, subscriptions } = this.#options;
    const { router } = admitted(context);
    const over = subscriptions.begin(router ? undefined : context.caller.subject);
    // A subscription that is aborted before its first update is asked for never begins to run.
    if (context.signal.aborted) over();
    else context.signal.addEventListener('abort', over, { once: true });
    return ending(this.#updates(key, context, live.position), () => {
      context.signal.removeEventListener('abort', over);
      over();
    });
  }

  async *#updates(
    key: PayoutKey | undefined,
    context: GraphContext & RequestContext,
    now: number,
  ): AsyncGenerator<UpdateOfPayout, void, undefined> {
    const { live } = this.#options;
    const over = new AbortController();
    const leave = (): void => {
      over.abort();
    };
    let expired = false;
    const forget = onExpiry(context.caller, () => {
      expired = true;
      over.abort();
    });
    try {
      context.signal.addEventListener('abort', leave, { once: true });
      if (context.signal.aborted) leave();
      const updates = live.subscribe({
        wants: wantsOf(key),
        after: (await this.#after(context)) ?? now,
        signal: over.signal,
      });
      for await (const update of updates) {
        context.deliveredEvent = update.eventId;
        const loaders = this.#loadersOf(update);
        yield { ...update, loaders, payout: () => this.#payoutOf(update, loaders) };
      }
      if (expired)
        throw new Unauthenticated('The access token has expired: subscribe again with another one.', true);
    } finally {
      forget();
      context.signal.removeEventListener('abort', leave);
    }
  }

  /** @throws BadInput when the event that a subscriber has had last is not known */
  async #after({ lastEventId }: RequestContext): Promise<number | undefined> {
    if (lastEventId === undefined) return undefined;
    const position = await this.#options.events.positionOf(lastEventId);
    if (position !== undefined) return position;
    throw new BadInput(
      'Last-Event-ID',
      'is not known, or not any more. Read the payouts, and subscribe without it.',
    );
  }

  #loadersOf(update: PayoutUpdate): Loaders {
    const shared = this.#loaders.get(update);
    if (shared !== undefined && performance.now() < shared.until) return shared.loaders;
    const { reads, histories, maxUpstreamCalls } = this.#options;
    const loaders = new Loaders(reads, histories, { budget: new CallBudget(maxUpstreamCalls) });
    this.#loaders.set(update, { loaders, until: performance.now() + sharedMs });
    return loaders;
  }

  async #payoutOf({ paymentId }: PayoutUpdate, loaders: Loaders): Promise<Payout | null> {
    const { reads } = this.#options;
    const payout = await loaders.payoutById.load(paymentId).catch((error: unknown) => {
      // Where this Lean application has no call for it, it cannot be had.
      if (reads.isMissingOperation(error)) return null;
      throw error;
    });
    // All of its subscribers have it at the same moment.
    await turns.take(this);
    return payout;
  }
}

/** The same, and `over` is called once it has ended, in whichever way. */
function ending<Value>(
  values: AsyncGenerator<Value, void, undefined>,
  over: () => void,
): AsyncGenerator<Value, void, undefined> {
  const noting = async (
    result: Promise<IteratorResult<Value, void>>,
  ): Promise<IteratorResult<Value, void>> => {
    try {
      const { done } = await result;
      if (done === true) over();
    } catch {
      over();
    }
    return result;
  };
  return {
    next: () => noting(values.next()),
    return: () => noting(values.return()),
    throw: (error: unknown) => noting(values.throw(error)),
    [Symbol.asyncIterator]() {
      return this;
    },
    async [Symbol.asyncDispose]() {
      await noting(values.return());
    },
  };
}

function wantsOf(key: PayoutKey | undefined): (update: PayoutUpdate) => boolean {
  if (key === undefined) return () => true;
  if ('paymentId' in key) return ({ paymentId }) => paymentId === key.paymentId;
  return ({ intentId }) => intentId === key.intentId;
}
