import type { LeanCreated, LeanCreatedPayout, LeanCreatedTransfer } from '../../lean/wire.ts';
import { partyFromLean, stateFromLean } from '../from-lean.ts';
import { id, leanId, moneyFromLean, objects, text } from '../lean-values.ts';
import { unknownParty, type PayoutParty, type PayoutState } from '../payout.ts';
import { compareDecimals } from '../values/decimal.ts';
import type { Money } from '../values/money.ts';
import type { Transfer } from './transfer.ts';

/** What Lean answered to one transfer. */
export interface CreatedTransfer {
  readonly intentId: string;
  /** Null until Lean has made a payment of it. */
  readonly paymentId: string | null;
  readonly state: PayoutState;
  readonly amount: Money;
  readonly sender: PayoutParty | null;
  readonly recipient: PayoutParty | null;
  readonly traceId: string | null;
  /** Lean's reason where it failed the payout on the spot; prose, or a code. */
  readonly reason: string | null;
}

/**
 * Lean's answer, in the order of the transfers asked for; undefined when it does not account for each of them beyond
 * doubt. It is read in the order sent when every entry fits there. Nothing promises that order, so otherwise each
 * transfer must find the one entry that fits it.
 */
export function createdFromLean(
  created: LeanCreated,
  transfers: readonly Transfer[],
): readonly CreatedTransfer[] | undefined {
  const entries = entriesOf(created);
  if (entries.length !== transfers.length) return undefined;
  const inOrder = transfers.every((transfer, index) => fits(entries[index], transfer));
  const used = new Set<Entry>();
  const answers: CreatedTransfer[] = [];
  for (const [index, transfer] of transfers.entries()) {
    const entry = inOrder ? entries[index] : onlyOne(entries, transfer);
    const answer = entry === undefined || used.has(entry) ? undefined : answerOf(entry, transfer);
    if (entry === undefined || answer === undefined) return undefined;
    used.add(entry);
    answers.push(answer);
  }
  return answers;
}

interface Entry {
  readonly payout: LeanCreatedPayout;
  readonly detail: LeanCreatedTransfer;
}

function onlyOne(entries: readonly Entry[], transfer: Transfer): Entry | undefined {
  for (const fitting of [
    entries.filter(entry => fits(entry, transfer) && amountIn(entry, transfer) === 'same'),
    entries.filter(entry => fits(entry, transfer)),
  ])
    if (fitting.length === 1) return fitting[0];
  return undefined;
}

/** Whether an entry can be about a transfer: nothing that it says speaks against it. */
function fits(entry: Entry | undefined, transfer: Transfer): entry is Entry {
  if (entry === undefined) return false;
  const destination = id(entry.detail.destination_id)?.toLowerCase();
  const currency = id(entry.detail.currency);
  return (
    (destination === undefined || destination === transfer.destinationId.toLowerCase()) &&
    (currency === null || currency === transfer.amount.currency) &&
    amountIn(entry, transfer) !== 'other'
  );
}

/** Lean's documents promise whole numbers here, and its servers may cut the decimals off accordingly. */
function amountIn(
  { detail }: Entry,
  { amount: { amount, currency } }: Transfer,
): 'same' | 'cut' | 'none' | 'other' {
  const said = moneyFromLean(detail.amount, currency)?.amount;
  if (said === undefined) return 'none';
  if (compareDecimals(said, amount) === 0) return 'same';
  return said === amount.split('.')[0] ? 'cut' : 'other';
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

function answerOf({ payout, detail }: Entry, transfer: Transfer): CreatedTransfer | undefined {
  const intentId = leanId(payout.payment_intent_id);
  if (intentId === null) return undefined;
  return {
    intentId,
    paymentId: leanId(payout.payment_id),
    state: stateFromLean(detail.payment_status),
    amount:
      amountIn({ payout, detail }, transfer) === 'same'
        ? (moneyFromLean(detail.amount, transfer.amount.currency) ?? transfer.amount)
        : transfer.amount,
    sender: senderOf(payout),
    recipient: recipientOf(detail),
    traceId: id(payout.initiate_payment_task_id),
    reason: text(detail.error_message),
  };
}

/** The sender by its account. The answer to a creation does not name it. */
function senderOf({ account_number, iban, bank_identifier }: LeanCreatedPayout): PayoutParty {
  const sender = partyFromLean({ account_number, iban }) ?? unknownParty;
  return { ...sender, legalName: undefined, displayName: undefined, bankName: text(bank_identifier) };
}

/** The recipient by its display name. The answer to a creation names it as the list does. */
function recipientOf({ recipient_details, recepient_details }: LeanCreatedTransfer): PayoutParty {
  const recipient = partyFromLean(recipient_details ?? recepient_details) ?? unknownParty;
  return { ...recipient, legalName: undefined, displayName: recipient.legalName };
}
