import { compareInstants, type Instant } from '../payouts/values/instant.ts';
import type { HistoryEvent } from '../payouts/history-event.ts';
import type { Payout } from '../payouts/payout.ts';
import {
  isSamePayment,
  isSameState,
  progressOf,
  stateKey,
  type PayoutStateChange,
  type ReceivedEvent,
  type PaymentState,
} from '../payouts/payout-update.ts';
import { matchEvents, type LeanStateChange } from './event-matching.ts';
import { GeneratedIds } from './generated-ids.ts';

/** The facts from which the unpublished state changes of a payout are derived. */
export interface StateChangeInputs {
  readonly intentId: string;
  readonly paymentId: string | null;
  /** The payout as Lean shows it now; undefined if only the history is available. */
  readonly payout: Payout | undefined;
  /** Oldest first. */
  readonly history: readonly HistoryEvent[];
  /** Events that have been received for its payment. */
  readonly received: readonly ReceivedEvent[];
  /** State changes that have been published, oldest first. */
  readonly published: readonly PayoutStateChange[];
  /** The time of the first start on this store. Older state changes are not published, except the current state. */
  readonly since: Instant;
}

/**
 * The state changes of a payout that have not been published, oldest first. They come from Lean's history and from the
 * current state, which the history may lack. The last published change then equals Lean's current state, even if the
 * payout returned to an earlier state. A received event is not proof of a change: it only gives the change that it
 * announced its id, type and time.
 */
export function unpublishedChanges(inputs: StateChangeInputs): PayoutStateChange[] {
  const { intentId, paymentId, payout, history, received, published, since } = inputs;
  const candidates = changesAfterPublished(inputs);
  const used = new Set(published.map(({ eventId }) => eventId));
  const generatedIds = new GeneratedIds(intentId, used);
  const unused = received.filter(({ eventId }) => !used.has(eventId));
  const ofPayment = publishedOfPayment(inputs);
  const eventOf = matchEvents([...ofPayment, ...candidates], candidates, unused);
  const latestEventAt = unused.toSorted((a, b) => compareInstants(b.publishedAt, a.publishedAt))[0]
    ?.publishedAt;
  const unpublished: PayoutStateChange[] = [];
  for (const change of candidates) {
    const event = eventOf.get(change);
    const { status, leanStatus, postInitiationStatus } = change;
    const publishedAt =
      event?.publishedAt ??
      change.publishedAt ??
      payout?.updatedAt ??
      payout?.createdAt ??
      latestEventAt ??
      history.at(-1)?.publishedAt ??
      since;
    const isLast = change === candidates.at(-1);
    if (!isLast && compareInstants(publishedAt, since) < 0) continue;
    const previous = unpublished.at(-1) ?? published.at(-1);
    if (previous !== undefined && covers(previous, change)) continue;
    const eventId = event?.eventId ?? generatedIds.next(change);
    used.add(eventId);
    unpublished.push({
      eventId,
      type: event?.type ?? change.type,
      intentId,
      paymentId,
      status,
      leanStatus,
      postInitiationStatus,
      publishedAt,
    });
  }
  return unpublished;
}

/**
 * Whether the current state that was read may be older than a known one. The known states are the published ones, and
 * those that the history has after them. The current state is in doubt if it is an earlier one of them, or if it is
 * behind the last of them. If the payout has really returned to it, the history shows this sooner or later; but it may
 * lack changes of the tracking for ever.
 */
export function isInDoubt(inputs: StateChangeInputs): boolean {
  const current = currentState(inputs);
  if (current === undefined) return false;
  const known = [...publishedOfPayment(inputs), ...changesAfterPublished(withoutCurrentState(inputs))];
  const last = known.at(-1);
  if (last === undefined || covers(last, current)) return false;
  return known.some(state => covers(state, current)) || progressOf(current) < progressOf(last);
}

/** The same facts without the current state, so that the history alone shows the changes. */
export function withoutCurrentState(inputs: StateChangeInputs): StateChangeInputs {
  const { payout } = inputs;
  return { ...inputs, payout: payout && { ...payout, state: undefined } };
}

/** The changes after the last published one. The last of them is the current state, if it was read. */
function changesAfterPublished(inputs: StateChangeInputs): readonly LeanStateChange[] {
  const { paymentId, payout } = inputs;
  const changes = changesAtLean(inputs);
  const keys = changes.map(stateKey);
  const lastIndexOf = new Map(keys.map((key, index) => [key, index]));
  const ofPayment = publishedOfPayment(inputs);
  let next = 0;
  let hasLastPublished = true;
  for (const each of ofPayment) {
    const key = stateKey(each);
    hasLastPublished = (lastIndexOf.get(key) ?? -1) >= next;
    if (hasLastPublished) next = keys.indexOf(key, next) + 1;
  }
  const later = changes.slice(next);
  if (hasLastPublished) return later;
  // Lean's history lacks the last published change. Only changes with at least its progress are surely newer.
  const comparable = ofPayment.filter(
    each => each.paymentId !== null || paymentId === null || payout === undefined,
  );
  const reached = comparable.reduce((most, each) => Math.max(most, progressOf(each)), 0);
  const known = new Set(comparable.map(stateKey));
  const newer = later.filter(change => progressOf(change) >= reached && !known.has(stateKey(change)));
  const current = currentState(inputs) === undefined ? undefined : changes.at(-1);
  return current === undefined || newer.includes(current) ? newer : [...newer, current];
}

/** The published changes of the payment, and those from before there was a payment. */
function publishedOfPayment(inputs: StateChangeInputs): readonly PayoutStateChange[] {
  return inputs.published.filter(each => isSamePayment(each, inputs));
}

/** Lean's history without repeated states, oldest first. Ends with the current state, if it was read. */
function changesAtLean(inputs: StateChangeInputs): readonly LeanStateChange[] {
  const { paymentId, payout, history } = inputs;
  // Without a tracking state in the payout, this Lean application does not report it, or it was not read. Then an event
  // without one does not mean that the tracking has not ended.
  const missingTracking = payout?.postInitiationStatus === undefined ? undefined : null;
  const changes: LeanStateChange[] = [];
  for (const { type, status, leanStatus, postInitiationStatus, publishedAt } of history) {
    const previous = changes.at(-1);
    const { postInitiationStatus: tracking } = previous ?? {};
    // An event without a tracking state does not undo the tracking state of the event before it.
    if (previous?.leanStatus === leanStatus && (postInitiationStatus ?? tracking) === tracking) continue;
    changes.push({
      paymentId,
      type,
      status,
      leanStatus,
      postInitiationStatus: postInitiationStatus ?? missingTracking,
      publishedAt,
    });
  }
  const current = currentState(inputs);
  const last = changes.at(-1);
  if (current !== undefined && (last === undefined || !covers(last, current))) changes.push(current);
  return changes;
}

/** The current state of the payout as a change without a time; undefined if it was not read. */
function currentState({ paymentId, payout }: StateChangeInputs): LeanStateChange | undefined {
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

/** Whether both are the same state. If `state` was read without the tracking, any tracking of `known` fits. */
function covers(known: PaymentState, state: PaymentState): boolean {
  const { postInitiationStatus = known.postInitiationStatus } = state;
  return isSameState(known, { ...state, postInitiationStatus });
}
