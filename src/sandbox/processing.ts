import { instantFromMs } from './instant.ts';
import { Timetable } from './timetable.ts';

/** Work that Lean finishes some time after it was asked for, whether or not the caller still waits. */
export class Processing {
  readonly #clock: () => number;
  readonly #timetable: Timetable;
  /** For each piece of unfinished work: how to tell its caller that it never gets done. */
  readonly #unfinished = new Set<() => void>();

  constructor(clock: () => number) {
    this.#clock = clock;
    this.#timetable = new Timetable(clock);
  }

  /**
   * Does the work after so many milliseconds by the clock, and resolves with its result; undefined when `clear` came
   * first. The work is told the time at which it was due, because the clock may be past that already.
   */
  after<Result>(ms: number, work: (dueMs: number) => Result): Promise<Result | undefined> {
    const dueMs = this.#clock() + ms;
    return new Promise(resolve => {
      const abandon = () => {
        resolve(undefined);
      };
      this.#unfinished.add(abandon);
      this.#timetable.add(instantFromMs(dueMs), () => {
        this.#unfinished.delete(abandon);
        resolve(work(dueMs));
      });
    });
  }

  /** Does what is due: a clock that a test moves sets off no timer. */
  catchUp(): void {
    if (this.#unfinished.size > 0) this.#timetable.run();
  }

  /** Drops all unfinished work. */
  clear(): void {
    this.#timetable.clear();
    for (const abandon of this.#unfinished) abandon();
    this.#unfinished.clear();
  }
}
