import type { EventLog } from './event-log.ts';
import { type Instant, instantFromMs, seconds } from '../instant.ts';
import { RequestQueues } from '../lean-api/request-queues.ts';
import type { LeanEvent } from './lean-event.ts';
import { type UnrelatedEvent, unrelatedEvent } from './unrelated-events.ts';
import { Random } from '../random.ts';
import type { Timetable } from '../timetable.ts';
import { WebhookClient } from './webhook-client.ts';
import { drawFaultOutcome, noFaults, type WebhookFaults } from './webhook-faults.ts';
import { isWebhookUrl, type WebhookTarget } from './webhook-target.ts';

/** One attempt to send a webhook. */
export interface WebhookAttempt {
  readonly eventId: string;
  /** 1 for the first. */
  readonly attempt: number;
  /** Null when there was no answer in time. Only 200 is a success. */
  readonly status: number | null;
}

interface Surroundings {
  readonly log: EventLog;
  readonly timetable: Timetable;
  /** Makes the payouts whose processing is over by now. */
  readonly catchUp: () => void;
  readonly clock: () => number;
  readonly speed: number;
  readonly seed: number;
}

/** An event on its way; `began` is when it was first tried. */
interface Sending {
  readonly event: LeanEvent;
  readonly body: string;
  readonly attempt: number;
  readonly began?: Instant;
}

/** Counted from the first attempt, at speed 1. */
const retriesAfterMinutes = [1, 2, 5, 10, 60, 180];
const heldSeconds = 5;
const atOnce = 32;
const kept = 10_000;

/** The webhooks of the sandbox. Without a target none is sent, then or later. */
export class Webhooks {
  /** The attempts that are over, oldest first; the last 10000. */
  readonly sent: WebhookAttempt[] = [];
  readonly faults: WebhookFaults = noFaults();
  /** How long an answer may take. It is real time, whatever the sandbox's speed. */
  timeoutMs = 10_000;
  readonly #surroundings: Surroundings;
  readonly #client = new WebhookClient();
  readonly #lanes = new RequestQueues(atOnce);
  /** Events that wait to be overtaken, by their subject. */
  readonly #held = new Map<string, LeanEvent[]>();
  #target: WebhookTarget | undefined;
  #luck: Random;
  #noise: Random;
  /** Goes up when everything under way loses its meaning. */
  #era = 0;

  constructor(target: WebhookTarget | undefined, surroundings: Surroundings) {
    this.target = target;
    this.#surroundings = surroundings;
    this.#luck = new Random(surroundings.seed, 'webhook faults');
    this.#noise = new Random(surroundings.seed, 'noise');
  }

  get target(): WebhookTarget | undefined {
    return this.#target;
  }

  /** Throws a RangeError on an address that nothing can be sent to. */
  set target(target: WebhookTarget | undefined) {
    if (target !== undefined && !isWebhookUrl(target.url)) {
      throw new RangeError(`not an http or https address: ${target.url}`);
    }
    this.#target = target;
  }

  /** Sends an event, unless a fault wants it otherwise. */
  send(event: LeanEvent): void {
    if (this.#target === undefined) return;
    const { duplicate, reorder, lose } = drawFaultOutcome(this.faults, this.#luck);
    if (lose) return;
    const copies = duplicate ? [event, event] : [event];
    if (reorder) this.#hold(event.subject, copies);
    else this.#post(copies);
    if (!reorder) this.#release(event.subject);
  }

  /** Tells something that is to be ignored, and returns the id of the event. */
  noise(noise: UnrelatedEvent): string {
    const { log, clock, seed } = this.#surroundings;
    const event = unrelatedEvent(noise, instantFromMs(clock()), this.#noise, seed);
    log.insert(event);
    this.send(event);
    return event.id;
  }

  /**
   * Sends what is due by the sandbox's clock, and resolves when nothing waits to be sent and nothing is under way. What
   * is to be tried again later does not count.
   */
  async settled(): Promise<void> {
    const { catchUp, timetable } = this.#surroundings;
    catchUp();
    timetable.run();
    do {
      for (const subject of this.#held.keys()) this.#release(subject);
      await this.#lanes.idle();
    } while (!this.#lanes.isIdle || this.#held.size > 0);
  }

  /** Drops everything under way, all attempts and faults, and begins anew. The target stays. */
  restart(): void {
    const { seed } = this.#surroundings;
    this.forget();
    this.sent.length = 0;
    Object.assign(this.faults, noFaults());
    this.#luck = new Random(seed, 'webhook faults');
    this.#noise = new Random(seed, 'noise');
  }

  /** Drops everything under way, and nothing is due any more. */
  stop(): void {
    this.#target = undefined;
    this.#surroundings.timetable.clear();
    this.forget();
  }

  /** Drops everything under way. */
  forget(): void {
    this.#era += 1;
    this.#held.clear();
    this.#lanes.clear();
    this.#client.drop();
  }

  #hold(subject: string, events: readonly LeanEvent[]): void {
    const { timetable, clock, speed } = this.#surroundings;
    this.#held.set(subject, [...(this.#held.get(subject) ?? []), ...events]);
    timetable.add(instantFromMs(clock()) + seconds(heldSeconds / speed), () => {
      this.#release(subject);
    });
  }

  /** Lets go of what is held, the latest first: it comes late, and in the wrong order. */
  #release(subject: string): void {
    const events = this.#held.get(subject) ?? [];
    this.#held.delete(subject);
    this.#post(events.toReversed());
  }

  #post(events: readonly LeanEvent[]): void {
    for (const event of events) this.#try({ event, body: event.text, attempt: 1 });
  }

  #try(sending: Sending): void {
    this.#lanes.add(sending.event.subject, () => this.#attempt(sending));
  }

  async #attempt(sending: Sending): Promise<void> {
    const { timetable, clock, speed } = this.#surroundings;
    const { event, body, attempt, began = instantFromMs(clock()) } = sending;
    const era = this.#era;
    if (this.#target === undefined) return;
    const status = await this.#client.post(this.#target, body, this.timeoutMs);
    if (era !== this.#era) return;
    if (this.sent.length === kept) this.sent.shift();
    this.sent.push({ eventId: event.id, attempt, status });
    const minutes = retriesAfterMinutes[attempt - 1];
    if (status === 200 || minutes === undefined) return;
    timetable.add(began + seconds((minutes * 60) / speed), () => {
      this.#try({ event, body, attempt: attempt + 1, began });
    });
  }
}
