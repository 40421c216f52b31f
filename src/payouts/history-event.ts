import type { Instant } from './values/instant.ts';
import type { PayoutStatus, PostInitiationStatus } from './payout.ts';

export type HistoryEventType = 'PAYMENT_CREATED' | 'PAYMENT_UPDATED' | 'UNKNOWN';

/** Something that happened to a payout, as Lean announced it. */
export interface HistoryEvent {
  /** As in `Payout.id`. */
  readonly payoutId: string;
  /** The payment that it happened to; null before there was one. */
  readonly paymentId: string | null;
  readonly type: HistoryEventType;
  readonly status: PayoutStatus;
  readonly leanStatus: string;
  readonly postInitiationStatus: PostInitiationStatus | null;
  readonly publishedAt: Instant;
}
