import { LeanUnreachable } from '../errors/lean-errors.ts';

/** The two clocks of a machine, in ms. */
export interface Clocks {
  /** The clock of `performance.now()`. On most systems it stops while the machine is suspended. */
  monotonic(): number;
  /** The clock of `Date.now()`. */
  wall(): number;
}

export const systemClocks: Clocks = { monotonic: () => performance.now(), wall: () => Date.now() };

/** No clock may move further than this between the recording of a payout and its sending, in ms. */
export const maxDriftMs = 2000;

/**
 * The time in which a recorded payout may be sent.
 *
 * `beforeSend` records until when bytes of the payout may leave the gateway. Once that time has passed, another process
 * may find that Lean has no such payout, and send it again. A process can stop between the recording and the sending:
 * the machine is suspended, a container is paused, or something blocks the event loop. When the process continues,
 * timers and deadlines do not show how long it stopped, because a suspended machine also stops the monotonic clock. If
 * it sent the request then, the payout could be paid twice. So the request checks both clocks at the last moment before
 * a byte is written, and sends nothing unless the record is fresh by both of them.
 */
export class SendWindow {
  readonly #clocks: Clocks;
  readonly #createdAt: Reading;
  #recordedAt: Reading | undefined;

  /** Create it right before `beforeSend` is called. */
  constructor(clocks: Clocks) {
    this.#clocks = clocks;
    this.#createdAt = read(clocks);
  }

  /** Call it right after `beforeSend` has resolved. */
  markRecorded(): void {
    this.#recordedAt = read(this.#clocks);
  }

  /** Why the payout must not be sent now; undefined if it may be sent. */
  refusal(): LeanUnreachable | undefined {
    if (this.#recordedAt !== undefined && this.#isFresh(this.#recordedAt)) return undefined;
    return new LeanUnreachable(
      'LEAN_TIMEOUT',
      'Too much time passed between recording the payout and sending it; nothing was sent.',
      { retryable: true },
    );
  }

  #isFresh(recordedAt: Reading): boolean {
    const now = read(this.#clocks);
    const sinceCreation = elapsed(this.#createdAt, now);
    const sinceRecord = elapsed(recordedAt, now);
    return (
      // Only the monotonic clock stops while the machine is suspended.
      Math.abs(sinceCreation.wall - sinceCreation.monotonic) <= maxDriftMs &&
      sinceRecord.monotonic <= maxDriftMs &&
      // In both directions, because a wall clock that is set back would hide a pause.
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

function elapsed(from: Reading, to: Reading): Reading {
  return { monotonic: to.monotonic - from.monotonic, wall: to.wall - from.wall };
}
