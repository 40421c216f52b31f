import { createHash } from 'node:crypto';
import { compareInstants, type Instant } from '../payouts/values/instant.ts';
import type { HistoryEvent } from '../payouts/history-event.ts';
import type { Payout } from '../payouts/payout.ts';
import {
  isSameStep,
  rankOf,
  type PayoutStep,
  type ReceivedEvent,
  type StepState,
} from '../payouts/payout-update.ts';
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
 * The steps that a payout has made and nobody has been told, in their order, as Lean itself has them: those of its
 * history, and the state that it is in now, which the history may lack. After them the last one that has been told is
 * the state that Lean has, also where the payout has gone back to one that it was in before. What an event claims is not
 * believed; it only gives the step that it announces its id, kind and time.
 */
export function stepsOf(known: KnownOfPayout): PayoutStep[] {
  const { intentId, paymentId, payout, history, claims, told, since } = known;
  const untold = untoldOf(known);
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
    const last = step === untold.at(-1);
    if (!last && compareInstants(publishedAt, since) < 0) continue;
    const before = news.at(-1) ?? told.at(-1);
    if (before !== undefined && says(before, step)) continue;
    const eventId = claim?.eventId ?? madeId(intentId, step, used);
    used.add(eventId);
    news.push({
      eventId,
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

/**
 * Whether the state that a payout was read in may be older than what is known of it, so that it is to be read again
 * before it is told: it lies behind the last step that has been told, or was in the history before, and the history
 * does not end with it; or it lacks the tracking that was told last.
 */
export function isDoubtful(known: KnownOfPayout): boolean {
  const { history, told } = known;
  const now = stateNow(known);
  if (now === undefined) return false;
  const has = (steps: readonly StepState[]): boolean => steps.some(step => says(step, now));
  const last = told.at(-1);
  // Neither a list nor a history is sure to have the end of the tracking.
  if (
    last?.postInitiationStatus != null &&
    last.paymentId === now.paymentId &&
    now.postInitiationStatus === null
  )
    return true;
  if (has(history.slice(-1))) return false;
  if (has(history)) return true;
  return last !== undefined && !says(last, now) && (has(told) || rankOf(now) < rankOf(last));
}

/** The steps after the last one that was told. The last of them is the state that the payout is in, if that was read. */
function untoldOf(known: KnownOfPayout): readonly StepAtLean[] {
  const { paymentId, payout, told } = known;
  const steps = stepsAtLean(known);
  const own = told.filter(
    step => step.paymentId === null || paymentId === null || step.paymentId === paymentId,
  );
  let next = 0;
  let isInOrder = true;
  for (const each of own) {
    const place = steps.findIndex((step, index) => index >= next && isSameStep(each, step));
    isInOrder = place !== -1;
    if (isInOrder) next = place + 1;
  }
  const later = steps.slice(next);
  if (isInOrder) return later;
  // What has been told last is not in the history: of that, what is clearly ahead is news.
  const rivals = own.filter(step => step.paymentId !== null || paymentId === null || payout === undefined);
  const reached = Math.max(...rivals.map(rankOf));
  const ahead = later.filter(step => rankOf(step) >= reached && !rivals.some(each => isSameStep(each, step)));
  const now = stateNow(known) === undefined ? undefined : steps.at(-1);
  return now === undefined || ahead.includes(now) ? ahead : [...ahead, now];
}

/** In their order, none twice in a row; the last one is the state that the payout is in, where that was read. */
function stepsAtLean(known: KnownOfPayout): readonly StepAtLean[] {
  const { paymentId, payout, history } = known;
  // Where Lean has no word for the tracking, that a history says nothing of it tells nothing either.
  const untracked = payout?.postInitiationStatus === undefined ? undefined : null;
  const steps: StepAtLean[] = [];
  for (const { type, status, leanStatus, postInitiationStatus, publishedAt } of history) {
    const before = steps.at(-1);
    const { postInitiationStatus: tracking } = before ?? {};
    // One that says nothing of the tracking, after one that did, is of something else.
    if (before?.leanStatus === leanStatus && (postInitiationStatus ?? tracking) === tracking) continue;
    steps.push({
      paymentId,
      type,
      status,
      leanStatus,
      postInitiationStatus: postInitiationStatus ?? untracked,
      publishedAt,
    });
  }
  const now = stateNow(known);
  const last = steps.at(-1);
  if (now !== undefined && (last === undefined || !says(last, now))) steps.push(now);
  return steps;
}

/** The state that the payout was read in. */
function stateNow({ paymentId, payout }: KnownOfPayout): StepAtLean | undefined {
  const { state, postInitiationStatus } = payout ?? {};
  if (state?.leanStatus == null) return undefined;
  return {
    paymentId,
    type: 'PAYMENT_UPDATED',
    status: state.status,
    leanStatus: state.leanStatus,
    postInitiationStatus,
    publishedAt: undefined,
  };
}

/** Whether a step says all that a state does: one that was read without the tracking may have any. */
function says(step: StepState, state: StepState): boolean {
  const { postInitiationStatus = step.postInitiationStatus } = state;
  return isSameStep(step, { ...state, postInitiationStatus });
}

/** The same on every gateway that comes to the same step, and another one each time that a payout comes to it. */
function madeId(
  intentId: string,
  { paymentId, leanStatus, postInitiationStatus }: StepAtLean,
  used: ReadonlySet<string>,
): string {
  for (let times = 0; ; times += 1) {
    const state = [intentId, paymentId, leanStatus, postInitiationStatus ?? null];
    const digest = createHash('sha256')
      .update(JSON.stringify(times === 0 ? state : [...state, times]))
      .digest('hex');
    const id = `made-${digest.slice(0, 32)}`;
    if (!used.has(id)) return id;
  }
}
