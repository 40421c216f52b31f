import { jsonNumber } from '../../json/lean-json.ts';
import type { TransferAnswer } from './creation-answer.ts';
import type { Transfer } from './transfer.ts';

/** Groups transfers as Lean's body requires: consecutive ones from the same account in the same currency. */
function groupTransfers(transfers: readonly Transfer[]): Transfer[][] {
  const groups: Transfer[][] = [];
  for (const transfer of transfers) {
    const last = groups.at(-1);
    const [first] = last ?? [];
    if (first?.accountId === transfer.accountId && first.amount.currency === transfer.amount.currency)
      last?.push(transfer);
    else groups.push([transfer]);
  }
  return groups;
}

/** The body of Lean's creation call. Amounts keep the exact digits of the caller. */
export function creationBody(transfers: readonly Transfer[]): string {
  return JSON.stringify({
    payment_details: groupTransfers(transfers).map(group => ({
      account_id: group[0]?.accountId,
      currency: group[0]?.amount.currency,
      destination_details: group.map(transfer => ({
        payment_destination_id: transfer.destinationId.toLowerCase(),
        amount: jsonNumber(transfer.amount.amount),
        currency: transfer.amount.currency,
        description: transfer.description,
        external_reference: transfer.externalReference,
        authorize_payment: transfer.authorize,
      })),
    })),
  });
}

/** Builds the body of Lean's answer to a creation from the recorded answers, for when Lean's own answer was lost. */
export function createdBody(answers: readonly TransferAnswer[]): string {
  const inOrder = answers.toSorted((a, b) => (a.transferIndex ?? 0) - (b.transferIndex ?? 0));
  return JSON.stringify({ payouts_payment_details: inOrder.map(toLeanCreated) });
}

function toLeanCreated(answer: TransferAnswer): object {
  if (answer.kind === 'rejected')
    return {
      payment_intent_id: answer.rejectedIntentId,
      destination_details: { payment_status: 'FAILED', error_message: answer.leanCode },
    };
  const { intentId, paymentId, state, amount, sender, recipient, traceId } = answer;
  return {
    payment_intent_id: intentId,
    ...(paymentId !== null && { payment_id: paymentId }),
    initiate_payment_task_id: traceId ?? undefined,
    account_number: sender?.accountNumber ?? undefined,
    iban: sender?.iban ?? undefined,
    bank_identifier: sender?.bankName ?? undefined,
    destination_details: {
      amount: jsonNumber(amount.amount),
      currency: amount.currency,
      payment_status: state.leanStatus,
      error_message: null,
      recipient_details: {
        account_number: recipient?.accountNumber ?? null,
        iban: recipient?.iban ?? null,
        name: recipient?.displayName ?? null,
      },
    },
  };
}
