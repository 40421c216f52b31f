import { LRUCache } from 'lru-cache';
import { setTimeout as pause } from 'node:timers/promises';
import { BadInput, Unauthenticated, UpdatesUnavailable } from '../../errors/gateway-errors.ts';
import { Loaders, type PayoutSources } from '../../loaders/loaders.ts';
import { PayoutLookup } from '../../loaders/payout-lookup.ts';
import type { PayoutEvents, PayoutUpdate } from '../../payouts/payout-update.ts';
import type { Payout } from '../../payouts/payout.ts';
import { updateCursor } from '../../payouts/update-cursor.ts';
import { CallBudget } from '../../lean/call-budget.ts';
import type { LeanClient } from '../../lean/client.ts';
import { LeanNotOffered, LeanRowNotFound } from '../../errors/lean-errors.ts';
import { eventLoop } from '../../scheduling/event-loop-batcher.ts';
import type { GraphContext, SubscriptionRequest, UpdateOfPayout, Updates } from '../../schema/context.ts';
import type { LiveUpdates } from '../../webhooks/live-updates.ts';
import { authContextOf } from './authentication.ts';
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
  readonly client: Pick<LeanClient, 'startAfresh'>;
}

/**
 * For how long the reads of an update, or their failure, are shared with subscribers that ask later, in ms. With a short
 * timeout, half of it must be left, because the calls share one deadline.
 */
const sharedMs = 1000;

/** Payouts whose reads are kept for sharing. */
const mostShared = 1000;

/** How long to wait for more subscribers that come back, so that one read serves all of them, in ms. */
const gatheredMs = 50;

/** The reads of one payout, shared by subscribers that are served at about the same time. */
interface Shared {
  readonly payouts: PayoutLookup;
  /** Nothing in it is older, on the clock of `performance.now()`. */
  readonly from: number;
  readonly until: number;
  /** The position of the last update that was told when it was made. */
  readonly position: number;
  /** Starts the reads, perhaps after a wait for more subscribers. */
  readonly start: () => Promise<void>;
}

const unread = 'The updates have not been read from the store yet: try again.';

/** Updates of payouts for the subscribers of the graph. */
export class GraphUpdates implements Updates {
  readonly #options: UpdatesOptions;
  /** By intent. */
  readonly #shared = new LRUCache<string, Shared>({ max: mostShared });

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
    { intentId, after: given }: SubscriptionRequest,
    context: GraphContext & RequestContext,
  ): Promise<AsyncGenerator<UpdateOfPayout, void, undefined>> {
    const { live, subscriptions } = this.#options;
    const { place: now } = live;
    if (now === undefined) throw new UpdatesUnavailable(unread);
    const from = performance.now();
    const { router } = authContextOf(context);
    const { subscribed } = context;
    if (subscribed === undefined) throw new TypeError('the subscription has no document');
    const over = subscriptions.begin(router ? undefined : context.caller.subject, subscribed);
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
      return ending(this.#updates(intentId, context, { after, from }), ended);
    } catch (error) {
      ended();
      throw error;
    }
  }

  async *#updates(
    intentId: string | undefined,
    context: GraphContext & RequestContext,
    { after, from }: { readonly after: number; readonly from: number },
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
        const cursor = updateCursor({ store: live.place?.store ?? '', position: update.position });
        const shared = this.#sharedOf(update, from);
        const { payouts } = shared;
        context.deliveredCursor = cursor;
        yield { ...update, cursor, payouts, payout: () => this.#payoutOf(update, shared) };
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
      // Older applications cannot be asked for a payout that is not in the newest part of their list.
      if (error instanceof LeanNotOffered || error instanceof LeanRowNotFound) return undefined;
      throw error;
    });
    if (payout === null) throw new BadInput('id', 'there is no payout by this id at Lean.');
  }

  /** @param from when the subscription began: its subscriber may have seen what Lean had by then */
  #sharedOf({ intentId, position }: PayoutUpdate, from: number): Shared {
    const { client, live, sources, maxUpstreamCalls } = this.#options;
    const now = performance.now();
    const known = this.#shared.get(intentId);
    // A read that began before the update was told may not have what the update says.
    const isFresh = known !== undefined && now < known.until && position <= known.position;
    if (isFresh && known.from >= from) return known;
    // Many may be coming back at once: one read after the other, not one for each. Timers may be a little early.
    const waitMs = isFresh ? gatheredMs : 0;
    const start = async (): Promise<void> => {
      if (waitMs > 0) await pause(waitMs + 1);
      // A read that is under way may be older than the subscription.
      client.startAfresh();
    };
    let started: Promise<void> | undefined;
    const lastsMs = Math.min(sharedMs, (sources.reads.deadline() - now) / 2);
    const shared: Shared = {
      payouts: new PayoutLookup(new Loaders(sources, { budget: new CallBudget(maxUpstreamCalls) })),
      position: Math.max(position, live.place?.position ?? 0),
      from: now + waitMs,
      until: now + waitMs + lastsMs,
      start: () => (started ??= start()),
    };
    this.#shared.set(intentId, shared);
    return shared;
  }

  async #payoutOf({ intentId }: PayoutUpdate, { payouts, start }: Shared): Promise<Payout | null> {
    await start();
    const payout = await payouts.payout(intentId);
    // All subscribers get the payout at the same moment, so each continues in a turn of its own.
    await eventLoop.take(this);
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
