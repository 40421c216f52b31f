export interface PollingLoopOptions {
  /** One round. What it throws is a bug, unless it is trouble. */
  readonly round: () => Promise<void>;
  /** Between the end of a round and the next one. */
  readonly everyMs: number;
  /** Whether an error is trouble, which may be over by the next round. */
  readonly isTrouble: (error: unknown) => error is Error;
  /** Told of trouble once until it is over, and then with undefined. */
  readonly onTrouble: (error: Error | undefined) => void;
}

/** Does something now, and again and again: one round at a time, until it is stopped. */
export class PollingLoop {
  readonly #options: PollingLoopOptions;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> | undefined;
  #stopped = false;
  #trouble = false;

  constructor(options: PollingLoopOptions) {
    this.#options = options;
  }

  /** Whether there is to be no more of it: a round that takes long looks at this. */
  get stopped(): boolean {
    return this.#stopped;
  }

  start(): void {
    this.#round = this.#guarded().finally(() => {
      if (this.#stopped) return;
      this.#timer = setTimeout(() => {
        this.start();
      }, this.#options.everyMs).unref();
    });
  }

  /** A round under way is waited for. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#round;
  }

  async #guarded(): Promise<void> {
    const { round, isTrouble, onTrouble } = this.#options;
    try {
      await round();
      if (this.#trouble) onTrouble(undefined);
      this.#trouble = false;
    } catch (error) {
      if (!isTrouble(error)) throw error;
      if (!this.#trouble) onTrouble(error);
      this.#trouble = true;
    }
  }
}
