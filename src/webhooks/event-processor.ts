import type { LeanClient } from '../lean/client.ts';
import { LeanError } from '../errors/lean-errors.ts';
import { StoreUnavailable } from '../errors/gateway-errors.ts';
import { propagationDelayMs } from '../payouts/propagation-delay.ts';
import { compareInstants, instantAt, type Instant } from '../payouts/values/instant.ts';
import type { Payout } from '../payouts/payout.ts';
import { updateRetentionMs, type PayoutEvents, type LeasedEvent } from '../payouts/payout-update.ts';
import type { UpdateLeases } from '../payouts/update-leases.ts';
import {
  isSameObservation,
  PayoutObserver,
  type Observation,
  type ObservationSources,
} from './payout-observer.ts';
import { DoubtedStates } from './doubted-states.ts';
import { leanNow } from './lean-now.ts';
import { isInDoubt, unpublishedChanges, withoutCurrentState } from './state-changes.ts';
import { CoalescingWorker } from '../scheduling/coalescing-worker.ts';

export interface EventProcessorOptions extends ObservationSources {
  readonly client: LeanClient;
  readonly events: PayoutEvents;
  readonly leases: Pick<UpdateLeases, 'recordStart'>;
  /** Called after updates have been published, with their number. */
  readonly onPublished: (updates: number) => void;
  /** Called with the number of events that belong to payments which are not payouts. */
  readonly onNonPayoutEvents?: (events: number) => void;
  /** Called with the first error of a series of failures, and with undefined once nothing fails any more. */
  readonly onFailure?: (error: Error | undefined) => void;
  /** How often the store is checked for due events without a call of `wake()`, in ms. @default 5 s */
  readonly intervalMs?: number;
  /** A monotonic clock, in ms. @default performance.now */
  readonly clock?: () => number;
}

/** The most events of a batch. */
const batchSize = 500;

/** The most payments of a batch that are processed at the same time. */
const concurrency = 16;

/**
 * The number of tries after which a payment that Lean does not know counts as no payout. Lean may send an event before
 * its payment can be read.
 */
const unknownPaymentTries = 3;

/** The longest delay before events are processed again, in ms. */
const maxDelayMs = 60_000;

/** The key for failures of the store. Failures of payments have the payment's id as key, which is a UUID. */
const theStore = 'store';

/** The most payments that are remembered as failing. */
const maxFailing = 10_000;

/** The time after which a payment no longer counts as failing, in ms. A failing one is tried again within a minute. */
const forgetFailureMs = 2 * maxDelayMs;

/** The most reads of a payout while other updates of it are published. After them its events are postponed. */
const maxReads = 5;

/** The most state changes that are published at once: SQLite accepts 32,766 values in a statement, 8 for each change. */
const maxChanges = 1000;

/**
 * Checks received events against Lean and publishes the state changes that Lean confirms. Each state change of a payout
 * is published once and in order, even if its events are repeated, late or out of order.
 */
export class EventProcessor {
  readonly #options: EventProcessorOptions;
  readonly #observer: PayoutObserver;
  readonly #doubted: DoubtedStates;
  #since: Promise<Instant> | undefined;
  readonly #worker = new CoalescingWorker(() => this.#processBatch());
  #timer: NodeJS.Timeout | undefined;
  /** The payments, and the store, whose last try failed, with the time of that failure (`performance.now()`). */
  readonly #failing = new Map<string, number>();

  constructor(options: EventProcessorOptions) {
    this.#options = options;
    this.#observer = new PayoutObserver(options);
    this.#doubted = new DoubtedStates(options.clock ?? (() => performance.now()));
  }

  /** Processes the due events now, and checks for others every `intervalMs`. */
  start(): void {
    const { intervalMs = 5000 } = this.#options;
    this.#timer = setInterval(() => {
      this.wake();
    }, intervalMs).unref();
    this.wake();
  }

  /** Processes the due events. */
  wake(): void {
    this.#worker.wake();
  }

  /** Waits for a batch in flight. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#worker.stop();
  }

  async #processBatch(): Promise<'more' | 'done'> {
    try {
      const batch = await this.#options.events.leaseDue(batchSize);
      if (batch.length > 0) await this.#processPayments(Map.groupBy(batch, ({ paymentId }) => paymentId));
      this.#noteResult(theStore, undefined);
      return batch.length > 0 ? 'more' : 'done';
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      this.#noteResult(theStore, error);
      return 'done';
    }
  }

  /**
   * Records whether a payment, or the store, fails. Reports the first failure, and the end of the last one.
   * A payment is forgotten if this gateway has not tried it for a while, because another gateway may have processed it.
   */
  #noteResult(key: string, failure: Error | undefined): void {
    const wasFailing = this.#failing.size > 0;
    const now = performance.now();
    this.#failing.delete(key);
    if (failure !== undefined && this.#failing.size < maxFailing) this.#failing.set(key, now);
    for (const [each, failedAt] of this.#failing) {
      if (now - failedAt < forgetFailureMs) break;
      this.#failing.delete(each);
    }
    if (this.#failing.size > 0 !== wasFailing) this.#options.onFailure?.(failure);
  }

  async #processPayments(byPayment: ReadonlyMap<string, readonly LeasedEvent[]>): Promise<void> {
    const queue = [...byPayment.entries()];
    const work = async (): Promise<void> => {
      for (let next = queue.pop(); next !== undefined; next = queue.pop())
        this.#noteResult(next[0], await this.#processPayment(...next));
    };
    await Promise.all(Array.from({ length: concurrency }, work));
  }

  /** @returns the failure because of which the events were postponed */
  async #processPayment(paymentId: string, batch: readonly LeasedEvent[]): Promise<LeanError | undefined> {
    const { events, onNonPayoutEvents } = this.#options;
    const ids = batch.map(({ eventId }) => eventId);
    const tries = Math.min(...batch.map(event => event.tries));
    const delayMs = Math.min(1000 * 2 ** tries, maxDelayMs);
    try {
      const outcome = await this.#publishPayment(paymentId, batch);
      const isUnknown = outcome === undefined;
      if (outcome === 'unsettled' || (isUnknown && tries + 1 < unknownPaymentTries))
        await events.postpone(ids, delayMs);
      else {
        if (isUnknown) onNonPayoutEvents?.(ids.length);
        await events.complete(ids);
      }
      return undefined;
    } catch (error) {
      if (!(error instanceof LeanError)) throw error;
      await events.postpone(ids, delayMs);
      return error;
    }
  }

  /** Must be called when Lean's list shows a payout in its last published state, so that no earlier one is believed. */
  endDoubt(intentId: string): void {
    this.#doubted.forget(intentId);
  }

  /**
   * Must be called before a payout is read from Lean. Returns the position of the newest update. The store does not
   * publish the result of the read if another update of the same payout has a later position.
   */
  async beginRead(): Promise<number> {
    const { events, client } = this.#options;
    const position = await events.lastPosition();
    // A shared read that is in flight may be older than the newest update.
    client.stopSharingReads();
    return position;
  }

  /** Publishes the new state changes of the payout that a payment belongs to. */
  async #publishPayment(paymentId: string, batch: readonly LeasedEvent[]): Promise<Outcome> {
    const options = { deadline: this.#options.client.deadline() };
    const intentId = batch.find(event => event.intentId !== null)?.intentId ?? undefined;
    return this.#publish(() => this.#observer.observePayment(paymentId, intentId, options), options);
  }

  /**
   * Publishes the new state changes of a payout from a row of Lean's list, with or without a payment.
   * @param position the result of `beginRead()` from before the list was read
   * @returns how many state changes were published; `unsettled` if the row must be read again later
   * @throws LeanError, StoreUnavailable
   */
  async publishRow(row: Payout, position: number): Promise<number | 'unsettled'> {
    const options = { deadline: this.#options.client.deadline() };
    const observe = (): Promise<Observation> => this.#observer.observeRow(row, options);
    const observeAgain = (): Promise<Observation | undefined> => this.#observer.observeRowAgain(row, options);
    return (await this.#publish(observeAgain, options, { position, observe })) ?? 0;
  }

  /**
   * Publishes the new state changes that an observation shows. Observes again if another update of the payout was
   * published meanwhile, or if the observed state is in doubt.
   * @param first replaces `observe` for the first observation, which began at the given position
   */
  async #publish(
    observe: () => Promise<Observation | undefined>,
    options: { readonly deadline: number },
    first?: { readonly position: number; readonly observe: () => Promise<Observation> },
  ): Promise<Outcome> {
    let previous: Observation | undefined;
    for (let reads = 1; reads <= maxReads; reads += 1) {
      const given = reads === 1 ? first : undefined;
      const position = given?.position ?? (await this.beginRead());
      const observation = await (given?.observe ?? observe)();
      if (observation === undefined) return reads === 1 ? undefined : 'unsettled';
      const isConfirmed = isSameObservation(previous, observation);
      const outcome = await this.#publishObservation(observation, position, isConfirmed, options);
      if (outcome !== 'again') return outcome;
      previous = observation;
    }
    return 'unsettled';
  }

  /** @param isConfirmed whether the previous observation showed the same state */
  async #publishObservation(
    observation: Observation,
    position: number,
    isConfirmed: boolean,
    options: { readonly deadline: number },
  ): Promise<Outcome | 'again'> {
    const { events, onPublished } = this.#options;
    const { intentId, paymentId, payout } = observation;
    const history = await this.#observer.history({ intentId, paymentId, payout }, options);
    const since = await this.#publishedSince();
    // On an application without a call for single payouts, only a history proves that the payout exists.
    if (payout === undefined && history.length === 0) return undefined;
    const known = await events.updatesAndEventsOf(intentId, paymentId);
    const inputs = { ...known, intentId, paymentId, payout, history, since };
    const lastPaymentId = inputs.published.at(-1)?.paymentId ?? paymentId;
    if (lastPaymentId !== paymentId && !(await this.#observer.isNewestPayment(paymentId, intentId, options)))
      return 0;
    // Lean's calls, list and history may show a change at different times. So a step back that the history does not show
    // is believed only once Lean has shown it for so long that it cannot be an old state.
    const isDoubted = isInDoubt(inputs);
    if (!isDoubted) this.#doubted.forget(intentId);
    const isBelieved =
      !isDoubted || (isConfirmed && this.#doubted.recordRead(observation) >= propagationDelayMs);
    const changes = unpublishedChanges(isBelieved ? inputs : withoutCurrentState(inputs));
    const published = await events.publish(changes.slice(0, maxChanges), position);
    if (published === undefined) return 'again';
    if (published > 0) onPublished(published);
    // The changes that are left are published after the next read.
    if (published < changes.length) return 'again';
    if (!isBelieved) return isConfirmed ? 'unsettled' : 'again';
    return published;
  }

  /**
   * State changes from before this time are not published: the first start on this store has not happened yet, or their
   * updates have been deleted.
   */
  async #publishedSince(): Promise<Instant> {
    const start = await this.#firstStart();
    // The earlier of the two clocks, because a time that is too late would leave out changes.
    const now = Math.min(this.#options.client.clock.now() ?? Infinity, Date.now());
    const oldestKept = instantAt(now - updateRetentionMs);
    return compareInstants(start, oldestKept) < 0 ? oldestKept : start;
  }

  /** The time of the first start on this store, by Lean's clock. */
  #firstStart(): Promise<Instant> {
    const { leases, client } = this.#options;
    this.#since ??= leanNow(client)
      .then(now => leases.recordStart(now))
      .catch((error: unknown) => {
        this.#since = undefined;
        throw error;
      });
    return this.#since;
  }
}

/**
 * The number of published state changes, or undefined if Lean does not know the payout. `unsettled` means that the
 * payout must be read again later, because its current state is in doubt, or because changes are left to be published.
 */
type Outcome = number | 'unsettled' | undefined;
