import { LeanUnreachable } from '../errors/lean-errors.ts';

/** The two clocks of a machine, in milliseconds. Tests give their own. */
export interface Clocks {
  /** The clock of `performance.now()`. On most systems it stands still while the machine is suspended. */
  monotonic(): number;
  /** The clock of `Date.now()`. */
  wall(): number;
}

export const systemClocks: Clocks = { monotonic: () => performance.now(), wall: () => Date.now() };

/** No clock may have moved further than this between the recording of a payout and its sending. */
export const maxDriftMs = 2000;

/**
 * The time in which a recorded payout may be sent.
 *
 * `beforeSend` records until when bytes of the payout may leave the gateway. Once that time has passed, somebody may
 * prove that Lean has no such payout, and send it again. A process can stop between the recording and the sending: the
 * machine is suspended, a container is paused, or something blocks the event loop. When the process goes on, timers
 * and deadlines do not show how long it stopped, because a suspended machine also stops the monotonic clock. If it
 * sent then, the payout could be paid twice. So the exchange asks both clocks at the last moment before a byte is
 * written, and sends nothing unless the recording is fresh by both of them.
 */
export class SendWindow {
  readonly #clocks: Clocks;
  readonly #called: Reading;
  #recorded: Reading | undefined;

  /** To be made right before `beforeSend` is called. */
  constructor(clocks: Clocks) {
    this.#clocks = clocks;
    this.#called = read(clocks);
  }

  /** To be called right after `beforeSend` has resolved. */
  recorded(): void {
    this.#recorded = read(this.#clocks);
  }

  /** The reason why the payout must not be sent now; undefined when it may be. */
  refusal(): LeanUnreachable | undefined {
    if (this.#recorded !== undefined && this.#isFresh(this.#recorded)) return undefined;
    return new LeanUnreachable(
      'LEAN_TIMEOUT',
      'Too much time passed between recording the payout and sending it; nothing was sent.',
      { retryable: true },
    );
  }

  #isFresh(recorded: Reading): boolean {
    const now = read(this.#clocks);
    const sinceCall = passed(this.#called, now);
    const sinceRecord = passed(recorded, now);
    return (
      // Only one clock stands still while the machine is suspended.
      Math.abs(sinceCall.wall - sinceCall.monotonic) <= maxDriftMs &&
      sinceRecord.monotonic <= maxDriftMs &&
      // In both directions: a wall clock that is set back would hide a pause.
      Math.abs(sinceRecord.wall) <= maxDriftMs
    );
  }
}

interface Reading {
  readonly monotonic: number;
  readonly wall: number;
}

function read(clocks: Clocks): Reading {
  return { monotonic: clocks.monotonic(), wall: clocks.wall() };
}

function passed(from: Reading, to: Reading): Reading {
  return { monotonic: to.monotonic - from.monotonic, wall: to.wall - from.wall };
}
