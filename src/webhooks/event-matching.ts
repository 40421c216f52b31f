import { compareInstants, type Instant } from '../payouts/values/instant.ts';
import { stateKey, type PayoutStateChange, type ReceivedEvent } from '../payouts/payout-update.ts';

/**
 * A state change as Lean shows it. A change that the history lacks has no time; only the last change can be one of
 * those.
 */
export interface LeanStateChange extends Omit<PayoutStateChange, 'eventId' | 'intentId' | 'publishedAt'> {
  readonly publishedAt: Instant | undefined;
}

/**
 * Finds the event that announced each state change. An event with a tracking state announces the change to exactly
 * that state. An event without one announces the change that is nearest in time among those with its status. Every
 * step takes at most n log n time, because Lean's history may be of any length.
 * @param all all state changes of the payment, including those that have been published
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
  // A payout may enter the same state several times.
  const byState = Map.groupBy(all, stateKey);
  const withTracking = eventsByNearestChange(inTime, stateKeyOf, byState);
  for (const change of changes) {
    const exact =
      withTracking.get(change)?.filter(({ leanStatus }) => leanStatus === change.leanStatus) ?? [];
    const isOnlyOne = byState.get(stateKey(change))?.length === 1;
    const best = isOnlyOne ? exact[0] : nearestEvent(exact, change);
    if (best !== undefined) found.set(change, best);
  }
  const byStatus = Map.groupBy(all, ({ leanStatus }) => leanStatus);
  const withoutTracking = eventsByNearestChange(inTime, statusWithoutTracking, byStatus);
  for (const change of changes) {
    if (found.has(change)) continue;
    const candidates = withoutTracking.get(change) ?? [];
    // A change without a time leads to the current state, which the latest event announces.
    const best = change.publishedAt === undefined ? candidates.at(-1) : nearestEvent(candidates, change);
    if (best !== undefined) found.set(change, best);
  }
  return found;
}

/** The key of the state that an event with a tracking state announces. */
function stateKeyOf({ leanStatus, postInitiationStatus }: ReceivedEvent): string | undefined {
  return leanStatus === null || postInitiationStatus === undefined
    ? undefined
    : stateKey({ leanStatus, postInitiationStatus });
}

/** The status that an event without a tracking state announces. */
function statusWithoutTracking({ leanStatus, postInitiationStatus }: ReceivedEvent): string | undefined {
  return postInitiationStatus === undefined ? (leanStatus ?? undefined) : undefined;
}

/**
 * Groups events by the change that is nearest in time among the changes with the key of the event.
 * @param inTime the events, oldest first
 * @param keyOf the key of an event; undefined for an event that is left out
 */
function eventsByNearestChange(
  inTime: readonly ReceivedEvent[],
  keyOf: (event: ReceivedEvent) => string | undefined,
  changesByKey: ReadonlyMap<string, readonly LeanStateChange[]>,
): ReadonlyMap<LeanStateChange | undefined, readonly ReceivedEvent[]> {
  return new Map(
    [...Map.groupBy(inTime, keyOf)].flatMap(([key, events]) => {
      const changes = key === undefined ? undefined : changesByKey.get(key);
      return changes === undefined ? [] : [...Map.groupBy(events, nearestChangeFinder(changes))];
    }),
  );
}

/**
 * Returns a function that finds the change nearest to an event in time. It must be called with the oldest event first.
 * An event after all dated changes belongs to the undated one.
 */
function nearestChangeFinder(
  changes: readonly LeanStateChange[],
): (event: ReceivedEvent) => LeanStateChange | undefined {
  const undated = changes.find(({ publishedAt }) => publishedAt === undefined);
  const dated = changes
    .flatMap(change => (change.publishedAt === undefined ? [] : { change, at: change.publishedAt }))
    .toSorted((a, b) => compareInstants(a.at, b.at));
  const last = dated.at(-1);
  // If several changes have the same time, the first one counts.
  const distinct = dated.filter(({ at }, index) => distance(at, dated[index - 1]?.at) !== 0);
  let nearest = 0;
  return ({ publishedAt }) => {
    if (undated !== undefined && (last === undefined || compareInstants(publishedAt, last.at) > 0))
      return undated;
    // A change that is farther than the next one is also farther from all later events.
    while (distance(distinct[nearest + 1]?.at, publishedAt) < distance(distinct[nearest]?.at, publishedAt))
      nearest += 1;
    return distinct[nearest]?.change;
  };
}

/** The event nearest to a change in time, or the earliest event if the change has no time. */
function nearestEvent(
  inTime: readonly ReceivedEvent[],
  { publishedAt }: LeanStateChange,
): ReceivedEvent | undefined {
  if (publishedAt === undefined) return inTime[0];
  return inTime.toSorted(
    (a, b) => distance(a.publishedAt, publishedAt) - distance(b.publishedAt, publishedAt),
  )[0];
}

/** The distance in time, in ms; infinite if there is no time. */
function distance(a: Instant | undefined, b: Instant | undefined): number {
  return a === undefined || b === undefined ? Infinity : Math.abs(Date.parse(a) - Date.parse(b));
}
