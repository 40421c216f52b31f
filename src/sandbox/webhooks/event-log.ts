import { type Instant, seconds } from '../instant.ts';
import type { LeanEvent } from './lean-event.ts';
import { countUntil, insertSorted } from '../sorted.ts';

const remembered = seconds(90 * 24 * 3600);

/** Which events are asked for; both bounds are inclusive. */
export interface EventFilter {
  readonly from: Instant | undefined;
  readonly to: Instant | undefined;
  readonly type: string | undefined;
}

/** Every event, sent or lost, oldest first. */
export class EventLog {
  readonly #events: LeanEvent[] = [];

  insert(event: LeanEvent): void {
    insertSorted(this.#events, event, timeOf);
  }

  /** What Lean would still tell of at `now`: it remembers ninety days. */
  find({ from, to, type }: EventFilter, now: Instant): LeanEvent[] {
    const oldest = now - remembered;
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
