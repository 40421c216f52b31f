import type { Fact, Source } from '../payouts/payout-facts.ts';
import { isAtBank, isBeforePayment, type Payout } from '../payouts/payout.ts';
import type { Loaders } from './loaders.ts';

/** The sources from which a fact of a payout is read, in order, at this Lean application. */
export function sourcesOf(
  fact: Fact,
  payout: Payout,
  { lacksDetailCalls, intentsLackTracking }: Pick<Loaders, 'lacksDetailCalls' | 'intentsLackTracking'>,
): readonly Source[] {
  const sources = lacksDetailCalls ? fact.sourcesWithoutDetailCalls : fact.sources;
  // Before there is a payment, Lean has no facts about one. Only the gateway's own record may have one, and it costs no
  // call.
  if (lacksPaymentFor(fact, payout)) return sources.filter(source => source === 'record');
  // If intents lack the tracking, the payment's own call is better: it has the tracking and all that the intent has.
  const preferPayment =
    intentsLackTracking && payout.paymentId !== null && fact.carriedBy.includes('payment');
  return preferPayment ? ['payment', ...sources.filter(source => source !== 'payment')] : sources;
}

/** Whether only payments have the fact, and the payout is known to have no payment, or none with an id. */
export function lacksPaymentFor(fact: Fact, payout: Payout): boolean {
  if (fact.requiresPayment !== true || payout.paymentId !== null) return false;
  return payout.submittedAt === null || isBeforePayment(payout);
}

/** Whether the payout may have a payment although its id is not known, for example because a list row lacks the id. */
export function mayHaveUnknownPaymentId({ paymentId, submittedAt, state }: Payout): boolean {
  if (paymentId !== null || submittedAt !== undefined) return false;
  return state === undefined || state.status === 'UNKNOWN' || isAtBank(state.status);
}
