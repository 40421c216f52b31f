import { type Instant, instantFromMs } from '../instant.ts';
import type { Payout } from '../payout.ts';
import type { Schedule } from '../schedule.ts';
import type { EventLog } from './event-log.ts';
import type { LeanEvent } from './lean-event.ts';
import { paymentEvents } from './payment-events.ts';

interface Dependencies {
  readonly eventLog: EventLog;
  /** Sends an event by webhook. */
  readonly send: (event: LeanEvent) => void;
  readonly schedule: Schedule;
  /** Lean's clock in epoch ms. */
  readonly clock: () => number;
  readonly seed: number;
}

/** Publishes the events of payouts when their lifecycle steps are due: to the events API and by webhook. */
export class EventPublisher {
  readonly #dependencies: Dependencies;
  /** The number of published events of each payout. */
  readonly #published = new WeakMap<Payout, number>();

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  /** Starts to publish the events of a payout. Events before `since` go to the events API only, without a webhook. */
  track(payout: Payout, since: Instant): void {
    const { eventLog, seed } = this.#dependencies;
    const past = paymentEvents(payout.at(since), seed).filter(event => event.at < since);
    for (const event of past) eventLog.insert(event);
    this.#published.set(payout, past.length);
    this.publishDue(payout);
  }

  /** Publishes the events of a payout that are due and not published yet, and schedules the next one. */
  publishDue(payout: Payout): void {
    const { eventLog, send, schedule, clock, seed } = this.#dependencies;
    const now = instantFromMs(clock());
    const events = paymentEvents(payout.at(now), seed);
    const published = this.#published.get(payout) ?? 0;
    for (const event of events.slice(published)) {
      eventLog.insert(event);
      send(event);
    }
    this.#published.set(payout, Math.max(published, events.length));
    const next = payout.nextStepAt(now);
    if (next !== undefined) {
      schedule.add(next, () => {
        this.publishDue(payout);
      });
    }
  }
}
