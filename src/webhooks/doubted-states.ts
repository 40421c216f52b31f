import { LRUCache } from 'lru-cache';
import type { Observation } from './payout-observer.ts';

/** The most payouts that are remembered. A forgotten one only waits longer. */
const maxPayouts = 10_000;

/**
 * The longest time between two reads of a state that continues to be in doubt, in ms. It is long, because the gateways on
 * a store take turns with the backfills.
 */
const maxGapMs = 30 * 60_000;

/**
 * The payouts whose current state is in doubt, and for how long this gateway has read the same state of each. After a
 * restart the time begins again.
 */
export class DoubtedStates {
  readonly #clock: () => number;
  readonly #reads = new LRUCache<string, Reads>({ max: maxPayouts });

  /** @param clock a monotonic clock, in ms */
  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** Records a read of the state, and returns the time since its first read, in ms. */
  recordRead({ intentId, paymentId, payout }: Observation): number {
    const state = JSON.stringify([paymentId, payout?.state?.leanStatus, payout?.postInitiationStatus]);
    const now = this.#clock();
    const known = this.#reads.get(intentId);
    const continues = known?.state === state && now - known.last <= maxGapMs;
    const first = continues ? known.first : now;
    this.#reads.set(intentId, { state, first, last: now });
    return now - first;
  }

  /** Must be called when the payout was read in a state that is not in doubt. */
  forget(intentId: string): void {
    this.#reads.delete(intentId);
  }
}

/** The reads of one state. Times are those of the clock. */
interface Reads {
  readonly state: string;
  readonly first: number;
  readonly last: number;
}
