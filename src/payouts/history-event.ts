import type { Instant } from './values/instant.ts';
import type { PayoutStatus, PostInitiationStatus } from './payout.ts';

export type HistoryEventType = 'PAYMENT_CREATED' | 'PAYMENT_UPDATED' | 'UNKNOWN';

/** An event in a payout's history, as Lean published it. */
export interface HistoryEvent {
  /** As in `Payout.id`. */
  readonly payoutId: string;
  /** The payment of the event; null if the payout had none yet. */
  readonly paymentId: string | null;
  readonly type: HistoryEventType;
  readonly status: PayoutStatus;
  readonly leanStatus: string;
  readonly postInitiationStatus: PostInitiationStatus | null;
  readonly publishedAt: Instant;
}

/**
 * Whether a history may be that of a payout: it has events, and shows its payment or no payment. Lean's history lacks a
 * payment for a while after its creation, so a history of other payments is not wrong, but it must not be kept.
 * @param paymentId null if it is not known
 */
export function showsPayment(history: readonly HistoryEvent[], paymentId: string | null): boolean {
  if (paymentId === null) return history.length > 0;
  return history.some(event => event.paymentId === null || event.paymentId === paymentId);
}
