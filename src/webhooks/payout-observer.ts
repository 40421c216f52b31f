import { LeanError, LeanNotOffered } from '../errors/lean-errors.ts';
import type { HistoryEvent } from '../payouts/history-event.ts';
import type { PayoutHistories } from '../payouts/history.ts';
import type { PayoutReads } from '../payouts/payout-reads.ts';
import { awaitsTracking, isBeforePayment, type Payout } from '../payouts/payout.ts';
import type { RowFinder } from '../payouts/listing/row-finder.ts';

/** The state of a payout that was read from Lean. */
export interface Observation {
  readonly intentId: string;
  readonly paymentId: string | null;
  /** Undefined if this Lean application has no call for single payouts. Then only the history shows the state. */
  readonly payout: Payout | undefined;
}

/** Whether both observations show the same state. */
export function isSameObservation(one: Observation | undefined, other: Observation): boolean {
  return (
    one?.paymentId === other.paymentId &&
    one.payout?.state?.leanStatus === other.payout?.state?.leanStatus &&
    one.payout?.postInitiationStatus === other.payout?.postInitiationStatus
  );
}

export interface ObservationSources {
  readonly reads: PayoutReads;
  readonly histories: PayoutHistories;
  readonly rows: Pick<RowFinder, 'find'>;
}

interface ReadOptions {
  /** From `LeanClient.deadline()`. */
  readonly deadline: number;
}

/**
 * Reads the current state and the history of payouts from Lean. Works with applications that have calls for a single
 * payout and intent, and with those that have only the list and the history.
 * @throws LeanError from all of its methods
 */
export class PayoutObserver {
  readonly #reads: PayoutReads;
  readonly #histories: PayoutHistories;
  readonly #rows: ObservationSources['rows'];

  constructor({ reads, histories, rows }: ObservationSources) {
    this.#reads = reads;
    this.#histories = histories;
    this.#rows = rows;
  }

  /**
   * Reads the payout of a payment; undefined if Lean does not know it.
   * @param eventIntentId the intent that an event names, for applications without a call for single payouts
   */
  async observePayment(
    paymentId: string,
    eventIntentId: string | undefined,
    options: ReadOptions,
  ): Promise<Observation | undefined> {
    const payout = await this.#ifOffered(reads => reads.payout(paymentId, options));
    if (payout === null) return undefined;
    const intentId = payout?.intentId ?? eventIntentId ?? (await this.#intentOf(paymentId, options));
    return intentId === null ? undefined : { intentId, paymentId, payout };
  }

  /** Takes the payout from a list row, and reads the payment and the tracking that the row lacks. */
  async observeRow(row: Payout, options: ReadOptions): Promise<Observation> {
    const payout = await this.#completeRow(row, options);
    return { intentId: row.intentId, paymentId: payout.paymentId, payout };
  }

  /**
   * Reads the payout of a list row again: by the call for its payment, or by the list if there is no such call or no
   * payment. Undefined if the list does not show it.
   */
  async observeRowAgain(row: Payout, options: ReadOptions): Promise<Observation | undefined> {
    const { intentId, paymentId, amount, updatedAt, createdAt } = row;
    const intent = await this.#ifOffered(reads => reads.intent(intentId, options));
    const newestPaymentId = intent?.payout.paymentId ?? paymentId;
    const payout =
      newestPaymentId === null
        ? null
        : await this.#ifOffered(reads => reads.payout(newestPaymentId, options));
    if (payout != null)
      return { intentId, paymentId: newestPaymentId, payout: { ...payout, updatedAt, createdAt } };
    const times = { submittedAt: undefined, initiatedAt: undefined, requested: undefined, createdAt };
    const [newRow] = await this.#rows.find([{ intentId, amount: amount?.amount, ...times }], options);
    if (newRow instanceof Error) throw newRow;
    return newRow == null ? undefined : this.observeRow(newRow, options);
  }

  /** The history events of the payment and those from before there was a payment, oldest first. */
  async history(
    { intentId, paymentId, payout }: Observation,
    options: ReadOptions,
  ): Promise<readonly HistoryEvent[]> {
    if (paymentId === null && isBeforePayment(payout)) return [];
    try {
      const all = await this.#histories.of({ intentId, paymentId }, options);
      return all.filter(event => event.paymentId === null || event.paymentId === paymentId);
    } catch (error) {
      // The current state can be published without a history.
      if (error instanceof LeanError && !error.details.retryable) return [];
      throw error;
    }
  }

  /** Whether a payment is the newest one of its intent. Older payments no longer change the state of the payout. */
  async isNewestPayment(paymentId: string | null, intentId: string, options: ReadOptions): Promise<boolean> {
    const intent = await this.#ifOffered(reads => reads.intent(intentId, options));
    return intent === undefined || intent?.payout.paymentId === paymentId;
  }

  /** Adds the payment and the tracking to a row that lacks them, because both are part of the state. */
  async #completeRow(row: Payout, options: ReadOptions): Promise<Payout> {
    const { intentId, paymentId, state, postInitiationStatus, updatedAt, createdAt } = row;
    if (paymentId === null) {
      if (isBeforePayment(row)) return row;
      // The list of some Lean applications has no payment ids.
      const intent = await this.#ifOffered(reads => reads.intent(intentId, options));
      return intent?.payout.paymentId == null ? row : { ...intent.payout, updatedAt, createdAt };
    }
    const lacksTracking =
      postInitiationStatus === undefined && state !== undefined && awaitsTracking(state.status);
    if (!lacksTracking) return row;
    const payout = await this.#ifOffered(reads => reads.payout(paymentId, options));
    return payout == null ? row : { ...payout, updatedAt, createdAt };
  }

  /** The intent of a payment, read from the history; for applications without a call for single payouts. */
  async #intentOf(paymentId: string, options: ReadOptions): Promise<string | null> {
    const owner = await this.#histories.ownerOf(paymentId, options).catch((error: unknown) => {
      if (error instanceof LeanNotOffered) return null;
      throw error;
    });
    return owner?.intentId ?? null;
  }

  /** Runs a read; undefined if this Lean application has no call for it. */
  async #ifOffered<Value>(read: (reads: PayoutReads) => Promise<Value>): Promise<Value | undefined> {
    if (this.#reads.lacksDetailCalls) return undefined;
    try {
      return await read(this.#reads);
    } catch (error) {
      if (error instanceof LeanNotOffered) return undefined;
      throw error;
    }
  }
}
