import { LeanError, LeanNotOffered } from '../errors/lean-errors.ts';
import type { HistoryEvent } from '../payouts/history-event.ts';
import type { PayoutHistories } from '../payouts/history.ts';
import type { PayoutReads } from '../payouts/payout-reads.ts';
import { awaitsTracking, isBeforePayment, type Payout } from '../payouts/payout.ts';
import type { RowFinder } from '../payouts/listing/row-finder.ts';

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

export interface SightingSources {
  readonly reads: PayoutReads;
  readonly histories: PayoutHistories;
  readonly rows: Pick<RowFinder, 'find'>;
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
  readonly #rows: SightingSources['rows'];

  constructor({ reads, histories, rows }: SightingSources) {
    this.#reads = reads;
    this.#histories = histories;
    this.#rows = rows;
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

  /** The payout of a list row, read anew: by the call for its payment, or else by the list. Undefined if neither shows it. */
  async afresh(row: Payout, options: ReadOptions): Promise<Sighting | undefined> {
    const { intentId, paymentId, amount, updatedAt, createdAt } = row;
    const intent = await this.#orMissing(reads => reads.intent(intentId, options));
    const newest = intent?.payout.paymentId ?? paymentId;
    const payout = newest === null ? null : await this.#orMissing(reads => reads.payout(newest, options));
    if (payout != null) return { intentId, paymentId: newest, payout: { ...payout, updatedAt, createdAt } };
    const times = { submittedAt: undefined, initiatedAt: undefined, requested: undefined, createdAt };
    const [again] = await this.#rows.find([{ intentId, amount: amount?.amount, ...times }], options);
    if (again instanceof Error) throw again;
    return again == null ? undefined : this.ofRow(again, options);
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
