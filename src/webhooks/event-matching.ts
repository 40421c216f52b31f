import { compareInstants, type Instant } from '../payouts/values/instant.ts';
import { isSameState, type PayoutStateChange, type ReceivedEvent } from '../payouts/payout-update.ts';

/**
 * A state change as Lean shows it. A change that the history lacks has no time; only the last change can be one of
 * those.
 */
export interface LeanStateChange extends Omit<PayoutStateChange, 'eventId' | 'intentId' | 'publishedAt'> {
  readonly publishedAt: Instant | undefined;
}

/**
 * Finds the event that announced each state change. An event with a tracking state announces the change to exactly
 * that state. An event without one announces the change that is nearest in time among those with its status.
 * @param all all state changes, including those that have been published
 * @param changes the changes of `all` to find an event for
 * @param events the events that have been received
 */
export function matchEvents(
  all: readonly LeanStateChange[],
  changes: readonly LeanStateChange[],
  events: readonly ReceivedEvent[],
): ReadonlyMap<LeanStateChange, ReceivedEvent> {
  const inTime = events.toSorted((a, b) => compareInstants(a.publishedAt, b.publishedAt));
  const found = new Map<LeanStateChange, ReceivedEvent>();
  for (const change of changes) {
    // A payout may enter the same state several times.
    const sameState = all.filter(other => isSameState(other, change));
    const exact = inTime.filter(
      event =>
        event.leanStatus === change.leanStatus &&
        hasTrackingOf(event, change) &&
        (sameState.length === 1 || nearestChange(event, sameState) === change),
    );
    const best =
      sameState.length === 1 || change.publishedAt === undefined
        ? exact[0]
        : exact.toSorted(byDistanceTo(change.publishedAt))[0];
    if (best !== undefined) found.set(change, best);
  }
  const withoutTracking = inTime.filter(({ postInitiationStatus }) => postInitiationStatus === undefined);
  for (const change of changes) {
    if (found.has(change)) continue;
    const sameStatus = all.filter(({ leanStatus }) => leanStatus === change.leanStatus);
    const candidates = withoutTracking.filter(
      event => event.leanStatus === change.leanStatus && nearestChange(event, sameStatus) === change,
    );
    // A change without a time leads to the current state, which the latest event announces.
    const best =
      change.publishedAt === undefined
        ? candidates.at(-1)
        : candidates.toSorted(byDistanceTo(change.publishedAt)).at(0);
    if (best !== undefined) found.set(change, best);
  }
  return found;
}

function hasTrackingOf(event: ReceivedEvent, change: LeanStateChange): boolean {
  return (
    event.postInitiationStatus !== undefined &&
    event.postInitiationStatus === (change.postInitiationStatus ?? null)
  );
}

/** The change that is nearest to the event in time. An event after all dated changes belongs to the undated one. */
function nearestChange(
  { publishedAt }: ReceivedEvent,
  changes: readonly LeanStateChange[],
): LeanStateChange | undefined {
  const dated = changes.filter(change => change.publishedAt !== undefined);
  const undated = changes.find(change => change.publishedAt === undefined);
  const isLatest = dated.every(change => compareInstants(publishedAt, change.publishedAt ?? publishedAt) > 0);
  return undated !== undefined && isLatest ? undated : dated.toSorted(byDistanceTo(publishedAt)).at(0);
}

/** Sorts by the distance in time to an instant, nearest first. */
function byDistanceTo(instant: Instant) {
  const distance = (time: Instant | undefined): number =>
    Math.abs(Date.parse(time ?? instant) - Date.parse(instant));
  return (a: { readonly publishedAt: Instant | undefined }, b: typeof a): number =>
    distance(a.publishedAt) - distance(b.publishedAt);
}
