/**
 * How long the turns of one round of the event loop may take, in ms; the turn that goes beyond is the last of them. Node
 * accepts one connection in each round, so in long ones a new caller would wait for long.
 */
const roundMs = 1;

/** Turns of one round at most. */
const perRound = 64;

/**
 * Turns for pieces of work that come in faster than they are done. In each round of the event loop some get their turn,
 * so that other requests, and what is ready to be sent, need not wait for the last of them. Everybody who waits has one
 * turn before anybody has two.
 */
export class Turns {
  /** The work that waits, by whose it is. Whoever comes next stands first. */
  readonly #waiting = new Map<object, (() => void)[]>();
  #count = 0;
  /** Immediates that have not run; each is a turn. */
  #immediates = 0;
  /** When the first turn of this round began, on the clock of `performance.now()`. */
  #startedAt: number | undefined;

  /** Does the work when it is its turn: at once where nobody has had one since the last round. */
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

  /** Work has an immediate of its own: only between those does the engine go on with what the work before has resolved. */
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
export const turns = new Turns();
