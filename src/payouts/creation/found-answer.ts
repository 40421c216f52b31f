import type { PayoutIntent } from '../payout-intent.ts';
import type { Payout, PayoutState } from '../payout.ts';
import { transferAnswer, type TransferAnswer } from './creation-answer.ts';
import type { CreatedTransfer } from './created-transfer.ts';
import type { PayoutRecord, PayoutRequest } from './payout-record.ts';

/** The answer to a transfer whose payout was found at Lean. It equals the answer that was lost. */
export function foundAnswer(
  { idempotencyKey, similarUnknownKey }: Pick<PayoutRequest, 'idempotencyKey' | 'similarUnknownKey'>,
  { position, transfer }: PayoutRecord,
  intent: PayoutIntent | null,
  row: Payout,
): TransferAnswer {
  const payout = intent?.payout ?? row;
  const intentId = intent?.id ?? row.intentId;
  const created: CreatedTransfer = {
    intentId,
    paymentId: payout.paymentId,
    state: stateOf(row, intent) ?? { status: 'UNKNOWN', leanStatus: null },
    amount: transfer.amount,
    sender: payout.sender ?? null,
    recipient: payout.recipient,
    traceId: null,
    reason: null,
  };
  return transferAnswer(idempotencyKey, position, created, similarUnknownKey);
}

/** The answer to a transfer whose payout an operator has named, and whose Lean application cannot be read. */
export function answerByOperator(
  { idempotencyKey, similarUnknownKey }: Pick<PayoutRequest, 'idempotencyKey' | 'similarUnknownKey'>,
  { position, transfer }: PayoutRecord,
  intentId: string,
): TransferAnswer {
  const created: CreatedTransfer = {
    intentId,
    paymentId: null,
    state: { status: 'UNKNOWN', leanStatus: null },
    amount: transfer.amount,
    sender: null,
    recipient: null,
    traceId: null,
    reason: null,
  };
  return transferAnswer(idempotencyKey, position, created, similarUnknownKey);
}

/** Whether the status of a payout is FAILED: no money moves. */
export function isFailed(row: Pick<Payout, 'state'>, intent: PayoutIntent | null): boolean {
  return stateOf(row, intent)?.status === 'FAILED';
}

/** The state by the intent, or by the list if the intent has no payment yet. */
function stateOf(row: Pick<Payout, 'state'>, intent: PayoutIntent | null): PayoutState | undefined {
  return intent?.payout.state ?? row.state;
}
