import { TooManySubscriptions } from '../../payouts/errors.ts';
import { connectionLimits as limits } from '../connection-limits.ts';

/** The open subscriptions, however their subscribers are connected, and how many of them each caller has. */
export class Subscriptions {
  readonly #ofCallers = new Map<string, number>();
  #count = 0;

  /** How many are open. */
  get count(): number {
    return this.#count;
  }

  /**
   * Counts one more subscription.
   * @param caller undefined for a router, which subscribes for many callers
   * @returns what is to be called when it is over
   * @throws TooManySubscriptions
   */
  begin(caller: string | undefined): () => void {
    if (this.#count >= limits.subscriptions)
      throw new TooManySubscriptions(
        `This gateway already has ${String(limits.subscriptions)} subscriptions, the maximum. Try again later.`,
      );
    const own = caller === undefined ? 0 : (this.#ofCallers.get(caller) ?? 0);
    if (own >= limits.subscriptionsPerCaller)
      throw new TooManySubscriptions(
        `You already have ${String(limits.subscriptionsPerCaller)} subscriptions, the maximum for one caller. End some; one ` +
          'subscription without an id follows all payouts.',
      );
    this.#add(caller, 1);
    let over = false;
    return () => {
      if (!over) this.#add(caller, -1);
      over = true;
    };
  }

  #add(caller: string | undefined, change: 1 | -1): void {
    this.#count += change;
    if (caller === undefined) return;
    const own = (this.#ofCallers.get(caller) ?? 0) + change;
    if (own === 0) this.#ofCallers.delete(caller);
    else this.#ofCallers.set(caller, own);
  }
}
