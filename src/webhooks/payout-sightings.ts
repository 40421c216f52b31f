import { LeanError, LeanNotOffered } from '../lean/errors.ts';
import type { HistoryEvent } from '../payouts/history-event.ts';
import type { PayoutHistories } from '../payouts/history.ts';
import type { PayoutReads } from '../payouts/payout-reads.ts';
import { awaitsTracking, isBeforePayment, type Payout } from '../payouts/payout.ts';

/** A payout, as far as it has been read. */
export interface Sighting {
  readonly intentId: string;
  readonly paymentId: string | null;
  /** Undefined where only its history tells of it. */
  readonly payout: Payout | undefined;
}

/** Whether both show a payout in the same state. */
export function isSameSighting(one: Sighting | undefined, other: Sighting): boolean {
  return (
    one?.paymentId === other.paymentId &&
    one.payout?.state?.leanStatus === other.payout?.state?.leanStatus &&
    one.payout?.postInitiationStatus === other.payout?.postInitiationStatus
  );
}

interface ReadOptions {
  /** From `LeanClient.deadline()`. */
  readonly deadline: number;
}

/**
 * Reads payouts from Lean for their steps, on applications with and without calls for a single payout and intent.
 * @throws LeanError from all of its methods
 */
export class PayoutSightings {
  readonly #reads: PayoutReads;
  readonly #histories: PayoutHistories;

  constructor({ reads, histories }: { readonly reads: PayoutReads; readonly histories: PayoutHistories }) {
    this.#reads = reads;
    this.#histories = histories;
  }

  /**
   * The payout of a payment; undefined if Lean does not know it.
   * @param claimed its intent as an event names it, for applications without a call for the single payout
   */
  async ofPayment(
    paymentId: string,
    claimed: string | undefined,
    options: ReadOptions,
  ): Promise<Sighting | undefined> {
    const payout = await this.#orMissing(reads => reads.payout(paymentId, options));
    if (payout === null) return undefined;
    const intentId = payout?.intentId ?? claimed ?? (await this.#intentOf(paymentId, options));
    return intentId === null ? undefined : { intentId, paymentId, payout };
  }

  /** The payout of a list row, with what the row lacks. */
  async ofRow(row: Payout, options: ReadOptions): Promise<Sighting> {
    const payout = await this.#completed(row, options);
    return { intentId: row.intentId, paymentId: payout.paymentId, payout };
  }

  /** The payout of a list row, read anew by calls of its own; undefined if there are none. */
  async afresh(
    { intentId, paymentId, updatedAt, createdAt }: Payout,
    options: ReadOptions,
  ): Promise<Sighting | undefined> {
    const intent = await this.#orMissing(reads => reads.intent(intentId, options));
    if (intent == null) return undefined;
    const newest = intent.payout.paymentId ?? paymentId;
    if (newest === null) return undefined;
    const payout = await this.#orMissing(reads => reads.payout(newest, options));
    if (payout == null) return undefined;
    return { intentId, paymentId: newest, payout: { ...payout, updatedAt, createdAt } };
  }

  /** The events of its newest payment, and those from before there was one; oldest first. */
  async history(
    { intentId, paymentId, payout }: Sighting,
    options: ReadOptions,
  ): Promise<readonly HistoryEvent[]> {
    if (paymentId === null && isBeforePayment(payout)) return [];
    try {
      const all = await this.#histories.of({ intentId, paymentId }, options);
      return all.filter(event => event.paymentId === null || event.paymentId === paymentId);
    } catch (error) {
      // The state that the payout is in can be told without a history.
      if (error instanceof LeanError && !error.details.retryable) return [];
      throw error;
    }
  }

  /** Whether a payment is the newest of its intent. Events of older payments are no steps of the payout any more. */
  async isNewest(paymentId: string | null, intentId: string, options: ReadOptions): Promise<boolean> {
    const intent = await this.#orMissing(reads => reads.intent(intentId, options));
    return intent === undefined || intent?.payout.paymentId === paymentId;
  }

  /** Adds the payment and the tracking to a row that lacks them, because they decide its steps. */
  async #completed(row: Payout, options: ReadOptions): Promise<Payout> {
    const { intentId, paymentId, state, postInitiationStatus, updatedAt, createdAt } = row;
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
  async #intentOf(paymentId: string, options: ReadOptions): Promise<string | null> {
    const owner = await this.#histories.ownerOf(paymentId, options).catch((error: unknown) => {
      if (error instanceof LeanNotOffered) return null;
      throw error;
    });
    return owner?.intentId ?? null;
  }

  /** The result of a read; undefined if this Lean application has no call for it. */
  async #orMissing<Value>(read: (reads: PayoutReads) => Promise<Value>): Promise<Value | undefined> {
    if (this.#reads.lacksDetails) return undefined;
    try {
      return await read(this.#reads);
    } catch (error) {
      if (error instanceof LeanNotOffered) return undefined;
      throw error;
    }
  }
}
