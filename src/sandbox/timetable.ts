import { type Instant, instantFromMs } from './instant.ts';
import { countUntil, insertSorted } from './sorted.ts';

interface Entry {
  readonly at: Instant;
  readonly action: () => void;
}

const shortestWaitMs = 1;
/** The clock may be one that a test moves, which no timer knows of: it is looked at this often. */
const longestWaitMs = 100;

/** What is to be done when the sandbox's clock gets there. It never keeps the process alive. */
export class Timetable {
  readonly #clock: () => number;
  readonly #entries: Entry[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  add(at: Instant, action: () => void): void {
    const entry = { at, action };
    insertSorted(this.#entries, entry, timeOf);
    if (this.#entries[0] === entry) this.#wind();
  }

  /** Does all that is due, in the order in which it fell due. */
  run(): void {
    for (;;) {
      const due = countUntil(this.#entries, instantFromMs(this.#clock()), timeOf);
      if (due === 0) break;
      for (const { action } of this.#entries.splice(0, due)) action();
    }
    this.#wind();
  }

  /** Forgets everything. */
  clear(): void {
    this.#entries.length = 0;
    this.#wind();
  }

  /** Sets the timer for the first entry. */
  #wind(): void {
    clearTimeout(this.#timer);
    const [first] = this.#entries;
    if (first === undefined) return;
    const waitMs = Number(first.at) / 1e6 - this.#clock();
    const boundedMs = Math.min(Math.max(Math.ceil(waitMs), shortestWaitMs), longestWaitMs);
    this.#timer = setTimeout(() => {
      this.run();
    }, boundedMs).unref();
  }
}

function timeOf({ at }: Entry): Instant {
  return at;
}
