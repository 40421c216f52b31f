import { type Instant, seconds } from '../instant.ts';
import { countUntil, insertSorted } from '../sorted-array.ts';
import type { LeanEvent } from './lean-event.ts';

/** Lean keeps events for ninety days. */
const retention = seconds(90 * 24 * 3600);

/** The filter of the events API. Both bounds are inclusive. */
export interface EventFilter {
  readonly from: Instant | undefined;
  readonly to: Instant | undefined;
  readonly type: string | undefined;
}

/** All events, oldest first, including those whose webhook a fault has lost. */
export class EventLog {
  readonly #events: LeanEvent[] = [];

  insert(event: LeanEvent): void {
    insertSorted(this.#events, event, timeOf);
  }

  /** The events that match the filter and are not older than ninety days at `now`, oldest first. */
  find({ from, to, type }: EventFilter, now: Instant): LeanEvent[] {
    const oldest = now - retention;
    const first = from === undefined || from < oldest ? oldest : from;
    const start = countUntil(this.#events, first - 1n, timeOf);
    const end = to === undefined ? undefined : countUntil(this.#events, to, timeOf);
    const events = this.#events.slice(start, end);
    return type === undefined ? events : events.filter(event => event.type === type);
  }

  clear(): void {
    this.#events.length = 0;
  }
}

function timeOf({ at }: LeanEvent): Instant {
  return at;
}
