import type { LeanClient } from '../lean/client.ts';
import { updateRetentionMs, type PayoutEvents } from '../payouts/payout-update.ts';
import type { UpdateLeases } from '../payouts/update-leases.ts';
import type { AnnouncedPayout } from '../payouts/creation/payout-records.ts';
import { StoreUnavailable } from '../errors/gateway-errors.ts';
import { PollingLoop } from '../scheduling/polling-loop.ts';
import { WebhookBackfill } from './webhook-backfill.ts';
import { NewPayoutFollower } from './new-payout-follower.ts';
import { LiveUpdates } from './live-updates.ts';
import type { ObservationSources } from './payout-observer.ts';
import { WebhookReceiver } from './webhook-receiver.ts';
import { EventProcessor } from './event-processor.ts';

export interface UpdatePipelineOptions extends ObservationSources {
  readonly client: LeanClient;
  readonly events: PayoutEvents;
  readonly leases: UpdateLeases;
  /** The secrets that Lean signs its webhooks with. */
  readonly secrets: readonly string[];
  /** Announces new updates to all gateways on the store, including this one. */
  readonly announce: () => Promise<void>;
  readonly onAnnouncement: (listener: () => void) => void;
  /**
   * Starts to receive the announcements of other gateways. The store does so again by itself after a lost connection.
   * @throws StoreUnavailable
   */
  readonly listen: () => Promise<void>;
  readonly callbacks: {
    /** Called with the number of updates that this gateway has just published. */
    onPublished(updates: number): void;
    /** Called with the ids of intents and payments that may have changed, so that cached data is dropped. */
    onPayoutChanged(id: string): void;
    /** Called after a webhook with a new event, with the payout that it announces. */
    onEventReceived(payout: AnnouncedPayout): void;
    /** Called with the number of events that belong to payments which are not payouts. */
    onNonPayoutEvents(events: number): void;
    /** Called with the number of events and payouts that a backfill has recovered. */
    onMissed(missed: { readonly events: number; readonly payouts: number }): void;
    /**
     * Called when a part of the pipeline fails: `starting` with every error, the others with the first error of a series
     * and with undefined after the next success.
     */
    onFailure(part: 'starting' | 'processing' | 'backfill', error: Error | undefined): void;
  };
  /** Between two backfills, in ms. @default 3 min */
  readonly backfillIntervalMs?: number;
  /** Between two reads of Lean's list for payouts that were just created, in ms. @default 3 s */
  readonly followIntervalMs?: number;
}

const purgeIntervalMs = 60 * 60 * 1000;
const retryStartMs = 5000;

/** Everything between Lean's webhooks and the subscribers to updates. Its parts are started and stopped together. */
export class UpdatePipeline {
  readonly receiver: WebhookReceiver;
  readonly updates: LiveUpdates;
  readonly #options: UpdatePipelineOptions;
  readonly #follower: NewPayoutFollower;
  /** The parts that run in the background, in their starting order. */
  readonly #parts: readonly { start(): void; stop(): Promise<void> }[];
  #retryTimer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: UpdatePipelineOptions) {
    const { client, events, leases, callbacks } = options;
    this.#options = options;
    this.updates = new LiveUpdates({
      events,
      onNewUpdates: updates => {
        client.stopSharingReads();
        for (const { intentId } of updates) callbacks.onPayoutChanged(intentId);
      },
    });
    options.onAnnouncement(() => {
      this.updates.wake();
    });
    const processor = new EventProcessor({
      ...options,
      onPublished: updates => {
        callbacks.onPublished(updates);
        // A gateway that misses the announcement reads the store a few seconds later.
        options.announce().catch(() => undefined);
      },
      onNonPayoutEvents: callbacks.onNonPayoutEvents,
      onFailure: error => {
        callbacks.onFailure('processing', error);
      },
    });
    this.receiver = new WebhookReceiver({
      ...options,
      onPayoutChanged: id => {
        // A later read must not share the answer to an earlier one.
        client.stopSharingReads();
        callbacks.onPayoutChanged(id);
      },
      onReceived: payout => {
        callbacks.onEventReceived(payout);
        processor.wake();
      },
    });
    const backfill = new WebhookBackfill({
      ...options,
      processor,
      onMissed: callbacks.onMissed,
      onFailure: error => {
        callbacks.onFailure('backfill', error);
      },
      ...(options.backfillIntervalMs !== undefined && { intervalMs: options.backfillIntervalMs }),
    });
    this.#follower = new NewPayoutFollower({
      client,
      events,
      leases,
      processor,
      ...(options.followIntervalMs !== undefined && { intervalMs: options.followIntervalMs }),
    });
    const retention = new PollingLoop({
      poll: () => events.purge(updateRetentionMs),
      intervalMs: purgeIntervalMs,
      isTransient: error => error instanceof StoreUnavailable,
      // Old rows may wait for the next hour.
      onFailure: () => undefined,
    });
    this.#parts = [processor, backfill, this.#follower, retention];
  }

  /** Must be called after this gateway has created payouts, because Lean sends no webhook before there is a payment. */
  followNewPayouts(): void {
    this.#follower.wake();
  }

  /**
   * Processes the stored events, runs a backfill, and serves subscribers from now on. Resolves after the first try. If
   * the store is unavailable, the gateway starts nevertheless, and this is tried again until it succeeds.
   */
  async start(): Promise<void> {
    try {
      await this.#startParts();
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      this.#options.callbacks.onFailure('starting', error);
      if (this.#stopped) return;
      // Not a polling loop, because it ends with the first success.
      this.#retryTimer = setTimeout(() => void this.start(), retryStartMs).unref();
    }
  }

  async #startParts(): Promise<void> {
    await this.#options.listen();
    await this.updates.start();
    if (this.#stopped) return;
    for (const part of this.#parts) part.start();
  }

  /** Ends all subscriptions, so that their clients connect to another gateway. */
  endSubscriptions(): Promise<void> {
    return this.updates.close();
  }

  /** Ends all subscriptions, and waits for work in flight. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retryTimer);
    await Promise.all([this.updates.close(), ...this.#parts.map(part => part.stop())]);
  }
}
