/**
 * The clock of a store that a single process uses, in epoch milliseconds. Since the start of the process it has
 * advanced by the smaller of two values: the time that the wall clock counted, and the time that a monotonic clock
 * counted. So a wall clock that jumps ahead does not shorten a delay. A wall clock that is set back makes it longer.
 */
export class StoreClock {
  readonly #wall: () => number;
  readonly #monotonic: () => number;
  readonly #start: { readonly wall: number; readonly monotonic: number };

  constructor(wall: () => number = Date.now, monotonic: () => number = () => performance.now()) {
    this.#wall = wall;
    this.#monotonic = monotonic;
    this.#start = { wall: wall(), monotonic: monotonic() };
  }

  /** Whole milliseconds. */
  now(): number {
    const monotonicNow = this.#start.wall + this.#monotonic() - this.#start.monotonic;
    return Math.floor(Math.min(this.#wall(), monotonicNow));
  }
}
