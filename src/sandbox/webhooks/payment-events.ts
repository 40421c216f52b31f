import { rawNumber } from '../exact-json.ts';
import type { LifecycleStep } from '../lifecycle.ts';
import type { PayoutFacts, PayoutSnapshot } from '../payout.ts';
import { LeanEvent } from './lean-event.ts';

/**
 * The events of a payout so far, oldest first: one for each step since Lean created a payment. A payout that waits
 * for its authorisation has no events. It is not known which event Lean sends for a payout that fails before a
 * payment exists, and its payload would have no payment id, so the sandbox sends none.
 */
export function paymentEvents({ facts, reachedSteps }: PayoutSnapshot, seed: number): LeanEvent[] {
  return reachedSteps
    .filter(step => step.payment && step.status !== 'CREATED')
    .map((step, ordinal) => {
      const data = {
        type: ordinal === 0 ? 'payment.created' : 'payment.updated',
        at: step.at,
        message: ordinal === 0 ? 'A payment object was created.' : 'A payment object was updated.',
        subject: facts.paymentId,
        ordinal,
        payload: () => payloadOf(facts, step),
      };
      return new LeanEvent(data, seed);
    });
}

function payloadOf(facts: PayoutFacts, step: LifecycleStep): object {
  return {
    id: facts.paymentId,
    intent_id: facts.intentId,
    customer_id: facts.customerId,
    status: step.status,
    amount: rawNumber(facts.amount),
    currency: facts.currency,
    payment_destination_id: facts.destination.id,
    ...(step.postInitiationStatus === null ? {} : { post_initiation_status: step.postInitiationStatus }),
    ...(step.bankTransactionReference === null
      ? {}
      : { bank_transaction_reference: step.bankTransactionReference }),
  };
}
