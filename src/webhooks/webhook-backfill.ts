import type { LeanClient } from '../lean/client.ts';
import { pageSize } from '../lean/page-size.ts';
import { LeanError } from '../errors/lean-errors.ts';
import { systemClocks, type Clocks } from '../lean/send-window.ts';
import { StoreUnavailable } from '../errors/gateway-errors.ts';
import { propagationDelayMs } from '../payouts/propagation-delay.ts';
import { instantAt, compareInstants, type Instant } from '../payouts/values/instant.ts';
import { count } from '../payouts/lean-values.ts';
import { awaitsTracking, type Payout } from '../payouts/payout.ts';
import type { UpdateLeases } from '../payouts/update-leases.ts';
import { PollingLoop } from '../scheduling/polling-loop.ts';
import {
  isSameState,
  type PayoutEvents,
  type PayoutStateChange,
  type ReceivedEvent,
} from '../payouts/payout-update.ts';
import { eventFromLean } from './event-from-lean.ts';
import type { EventProcessor } from './event-processor.ts';
import { leanNow } from './lean-now.ts';
import { listedPages } from './listed-pages.ts';
import { RowPublisher, type ListedRow, type PublishResult } from './row-publisher.ts';

export interface WebhookBackfillOptions {
  readonly client: LeanClient;
  readonly events: PayoutEvents;
  readonly leases: UpdateLeases;
  readonly processor: EventProcessor;
  /** Called with the number of events and payouts that a backfill has recovered. */
  readonly onMissed: (missed: { readonly events: number; readonly payouts: number }) => void;
  /** Called with the first error of a series of failures, and with undefined after the next success. */
  readonly onFailure: (error: Error | undefined) => void;
  /** Between two backfills, in ms. @default 3 min */
  readonly intervalMs?: number;
  /** This machine's clocks. @default systemClocks */
  readonly clocks?: Clocks;
}

const maxPages = 1000;

/**
 * How long a payout is retried whose read fails, or whose state is in doubt, in ms. After that, only its next change is
 * published.
 */
const retryMs = 3_600_000;

/** Stands for rows of Lean's list without an intent id. */
const unreadableRow = '';

/**
 * Recovers missed webhooks every few minutes. Reads Lean's list of events and the payouts that have changed, and
 * publishes what is missing. Each gateway runs a backfill when it starts. After that, one of the gateways of a Lean
 * application runs each.
 */
export class WebhookBackfill {
  readonly #options: Required<WebhookBackfillOptions>;
  readonly #loop: PollingLoop;
  readonly #publisher: RowPublisher;
  /** Intents whose payouts must be read again, with the time of the first try on the monotonic clock. */
  #openSince: ReadonlyMap<string, number> = new Map();
  /** Whether this gateway has begun a backfill since its start. */
  #hasBegun = false;

  constructor(options: WebhookBackfillOptions) {
    this.#options = { intervalMs: 180_000, clocks: systemClocks, ...options };
    const { intervalMs, onFailure } = this.#options;
    this.#loop = new PollingLoop({
      poll: () => this.#backfillIfDue(),
      intervalMs,
      isTransient: error => error instanceof LeanError || error instanceof StoreUnavailable,
      onFailure,
    });
    this.#publisher = new RowPublisher({
      processor: this.#options.processor,
      isStopped: () => this.#loop.stopped,
    });
  }

  /** Runs a backfill now, and then every `intervalMs`. */
  start(): void {
    this.#loop.start();
  }

  /** Waits for a backfill in flight. */
  stop(): Promise<void> {
    return this.#loop.stop();
  }

  async #backfillIfDue(): Promise<void> {
    const { client, leases, intervalMs, clocks } = this.#options;
    const now = await leanNow(client, () => clocks.wall());
    // The lease is shorter than the interval, because a single gateway would otherwise find its own lease still valid.
    // The first one recovers what this gateway missed before its start, so it runs even if another gateway's was recent.
    const upTo = await leases.takeBackfillLease(intervalMs * 0.9, now, { evenIfNotDue: !this.#hasBegun });
    this.#hasBegun = true;
    if (upTo !== undefined) await this.backfill(upTo, now);
  }

  /**
   * Recovers what was missed between two times.
   * @param upTo the end of the last complete backfill
   * @param until from `leanNow()`
   * @throws LeanError, StoreUnavailable
   */
  async backfill(upTo: Instant, until: Instant): Promise<void> {
    const { leases, processor, onMissed, clocks } = this.#options;
    const since = await leases.recordStart(until);
    // A recorded time later than Lean's time comes from a wrong clock. Ranges overlap because Lean may list a change late.
    const overlapping = instantAt(Math.min(Date.parse(upTo), Date.parse(until)) - propagationDelayMs);
    // Changes from before the first start on this store are not published.
    const from = compareInstants(overlapping, since) < 0 ? since : overlapping;
    const missed: Missed = { events: 0, payouts: 0, rowError: undefined };
    let result: PublishResult;
    try {
      await this.#receiveMissedEvents(from, missed);
      if (missed.events > 0) processor.wake();
      result = await this.#publisher.publish(this.#changedRows(from, missed), () => {
        missed.payouts += 1;
      });
    } finally {
      // Also called after a failure, because the next backfill does not find these events and payouts again.
      if (missed.events > 0 || missed.payouts > 0)
        onMissed({ events: missed.events, payouts: missed.payouts });
    }
    // An interrupted backfill is repeated from its start.
    if (this.#loop.stopped) return;
    const { isComplete, failure = missed.rowError } = result;
    // Not Lean's time, because one wrong time in its responses would end the retries.
    const now = clocks.monotonic();
    this.#rememberOpen(missed.rowError !== undefined, now);
    const isRetrying = [...this.#openSince.values()].some(openSince => now - openSince < retryMs);
    // An incomplete backfill moves nothing forward: the next one starts where this one started.
    await leases.completeBackfill(isComplete && !isRetrying ? until : upTo);
    if (failure !== undefined) throw failure;
  }

  /** Keeps the payouts that must be read again, each with the time of the first try. */
  #rememberOpen(hasUnreadableRow: boolean, now: number): void {
    const open = [...this.#publisher.open, ...(hasUnreadableRow ? [unreadableRow] : [])];
    this.#openSince = new Map(open.map(intentId => [intentId, this.#openSince.get(intentId) ?? now]));
  }

  /** Stores the events that were not received. Some Lean applications have no list of events. */
  async #receiveMissedEvents(from: Instant, missed: Missed): Promise<void> {
    const { client, events } = this.#options;
    let read = 0;
    for (let page = 0; page < maxPages && !this.#loop.stopped; page += 1) {
      const listed = await client.listEvents({ page: String(page), size: String(pageSize), from });
      if (listed === undefined) return;
      const received = listed.data.map(eventFromLean).filter(event => event !== undefined);
      if (received.length > 0) missed.events += await events.receive(received as ReceivedEvent[]);
      const { length } = listed.data;
      read += length;
      const total = count(listed.total);
      // Lean may cap its pages, so a short page is not the last one if the total says otherwise.
      if (length === 0 || (length < pageSize && (total === null || read >= total))) return;
    }
  }

  /**
   * The rows of each page of Lean's list whose states have not been published.
   * @throws LeanError if the list cannot be read; StoreUnavailable
   */
  async *#changedRows(from: Instant, missed: Missed): AsyncGenerator<readonly ListedRow[]> {
    const { client, events, processor } = this.#options;
    const isStopped = (): boolean => this.#loop.stopped;
    const pages = listedPages({ from_updated_at: from }, { client, processor, maxPages, isStopped });
    for await (const { rows, rowError, position } of pages) {
      missed.rowError ??= rowError;
      const latest = await events.latestUpdates(rows.map(({ intentId }) => intentId));
      const unpublished: ListedRow[] = [];
      for (const row of rows) {
        const { intentId, updatedAt, postInitiationStatus } = row;
        if (isPublished(row, latest.get(intentId))) {
          // A row without the tracking does not show whether the tracking has returned to an earlier state.
          if (postInitiationStatus !== undefined) processor.endDoubt(intentId);
        } else if (updatedAt == null || compareInstants(updatedAt, from) >= 0)
          unpublished.push({ row, position });
      }
      yield unpublished;
    }
  }
}

/** The state of one run of the backfill. */
interface Missed {
  /** The number of events that had not been received. */
  events: number;
  /** The number of payouts that were published. */
  payouts: number;
  /** The error of the first row that has no intent id. */
  rowError: LeanError | undefined;
}

/** Whether the state that a row shows has been published. The row may lack the tracking. */
function isPublished(row: Payout, latest: PayoutStateChange | undefined): boolean {
  const { paymentId, state, postInitiationStatus = latest?.postInitiationStatus } = row;
  if (latest === undefined || state?.leanStatus == null) return false;
  const { leanStatus } = state;
  const mayHaveNewTracking =
    row.postInitiationStatus === undefined &&
    latest.postInitiationStatus === null &&
    awaitsTracking(state.status);
  return !mayHaveNewTracking && isSameState(latest, { paymentId, leanStatus, postInitiationStatus });
}
