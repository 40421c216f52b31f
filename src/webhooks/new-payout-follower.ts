import type { LeanClient } from '../lean/client.ts';
import { concernsOneRequest, LeanError } from '../errors/lean-errors.ts';
import { StoreUnavailable } from '../errors/gateway-errors.ts';
import { PollingLoop } from '../scheduling/polling-loop.ts';
import { instantAt } from '../payouts/values/instant.ts';
import { isAtBank, isBeforePayment, type Payout } from '../payouts/payout.ts';
import type { NewPayout, PayoutEvents } from '../payouts/payout-update.ts';
import type { EventProcessor } from './event-processor.ts';
import { listedPages } from './listed-pages.ts';

export interface NewPayoutFollowerOptions {
  readonly client: LeanClient;
  readonly events: Pick<PayoutEvents, 'newPayouts' | 'takeFollowLease'>;
  readonly processor: Pick<EventProcessor, 'beginRead' | 'publishRow'>;
  /** Between two reads of the list, in ms. @default 3 s */
  readonly intervalMs?: number;
  /** Between two reads of the store by a gateway that creates no payouts and does not read the list, in ms. @default 30 s */
  readonly idleIntervalMs?: number;
}

/** How long a payout is followed after its creation, in ms. */
const followMs = 120_000;

/** The most payouts that are followed at once. Older ones are left to the backfill. */
const maxFollowed = 1000;

const maxPages = 10;

/** How much earlier than its send Lean may date a payout, in ms, because clocks differ. */
const clockMarginMs = 60_000;

/**
 * Publishes the states of new payouts until Lean makes a payment, because Lean sends no webhook before that. One gateway
 * at a time reads one list every few seconds, for the payouts that all gateways on the store have created. After
 * `followMs` the backfill takes over.
 */
export class NewPayoutFollower {
  readonly #options: Required<NewPayoutFollowerOptions>;
  readonly #loop: PollingLoop;
  /** New payouts that need no more reads, because the list has shown a payment of them. */
  #ended = new Set<string>();
  #isWoken = false;
  /** When the store is read again without a call of `wake()` (`performance.now()`). */
  #idleUntil = 0;

  constructor(options: NewPayoutFollowerOptions) {
    this.#options = { intervalMs: 3000, idleIntervalMs: 30_000, ...options };
    this.#loop = new PollingLoop({
      poll: () => this.#poll(),
      intervalMs: this.#options.intervalMs,
      isTransient: error => error instanceof LeanError || error instanceof StoreUnavailable,
      // The next read comes soon, and the backfill reads what the last one missed.
      onFailure: () => undefined,
    });
  }

  /** Follows the payouts in the store, also those from before the start. */
  start(): void {
    this.#loop.start();
  }

  /** Must be called after this gateway has created payouts. They are followed from the next interval on. */
  wake(): void {
    this.#isWoken = true;
  }

  /** Waits for a read in flight. */
  stop(): Promise<void> {
    return this.#loop.stop();
  }

  async #poll(): Promise<void> {
    if (!this.#isWoken && performance.now() < this.#idleUntil) return;
    // Reset before the store is read, so that a creation during the read causes another one.
    this.#isWoken = false;
    this.#idleUntil = 0;
    const { events, intervalMs, idleIntervalMs } = this.#options;
    const followed = await this.#readFollowed();
    // The lease is shorter than the interval, because a single gateway would otherwise find its own lease still valid.
    if (followed.size > 0 && (await events.takeFollowLease(intervalMs * 0.9))) await this.#readList(followed);
    else this.#idleUntil = performance.now() + idleIntervalMs;
  }

  /** The payouts to follow, by intent id. */
  async #readFollowed(): Promise<ReadonlyMap<string, NewPayout>> {
    const payouts = await this.#options.events.newPayouts(followMs, maxFollowed);
    this.#ended = this.#ended.intersection(new Set(payouts.map(({ intentId }) => intentId)));
    const followed = payouts.filter(
      ({ intentId, published }) =>
        !this.#ended.has(intentId) &&
        (published === undefined || (published.paymentId === null && isBeforePayment({ state: published }))),
    );
    return new Map(followed.map(payout => [payout.intentId, payout]));
  }

  async #readList(followed: ReadonlyMap<string, NewPayout>): Promise<void> {
    const { client, processor } = this.#options;
    const oldestMs = Math.max(0, ...[...followed.values()].map(({ ageMs }) => ageMs));
    const from = instantAt((client.clock.now() ?? Date.now()) - oldestMs - clockMarginMs);
    const unseen = new Set(followed.keys());
    const isStopped = (): boolean => this.#loop.stopped;
    for await (const { rows, position } of listedPages(
      { from },
      { client, processor, maxPages, isStopped },
    )) {
      for (const row of rows) {
        if (isStopped()) return;
        unseen.delete(row.intentId);
        await this.#publishIfChanged(row, followed.get(row.intentId), position).catch((error: unknown) => {
          // A payout that cannot be read must not keep the others from being published.
          if (!(error instanceof LeanError && concernsOneRequest(error))) throw error;
        });
      }
      if (unseen.size === 0) return;
    }
  }

  async #publishIfChanged(row: Payout, payout: NewPayout | undefined, position: number): Promise<void> {
    const { intentId, paymentId, state } = row;
    if (payout === undefined || state?.leanStatus == null) return;
    // From the payment on, Lean sends webhooks. Some lists show no payment ids; then the status shows the payment.
    const hasPayment = paymentId !== null || isAtBank(state.status);
    const isPublished = payout.published?.leanStatus === state.leanStatus;
    if (!hasPayment && !isPublished) await this.#options.processor.publishRow(row, position);
    if (hasPayment) this.#ended.add(intentId);
  }
}
