import { LRUCache } from 'lru-cache';
import { setTimeout as pause } from 'node:timers/promises';
import { BadInput, UpdatesUnavailable } from '../../../errors/gateway-errors.ts';
import { Loaders, type PayoutSources } from '../../../loaders/loaders.ts';
import { PayoutLookup } from '../../../loaders/payout-lookup.ts';
import type { PayoutEvents, PayoutUpdate } from '../../../payouts/payout-update.ts';
import type { Payout } from '../../../payouts/payout.ts';
import { updateCursor } from '../../../payouts/update-cursor.ts';
import { CallBudget } from '../../../lean/call-budget.ts';
import type { LeanClient } from '../../../lean/client.ts';
import { LeanNotOffered, LeanRowNotFound } from '../../../errors/lean-errors.ts';
import { eventLoopBatcher } from '../../../scheduling/event-loop-batcher.ts';
import type {
  GraphContext,
  SubscriptionRequest,
  UpdateWithPayout,
  Updates,
} from '../../../schema/context.ts';
import type { LiveUpdates } from '../../../webhooks/live-updates.ts';
import { authContextOf } from '../authentication.ts';
import type { RequestContext } from '../request-context.ts';
import type { Subscriptions } from './subscriptions.ts';
import { onExpiry } from './token-expiry.ts';

export interface UpdatesOptions {
  readonly live: LiveUpdates;
  readonly subscriptions: Subscriptions;
  /** The most Lean calls that the reads of one update may cost. */
  readonly maxUpstreamCalls: number;
  readonly events: Pick<PayoutEvents, 'latestUpdates'>;
  readonly sources: PayoutSources;
  readonly client: Pick<LeanClient, 'stopSharingReads'>;
}

/**
 * How long the reads of a payout, or their failure, are shared with later subscribers, in ms. With a short Lean timeout
 * it is half of the time until the deadline of these reads, so that later subscribers have enough time left.
 */
const sharedMs = 1000;

/** The most payouts whose reads are shared. */
const maxShared = 1000;

/** How long to wait for more subscribers that reconnect, so that one read serves all of them, in ms. */
const gatherMs = 50;

/** The reads of one payout, shared by subscribers that are served at about the same time. */
interface SharedReads {
  readonly payouts: PayoutLookup;
  /** No data that was read is older than this time, on the clock of `performance.now()`. */
  readonly from: number;
  /** The position of the newest update when this object was created. */
  readonly position: number;
  /** Starts the reads, possibly after a wait for more subscribers. */
  readonly start: () => Promise<void>;
}

/** Updates of payouts for GraphQL subscriptions. */
export class SubscriptionUpdates implements Updates {
  readonly #options: UpdatesOptions;
  /** By intent id. Each is removed when later subscribers may no longer use it, because it holds what was read. */
  readonly #sharedReads = new LRUCache<string, SharedReads>({ max: maxShared, ttlAutopurge: true });

  constructor(options: UpdatesOptions) {
    this.#options = options;
  }

  captureCursor(): () => string | null {
    const { live } = this.#options;
    const { latest } = live;
    return () => {
      if (latest === undefined) throw new UpdatesUnavailable({ retryable: true });
      return updateCursor(latest);
    };
  }

  async subscribe(
    { intentId, after: afterCursor }: SubscriptionRequest,
    context: GraphContext & RequestContext,
  ): Promise<AsyncGenerator<UpdateWithPayout, void, undefined>> {
    const { live, subscriptions } = this.#options;
    const { latest: now } = live;
    if (now === undefined) throw new UpdatesUnavailable({ retryable: true });
    const from = performance.now();
    const { isRouter } = authContextOf(context);
    const { subscribedDocument } = context;
    if (subscribedDocument === undefined) throw new TypeError('the subscription has no document');
    const endSubscription = subscriptions.begin(
      isRouter ? undefined : context.caller.subject,
      subscribedDocument,
    );
    // The signal is needed, because a generator that is aborted before its first `next` never runs its `finally`.
    if (context.signal.aborted) endSubscription();
    else context.signal.addEventListener('abort', endSubscription, { once: true });
    const onEnd = (): void => {
      context.signal.removeEventListener('abort', endSubscription);
      endSubscription();
    };
    try {
      // The header comes first, because a browser that reconnects sends it together with the argument of its first
      // request.
      const cursor = context.lastEventId ?? afterCursor;
      const after = cursor === undefined ? now.position : await live.positionAt(cursor);
      if (intentId !== undefined) await this.#assertExists(intentId, context);
      return withEndCallback(this.#updates(intentId, context, { after, from }), onEnd);
    } catch (error) {
      onEnd();
      throw error;
    }
  }

  async *#updates(
    intentId: string | undefined,
    context: GraphContext & RequestContext,
    { after, from }: { readonly after: number; readonly from: number },
  ): AsyncGenerator<UpdateWithPayout, void, undefined> {
    const { live } = this.#options;
    const abortController = new AbortController();
    const abort = (): void => {
      abortController.abort();
    };
    // If the subscription ended before its connection, it would count as complete.
    const cancelExpiry =
      context.endsWithConnection === true ? () => undefined : onExpiry(context.caller, abort);
    try {
      context.signal.addEventListener('abort', abort, { once: true });
      if (context.signal.aborted) abort();
      const matches = (update: PayoutUpdate): boolean =>
        intentId === undefined || update.intentId === intentId;
      for await (const update of live.subscribe({ matches, after, signal: abortController.signal })) {
        const cursor = updateCursor({ store: live.latest?.store ?? '', position: update.position });
        const shared = this.#sharedReadsFor(update, from);
        const { payouts } = shared;
        context.deliveredCursor = cursor;
        yield { ...update, cursor, payouts, payout: () => this.#payoutOf(update, shared) };
      }
      // The gateway is stopping, or the access token has expired.
      context.interrupted = !context.signal.aborted;
    } finally {
      cancelExpiry();
      context.signal.removeEventListener('abort', abort);
    }
  }

  /**
   * Checks that Lean knows the payout. It passes if this Lean application cannot look it up.
   * @throws BadInput if Lean does not know the payout; LeanError
   */
  async #assertExists(intentId: string, { payouts }: GraphContext): Promise<void> {
    if ((await this.#options.events.latestUpdates([intentId])).size > 0) return;
    const payout = await payouts.payout(intentId).catch((error: unknown) => {
      // Older Lean applications can look up only payouts in the newest part of their list.
      if (error instanceof LeanNotOffered || error instanceof LeanRowNotFound) return undefined;
      throw error;
    });
    if (payout === null) throw new BadInput('id', 'Lean has no payout with this id.');
  }

  /**
   * The reads for an update, shared if they are new enough for this subscriber.
   * @param from when the subscription began; the subscriber may have seen everything that Lean had by then
   */
  #sharedReadsFor({ intentId, position }: PayoutUpdate, from: number): SharedReads {
    const { client, live, sources, maxUpstreamCalls } = this.#options;
    const now = performance.now();
    const existing = this.#sharedReads.get(intentId);
    // Reads that began before the update was published may not show it.
    const isFresh = existing !== undefined && position <= existing.position;
    if (isFresh && existing.from >= from) return existing;
    // The existing reads are fresh but began before this subscription, as happens when many subscribers reconnect.
    // New reads wait, so that they serve all of these subscribers.
    const waitMs = isFresh ? gatherMs : 0;
    const start = async (): Promise<void> => {
      // One ms more, because timers may fire early.
      if (waitMs > 0) await pause(waitMs + 1);
      // Reads in flight may be older than the subscription.
      client.stopSharingReads();
    };
    let started: Promise<void> | undefined;
    const lastsMs = Math.min(sharedMs, (sources.reads.deadline() - now) / 2);
    const shared: SharedReads = {
      payouts: new PayoutLookup(new Loaders(sources, { budget: new CallBudget(maxUpstreamCalls) })),
      position: Math.max(position, live.latest?.position ?? 0),
      from: now + waitMs,
      start: () => (started ??= start()),
    };
    this.#sharedReads.set(intentId, shared, { ttl: waitMs + lastsMs });
    return shared;
  }

  async #payoutOf({ intentId }: PayoutUpdate, { payouts, start }: SharedReads): Promise<Payout | null> {
    await start();
    const payout = await payouts.payout(intentId);
    // All subscribers get the payout at the same moment, so each continues in its own turn of the event loop.
    await eventLoopBatcher.waitForTurn(this);
    return payout;
  }
}

/** Wraps a generator so that a callback runs when it ends: by its last value, an error or `return`. */
function withEndCallback<Value>(
  values: AsyncGenerator<Value, void, undefined>,
  onEnd: () => void,
): AsyncGenerator<Value, void, undefined> {
  const observe = async (
    result: Promise<IteratorResult<Value, void>>,
  ): Promise<IteratorResult<Value, void>> => {
    try {
      const { done } = await result;
      if (done === true) onEnd();
    } catch {
      onEnd();
    }
    return result;
  };
  return {
    next: () => observe(values.next()),
    return: () => observe(values.return()),
    throw: (error: unknown) => observe(values.throw(error)),
    [Symbol.asyncIterator]() {
      return this;
    },
    async [Symbol.asyncDispose]() {
      await observe(values.return());
    },
  };
}
