import { createHash } from 'node:crypto';
import { compareInstants, type Instant } from '../payouts/instant.ts';
import type { HistoryEvent } from '../payouts/history-event.ts';
import type { Payout } from '../payouts/payout.ts';
import { isSameStep, type PayoutStep, type ReceivedEvent } from '../payouts/payout-update.ts';
import { announcementsOf, type StepAtLean } from './announcements.ts';

/** What is known of a payout's way, and of what Lean has announced of it. */
export interface KnownOfPayout {
  readonly intentId: string;
  readonly paymentId: string | null;
  /** As Lean has it now; undefined where only the history tells. */
  readonly payout: Payout | undefined;
  /** Oldest first. */
  readonly history: readonly HistoryEvent[];
  /** Events that have been received of its payment. */
  readonly claims: readonly ReceivedEvent[];
  /** The steps that subscribers have been told. */
  readonly told: readonly PayoutStep[];
  /** Steps before this are nobody's news: they were made before this gateway was there. */
  readonly since: Instant;
}

/**
 * The steps that a payout has made and nobody has been told, in their order, as Lean itself has them: those of its
 * history, and the state that it is in now, which the history may lack. What an event claims is not believed; it only
 * gives the step that it announces its id, kind and time.
 */
export function stepsOf(known: KnownOfPayout): PayoutStep[] {
  const { intentId, paymentId, payout, history, claims, told, since } = known;
  const steps = stepsAtLean(known);
  const now = steps.at(-1);
  const untold = steps.filter(step => !told.some(each => isSameStep(each, step)));
  const used = new Set(told.map(({ eventId }) => eventId));
  const unused = claims.filter(({ eventId }) => !used.has(eventId));
  const claimOf = announcementsOf([...told, ...untold], untold, unused);
  const lately = unused.toSorted((a, b) => compareInstants(b.publishedAt, a.publishedAt))[0]?.publishedAt;
  const news: PayoutStep[] = [];
  for (const step of untold) {
    const claim = claimOf.get(step);
    const { status, leanStatus, postInitiationStatus } = step;
    const publishedAt =
      claim?.publishedAt ??
      step.publishedAt ??
      payout?.updatedAt ??
      payout?.createdAt ??
      lately ??
      history.at(-1)?.publishedAt ??
      since;
    if (step !== now && compareInstants(publishedAt, since) < 0) continue;
    news.push({
      eventId: claim?.eventId ?? madeId(intentId, step),
      type: claim?.type ?? step.type,
      intentId,
      paymentId,
      status,
      leanStatus,
      postInitiationStatus,
      publishedAt,
    });
  }
  return news;
}

/** Each once; the last one is the state that the payout is in. */
function stepsAtLean({ paymentId, payout, history }: KnownOfPayout): readonly StepAtLean[] {
  // Where Lean has no word for the tracking, that a history says nothing of it tells nothing either.
  const untracked = payout?.postInitiationStatus === undefined ? undefined : null;
  const steps: StepAtLean[] = [];
  const add = (step: StepAtLean): void => {
    if (!steps.some(other => isSameStep(other, step))) steps.push(step);
  };
  for (const { type, status, leanStatus, postInitiationStatus, publishedAt } of history)
    add({
      paymentId,
      type,
      status,
      leanStatus,
      postInitiationStatus: postInitiationStatus ?? untracked,
      publishedAt,
    });
  const { state, postInitiationStatus } = payout ?? {};
  if (state?.leanStatus != null)
    add({
      paymentId,
      type: 'PAYMENT_UPDATED',
      status: state.status,
      leanStatus: state.leanStatus,
      postInitiationStatus,
      publishedAt: undefined,
    });
  return steps;
}

/** The same on every gateway that comes to the same step. */
function madeId(intentId: string, { paymentId, leanStatus, postInitiationStatus }: StepAtLean): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([intentId, paymentId, leanStatus, postInitiationStatus ?? null]))
    .digest('hex');
  return `made-${digest.slice(0, 32)}`;
}
