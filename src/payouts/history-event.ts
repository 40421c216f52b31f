import type { Instant } from './instant.ts';
import type { PayoutStatus, PostInitiationStatus } from './payout.ts';

export type HistoryEventType = 'PAYMENT_CREATED' | 'PAYMENT_UPDATED' | 'UNKNOWN';

/** Something that happened to a payout, as Lean announced it. */
export interface HistoryEvent {
  readonly payoutId: string;
  readonly type: HistoryEventType;
  readonly status: PayoutStatus;
  readonly leanStatus: string;
  readonly postInitiationStatus: PostInitiationStatus | null;
  readonly publishedAt: Instant;
}
