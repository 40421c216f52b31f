import { maxDriftMs, systemClocks, type Clocks } from './send-window.ts';

/** An answer this much older than what is known, in ms, is no slow one: the clock that stamped it, or stamps now, is wrong. */
const slowestAnswerMs = 60_000;

/**
 * The time by Lean's clock, as far as Lean's answers tell it: the latest `Date` header, plus what this machine's
 * monotonic clock has counted since that header came.
 *
 * `Date` has whole seconds, and the answer travels for a while, so `now()` is usually a second or more behind Lean's
 * clock. Being behind only makes a wait longer. An edge in front of Lean may stamp the header by a clock of its own; a header that was far
 * ahead is forgotten with the next answer. A suspended machine stops the monotonic clock, so the time is not known any
 * more once the two clocks of the machine have moved apart; the next answer tells it again.
 */
export class LeanClock {
  readonly #clocks: Clocks;
  #latest: { readonly date: number; readonly monotonic: number; readonly wall: number } | undefined;

  constructor(clocks: Clocks = systemClocks) {
    this.#clocks = clocks;
  }

  /**
   * Takes note of an answer's `Date`. A header that is a little behind what is known is passed over: it comes from a
   * slow answer, or from the same second.
   * @param dateMs epoch milliseconds
   */
  observe(dateMs: number): void {
    const known = this.now();
    if (known !== undefined && dateMs <= known && known - dateMs < slowestAnswerMs) return;
    this.#latest = { date: dateMs, monotonic: this.#clocks.monotonic(), wall: this.#clocks.wall() };
  }

  /** Epoch milliseconds by Lean's clock; undefined until an answer has told it, and after a clock has jumped. */
  now(): number | undefined {
    if (this.#latest === undefined) return undefined;
    const { date, monotonic, wall } = this.#latest;
    const passed = this.#clocks.monotonic() - monotonic;
    const byWall = this.#clocks.wall() - wall;
    return Math.abs(byWall - passed) > maxDriftMs ? undefined : date + passed;
  }
}
