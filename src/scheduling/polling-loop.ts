export interface PollingLoopOptions {
  /** One poll. If it throws an error that is not transient, this is a bug. */
  readonly poll: () => Promise<void>;
  /** Time between the end of a poll and the next one, in ms. */
  readonly intervalMs: number;
  /** Whether the cause of an error may be gone by the next poll. */
  readonly isTransient: (error: unknown) => error is Error;
  /** Called with the first transient error in a row, and with undefined once a poll succeeds again. */
  readonly onFailure: (error: Error | undefined) => void;
}

/** Polls at once and then at intervals, never concurrently, until it is stopped. */
export class PollingLoop {
  readonly #options: PollingLoopOptions;
  #timer: NodeJS.Timeout | undefined;
  #polling: Promise<void> | undefined;
  #stopped = false;
  #failing = false;

  constructor(options: PollingLoopOptions) {
    this.#options = options;
  }

  /** Whether `stop` was called. A long poll checks this to end early. */
  get stopped(): boolean {
    return this.#stopped;
  }

  start(): void {
    this.#polling = this.#poll().finally(() => {
      if (this.#stopped) return;
      this.#timer = setTimeout(() => {
        this.start();
      }, this.#options.intervalMs).unref();
    });
  }

  /** Resolves when the current poll has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#polling;
  }

  async #poll(): Promise<void> {
    const { poll, isTransient, onFailure } = this.#options;
    try {
      await poll();
      if (this.#failing) onFailure(undefined);
      this.#failing = false;
    } catch (error) {
      if (!isTransient(error)) throw error;
      if (!this.#failing) onFailure(error);
      this.#failing = true;
    }
  }
}
