import { createHash } from 'node:crypto';
import { compareInstants, type Instant } from '../payouts/instant.ts';
import type { HistoryEvent } from '../payouts/history-event.ts';
import type { Payout, PostInitiationStatus } from '../payouts/payout.ts';
import type { PayoutStep, ReceivedEvent } from '../payouts/payout-update.ts';

/** What is known of a payout's way, and of what Lean has announced of it. */
export interface KnownOfPayout {
  readonly paymentId: string;
  /** As Lean has it now; undefined where only the history tells. */
  readonly payout: Payout | undefined;
  /** Oldest first. */
  readonly history: readonly HistoryEvent[];
  /** Events that have been received of it. */
  readonly claims: readonly ReceivedEvent[];
  /** Steps before this are nobody's news: they were made before this gateway was there. */
  readonly since: Instant;
}

/**
 * The steps that a payout has made, in their order, as Lean itself has them: those of its history, and the state that
 * it is in now, which the history may lack. What an event claims is not believed; it only gives a step its id and time.
 */
export function stepsOf({ paymentId, payout, history, claims, since }: KnownOfPayout): PayoutStep[] {
  const intentId = payout?.intentId ?? claims.find(claim => claim.intentId !== null)?.intentId ?? null;
  const steps: PayoutStep[] = [];
  const add = (step: Omit<PayoutStep, 'eventId' | 'paymentId' | 'intentId'>): void => {
    const same = (other: Pick<PayoutStep, 'leanStatus' | 'postInitiationStatus'>): boolean =>
      other.leanStatus === step.leanStatus && other.postInitiationStatus === step.postInitiationStatus;
    if (steps.some(same)) return;
    const claim = claims.find(
      ({ leanStatus, postInitiationStatus }) =>
        leanStatus === step.leanStatus && postInitiationStatus === step.postInitiationStatus,
    );
    const { leanStatus, postInitiationStatus } = step;
    const eventId = claim?.eventId ?? madeId(paymentId, leanStatus, postInitiationStatus);
    steps.push({ ...step, eventId, paymentId, intentId });
  };
  for (const { type, status, leanStatus, postInitiationStatus, publishedAt } of history)
    add({ type, status, leanStatus, postInitiationStatus, publishedAt });
  const state = payout?.state;
  if (payout !== undefined && state?.leanStatus != null) {
    const latest = claims.toSorted((a, b) => compareInstants(b.publishedAt, a.publishedAt))[0];
    const { status, leanStatus } = state;
    add({
      type: latest?.type ?? 'PAYMENT_UPDATED',
      status,
      leanStatus,
      postInitiationStatus: payout.postInitiationStatus ?? null,
      publishedAt: latest?.publishedAt ?? payout.updatedAt ?? history.at(-1)?.publishedAt ?? since,
    });
  }
  const now = steps.at(-1);
  return steps.filter(step => step === now || compareInstants(step.publishedAt, since) >= 0);
}

/** The same on every gateway that comes to the same step. */
function madeId(paymentId: string, leanStatus: string, tracking: PostInitiationStatus | null): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([paymentId, leanStatus, tracking]))
    .digest('hex');
  return `made-${digest.slice(0, 32)}`;
}
