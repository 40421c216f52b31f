/**
 * The time of a store that one process keeps, in epoch milliseconds: from the start of the process it advances by the
 * lesser of what the wall clock and a steady clock have counted. So a wall clock that jumps ahead ends no waiting, and
 * one that is set back makes it longer.
 */
export class StoreClock {
  readonly #wall: () => number;
  readonly #steady: () => number;
  readonly #start: { readonly wall: number; readonly steady: number };

  constructor(wall: () => number = Date.now, steady: () => number = () => performance.now()) {
    this.#wall = wall;
    this.#steady = steady;
    this.#start = { wall: wall(), steady: steady() };
  }

  /** Whole milliseconds. */
  now(): number {
    const steadily = this.#start.wall + this.#steady() - this.#start.steady;
    return Math.floor(Math.min(this.#wall(), steadily));
  }
}
