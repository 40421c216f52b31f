import type { PayoutCreated } from './creation/creation-answer.ts';
import type { Transfer } from './creation/transfer.ts';
import { canonicalDecimal } from './values/decimal.ts';
import { emptyPayout, unknownParty, type Payout } from './payout.ts';

/** A payout that this gateway created, also one that Lean failed immediately, from the gateway's own record. */
export interface RecordedPayout {
  readonly intentId: string;
  readonly transfer: Transfer;
  readonly answer: Pick<PayoutCreated, 'state' | 'paymentId' | 'sender' | 'recipient'>;
  /** Whether Lean may not list it yet. Its state is then still the one in Lean's response to the creation. */
  readonly isNew: boolean;
  /** The times between which it was created, in epoch ms; by Lean's clock if that was known. */
  readonly requested: { readonly from: number; readonly to: number };
}

export interface RecordedPayouts {
  /** The records of created payouts by intent id, including those of other gateways on the same store. */
  byIntents(intentIds: readonly string[]): Promise<ReadonlyMap<string, RecordedPayout>>;
}

/** The payout, with the facts that its record has. */
export function payoutFromRecord({ intentId, transfer, answer, isNew }: RecordedPayout): Payout {
  return {
    ...emptyPayout(intentId),
    paymentId: answer.paymentId,
    // Lean writes amounts without trailing zeros.
    amount: { ...transfer.amount, amount: canonicalDecimal(transfer.amount.amount) },
    description: transfer.description,
    state: isNew ? answer.state : undefined,
    recipient: answer.recipient ?? unknownParty,
    sender: answer.sender ?? undefined,
  };
}
