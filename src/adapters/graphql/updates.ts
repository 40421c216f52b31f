import { BadInput, Unauthenticated, UpdatesUnavailable } from '../../payouts/errors.ts';
import { Loaders, type PayoutSources } from '../../loaders/loaders.ts';
import { PayoutLookup } from '../../loaders/payout-lookup.ts';
import type { PayoutEvents, PayoutUpdate } from '../../payouts/payout-update.ts';
import type { Payout } from '../../payouts/payout.ts';
import { updateCursor } from '../../payouts/update-cursor.ts';
import { CallBudget } from '../../lean/call-budget.ts';
import { LeanNotOffered } from '../../lean/errors.ts';
import { turns } from '../../lean/turns.ts';
import type { GraphContext, SubscriptionWish, UpdateOfPayout, Updates } from '../../schema/context.ts';
import type { LiveUpdates } from '../../webhooks/live-updates.ts';
import { admitted } from './admission.ts';
import type { RequestContext } from './request-context.ts';
import type { Subscriptions } from './subscriptions.ts';
import { onExpiry } from './token-expiry.ts';

export interface UpdatesOptions {
  readonly live: LiveUpdates;
  readonly subscriptions: Subscriptions;
  /** Lean calls that one update may cost. */
  readonly maxUpstreamCalls: number;
  readonly events: Pick<PayoutEvents, 'lastSteps'>;
  readonly sources: PayoutSources;
}

/** How long what has been read for an update, or has failed, is shared by its subscribers, in ms. */
const sharedMs = 10_000;

/** The reads and the cursor that all subscribers of an update share, and until when. */
interface Shared {
  readonly cursor: string;
  readonly payouts: PayoutLookup;
  readonly until: number;
}

const unread = 'The updates have not been read from the store yet: try again.';

/** Updates of payouts for the subscribers of the graph. */
export class GraphUpdates implements Updates {
  readonly #options: UpdatesOptions;
  readonly #shared = new WeakMap<PayoutUpdate, Shared>();

  constructor(options: UpdatesOptions) {
    this.#options = options;
  }

  standing(): () => string | null {
    const { live } = this.#options;
    const { place } = live;
    return () => {
      if (place === undefined) throw new UpdatesUnavailable(unread);
      return updateCursor(place);
    };
  }

  async subscribe(
    { intentId, after: given }: SubscriptionWish,
    context: GraphContext & RequestContext,
  ): Promise<AsyncGenerator<UpdateOfPayout, void, undefined>> {
    const { live, subscriptions } = this.#options;
    const { place: now } = live;
    if (now === undefined) throw new UpdatesUnavailable(unread);
    const { router } = admitted(context);
    const over = subscriptions.begin(router ? undefined : context.caller.subject);
    // A subscription that is aborted before its first update is asked for never begins to run.
    if (context.signal.aborted) over();
    else context.signal.addEventListener('abort', over, { once: true });
    const ended = (): void => {
      context.signal.removeEventListener('abort', over);
      over();
    };
    try {
      // A browser that connects again sends the header, and still the argument of its first request.
      const cursor = context.lastEventId ?? given;
      const after = cursor === undefined ? now.position : await live.positionAt(cursor);
      if (intentId !== undefined) await this.#mustExist(intentId, context);
      return ending(this.#updates(intentId, context, after), ended);
    } catch (error) {
      ended();
      throw error;
    }
  }

  async *#updates(
    intentId: string | undefined,
    context: GraphContext & RequestContext,
    after: number,
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
      const wants = (update: PayoutUpdate): boolean => intentId === undefined || update.intentId === intentId;
      for await (const update of live.subscribe({ wants, after, signal: over.signal })) {
        const { cursor, payouts } = this.#sharedOf(update);
        context.deliveredCursor = cursor;
        yield { ...update, cursor, payouts, payout: () => this.#payoutOf(update, payouts) };
      }
      if (expired)
        throw new Unauthenticated('The access token has expired: subscribe again with another one.', true);
    } finally {
      forget();
      context.signal.removeEventListener('abort', leave);
    }
  }

  /**
   * Checks that Lean knows the payout, unless this Lean application has no call for that.
   * @throws BadInput if Lean does not know the payout; LeanError
   */
  async #mustExist(intentId: string, { payouts }: GraphContext): Promise<void> {
    if ((await this.#options.events.lastSteps([intentId])).size > 0) return;
    const payout = await payouts.payout(intentId).catch((error: unknown) => {
      if (error instanceof LeanNotOffered) return undefined;
      throw error;
    });
    if (payout === null) throw new BadInput('id', 'there is no payout by this id at Lean.');
  }

  #sharedOf(update: PayoutUpdate): Shared {
    const known = this.#shared.get(update);
    if (known !== undefined && performance.now() < known.until) return known;
    const { live, sources, maxUpstreamCalls } = this.#options;
    const shared = {
      cursor: updateCursor({ store: live.place?.store ?? '', position: update.position }),
      payouts: new PayoutLookup(new Loaders(sources, { budget: new CallBudget(maxUpstreamCalls) })),
      until: performance.now() + sharedMs,
    };
    this.#shared.set(update, shared);
    return shared;
  }

  async #payoutOf({ intentId }: PayoutUpdate, payouts: PayoutLookup): Promise<Payout | null> {
    const payout = await payouts.payout(intentId);
    // All subscribers get the payout at the same moment, so each continues in a turn of its own.
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
