/** Runs a job on demand, never concurrently. Calls of `wake` during a run cause one more run. */
export class CoalescingWorker {
  readonly #job: () => Promise<'more' | 'done'>;
  #wakePending = false;
  #running: Promise<void> | undefined;
  #stopped = false;

  /** @param job runs again at once as long as it resolves to `more` */
  constructor(job: () => Promise<'more' | 'done'>) {
    this.#job = job;
  }

  wake(): void {
    if (this.#stopped) return;
    this.#wakePending = true;
    this.#running ??= this.#run();
  }

  /** Resolves when the current run has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#wakePending && !this.#stopped) {
      this.#wakePending = false;
      if ((await this.#job()) === 'more') this.#wakePending = true;
    }
    // No `await` may come between the last check and this line: otherwise a call of `wake` in between would start no run.
    this.#running = undefined;
  }
}
