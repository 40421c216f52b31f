import { BadInput, Unauthenticated } from '../../payouts/errors.ts';
import { Loaders, type PayoutSources } from '../../loaders/loaders.ts';
import { PayoutLookup } from '../../loaders/payout-lookup.ts';
import type { PayoutEvents, PayoutUpdate } from '../../payouts/payout-update.ts';
import type { Payout } from '../../payouts/payout.ts';
import { CallBudget } from '../../lean/call-budget.ts';
import type { GraphContext, UpdateOfPayout, Updates } from '../../schema/context.ts';
import type { LiveUpdates } from '../../webhooks/live-updates.ts';
import { Turns } from '../../webhooks/turns.ts';
import { admitted } from './admission.ts';
import type { RequestContext } from './request-context.ts';
import type { Subscriptions } from './subscriptions.ts';
import { onExpiry } from './token-expiry.ts';

export interface UpdatesOptions {
  readonly live: LiveUpdates;
  readonly subscriptions: Subscriptions;
  /** Lean calls that one update may cost. */
  readonly maxUpstreamCalls: number;
  readonly events: Pick<PayoutEvents, 'positionOf'>;
  readonly sources: PayoutSources;
}

/** How long what has been read for an update, or has failed, is shared by its subscribers, in ms. */
const sharedMs = 10_000;

/** What happens to payouts, for the subscribers of the graph. */
export class GraphUpdates implements Updates {
  readonly #options: UpdatesOptions;
  /** What all subscribers of an update share, and until when. */
  readonly #shared = new WeakMap<PayoutUpdate, { readonly payouts: PayoutLookup; readonly until: number }>();
  readonly #turns = new Turns();

  constructor(options: UpdatesOptions) {
    this.#options = options;
  }

  /**
   * From this call on: what happens before the first update is asked for is not missed.
   * @throws TooManySubscriptions
   */
  subscribe(
    key: string | undefined,
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
    key: string | undefined,
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
        const payouts = this.#payoutsOf(update);
        yield { ...update, payouts, payout: () => this.#payoutOf(update, payouts) };
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

  #payoutsOf(update: PayoutUpdate): PayoutLookup {
    const shared = this.#shared.get(update);
    if (shared !== undefined && performance.now() < shared.until) return shared.payouts;
    const { sources, maxUpstreamCalls } = this.#options;
    const payouts = new PayoutLookup(new Loaders(sources, { budget: new CallBudget(maxUpstreamCalls) }));
    this.#shared.set(update, { payouts, until: performance.now() + sharedMs });
    return payouts;
  }

  async #payoutOf({ intentId }: PayoutUpdate, payouts: PayoutLookup): Promise<Payout | null> {
    const payout = await payouts.payout(intentId ?? '');
    // All of its subscribers have it at the same moment.
    await this.#turns.take();
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

function wantsOf(intentId: string | undefined): (update: PayoutUpdate) => boolean {
  return intentId === undefined ? () => true : update => update.intentId === intentId;
}
