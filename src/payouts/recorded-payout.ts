import type { PayoutCreated } from './creation/creation-answer.ts';
import type { Transfer } from './creation/transfer.ts';
import { bareOf, unknownParty, type Payout } from './payout.ts';

/** What this gateway's own records say of a payout that it has created, or that Lean failed at once. */
export interface RecordedPayout {
  readonly intentId: string;
  readonly transfer: Transfer;
  readonly answer: Pick<PayoutCreated, 'state' | 'paymentId' | 'sender' | 'recipient'>;
  /** Whether Lean may not list it yet: then its state is still the one that Lean answered. */
  readonly isNew: boolean;
  /** Between which times it was asked for: by Lean's clock where that was known, in epoch ms. */
  readonly requested: { readonly from: number; readonly to: number };
}

/** The records of created payouts, by Lean's ids. */
export interface RecordedPayouts {
  /** Those of the payouts that were created by this gateway, or by another one on its store. */
  byIntents(intentIds: readonly string[]): Promise<ReadonlyMap<string, RecordedPayout>>;
}

/** What the record tells of a payout itself. */
export function payoutFromRecord({ intentId, transfer, answer, isNew }: RecordedPayout): Payout {
  return {
    ...bareOf(intentId),
    paymentId: answer.paymentId,
    amount: transfer.amount,
    description: transfer.description,
    state: isNew ? answer.state : undefined,
    recipient: answer.recipient ?? unknownParty,
    sender: answer.sender ?? undefined,
  };
}
