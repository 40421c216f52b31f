import type { LeanClient } from '../lean/client.ts';
import { LeanError } from '../errors/lean-errors.ts';
import { StoreUnavailable } from '../errors/gateway-errors.ts';
import { PollingLoop } from '../scheduling/polling-loop.ts';
import { instantAt } from '../payouts/values/instant.ts';
import { isAtBank, isBeforePayment, type Payout } from '../payouts/payout.ts';
import type { NewPayout, PayoutEvents } from '../payouts/payout-update.ts';
import type { UpdateLeases } from '../payouts/update-leases.ts';
import type { EventProcessor } from './event-processor.ts';
import { listedPages } from './listed-pages.ts';
import { RowPublisher, type ListedRow } from './row-publisher.ts';

export interface NewPayoutFollowerOptions {
  readonly client: LeanClient;
  readonly events: Pick<PayoutEvents, 'newPayouts'>;
  readonly leases: Pick<UpdateLeases, 'isFollowLeaseTaken' | 'takeFollowLease'>;
  readonly processor: Pick<EventProcessor, 'beginRead' | 'publishRow'>;
  /** Between two reads of the list, in ms. @default 3 s */
  readonly intervalMs?: number;
  /** Between two reads of the store while there are no new payouts, in ms. @default 30 s */
  readonly idleIntervalMs?: number;
}

/** How long a payout is followed after its creation, in ms. */
const followMs = 120_000;

/** The most payouts that are followed at once. Older ones are left to the backfill. */
const maxFollowed = 1000;

const maxPages = 10;

/** How much earlier than its send Lean may date a payout, in ms, because clocks differ. */
const clockMarginMs = 60_000;

/** A lease that its gateway has not renewed for this many intervals is free. */
const leaseIntervals = 2;

/**
 * Publishes the states of new payouts until Lean makes a payment, because Lean sends no webhook before that. One gateway
 * at a time has the lease: it reads one list every few seconds, for the payouts that all gateways of its Lean application
 * have created. After `followMs` the backfill takes over.
 */
export class NewPayoutFollower {
  readonly #options: Required<NewPayoutFollowerOptions>;
  readonly #loop: PollingLoop;
  readonly #publisher: RowPublisher;
  /** New payouts that need no more reads, because the list has shown a payment of them. */
  #ended = new Set<string>();
  #isWoken = false;
  /** When the store is read again without a call of `wake()` (`performance.now()`). */
  #idleUntil = 0;
  /** Whether this gateway waits until the lease is free. Meanwhile it only looks at the lease, once per interval. */
  #isWaiting = false;

  constructor(options: NewPayoutFollowerOptions) {
    this.#options = { intervalMs: 3000, idleIntervalMs: 30_000, ...options };
    this.#loop = new PollingLoop({
      poll: () => this.#poll(),
      intervalMs: this.#options.intervalMs,
      isTransient: error => error instanceof LeanError || error instanceof StoreUnavailable,
      // The next read comes soon, and the backfill reads what the last one missed.
      onFailure: () => undefined,
    });
    this.#publisher = new RowPublisher({
      processor: this.#options.processor,
      isStopped: () => this.#loop.stopped,
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
    const { leases, intervalMs, idleIntervalMs } = this.#options;
    const leaseMs = leaseIntervals * intervalMs;
    if (this.#isWaiting && (await leases.isFollowLeaseTaken(leaseMs))) return;
    this.#isWaiting = false;
    const payouts = await this.#newPayouts();
    if (payouts.length === 0) {
      this.#idleUntil = performance.now() + idleIntervalMs;
      return;
    }
    // After a failure this gateway does not renew its lease, because another gateway may still reach Lean.
    this.#isWaiting = true;
    if (await leases.takeFollowLease(leaseMs)) this.#isWaiting = !(await this.#readList(payouts));
  }

  /** The new payouts of which neither a payment nor a failure has been published. */
  async #newPayouts(): Promise<readonly NewPayout[]> {
    const payouts = await this.#options.events.newPayouts(followMs, maxFollowed);
    this.#ended = this.#ended.intersection(new Set(payouts.map(({ intentId }) => intentId)));
    return payouts.filter(
      ({ published }) =>
        published === undefined || (published.paymentId === null && isBeforePayment({ state: published })),
    );
  }

  /**
   * Reads Lean's list, unless it has shown a payment of each payout. Then the lease is kept nevertheless: another gateway
   * would have to read the list to find that out.
   * @returns false if Lean itself seems to be failing
   */
  async #readList(payouts: readonly NewPayout[]): Promise<boolean> {
    const followed = payouts.filter(({ intentId }) => !this.#ended.has(intentId));
    if (followed.length === 0) return true;
    const { isComplete } = await this.#publisher.publish(this.#pages(followed));
    return isComplete;
  }

  /** The rows of each page that show a new state. Ends with the page that shows the last of the payouts. */
  async *#pages(payouts: readonly NewPayout[]): AsyncGenerator<readonly ListedRow[]> {
    const { client, processor } = this.#options;
    const oldestMs = Math.max(0, ...payouts.map(({ ageMs }) => ageMs));
    const from = instantAt((client.clock.now() ?? Date.now()) - oldestMs - clockMarginMs);
    const followed = new Map(payouts.map(payout => [payout.intentId, payout]));
    const unseen = new Set(followed.keys());
    const isStopped = (): boolean => this.#loop.stopped;
    for await (const { rows, position } of listedPages(
      { from },
      { client, processor, maxPages, isStopped },
    )) {
      for (const row of rows) {
        unseen.delete(row.intentId);
        if (hasPayment(row)) this.#ended.add(row.intentId);
      }
      yield rows
        .filter(row => showsNewState(row, followed.get(row.intentId)))
        .map(row => ({ row, position }));
      if (unseen.size === 0) return;
    }
  }
}

/** Some lists show no payment ids. Then the status shows the payment. */
function hasPayment({ paymentId, state }: Payout): boolean {
  return paymentId !== null || (state !== undefined && isAtBank(state.status));
}

/** Whether a row shows a state of a followed payout that has not been published, and that no webhook announces. */
function showsNewState(row: Payout, payout: NewPayout | undefined): boolean {
  const leanStatus = row.state?.leanStatus;
  return (
    payout !== undefined &&
    leanStatus != null &&
    leanStatus !== payout.published?.leanStatus &&
    // From the payment on, Lean sends webhooks.
    !hasPayment(row)
  );
}
