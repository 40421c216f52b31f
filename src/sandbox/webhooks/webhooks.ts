import { type Instant, instantFromMs, seconds } from '../instant.ts';
import { Random } from '../random.ts';
import type { Schedule } from '../schedule.ts';
import type { EventLog } from './event-log.ts';
import type { LeanEvent } from './lean-event.ts';
import { RequestQueues } from './request-queues.ts';
import { createUnrelatedEvent, type UnrelatedEvent } from './unrelated-events.ts';
import { WebhookClient } from './webhook-client.ts';
import { drawFaultOutcome, noFaults, type WebhookFaults } from './webhook-faults.ts';
import { isWebhookUrl, type WebhookTarget } from './webhook-target.ts';

/** A finished attempt to send a webhook. */
export interface WebhookAttempt {
  readonly eventId: string;
  /** The number of the attempt, from 1 on. */
  readonly attempt: number;
  /** Null if there was no complete response in time. Only 200 is a success. */
  readonly status: number | null;
}

interface Dependencies {
  readonly eventLog: EventLog;
  readonly schedule: Schedule;
  /** Finishes the creations whose processing time is over. */
  readonly runDueProcessing: () => void;
  /** Lean's clock in epoch ms. */
  readonly clock: () => number;
  readonly speed: number;
  readonly seed: number;
}

interface Delivery {
  readonly event: LeanEvent;
  readonly body: string;
  readonly attempt: number;
  /** The start of the first attempt. Undefined for the first attempt itself. */
  readonly firstAttemptAt?: Instant;
}

/** The times of the retries after the start of the first attempt, at speed 1. */
const retriesAfterMinutes = [1, 2, 5, 10, 60, 180];
/** How long the fault `reorder` holds an event if no later event of its payment comes, at speed 1. */
const holdSeconds = 5;
const maxConcurrentRequests = 32;
const maxRecordedAttempts = 10_000;

/** Sends events by webhook, with retries and faults. An event that occurs while there is no target is never sent. */
export class Webhooks {
  /** The last 10000 finished attempts, oldest first. */
  readonly sent: WebhookAttempt[] = [];
  readonly faults: WebhookFaults = noFaults();
  /** The timeout of an attempt in ms of real time. `speed` does not change it. */
  timeoutMs = 10_000;
  readonly #dependencies: Dependencies;
  readonly #client = new WebhookClient();
  /** By the subject of an event, so that the events of one payment are sent in order. */
  readonly #queues = new RequestQueues(maxConcurrentRequests);
  /** Events that the fault `reorder` holds back until a later event of the same subject is sent, by subject. */
  readonly #held = new Map<string, LeanEvent[]>();
  #target: WebhookTarget | undefined;
  #faultRng: Random;
  #unrelatedEventRng: Random;
  /** Incremented by `dropPending`, so that attempts that are still in flight are not recorded or retried. */
  #generation = 0;

  /** Throws a RangeError if the target's URL is not an http or https address. */
  constructor(target: WebhookTarget | undefined, dependencies: Dependencies) {
    this.target = target;
    this.#dependencies = dependencies;
    this.#faultRng = new Random(dependencies.seed, 'webhook faults');
    this.#unrelatedEventRng = new Random(dependencies.seed, 'noise');
  }

  get target(): WebhookTarget | undefined {
    return this.#target;
  }

  /** Throws a RangeError if the URL is not an http or https address. */
  set target(target: WebhookTarget | undefined) {
    if (target !== undefined && !isWebhookUrl(target.url)) {
      throw new RangeError(`not an http or https address: ${target.url}`);
    }
    this.#target = target;
  }

  /** Sends an event, or duplicates, holds or drops it if the faults say so. */
  send(event: LeanEvent): void {
    if (this.#target === undefined) return;
    const { duplicate, reorder, lose } = drawFaultOutcome(this.faults, this.#faultRng);
    if (lose) return;
    const copies = duplicate ? [event, event] : [event];
    if (reorder) {
      this.#hold(event.subject, copies);
    } else {
      this.#enqueue(copies);
      this.#release(event.subject);
    }
  }

  /** Publishes an event that is not about a payout, and returns the id of the event. */
  sendUnrelatedEvent(kind: UnrelatedEvent): string {
    const { eventLog, clock, seed } = this.#dependencies;
    const event = createUnrelatedEvent(kind, instantFromMs(clock()), this.#unrelatedEventRng, seed);
    eventLog.insert(event);
    this.send(event);
    return event.id;
  }

  /**
   * Sends all events that are due by the sandbox's clock, also those that `reorder` holds, and resolves when no
   * request is waiting or in flight. It does not wait for later retries.
   */
  async settled(): Promise<void> {
    const { runDueProcessing, schedule } = this.#dependencies;
    runDueProcessing();
    schedule.runDue();
    do {
      for (const subject of this.#held.keys()) this.#release(subject);
      await this.#queues.idle();
    } while (!this.#queues.isIdle || this.#held.size > 0);
  }

  /** Drops all pending webhooks, recorded attempts and faults, and restarts the random numbers. The target stays. */
  reset(): void {
    const { seed } = this.#dependencies;
    this.dropPending();
    this.sent.length = 0;
    Object.assign(this.faults, noFaults());
    this.#faultRng = new Random(seed, 'webhook faults');
    this.#unrelatedEventRng = new Random(seed, 'noise');
  }

  /** Drops all pending webhooks and all scheduled events, and removes the target. */
  stop(): void {
    this.#target = undefined;
    this.#dependencies.schedule.clear();
    this.dropPending();
  }

  /** Drops the held and queued events, and the requests in flight. The caller clears the scheduled retries. */
  dropPending(): void {
    this.#generation += 1;
    this.#held.clear();
    this.#queues.clear();
    this.#client.drop();
  }

  #hold(subject: string, events: readonly LeanEvent[]): void {
    const { schedule, clock, speed } = this.#dependencies;
    this.#held.set(subject, [...(this.#held.get(subject) ?? []), ...events]);
    schedule.add(instantFromMs(clock()) + seconds(holdSeconds / speed), () => {
      this.#release(subject);
    });
  }

  /** Sends the held events of a subject in reverse order. */
  #release(subject: string): void {
    const events = this.#held.get(subject) ?? [];
    this.#held.delete(subject);
    this.#enqueue(events.toReversed());
  }

  #enqueue(events: readonly LeanEvent[]): void {
    for (const event of events) this.#enqueueAttempt({ event, body: event.text, attempt: 1 });
  }

  #enqueueAttempt(delivery: Delivery): void {
    this.#queues.add(delivery.event.subject, () => this.#attempt(delivery));
  }

  async #attempt(delivery: Delivery): Promise<void> {
    const { schedule, clock, speed } = this.#dependencies;
    const { event, body, attempt, firstAttemptAt = instantFromMs(clock()) } = delivery;
    const generation = this.#generation;
    if (this.#target === undefined) return;
    const status = await this.#client.post(this.#target, body, this.timeoutMs);
    if (generation !== this.#generation) return;
    if (this.sent.length === maxRecordedAttempts) this.sent.shift();
    this.sent.push({ eventId: event.id, attempt, status });
    const minutes = retriesAfterMinutes[attempt - 1];
    if (status === 200 || minutes === undefined) return;
    schedule.add(firstAttemptAt + seconds((minutes * 60) / speed), () => {
      this.#enqueueAttempt({ event, body, attempt: attempt + 1, firstAttemptAt });
    });
  }
}
