const perTurn = 50;

/**
 * Turns for what thousands go on with at the same moment: some get theirs in each round of the event loop, so that other
 * requests, and what is ready to be sent, need not wait for the last of them.
 */
export class Turns {
  #waiting: (() => void)[] = [];

  /** Resolves when it is the caller's turn. */
  take(): Promise<void> {
    return new Promise(resolve => {
      if (this.#waiting.push(resolve) === 1) setImmediate(this.#next);
    });
  }

  readonly #next = (): void => {
    for (const go of this.#waiting.splice(0, perTurn)) go();
    if (this.#waiting.length > 0) setImmediate(this.#next);
  };
}
