import type { PayoutCreated } from './creation/creation-answer.ts';
import type { Transfer } from './creation/transfer.ts';
import { canonicalDecimal } from './values/decimal.ts';
import { bareOf, unknownParty, type Payout } from './payout.ts';

/** A payout that this gateway has created, or that Lean failed at once, as the gateway's own record has it. */
export interface RecordedPayout {
  readonly intentId: string;
  readonly transfer: Transfer;
  readonly answer: Pick<PayoutCreated, 'state' | 'paymentId' | 'sender' | 'recipient'>;
  /** Whether Lean may not list it yet: then its state is still the one that Lean answered. */
  readonly isNew: boolean;
  /** Between which times it was created, in epoch ms; by Lean's clock if that was known. */
  readonly requested: { readonly from: number; readonly to: number };
}

export interface RecordedPayouts {
  /** The records of created payouts by their intents. They may be of any gateway on the store. */
  byIntents(intentIds: readonly string[]): Promise<ReadonlyMap<string, RecordedPayout>>;
}

/** The payout as far as its record knows it. */
export function payoutFromRecord({ intentId, transfer, answer, isNew }: RecordedPayout): Payout {
  return {
    ...bareOf(intentId),
    paymentId: answer.paymentId,
    // As Lean writes it: without zeros at the end.
    amount: { ...transfer.amount, amount: canonicalDecimal(transfer.amount.amount) },
    description: transfer.description,
    state: isNew ? answer.state : undefined,
    recipient: answer.recipient ?? unknownParty,
    sender: answer.sender ?? undefined,
  };
}
