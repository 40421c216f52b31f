import { rawNumber } from '../exact-json.ts';
import { LeanEvent } from './lean-event.ts';
import type { Step } from '../lifecycle.ts';
import type { PayoutFacts, Progress } from '../payout.ts';

/**
 * The events of a payout so far, oldest first: one for each step since there is a payment. While a payout waits for
 * its authorisation there is none. What Lean tells of a payout that fails before there is a payment is not known, and
 * a payload without a payment's id would be a guess: the sandbox is silent then.
 */
export function paymentEvents({ facts, past }: Progress, seed: number): LeanEvent[] {
  return past
    .filter(step => step.payment && step.status !== 'CREATED')
    .map((step, ordinal) => {
      const tidings = {
        type: ordinal === 0 ? 'payment.created' : 'payment.updated',
        at: step.at,
        message: ordinal === 0 ? 'A payment object was created.' : 'A payment object was updated.',
        subject: facts.paymentId,
        ordinal,
        payload: () => payloadOf(facts, step),
      };
      return new LeanEvent(tidings, seed);
    });
}

function payloadOf(facts: PayoutFacts, step: Step): object {
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
