import { createHash } from 'node:crypto';
import { compareInstants, type Instant } from '../payouts/instant.ts';
import type { HistoryEvent } from '../payouts/history-event.ts';
import type { Payout } from '../payouts/payout.ts';
import { isSameStep, type PayoutStep, type ReceivedEvent } from '../payouts/payout-update.ts';
import { announcementsOf, type StepAtLean } from './announcements.ts';

/** The inputs of `stepsOf`: a payout, its history, and what Lean has announced about it. */
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
  /** Older steps are not told, because they were made before this gateway was there. */
  readonly since: Instant;
}

/**
 * The steps of a payout that subscribers have not been told, in order. They come from Lean's history and from the state
 * that the payout is in now, which the history may lack. The claims of events are not believed: an event only gives its
 * id, kind and time to the step that it announces.
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

/** All steps that Lean shows, each once. The last one is the state that the payout is in. */
function stepsAtLean({ paymentId, payout, history }: KnownOfPayout): readonly StepAtLean[] {
  // If Lean does not report the tracking, its absence from the history means nothing.
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
