import type { LeanClient } from '../lean/client.ts';
import { concernsOneRequest, LeanError } from '../errors/lean-errors.ts';
import { StoreUnavailable } from '../errors/gateway-errors.ts';
import { instantAt, compareInstants, type Instant } from '../payouts/values/instant.ts';
import { count } from '../payouts/lean-values.ts';
import { awaitsTracking, type Payout } from '../payouts/payout.ts';
import { PollingLoop } from '../scheduling/polling-loop.ts';
import {
  isSameState,
  type PayoutEvents,
  type PayoutStateChange,
  type ReceivedEvent,
} from '../payouts/payout-update.ts';
import { eventFromLean } from './event-from-lean.ts';
import type { EventProcessor } from './event-processor.ts';
import { listedPages } from './listed-pages.ts';

export interface WebhookBackfillOptions {
  readonly client: LeanClient;
  readonly events: PayoutEvents;
  readonly processor: EventProcessor;
  /** Called with the number of events and payouts that a backfill has recovered. */
  readonly onMissed: (missed: { readonly events: number; readonly payouts: number }) => void;
  /** Called with the first error of a series of failures, and with undefined after the next success. */
  readonly onFailure: (error: Error | undefined) => void;
  /** Between two backfills, in ms. @default 3 min */
  readonly intervalMs?: number;
}

const pageSize = 100;
const maxPages = 1000;

/** How far a backfill reaches into the range of the one before it: Lean may list entries late, and clocks differ. */
const overlapMs = 10 * 60_000;

/**
 * After this many failures in a row no further new payouts are read, because Lean itself seems unavailable then. Payouts
 * that failed before are tried nevertheless.
 */
const maxFailuresInRow = 10;

/** How long a payout that cannot be read is retried, in ms. After that, only its next change is published. */
const retryMs = 3_600_000;

/** The most failed payouts that are remembered. */
const maxRemembered = 1000;

/** Stands for rows of Lean's list without an intent id. */
const unreadableRow = '';

/**
 * Recovers missed webhooks every few minutes. Reads Lean's list of events and the payouts that have changed, and
 * publishes what is missing. Each gateway runs a backfill when it starts. After that, one of the gateways on a store runs each.
 */
export class WebhookBackfill {
  readonly #options: Required<WebhookBackfillOptions>;
  readonly #loop: PollingLoop;
  /**
   * Intents whose payouts could not be read, with the time of the first failure (Lean's clock, epoch ms). They are read
   * after all others, so that they cannot keep the backfill from reaching the others.
   */
  #firstFailures: ReadonlyMap<string, number> = new Map();
  /** Whether this gateway has begun a backfill since its start. */
  #hasBegun = false;

  constructor(options: WebhookBackfillOptions) {
    this.#options = { intervalMs: 180_000, ...options };
    const { intervalMs, onFailure } = this.#options;
    this.#loop = new PollingLoop({
      poll: () => this.#backfillIfDue(),
      intervalMs,
      isTransient: error => error instanceof LeanError || error instanceof StoreUnavailable,
      onFailure,
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
    const { events, intervalMs } = this.#options;
    const leanNow = await this.#leanNow();
    // The lease is shorter than the interval, because a single gateway would otherwise find its own lease still valid.
    // The first one recovers what this gateway missed before its start, so it runs even if another gateway's was recent.
    const upTo = await events.takeBackfillLease(intervalMs * 0.9, leanNow, { evenIfNotDue: !this.#hasBegun });
    this.#hasBegun = true;
    if (upTo !== undefined) await this.backfill(upTo, leanNow);
  }

  /** The time on Lean's clock, which the times of events and payouts come from. */
  async #leanNow(): Promise<Instant> {
    return instantAt((await this.#options.client.now()) ?? Date.now());
  }

  /**
   * Recovers what was missed between two times.
   * @param upTo the end of the last complete backfill
   * @param until the current time on Lean's clock
   * @throws LeanError, StoreUnavailable
   */
  async backfill(upTo: Instant, until: Instant): Promise<void> {
    const { events, processor, onMissed } = this.#options;
    const since = await events.recordStart(until);
    // A recorded time later than Lean's time comes from a wrong clock.
    const overlapping = instantAt(Math.min(Date.parse(upTo), Date.parse(until)) - overlapMs);
    // Changes from before the first start on this store are not published.
    const from = compareInstants(overlapping, since) < 0 ? since : overlapping;
    const missed: Missed = { events: 0, payouts: 0, failuresInRow: 0, failures: new Map(), isComplete: true };
    try {
      await this.#receiveMissedEvents(from, missed);
      if (missed.events > 0) processor.wake();
      await this.#publishMissedPayouts(from, missed);
    } finally {
      // Also called after a failure, because the next backfill does not find these events and payouts again.
      const { events, payouts } = missed;
      if (events > 0 || payouts > 0) onMissed({ events, payouts });
    }
    // An interrupted backfill is repeated from its start.
    if (this.#loop.stopped) return;
    this.#rememberFailures(missed.failures, Date.parse(until));
    const isRetrying = [...this.#firstFailures.values()].some(
      failedAt => Date.parse(until) - failedAt < retryMs,
    );
    // An incomplete backfill moves nothing forward: the next one starts where this one started.
    await events.completeBackfill(missed.isComplete && !isRetrying ? until : upTo);
    const [failure] = missed.failures.values();
    if (failure !== undefined) throw failure;
  }

  /** Keeps the failures of this backfill, each with the time of its first failure. */
  #rememberFailures(failures: ReadonlyMap<string, LeanError>, now: number): void {
    const intentIds = [...failures.keys()].slice(0, maxRemembered);
    this.#firstFailures = new Map(
      intentIds.map(intentId => [intentId, this.#firstFailures.get(intentId) ?? now]),
    );
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
   * Publishes the payouts that have changed. Goes on after a payout that cannot be read.
   * @throws LeanError if the list cannot be read; StoreUnavailable
   */
  async #publishMissedPayouts(from: Instant, missed: Missed): Promise<void> {
    const failedBefore: ListedRow[] = [];
    for await (const page of this.#pages(from, missed.failures)) {
      const isNew = ({ row }: ListedRow): boolean => !this.#firstFailures.has(row.intentId);
      failedBefore.push(...page.filter(listed => !isNew(listed)));
      missed.isComplete = await this.#publishRows(page.filter(isNew), missed, maxFailuresInRow);
      if (!missed.isComplete) break;
    }
    await this.#publishRows(failedBefore, missed, Infinity);
  }

  /** The rows of each page of Lean's list whose states have not been published. */
  async *#pages(from: Instant, failures: Map<string, LeanError>): AsyncGenerator<readonly ListedRow[]> {
    const { client, events, processor } = this.#options;
    const isStopped = (): boolean => this.#loop.stopped;
    const pages = listedPages({ from_updated_at: from }, { client, processor, maxPages, isStopped });
    for await (const { rows, rowError, position } of pages) {
      if (rowError !== undefined) failures.set(unreadableRow, rowError);
      const latest = await events.latestUpdates(rows.map(({ intentId }) => intentId));
      yield rows
        .filter(row => !isPublished(row, latest.get(row.intentId)))
        .filter(({ updatedAt }) => updatedAt == null || compareInstants(updatedAt, from) >= 0)
        .map(row => ({ row, position }));
    }
  }

  /** @returns false if it stopped after `maxFailures` failures in a row */
  async #publishRows(rows: readonly ListedRow[], missed: Missed, maxFailures: number): Promise<boolean> {
    for (const { row, position } of rows) {
      try {
        if ((await this.#options.processor.publishRow(row, position)) > 0) missed.payouts += 1;
        missed.failuresInRow = 0;
      } catch (error) {
        if (!(error instanceof LeanError)) throw error;
        missed.failures.set(row.intentId, error);
        if (!concernsOneRequest(error)) missed.failuresInRow += 1;
        if (missed.failuresInRow >= maxFailures) return false;
      }
    }
    return true;
  }
}

/** A row of Lean's list, and the position of the newest update when it was read. */
interface ListedRow {
  readonly row: Payout;
  readonly position: number;
}

/** The results of a backfill so far. */
interface Missed {
  /** The number of events that had not been received. */
  events: number;
  /** The number of payouts that were published. */
  payouts: number;
  /** The number of failures since the last success. */
  failuresInRow: number;
  /** The failures by intent id. */
  readonly failures: Map<string, LeanError>;
  /** Whether the whole list was read. */
  isComplete: boolean;
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
