import type { LeanClient } from '../lean/client.ts';
import { concernsOneRequest, LeanError } from '../errors/lean-errors.ts';
import { StoreUnavailable } from '../errors/gateway-errors.ts';
import { compareInstants, type Instant } from '../payouts/values/instant.ts';
import { instantAt, leanTime } from '../payouts/values/lean-time.ts';
import { goesOn, readablePage } from '../payouts/from-lean.ts';
import { awaitsTracking, type Payout } from '../payouts/payout.ts';
import { PollingLoop } from '../scheduling/polling-loop.ts';
import {
  isSameStep,
  type PayoutEvents,
  type PayoutStep,
  type ReceivedEvent,
} from '../payouts/payout-update.ts';
import { eventFromLean } from './event-from-lean.ts';
import type { EventProcessor } from './event-processor.ts';

export interface WebhookBackfillOptions {
  readonly client: LeanClient;
  readonly events: PayoutEvents;
  readonly teller: EventProcessor;
  /** Told of what had been missed. */
  readonly onGaps: (missed: { readonly events: number; readonly payouts: number }) => void;
  /** Told when it fails, once until it succeeds, and then with undefined. */
  readonly onTrouble: (error: Error | undefined) => void;
  /** @default 3 min */
  readonly everyMs?: number;
}

const pageSize = 100;
const mostPages = 1000;

/** Lean may list something a while after its time, and clocks differ. */
const overlapMs = 10 * 60_000;

/** After so many payouts in a row that Lean has failed to show, a comparison ends, because Lean cannot be read. */
const mostFailures = 10;

/** How long a payout that cannot be read is retried. After that only its next change is told. */
const retryMs = 3_600_000;

/**
 * Compares what has been received with what Lean has: its list of events, and the payouts that have changed. What is
 * missing is made up for, so that a webhook that never came is missed for minutes and not for ever. Of several
 * gateways on one store one compares.
 */
export class WebhookBackfill {
  readonly #options: Required<WebhookBackfillOptions>;
  readonly #rounds: PollingLoop;
  /** Lean's time of the first of the comparisons in a row that could not read every payout, epoch ms. */
  #failingSince: number | undefined;

  constructor(options: WebhookBackfillOptions) {
    this.#options = { everyMs: 180_000, ...options };
    const { everyMs, onTrouble } = this.#options;
    this.#rounds = new PollingLoop({
      round: () => this.#round(),
      everyMs,
      isTrouble: error => error instanceof LeanError || error instanceof StoreUnavailable,
      onTrouble,
    });
  }

  /** Compares now, and from now on every few minutes. */
  start(): void {
    this.#rounds.start();
  }

  /** Ends the comparing; one under way is waited for. */
  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  async #round(): Promise<void> {
    const { events, everyMs } = this.#options;
    const leanNow = await this.#leanNow();
    // A little less than the interval: a single gateway would otherwise come too early for its own turn.
    const upTo = await events.takeComparison(everyMs * 0.9, leanNow);
    if (upTo !== undefined) await this.compare(upTo, leanNow);
  }

  /** By Lean's clock: what is compared has Lean's times. */
  async #leanNow(): Promise<Instant> {
    return instantAt((await leanTime(this.#options.client)) ?? Date.now());
  }

  /**
   * @param until Lean's time now
   * @throws LeanError, StoreUnavailable
   */
  async compare(upTo: Instant, until: Instant): Promise<void> {
    const { events, teller, onGaps } = this.#options;
    const since = await events.since(until);
    // A time that lies ahead of Lean's was noted by a clock that was wrong.
    const early = instantAt(Math.min(Date.parse(upTo), Date.parse(until)) - overlapMs);
    // What was before the first gateway is nobody's news.
    const from = compareInstants(early, since) < 0 ? since : early;
    const missed = await this.#missedEvents(from);
    if (missed > 0) teller.wake();
    const { payouts, failure } = await this.#missedPayouts(from);
    if (missed > 0 || payouts > 0) onGaps({ events: missed, payouts });
    // One that was ended half-way is done again from where it began.
    if (this.#rounds.stopped) return;
    await events.comparisonDone(this.#mayGoOn(failure, until) ? until : upTo);
    if (failure !== undefined) throw failure;
  }

  /** Whether the next comparison begins where this one ended. After a failure it begins where this one began, for a while. */
  #mayGoOn(failure: LeanError | undefined, until: Instant): boolean {
    const now = Date.parse(until);
    this.#failingSince = failure === undefined ? undefined : (this.#failingSince ?? now);
    if (this.#failingSince !== undefined && now - this.#failingSince < retryMs) return false;
    this.#failingSince = undefined;
    return true;
  }

  /** A Lean application without a list of events has its payouts compared all the same. */
  async #missedEvents(from: Instant): Promise<number> {
    const { client, events } = this.#options;
    let missed = 0;
    for (let page = 0; page < mostPages && !this.#rounds.stopped; page += 1) {
      const listed = await client.listEvents({ page: String(page), size: String(pageSize), from });
      if (listed === undefined) return missed;
      const received = listed.data.map(eventFromLean).filter(event => event !== undefined);
      if (received.length > 0) missed += await events.receive(received as ReceivedEvent[]);
      if (listed.data.length < pageSize) return missed;
    }
    return missed;
  }

  /**
   * Tells of what has changed. A payout that cannot be read keeps no other one from being told.
   * @returns how many payouts were told of, and the first failure
   * @throws LeanError where Lean cannot be read; StoreUnavailable
   */
  async #missedPayouts(from: Instant): Promise<Missed> {
    const { client, events, teller, onGaps } = this.#options;
    let payouts = 0;
    let read = 0;
    let failure: LeanError | undefined;
    let failuresInRow = 0;
    for (let page = 0; page < mostPages && !this.#rounds.stopped; page += 1) {
      const query = { page_number: String(page), page_size: String(pageSize), from_updated_at: from };
      const place = await teller.place();
      const { page: wire, answer } = await client.listPayouts(query);
      const listed = readablePage(wire, answer);
      const { rows } = listed;
      failure ??= listed.fault;
      read += listed.listed;
      const known = await events.lastSteps(rows.map(({ intentId }) => intentId));
      for (const row of rows) {
        if (isTold(row, known.get(row.intentId))) continue;
        if (row.updatedAt != null && compareInstants(row.updatedAt, from) < 0) continue;
        try {
          if ((await teller.tellOfRow(row, place)) > 0) payouts += 1;
          failuresInRow = 0;
        } catch (error) {
          if (!(error instanceof LeanError)) throw error;
          failure ??= error;
          if (concernsOneRequest(error)) continue;
          failuresInRow += 1;
          if (failuresInRow < mostFailures) continue;
          if (payouts > 0) onGaps({ events: 0, payouts });
          throw error;
        }
      }
      if (!goesOn(listed, read, pageSize)) break;
    }
    return { payouts, failure };
  }
}

interface Missed {
  readonly payouts: number;
  readonly failure: LeanError | undefined;
}

/** Whether subscribers have been told the state that a row shows. The row may lack the tracking. */
function isTold(row: Payout, told: PayoutStep | undefined): boolean {
  const { paymentId, state, postInitiationStatus = told?.postInitiationStatus } = row;
  if (told === undefined || state?.leanStatus == null) return false;
  const { leanStatus } = state;
  const mayHaveMore =
    row.postInitiationStatus === undefined &&
    told.postInitiationStatus === null &&
    awaitsTracking(state.status);
  return !mayHaveMore && isSameStep(told, { paymentId, leanStatus, postInitiationStatus });
}
