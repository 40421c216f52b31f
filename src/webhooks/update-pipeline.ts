import type { LeanClient } from '../lean/client.ts';
import type { PayoutEvents } from '../payouts/payout-update.ts';
import { StoreUnavailable } from '../errors/gateway-errors.ts';
import { WebhookBackfill } from './webhook-backfill.ts';
import { FollowedPayouts } from './followed-payouts.ts';
import { LiveUpdates } from './live-updates.ts';
import type { SightingSources } from './payout-sightings.ts';
import type { AnnouncedPayout } from './event-from-lean.ts';
import { WebhookReceiver } from './receive.ts';
import { EventProcessor } from './event-processor.ts';

export interface UpdatePipelineOptions extends SightingSources {
  readonly client: LeanClient;
  readonly events: PayoutEvents;
  /** What Lean signs its webhooks with. */
  readonly secrets: readonly string[];
  /** Wakes this gateway and all others on the store. */
  readonly announce: () => Promise<void>;
  readonly onAnnouncement: (listener: () => void) => void;
  /** Makes sure that what others announce is heard: at first, and again after a connection was lost. */
  readonly listen: () => Promise<void>;
  readonly told: {
    /** Steps have been told, by this gateway. */
    steps(count: number): void;
    /** Something has been announced of a payout. */
    received(payout: AnnouncedPayout): void;
    foreign(events: number): void;
    gaps(missed: { readonly events: number; readonly payouts: number }): void;
    trouble(what: 'starting' | 'looking' | 'comparing', error: Error | undefined): void;
  };
  /** @default 3 min */
  readonly compareEveryMs?: number;
  /** How often Lean's list is read for payouts that were just created. @default 3 s */
  readonly followEveryMs?: number;
}

/** How long what was received and told is kept: as long as Lean lists its events. */
const keptMs = 90 * 24 * 60 * 60 * 1000;
const forgetEveryMs = 60 * 60 * 1000;
const listenEveryMs = 1000;
const startAgainMs = 5000;

/** From Lean's webhooks to subscribers: what belongs together, and is started and stopped together. */
export class UpdatePipeline {
  readonly receiver: WebhookReceiver;
  readonly updates: LiveUpdates;
  readonly #options: UpdatePipelineOptions;
  readonly #teller: EventProcessor;
  readonly #comparison: WebhookBackfill;
  readonly #followed: FollowedPayouts;
  #forgetting: NodeJS.Timeout | undefined;
  #listening: NodeJS.Timeout | undefined;
  #startingAgain: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: UpdatePipelineOptions) {
    const { events, told } = options;
    this.#options = options;
    this.updates = new LiveUpdates({
      events,
      onNews: () => {
        options.client.startAfresh();
      },
    });
    options.onAnnouncement(() => {
      this.updates.wake();
    });
    this.#teller = new EventProcessor({
      ...options,
      onTold: steps => {
        told.steps(steps);
        // Whoever does not hear it looks by itself after a while.
        options.announce().catch(() => undefined);
      },
      onForeign: told.foreign,
      onTrouble: error => {
        told.trouble('looking', error);
      },
    });
    this.receiver = new WebhookReceiver({
      ...options,
      onTaken: payout => {
        told.received(payout);
        this.#teller.wake();
      },
    });
    this.#comparison = new WebhookBackfill({
      ...options,
      teller: this.#teller,
      onGaps: told.gaps,
      onTrouble: error => {
        told.trouble('comparing', error);
      },
      ...(options.compareEveryMs !== undefined && { everyMs: options.compareEveryMs }),
    });
    this.#followed = new FollowedPayouts({
      client: options.client,
      teller: this.#teller,
      ...(options.followEveryMs !== undefined && { everyMs: options.followEveryMs }),
    });
  }

  /** Follows payouts that this gateway has created, because Lean sends no webhook before there is a payment. */
  follow(intentIds: readonly string[]): void {
    this.#followed.follow(intentIds);
  }

  /**
   * Looks at what was left lying, compares with Lean, and goes on with what comes. While the store cannot be reached it
   * is tried again: that keeps nobody from starting.
   */
  async start(): Promise<void> {
    try {
      await this.#begin();
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      this.#options.told.trouble('starting', error);
      if (this.#stopped) return;
      this.#startingAgain = setTimeout(() => void this.start(), startAgainMs).unref();
    }
  }

  async #begin(): Promise<void> {
    const { events, listen } = this.#options;
    await listen();
    await this.updates.start();
    if (this.#stopped) return;
    this.#listening = setInterval(() => {
      // Until it can be heard again, everybody looks by itself after a while.
      listen().catch(() => undefined);
    }, listenEveryMs).unref();
    this.#teller.start();
    this.#comparison.start();
    const forget = (): void => {
      events.forget(keptMs).catch((error: unknown) => {
        if (!(error instanceof StoreUnavailable)) throw error;
      });
    };
    this.#forgetting = setInterval(forget, forgetEveryMs).unref();
    forget();
  }

  /** Ends all subscriptions, so that who listens goes elsewhere. */
  endSubscriptions(): Promise<void> {
    return this.updates.close();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#startingAgain);
    clearInterval(this.#forgetting);
    clearInterval(this.#listening);
    const parts = [this.#comparison, this.#followed, this.#teller];
    await Promise.all([this.updates.close(), ...parts.map(part => part.stop())]);
  }
}
