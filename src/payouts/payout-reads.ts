import type { CallOptions, LeanClient } from '../lean/client.ts';
import { LeanBadAnswer, LeanNotOffered, LeanRefused } from '../errors/lean-errors.ts';
import { destinationFromLean, intentFromLean, payoutFromPayment } from './from-lean.ts';
import type { PayoutDestination, PayoutIntent } from './payout-intent.ts';
import type { Payout } from './payout.ts';

/**
 * The time for which a Lean application counts as lacking an operation, in ms: a second after the first sign of it, which
 * may be a fault on the way, and twice as long after each further sign.
 */
const firstLackMs = 1000;
const longestLackMs = 60_000;

/** So many signs in a row outweigh that the application has answered such a call before. */
export const enoughSigns = 3;

/** Whether Lean has answered that there is no such call. One such answer may be a fault on the way. */
export function saysNoSuchCall(error: unknown): boolean {
  const isInvalidUrl = error instanceof LeanRefused && error.details.code === 'INVALID_URL';
  return isInvalidUrl || error instanceof LeanNotOffered;
}

/** Single things read from Lean: null where Lean does not know the id, a `LeanError` where there is no telling. */
export class PayoutReads {
  readonly #client: LeanClient;
  readonly #now: () => number;
  #lacksDetailsUntil = -Infinity;
  #hasDetails = false;
  /** Answers in a row that say that there is no such call. */
  #signs = 0;
  #intentsLackTracking = false;

  constructor(client: LeanClient, now: () => number = Date.now) {
    this.#client = client;
    this.#now = now;
  }

  /**
   * Whether this Lean application has lately shown that it has no calls for a single payout or intent: Lean's older
   * UAE applications and those in KSA document none.
   */
  get lacksDetails(): boolean {
    return this.#now() < this.#lacksDetailsUntil;
  }

  /** Whether the last intent that was read had a payment without its tracking. Then only the payment's own call has it. */
  get intentsLackTracking(): boolean {
    return this.#intentsLackTracking;
  }

  /** Whether several answers in a row have said that there is no such call. One may be a fault on the way. */
  get certainlyLacksDetails(): boolean {
    return this.#signs >= enoughSigns;
  }

  /** For work that begins now and takes several calls. */
  deadline(): number {
    return this.#client.deadline();
  }

  /** @throws LeanNotOffered where this application has no such call */
  payout(paymentId: string, options: CallOptions): Promise<Payout | null> {
    return this.#noticing(this.#client.getPayout(paymentId, options), payment => {
      const payout = payoutFromPayment(payment);
      if (payout === undefined) throw unreadable("Lean's payment does not name its intent.");
      return payout.paymentId === null ? { ...payout, paymentId } : payout;
    });
  }

  /** @throws LeanNotOffered where this application has no such call */
  intent(intentId: string, options: CallOptions): Promise<PayoutIntent | null> {
    return this.#noticing(this.#client.getPayoutIntent(intentId, options), wire => {
      const intent = intentFromLean(wire, intentId);
      if (intent === undefined) throw unreadable("Lean's intent has no amount in it.");
      const { payout } = intent;
      if (payout.paymentId !== null) this.#intentsLackTracking = payout.postInitiationStatus === undefined;
      return intent;
    });
  }

  async destination(destinationId: string, options: CallOptions): Promise<PayoutDestination | null> {
    const wire = await this.#client.getPayoutDestination(destinationId, options);
    if (wire === null) return null;
    const destination = destinationFromLean(wire);
    if (destination === null) throw unreadable("Lean's destination has no id in it.");
    return destination;
  }

  #noticing<Wire, Value>(
    read: Promise<Wire | null>,
    valueFrom: (wire: Wire) => Value,
  ): Promise<Value | null> {
    return read.then(
      wire => {
        if (wire === null) return null;
        const value = valueFrom(wire);
        this.#hasDetails = true;
        this.#signs = 0;
        this.#lacksDetailsUntil = -Infinity;
        return value;
      },
      (error: unknown) => {
        if (!saysNoSuchCall(error)) throw error;
        this.#signs += 1;
        // An application that has answered such a call has it: then this is a fault on the way.
        if (this.#hasDetails && this.#signs < enoughSigns) throw error;
        this.#hasDetails = false;
        const lackMs = Math.min(longestLackMs, firstLackMs * 2 ** (this.#signs - 1));
        this.#lacksDetailsUntil = this.#now() + lackMs;
        throw new LeanNotOffered(error);
      },
    );
  }
}

function unreadable(message: string): LeanBadAnswer {
  return new LeanBadAnswer('LEAN_BAD_RESPONSE', message, { retryable: false });
}
