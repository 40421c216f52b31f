import { compareInstants, type Instant } from '../payouts/values/instant.ts';
import { isSameStep, type PayoutStep, type ReceivedEvent } from '../payouts/payout-update.ts';

/** A step as Lean has it. It has no time if the history lacks the step; only the last step can lack it. */
export interface StepAtLean extends Omit<PayoutStep, 'eventId' | 'intentId' | 'publishedAt'> {
  readonly publishedAt: Instant | undefined;
}

/**
 * Finds the event that announced each step. An event that says how the tracking stands announces the step of exactly
 * that state. An event that does not say it announces, of the steps with its status, the one that is nearest in time.
 * @param all all steps, including those that subscribers have been told
 * @param steps the steps of `all` to find an event for
 * @param claims the events that have been received
 */
export function announcementsOf(
  all: readonly StepAtLean[],
  steps: readonly StepAtLean[],
  claims: readonly ReceivedEvent[],
): ReadonlyMap<StepAtLean, ReceivedEvent> {
  const inTime = claims.toSorted((a, b) => compareInstants(a.publishedAt, b.publishedAt));
  const found = new Map<StepAtLean, ReceivedEvent>();
  for (const step of steps) {
    // A payout may come to a state again.
    const times = all.filter(other => isSameStep(other, step));
    const exact = inTime.filter(
      claim =>
        claim.leanStatus === step.leanStatus &&
        saysTracking(claim, step) &&
        (times.length === 1 || announcedBy(claim, times) === step),
    );
    const best =
      times.length === 1 || step.publishedAt === undefined
        ? exact[0]
        : exact.toSorted(nearestTo(step.publishedAt))[0];
    if (best !== undefined) found.set(step, best);
  }
  const vague = inTime.filter(({ postInitiationStatus }) => postInitiationStatus === undefined);
  for (const step of steps) {
    if (found.has(step)) continue;
    const rivals = all.filter(({ leanStatus }) => leanStatus === step.leanStatus);
    const own = vague.filter(
      claim => claim.leanStatus === step.leanStatus && announcedBy(claim, rivals) === step,
    );
    // The latest event announces the state that the payout is in now.
    const best =
      step.publishedAt === undefined ? own.at(-1) : own.toSorted(nearestTo(step.publishedAt)).at(0);
    if (best !== undefined) found.set(step, best);
  }
  return found;
}

function saysTracking(claim: ReceivedEvent, step: StepAtLean): boolean {
  return (
    claim.postInitiationStatus !== undefined &&
    claim.postInitiationStatus === (step.postInitiationStatus ?? null)
  );
}

/** The step that is nearest to the event in time, among several with one status. */
function announcedBy({ publishedAt }: ReceivedEvent, steps: readonly StepAtLean[]): StepAtLean | undefined {
  const timed = steps.filter(step => step.publishedAt !== undefined);
  const current = steps.find(step => step.publishedAt === undefined);
  const isLatest = timed.every(step => compareInstants(publishedAt, step.publishedAt ?? publishedAt) > 0);
  return current !== undefined && isLatest ? current : timed.toSorted(nearestTo(publishedAt)).at(0);
}

function nearestTo(instant: Instant) {
  const distance = (time: Instant | undefined): number =>
    Math.abs(Date.parse(time ?? instant) - Date.parse(instant));
  return (a: { readonly publishedAt: Instant | undefined }, b: typeof a): number =>
    distance(a.publishedAt) - distance(b.publishedAt);
}
