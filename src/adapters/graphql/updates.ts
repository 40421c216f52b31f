import { BadInput, Unauthenticated } from '../../payouts/errors.ts';
import type { PayoutKey } from '../../payouts/ids.ts';
import type { PayoutEvents, PayoutUpdate } from '../../payouts/payout-update.ts';
import type { PayoutReads } from '../../payouts/payout-reads.ts';
import type { Payout } from '../../payouts/payout.ts';
import type { GraphContext, UpdateOfPayout, Updates } from '../../schema/context.ts';
import type { LiveUpdates } from '../../webhooks/live-updates.ts';
import { Turns } from '../../webhooks/turns.ts';
import type { RequestContext } from './request-context.ts';

export interface UpdatesOptions {
  readonly live: LiveUpdates;
  readonly events: Pick<PayoutEvents, 'positionOf'>;
  readonly reads: PayoutReads;
}

/** What happens to payouts, for the subscribers of the graph. */
export class GraphUpdates implements Updates {
  readonly #options: UpdatesOptions;
  /** One read for all subscribers of an update. */
  readonly #payouts = new WeakMap<PayoutUpdate, Promise<Payout | null>>();
  readonly #turns = new Turns();

  constructor(options: UpdatesOptions) {
    this.#options = options;
  }

  /** From this call on: what happens before the first update is asked for is not missed. */
  subscribe(
    key: PayoutKey | undefined,
    context: GraphContext & RequestContext,
  ): AsyncGenerator<UpdateOfPayout, void, undefined> {
    return this.#updates(key, context, this.#options.live.position);
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
    const { expiresAt } = context.caller;
    const expire = (): void => {
      expired = true;
      over.abort();
    };
    // Longer than any timer can be set for, there is no need for one.
    const leftMs = Math.min((expiresAt ?? Infinity) - Date.now(), 2 ** 31 - 1);
    const timer = expiresAt === undefined ? undefined : setTimeout(expire, leftMs).unref();
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
        yield { ...update, payout: () => this.#payoutOf(update) };
      }
      if (expired)
        throw new Unauthenticated('The access token is over: subscribe again with another one.', true);
    } finally {
      clearTimeout(timer);
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

  async #payoutOf(update: PayoutUpdate): Promise<Payout | null> {
    let reading = this.#payouts.get(update);
    if (reading === undefined) {
      const { reads } = this.#options;
      reading = reads.payout(update.paymentId, {}).catch((error: unknown) => {
        // Where this Lean application has no call for it, it cannot be had.
        if (reads.isMissingOperation(error)) return null;
        throw error;
      });
      this.#payouts.set(update, reading);
    }
    const payout = await reading;
    // All of its subscribers have it at the same moment.
    await this.#turns.take();
    return payout;
  }
}

function wantsOf(key: PayoutKey | undefined): (update: PayoutUpdate) => boolean {
  if (key === undefined) return () => true;
  if ('paymentId' in key) return ({ paymentId }) => paymentId === key.paymentId;
  return ({ intentId }) => intentId === key.intentId;
}
