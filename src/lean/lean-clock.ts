import { maxDriftMs, systemClocks, type Clocks } from './send-window.ts';

/**
 * A `Date` that is behind the known time by this much, in ms, does not come from a slow response. Either the clock that
 * stamped it is wrong, or the one that stamped an earlier response.
 */
const maxResponseDelayMs = 60_000;

/**
 * The time by Lean's clock: the latest `Date` header of Lean's responses, plus the time that this machine's monotonic
 * clock has counted since that header came.
 *
 * `Date` has whole seconds, and the response travels for a while, so `now()` is usually a second or more behind Lean's
 * clock. This only makes a wait longer. A proxy in front of Lean may stamp the header by its own clock; if a header was
 * far ahead, the next response corrects it. A suspended machine stops its monotonic clock, so the time is unknown once
 * the monotonic and the wall clock of this machine have moved apart, until the next response.
 */
export class LeanClock {
  readonly #clocks: Clocks;
  #latest: { readonly date: number; readonly monotonic: number; readonly wall: number } | undefined;

  constructor(clocks: Clocks = systemClocks) {
    this.#clocks = clocks;
  }

  /**
   * Records the `Date` of a response. A date that is a little behind the known time is ignored: it comes from a slow
   * response, or from the same second.
   * @param dateMs epoch milliseconds
   */
  observe(dateMs: number): void {
    const known = this.now();
    if (known !== undefined && dateMs <= known && known - dateMs < maxResponseDelayMs) return;
    this.#latest = { date: dateMs, monotonic: this.#clocks.monotonic(), wall: this.#clocks.wall() };
  }

  /** Epoch milliseconds by Lean's clock; undefined before the first response, and after a clock jump of this machine. */
  now(): number | undefined {
    if (this.#latest === undefined) return undefined;
    const { date, monotonic, wall } = this.#latest;
    const elapsed = this.#clocks.monotonic() - monotonic;
    const elapsedByWall = this.#clocks.wall() - wall;
    return Math.abs(elapsedByWall - elapsed) > maxDriftMs ? undefined : date + elapsed;
  }
}
