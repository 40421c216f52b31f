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
