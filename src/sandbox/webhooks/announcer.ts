import type { EventLog } from './event-log.ts';
import { type Instant, instantFromMs } from '../instant.ts';
import type { LeanEvent } from './lean-event.ts';
import { paymentEvents } from './payment-events.ts';
import type { Payout } from '../payout.ts';
import type { Timetable } from '../timetable.ts';

/** Who hears of events. */
interface Audience {
  readonly log: EventLog;
  readonly send: (event: LeanEvent) => void;
  readonly timetable: Timetable;
  readonly clock: () => number;
  readonly seed: number;
}

/** Tells of every payout what becomes of it, as its steps fall due. */
export class Announcer {
  readonly #audience: Audience;
  /** How many events of a payout are told. */
  readonly #told = new WeakMap<Payout, number>();

  constructor(audience: Audience) {
    this.#audience = audience;
  }

  /**
   * Takes a payout up. What happened to it before `since` counts as told at its time: it is in the log, and nothing is
   * sent.
   */
  follow(payout: Payout, since: Instant): void {
    const { log, seed } = this.#audience;
    const past = paymentEvents(payout.at(since), seed).filter(event => event.at < since);
    for (const event of past) log.insert(event);
    this.#told.set(payout, past.length);
    this.tell(payout);
  }

  /** Tells what has become of a payout by now, as far as it is not told, and comes back when there is more. */
  tell(payout: Payout): void {
    const { log, send, timetable, clock, seed } = this.#audience;
    const now = instantFromMs(clock());
    const events = paymentEvents(payout.at(now), seed);
    const told = this.#told.get(payout) ?? 0;
    for (const event of events.slice(told)) {
      log.insert(event);
      send(event);
    }
    this.#told.set(payout, Math.max(told, events.length));
    const next = payout.nextAfter(now);
    if (next !== undefined) {
      timetable.add(next, () => {
        this.tell(payout);
      });
    }
  }
}
