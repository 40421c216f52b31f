import type { LeanClient } from '../lean/client.ts';
import { LeanError } from '../lean/errors.ts';
import { StoreUnavailable } from '../payouts/errors.ts';
import type { HistoryEvent } from '../payouts/history-event.ts';
import type { PayoutHistories, PayoutIds } from '../payouts/history.ts';
import type { Instant } from '../payouts/instant.ts';
import { instantAt, leanTime } from '../payouts/lean-time.ts';
import type { PayoutReads } from '../payouts/payout-reads.ts';
import { awaitsTracking, type Payout } from '../payouts/payout.ts';
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
      if (await this.#tellOfPayment(paymentId, taken)) return await events.done(ids);
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

  /** Tells the new steps of a payment's payout. False if Lean does not know the payment. */
  async #tellOfPayment(paymentId: string, claims: readonly TakenEvent[]): Promise<boolean> {
    const options = { deadline: this.#options.client.deadline() };
    const payout = await this.#orMissing(reads => reads.payout(paymentId, options));
    if (payout === null) return false;
    const intentId =
      payout?.intentId ??
      claims.find(claim => claim.intentId !== null)?.intentId ??
      (await this.#intentOf(paymentId, options));
    if (intentId === null) return false;
    return (await this.#tell({ intentId, paymentId, payout }, options)) !== undefined;
  }

  /**
   * Tells the new steps of a payout that Lean's list has shown, even if Lean has made no payment.
   * @returns how many steps were told
   * @throws LeanError, StoreUnavailable
   */
  async tellOfRow(row: Payout): Promise<number> {
    const options = { deadline: this.#options.client.deadline() };
    const { intentId } = row;
    const payout = await this.#completed(row, intentId, options);
    const { paymentId } = payout;
    return (await this.#tell({ intentId, paymentId, payout }, options)) ?? 0;
  }

  /** @returns how many steps were told; undefined if Lean does not know the payout */
  async #tell(
    { intentId, paymentId, payout }: Sighting,
    options: { readonly deadline: number },
  ): Promise<number | undefined> {
    const { events, onTold } = this.#options;
    const all =
      paymentId === null && isBeforePayment(payout)
        ? []
        : await this.#history({ intentId, paymentId }, options);
    // Events of older payments are no steps of the newest one.
    const history = all.filter(event => event.paymentId === null || event.paymentId === paymentId);
    const since = await this.#noticedSince();
    // Without a call for the single payout, only a history shows that Lean knows it.
    if (payout === undefined && history.length === 0) return undefined;
    const known = await events.knownOf(intentId, paymentId);
    const last = known.told.at(-1)?.paymentId ?? paymentId;
    if (last !== paymentId && !(await this.#isNewest(paymentId, intentId, options))) return 0;
    const told = await events.tell(stepsOf({ intentId, paymentId, payout, history, since, ...known }));
    if (told > 0) onTold(told);
    return told;
  }

  #history(ids: PayoutIds, options: { readonly deadline: number }): Promise<readonly HistoryEvent[]> {
    return this.#options.histories.of(ids, options).catch((error: unknown) => {
      // Where it cannot be had, the state that the payout is in is still worth telling.
      if (error instanceof LeanError && !error.details.retryable) return [];
      throw error;
    });
  }

  /** Whether a payment is the newest of its intent. Events of older payments are no steps of the payout any more. */
  async #isNewest(
    paymentId: string | null,
    intentId: string,
    options: { readonly deadline: number },
  ): Promise<boolean> {
    const intent = await this.#orMissing(reads => reads.intent(intentId, options));
    return intent === undefined || intent?.payout.paymentId === paymentId;
  }

  /** Adds the payment and the tracking to a row that lacks them, because they decide its steps. */
  async #completed(row: Payout, intentId: string, options: { readonly deadline: number }): Promise<Payout> {
    const { paymentId, state, postInitiationStatus } = row;
    const { updatedAt, createdAt } = row;
    if (paymentId === null) {
      if (isBeforePayment(row)) return row;
      // Lean's list may name no payments at all.
      const intent = await this.#orMissing(reads => reads.intent(intentId, options));
      return intent?.payout.paymentId == null ? row : { ...intent.payout, updatedAt, createdAt };
    }
    const lacksTracking =
      postInitiationStatus === undefined && state !== undefined && awaitsTracking(state.status);
    if (!lacksTracking) return row;
    const payout = await this.#orMissing(reads => reads.payout(paymentId, options));
    return payout == null ? row : { ...payout, updatedAt, createdAt };
  }

  /** The intent of a payment by its history, for applications without a call for the single payout. */
  async #intentOf(paymentId: string, options: { readonly deadline: number }): Promise<string | null> {
    const { histories, reads } = this.#options;
    const owner = await histories.ownerOf(paymentId, options).catch((error: unknown) => {
      if (reads.isMissingOperation(error)) return null;
      throw error;
    });
    return owner?.intentId ?? null;
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

  /** The result of a read; undefined if this Lean application has no call for it. */
  async #orMissing<Value>(read: (reads: PayoutReads) => Promise<Value>): Promise<Value | undefined> {
    const { reads } = this.#options;
    if (reads.lacksDetails) return undefined;
    try {
      return await read(reads);
    } catch (error) {
      if (reads.isMissingOperation(error)) return undefined;
      throw error;
    }
  }
}

/** A payout, as far as it has been read. */
interface Sighting {
  readonly intentId: string;
  readonly paymentId: string | null;
  /** Undefined where only its history tells of it. */
  readonly payout: Payout | undefined;
}

/** Whether Lean has certainly made no payment yet, so that there is no history to read. */
function isBeforePayment(payout: Payout | undefined): boolean {
  const status = payout?.state?.status;
  return status === 'CREATED' || status === 'AWAITING_AUTHORIZATION';
}
