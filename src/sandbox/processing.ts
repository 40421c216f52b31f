import { instantFromMs } from './instant.ts';
import { Schedule } from './schedule.ts';

/** Work that Lean finishes some time after its request arrived, whether or not the caller still waits. */
export class Processing {
  readonly #clock: () => number;
  readonly #schedule: Schedule;
  /** One callback for each unfinished job. It resolves the job's promise with undefined. */
  readonly #unfinished = new Set<() => void>();

  /** @param clock epoch ms */
  constructor(clock: () => number) {
    this.#clock = clock;
    this.#schedule = new Schedule(clock);
  }

  /**
   * Runs `job` after `ms` milliseconds of the clock and resolves with its result, or with undefined if `clear`
   * dropped the job. `job` receives the time at which it was due, because the clock may be later by then.
   */
  runAfter<Result>(ms: number, job: (dueMs: number) => Result): Promise<Result | undefined> {
    const dueMs = this.#clock() + ms;
    return new Promise(resolve => {
      const abandon = () => {
        resolve(undefined);
      };
      this.#unfinished.add(abandon);
      this.#schedule.add(instantFromMs(dueMs), () => {
        this.#unfinished.delete(abandon);
        resolve(job(dueMs));
      });
    });
  }

  /** Runs the jobs that are due now. Needed because a clock that a test moves by hand fires no timer. */
  runDue(): void {
    if (this.#unfinished.size > 0) this.#schedule.runDue();
  }

  /** Drops all unfinished jobs. */
  clear(): void {
    this.#schedule.clear();
    for (const abandon of this.#unfinished) abandon();
    this.#unfinished.clear();
  }
}
