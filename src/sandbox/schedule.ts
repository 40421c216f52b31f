import { type Instant, instantFromMs } from './instant.ts';
import { countUntil, insertSorted } from './sorted-array.ts';

interface Entry {
  readonly at: Instant;
  readonly action: () => void;
}

const minTimerMs = 1;
/** A test may move the clock by hand, and no timer notices that. The schedule therefore checks the clock this often. */
const maxTimerMs = 100;

/** Runs actions when the sandbox's clock reaches their time. Its timer does not keep the process alive. */
export class Schedule {
  readonly #clock: () => number;
  readonly #entries: Entry[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** @param clock epoch ms */
  constructor(clock: () => number) {
    this.#clock = clock;
  }

  add(at: Instant, action: () => void): void {
    const entry = { at, action };
    insertSorted(this.#entries, entry, timeOf);
    if (this.#entries[0] === entry) this.#resetTimer();
  }

  /** Runs all actions that are due now, in the order of their times. */
  runDue(): void {
    for (;;) {
      const due = countUntil(this.#entries, instantFromMs(this.#clock()), timeOf);
      if (due === 0) break;
      for (const { action } of this.#entries.splice(0, due)) action();
    }
    this.#resetTimer();
  }

  /** Removes all actions. */
  clear(): void {
    this.#entries.length = 0;
    this.#resetTimer();
  }

  /** Sets the timer for the first entry. */
  #resetTimer(): void {
    clearTimeout(this.#timer);
    const [first] = this.#entries;
    if (first === undefined) return;
    const waitMs = Number(first.at) / 1e6 - this.#clock();
    const timerMs = Math.min(Math.max(Math.ceil(waitMs), minTimerMs), maxTimerMs);
    this.#timer = setTimeout(() => {
      this.runDue();
    }, timerMs).unref();
  }
}

function timeOf({ at }: Entry): Instant {
  return at;
}
