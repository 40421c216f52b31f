import type { Fact, Source } from '../payouts/payout-facts.ts';
import { isAtBank, isBeforePayment, type Payout } from '../payouts/payout.ts';
import type { Loaders } from './loaders.ts';

/** The sources that a fact of this payout is read from, in this order, at a Lean application such as this one. */
export function sourcesOf(
  fact: Fact,
  payout: Payout,
  { lacksDetails, intentsLackTracking }: Pick<Loaders, 'lacksDetails' | 'intentsLackTracking'>,
): readonly Source[] {
  const sources = lacksDetails ? fact.fromOlder : fact.from;
  // Lean is not asked for a fact of the payment if there is no payment. Our own record costs no call.
  if (lacksPaymentFor(fact, payout)) return sources.filter(source => source === 'record');
  // The payment's own call has the tracking, and all that the intent has of the payment.
  const byPayment = intentsLackTracking && payout.paymentId !== null && fact.carriedBy.includes('payment');
  return byPayment ? ['payment', ...sources.filter(source => source !== 'payment')] : sources;
}

/** Whether only payments have the fact, and this payout is known to have no payment with an id. */
export function lacksPaymentFor(fact: Fact, payout: Payout): boolean {
  if (fact.ofPayment !== true || payout.paymentId !== null) return false;
  return payout.submittedAt === null || isBeforePayment(payout);
}

/** Whether the payout may have a payment whose id is not known: a list row may lack it, and a bare payout knows nothing. */
export function mayBeUnnamed({ paymentId, submittedAt, state }: Payout): boolean {
  if (paymentId !== null || submittedAt !== undefined) return false;
  return state === undefined || state.status === 'UNKNOWN' || isAtBank(state.status);
}
