import type { CallOptions, LeanClient } from '../lean/client.ts';
import { LeanBadAnswer, LeanRefused } from '../lean/errors.ts';
import { destinationFromLean, intentFromLean, payoutFromPayment } from './from-lean.ts';
import type { PayoutDestination, PayoutIntent } from './payout-intent.ts';
import type { Payout } from './payout.ts';

/** How long it is taken for granted that a Lean application lacks an operation. */
const lackMs = 60_000;

/** Single things read from Lean: null where Lean does not know the id, a `LeanError` where there is no telling. */
export class PayoutReads {
  readonly #client: LeanClient;
  readonly #now: () => number;
  #lacksDetailsUntil = -Infinity;

  constructor(client: LeanClient, now: () => number = Date.now) {
    this.#client = client;
    this.#now = now;
  }

  /**
   * Whether this Lean application has lately shown that it has no calls for a single payout or intent: Lean's older
   * UAE applications and those in KSA document none. What a list does not carry then cannot be had.
   */
  get lacksDetails(): boolean {
    return this.#now() < this.#lacksDetailsUntil;
  }

  isMissingOperation(error: unknown): boolean {
    return error instanceof LeanRefused && error.details.code === 'INVALID_URL';
  }

  payout(paymentId: string, options: CallOptions): Promise<Payout | null> {
    return this.#noticing(this.#client.getPayout(paymentId, options), payment => {
      const payout = payoutFromPayment(payment);
      return payout.paymentId === null ? { ...payout, paymentId } : payout;
    });
  }

  intent(intentId: string, options: CallOptions): Promise<PayoutIntent | null> {
    return this.#noticing(this.#client.getPayoutIntent(intentId, options), wire => {
      const intent = intentFromLean(wire, intentId);
      if (intent === undefined)
        throw new LeanBadAnswer('LEAN_BAD_RESPONSE', "Lean's intent has no amount in it.", {
          retryable: false,
        });
      return intent;
    });
  }

  async destination(destinationId: string, options: CallOptions): Promise<PayoutDestination | null> {
    return destinationFromLean(
      await this.#client.getPayoutDestination(destinationId, options),
      destinationId,
    );
  }

  #noticing<Wire, Value>(
    read: Promise<Wire | null>,
    valueFrom: (wire: Wire) => Value,
  ): Promise<Value | null> {
    return read.then(
      wire => {
        this.#lacksDetailsUntil = -Infinity;
        return wire === null ? null : valueFrom(wire);
      },
      (error: unknown) => {
        if (this.isMissingOperation(error)) this.#lacksDetailsUntil = this.#now() + lackMs;
        throw error;
      },
    );
  }
}
