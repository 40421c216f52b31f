import { jsonNumber } from '../lean/json.ts';
import type { LeanCreated, LeanCreatedPayout, LeanCreatedTransfer } from '../lean/wire.ts';
import { compareDecimals } from './decimal.ts';
import { id, moneyFromLean, objects, partyFromLean, stateFromLean, text } from './from-lean.ts';
import { payoutId } from './ids.ts';
import type { Money } from './money.ts';
import type { PayoutParty, PayoutState } from './payout.ts';
import type { Transfer } from './transfer.ts';

/** The body of Lean's creation call: transfers by source account and currency, amounts with the caller's digits. */
export function creationBody(transfers: readonly Transfer[]): string {
  const accounts = Map.groupBy(transfers, transfer => `${transfer.accountId} ${transfer.amount.currency}`);
  return JSON.stringify({
    payment_details: [...accounts.values()].map(group => ({
      account_id: group[0]?.accountId,
      currency: group[0]?.amount.currency,
      destination_details: group.map(transfer => ({
        payment_destination_id: transfer.destinationId,
        amount: jsonNumber(transfer.amount.amount),
        currency: transfer.amount.currency,
        description: transfer.description,
        external_reference: transfer.externalReference,
        authorize_payment: transfer.authorize,
      })),
    })),
  });
}

/** What Lean answered to one transfer. */
export interface CreatedTransfer {
  readonly intentId: string;
  readonly payoutId: string;
  readonly state: PayoutState;
  readonly amount: Money;
  readonly sender: PayoutParty | null;
  readonly recipient: PayoutParty | null;
  readonly traceId: string | null;
  /** Lean's reason where it failed the payout on the spot; prose, or a code. */
  readonly reason: string | null;
}

interface Entry {
  readonly payout: LeanCreatedPayout;
  readonly detail: LeanCreatedTransfer;
}

/**
 * Lean's answer, in the order of the transfers asked for; undefined when it does not account for each of them.
 * Answers are told apart by destination and amount, since nothing promises that their order is kept.
 */
export function createdFromLean(
  created: LeanCreated,
  transfers: readonly Transfer[],
): readonly CreatedTransfer[] | undefined {
  const left = entriesOf(created);
  if (left.length !== transfers.length) return undefined;
  const take = (found: (entry: Entry) => boolean): Entry | undefined => {
    const index = left.findIndex(found);
    return index < 0 ? undefined : left.splice(index, 1)[0];
  };
  const exact = transfers.map(transfer => take(entry => isAbout(entry, transfer)));
  // Lean's documents let the answer's amounts be cut to integers: then the destination alone tells.
  const matched = transfers.map((transfer, index) => exact[index] ?? take(entry => goesTo(entry, transfer)));
  const answers: CreatedTransfer[] = [];
  for (const [index, transfer] of transfers.entries()) {
    const entry = matched[index] ?? left.shift();
    const answer = entry === undefined ? undefined : answerOf(entry, transfer);
    if (answer === undefined) return undefined;
    answers.push(answer);
  }
  return answers;
}

function entriesOf({ payouts_payment_details }: LeanCreated): Entry[] {
  return objects<LeanCreatedPayout>(payouts_payment_details).flatMap(payout => {
    const details = payout.destination_details ?? {};
    return objects<LeanCreatedTransfer>(Array.isArray(details) ? details : [details]).map(detail => ({
      payout,
      detail,
    }));
  });
}

function goesTo({ detail }: Entry, transfer: Transfer): boolean {
  return id(detail.destination_id)?.toLowerCase() === transfer.destinationId.toLowerCase();
}

function isAbout(entry: Entry, transfer: Transfer): boolean {
  const { detail } = entry;
  const money = moneyFromLean(detail.amount, detail.currency ?? transfer.amount.currency);
  return (
    goesTo(entry, transfer) &&
    money !== undefined &&
    money.currency === transfer.amount.currency &&
    compareDecimals(money.amount, transfer.amount.amount) === 0
  );
}

function answerOf({ payout, detail }: Entry, transfer: Transfer): CreatedTransfer | undefined {
  const intentId = id(payout.payment_intent_id);
  if (intentId === null) return undefined;
  const sender = { account_number: payout.account_number, iban: payout.iban };
  return {
    intentId,
    payoutId: payoutId(id(payout.payment_id), intentId) ?? intentId,
    state: stateFromLean(detail.payment_status),
    amount: moneyFromLean(detail.amount, detail.currency) ?? transfer.amount,
    sender: partyFromLean(sender, text(payout.bank_identifier)),
    recipient: partyFromLean(detail.recipient_details ?? detail.recepient_details),
    traceId: id(payout.initiate_payment_task_id),
    reason: text(detail.error_message),
  };
}
