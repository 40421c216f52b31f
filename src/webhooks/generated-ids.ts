import { hash } from 'node:crypto';
import type { PaymentState } from '../payouts/payout-update.ts';

/**
 * Event ids for the state changes of a payout that no event announced. All gateways generate the same id for the same
 * change, and another id each time that the payout enters the state again.
 */
export class GeneratedIds {
  readonly #intentId: string;
  readonly #used: ReadonlySet<string>;
  /** By state: how many ids have been generated or found in use. */
  readonly #counts = new Map<string, number>();

  /** @param used the ids that are in use */
  constructor(intentId: string, used: ReadonlySet<string>) {
    this.#intentId = intentId;
    this.#used = used;
  }

  /** The next unused id for a change to a state. */
  next({ paymentId, leanStatus, postInitiationStatus }: PaymentState): string {
    const state = [this.#intentId, paymentId, leanStatus, postInitiationStatus ?? null];
    const key = JSON.stringify(state);
    for (let repetition = this.#counts.get(key) ?? 0; ; repetition += 1) {
      const digest = hash('sha256', repetition === 0 ? key : JSON.stringify([...state, repetition]));
      const id = `made-${digest.slice(0, 32)}`;
      if (this.#used.has(id)) continue;
      this.#counts.set(key, repetition + 1);
      return id;
    }
  }
}
