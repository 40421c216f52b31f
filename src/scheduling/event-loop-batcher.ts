/**
 * How long the turns of one round of the event loop may take, in ms. The turn that exceeds it is the last one of the
 * round. Node accepts one connection in each round, so long rounds would keep new callers waiting.
 */
const roundMs = 1;

/** Turns of one round at most. */
const perRound = 64;

/**
 * A fair queue for work that may come in faster than it is done. Each round of the event loop runs some of it, so that
 * other requests and finished answers need not wait for all of it. Every owner that waits gets one turn before any owner
 * gets a second one.
 */
export class EventLoopBatcher {
  /** The waiting work by its owner. The first owner has the next turn. */
  readonly #waiting = new Map<object, (() => void)[]>();
  #count = 0;
  /** Scheduled immediates that have not run yet; each of them is a turn. */
  #immediates = 0;
  /** When the first turn of this round began, on the clock of `performance.now()`. */
  #startedAt: number | undefined;

  /** Runs the work when it has its turn: at once if nothing else has run in this round. */
  run(whose: object, work: () => void): void {
    if (this.#immediates === 0) {
      this.#immediates = 1;
      setImmediate(this.#turn);
      work();
      return;
    }
    const others = this.#waiting.get(whose);
    if (others === undefined) this.#waiting.set(whose, [work]);
    else others.push(work);
    this.#count += 1;
    if (this.#startedAt === undefined) this.#schedule();
  }

  /** Resolves when it is the caller's turn. */
  take(whose: object): Promise<void> {
    return new Promise(resolve => {
      this.run(whose, resolve);
    });
  }

  readonly #turn = (): void => {
    this.#immediates -= 1;
    const now = performance.now();
    this.#startedAt ??= now;
    const work = now - this.#startedAt < roundMs ? this.#next() : undefined;
    if (this.#immediates === 0) {
      this.#startedAt = undefined;
      this.#schedule();
    }
    work?.();
  };

  /** Each turn is an immediate of its own, because promises that a turn resolves go on only between immediates. */
  #schedule(): void {
    for (const most = Math.min(this.#count, perRound); this.#immediates < most; this.#immediates += 1)
      setImmediate(this.#turn);
  }

  #next(): (() => void) | undefined {
    const [first] = this.#waiting;
    if (first === undefined) return undefined;
    const [whose, works] = first;
    this.#waiting.delete(whose);
    const work = works.shift();
    if (works.length > 0) this.#waiting.set(whose, works);
    this.#count -= 1;
    return work;
  }
}

/** The turns of this process, which has one event loop. */
export const eventLoop = new EventLoopBatcher();
