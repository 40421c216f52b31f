import type { LeanClient } from '../lean/client.ts';
import { LeanError } from '../lean/errors.ts';
import { StoreUnavailable } from '../payouts/errors.ts';
import type { PayoutHistories } from '../payouts/history.ts';
import type { Instant } from '../payouts/instant.ts';
import { instantAt, leanTime } from '../payouts/lean-time.ts';
import type { PayoutReads } from '../payouts/payout-reads.ts';
import type { Payout } from '../payouts/payout.ts';
import type { PayoutEvents, TakenEvent } from '../payouts/payout-update.ts';
import { stepsOf } from './payout-steps.ts';
import { Woken } from './woken.ts';

export interface TellerOptions {
  readonly client: LeanClient;
  readonly reads: PayoutReads;
  readonly histories: PayoutHistories;
  readonly events: PayoutEvents;
  /** Told after there is something new for subscribers. */
  readonly onTold: (steps: number) => void;
  /** Told of events of payments that are no payouts. */
  readonly onForeign?: (events: number) => void;
  /** Told when looking fails, once until it succeeds, and then with undefined. */
  readonly onTrouble?: (error: Error | undefined) => void;
  /** How often it looks whether something is due that nobody has told it of. @default 5 s */
  readonly everyMs?: number;
}

/** Events looked at together, and payouts read side by side. */
const perRound = 500;
const atOnce = 16;

/** Lean may announce a payment before it can be read. */
const foreignTries = 3;

const longestPauseMs = 60_000;

/**
 * Looks at Lean for what received events claim, and tells subscribers what is so: a payout's steps in their order, each
 * once, however often, late or out of order they were announced.
 */
export class Teller {
  readonly #options: TellerOptions;
  #since: Promise<Instant> | undefined;
  readonly #looking = new Woken(() => this.#look());
  #timer: NodeJS.Timeout | undefined;
  #trouble = false;

  constructor(options: TellerOptions) {
    this.#options = options;
  }

  /** Looks now, and from now on every while. */
  start(): void {
    const { everyMs = 5000 } = this.#options;
    this.#timer = setInterval(() => {
      this.wake();
    }, everyMs).unref();
    this.wake();
  }

  /** There is something to look at. */
  wake(): void {
    this.#looking.wake();
  }

  /** Ends the looking; a look under way is waited for. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking.stop();
  }

  async #look(): Promise<'more' | 'done'> {
    const { events, onTrouble } = this.#options;
    try {
      const taken = await events.take(perRound);
      if (taken.length === 0) return 'done';
      await this.#lookAt(Map.groupBy(taken, ({ paymentId }) => paymentId));
      if (this.#trouble) onTrouble?.(undefined);
      this.#trouble = false;
      return 'more';
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      if (!this.#trouble) onTrouble?.(error);
      this.#trouble = true;
      return 'done';
    }
  }

  async #lookAt(byPayment: ReadonlyMap<string, readonly TakenEvent[]>): Promise<void> {
    const waiting = [...byPayment.entries()];
    const worker = async (): Promise<void> => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) await this.#lookAtOne(...next);
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
  }

  async #lookAtOne(paymentId: string, taken: readonly TakenEvent[]): Promise<void> {
    const { events, onForeign, onTrouble } = this.#options;
    const ids = taken.map(({ eventId }) => eventId);
    const tries = Math.min(...taken.map(event => event.tries));
    try {
      if (await this.tell(paymentId, taken)) return await events.done(ids);
      if (tries + 1 < foreignTries) return await events.putOff(ids, 1000 * 2 ** tries);
      onForeign?.(ids.length);
      await events.done(ids);
    } catch (error) {
      if (!(error instanceof LeanError)) throw error;
      if (!this.#trouble) onTrouble?.(error);
      this.#trouble = true;
      await events.putOff(ids, Math.min(1000 * 2 ** tries, longestPauseMs));
    }
  }

  /**
   * Tells what is new of a payment. False when Lean knows no payout by this id.
   * @throws LeanError, StoreUnavailable
   */
  async tell(paymentId: string, claims: readonly TakenEvent[], known?: Payout): Promise<boolean> {
    const { client, histories, events, onTold } = this.#options;
    const options = { deadline: client.deadline() };
    const payout = await this.#read(paymentId, known, options);
    if (payout === null) return false;
    const intentId = payout?.intentId ?? claims.find(claim => claim.intentId !== null)?.intentId ?? null;
    const history = await histories
      .of({ paymentId, intentId: intentId ?? '' }, options)
      .catch((error: unknown) => {
        // Where it cannot be had, the state that the payout is in is still worth telling.
        if (error instanceof LeanError && !error.details.retryable) return [];
        throw error;
      });
    const since = await this.#noticedSince();
    // An application without a call for the single payout knows it by its history alone.
    if (payout === undefined && history.length === 0) return false;
    const steps = stepsOf({ paymentId, payout, history, claims, since });
    const told = await events.tell(steps);
    if (told > 0) onTold(told);
    return true;
  }

  #noticedSince(): Promise<Instant> {
    const { events, client } = this.#options;
    this.#since ??= leanTime(client)
      .then(now => events.since(instantAt(now ?? Date.now())))
      .catch((error: unknown) => {
        this.#since = undefined;
        throw error;
      });
    return this.#since;
  }

  /** Null where Lean knows no such payout; undefined where this Lean application has no call for it. */
  async #read(
    paymentId: string,
    known: Payout | undefined,
    options: { readonly deadline: number },
  ): Promise<Payout | null | undefined> {
    const { reads } = this.#options;
    if (known?.state !== undefined || reads.lacksDetails) return known;
    try {
      return await reads.payout(paymentId, options);
    } catch (error) {
      if (reads.isMissingOperation(error)) return undefined;
      throw error;
    }
  }
}
