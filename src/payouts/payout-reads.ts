import type { CallOptions, LeanClient } from '../lean/client.ts';
import { LeanBadAnswer, LeanNotOffered, LeanRefused } from '../errors/lean-errors.ts';
import { destinationFromLean, intentFromLean, payoutFromPayment } from './from-lean.ts';
import { leanId } from './lean-values.ts';
import type { PayoutDestination, PayoutIntent } from './payout-intent.ts';
import type { Payout } from './payout.ts';

/**
 * How long a Lean application counts as lacking the calls for single payouts and intents, in ms. The first error that
 * says so may be a passing fault, so it counts for a second; each further one doubles the time, up to a minute.
 */
const firstLackMs = 1000;
const maxLackMs = 60_000;

/**
 * After this many such errors in a row, an application counts as lacking the calls even if it has answered one
 * before.
 */
export const missingOperationThreshold = 3;

/** Whether an error of Lean's says that the call does not exist. A single such error may be a passing fault. */
export function isMissingOperation(error: unknown): boolean {
  const isInvalidUrl = error instanceof LeanRefused && error.details.code === 'INVALID_URL';
  return isInvalidUrl || error instanceof LeanNotOffered;
}

/**
 * Reads single payouts, intents and destinations from Lean: null if Lean does not know the id. It also observes whether
 * this Lean application has the calls for single payouts and intents ("detail calls").
 */
export class PayoutReads {
  readonly #client: LeanClient;
  readonly #now: () => number;
  /** On the clock of `now`. */
  #lacksDetailCallsUntil = -Infinity;
  #hasDetailCalls = false;
  /** How many detail calls in a row have failed because the call does not exist. */
  #missingOperationErrors = 0;
  #intentsLackTracking = false;

  /** @param now a monotonic clock, in ms */
  constructor(client: LeanClient, now = (): number => performance.now()) {
    this.#client = client;
    this.#now = now;
  }

  /**
   * Whether this Lean application has recently shown that it has no calls for a single payout or intent. Lean documents
   * none for its older UAE applications and for those in KSA.
   */
  get lacksDetailCalls(): boolean {
    return this.#now() < this.#lacksDetailCallsUntil;
  }

  /**
   * Whether the payment in the last intent lacked its tracking. The tracking is then only in the payment's own call.
   */
  get intentsLackTracking(): boolean {
    return this.#intentsLackTracking;
  }

  /** Whether so many errors in a row have said that the calls do not exist that it cannot be a passing fault. */
  get certainlyLacksDetailCalls(): boolean {
    return this.#missingOperationErrors >= missingOperationThreshold;
  }

  /** The common deadline of several calls that begin now, on the clock of `performance.now()`. */
  deadline(): number {
    return this.#client.deadline();
  }

  /** @throws LeanNotOffered if this Lean application has no such call; LeanError */
  payout(paymentId: string, options: CallOptions): Promise<Payout | null> {
    return this.#observeDetailCall(this.#client.getPayout(paymentId, options), payment => {
      // Lean also finds some payments by the id of their intent.
      if (leanId(payment.payment_intent_id) !== paymentId.toLowerCase())
        this.#assertSameId('payment', paymentId, [payment.id, payment.payment_id]);
      const payout = payoutFromPayment(payment);
      if (payout === undefined) throw new LeanBadAnswer("Lean's payment has no payment_intent_id.");
      return payout.paymentId === null ? { ...payout, paymentId } : payout;
    });
  }

  /** @throws LeanNotOffered if this Lean application has no such call; LeanError */
  intent(intentId: string, options: CallOptions): Promise<PayoutIntent | null> {
    return this.#observeDetailCall(this.#client.getPayoutIntent(intentId, options), wire => {
      this.#assertSameId('intent', intentId, [wire.payment_intent_id, wire.id]);
      const intent = intentFromLean(wire, intentId);
      if (intent === undefined) throw new LeanBadAnswer("Lean's intent has no amount.");
      const { payout } = intent;
      if (payout.paymentId !== null) this.#intentsLackTracking = payout.postInitiationStatus === undefined;
      return intent;
    });
  }

  /** @throws LeanError */
  async destination(destinationId: string, options: CallOptions): Promise<PayoutDestination | null> {
    const wire = await this.#client.getPayoutDestination(destinationId, options);
    if (wire === null) return null;
    this.#assertSameId('destination', destinationId, [wire.id, wire.destination_id]);
    const destination = destinationFromLean(wire);
    if (destination === null) throw new LeanBadAnswer("Lean's destination has no id.");
    return destination;
  }

  /**
   * Checks that Lean, or a proxy before it, has not answered with another object than the one that was asked for.
   * @param given the ids in the answer; without any, the answer is taken for the right one
   * @throws LeanBadAnswer
   */
  #assertSameId(noun: string, asked: string, given: readonly unknown[]): void {
    const ids = given.map(leanId).filter(id => id !== null);
    if (ids.length > 0 && !ids.includes(asked.toLowerCase())) throw this.#client.reportMisroutedAnswer(noun);
  }

  /** Waits for a detail call and records whether it shows that the application has, or lacks, such calls. */
  #observeDetailCall<Wire, Value>(
    read: Promise<Wire | null>,
    valueFrom: (wire: Wire) => Value,
  ): Promise<Value | null> {
    return read.then(
      wire => {
        if (wire === null) return null;
        const value = valueFrom(wire);
        this.#hasDetailCalls = true;
        this.#missingOperationErrors = 0;
        this.#lacksDetailCallsUntil = -Infinity;
        return value;
      },
      (error: unknown) => {
        if (!isMissingOperation(error)) throw error;
        this.#missingOperationErrors += 1;
        // The application has answered such a call before, so this is taken for a passing fault.
        if (this.#hasDetailCalls && this.#missingOperationErrors < missingOperationThreshold) throw error;
        this.#hasDetailCalls = false;
        const lackMs = Math.min(maxLackMs, firstLackMs * 2 ** (this.#missingOperationErrors - 1));
        this.#lacksDetailCallsUntil = this.#now() + lackMs;
        throw new LeanNotOffered(error);
      },
    );
  }
}
