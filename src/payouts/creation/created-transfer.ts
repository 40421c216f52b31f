import type { LeanCreated, LeanCreatedPayout, LeanCreatedTransfer } from '../../lean/wire.ts';
import { partyFromLean, stateFromLean } from '../from-lean.ts';
import { shortText, leanId, moneyFromLean, objects, text } from '../lean-values.ts';
import { unknownParty, type PayoutParty, type PayoutState } from '../payout.ts';
import { compareDecimals } from '../values/decimal.ts';
import type { Money } from '../values/money.ts';
import type { Transfer } from './transfer.ts';

/** Lean's answer to one transfer of a creation. */
export interface CreatedTransfer {
  readonly intentId: string;
  /** Null until Lean has created the payment. */
  readonly paymentId: string | null;
  readonly state: PayoutState;
  readonly amount: Money;
  readonly sender: PayoutParty | null;
  readonly recipient: PayoutParty | null;
  readonly traceId: string | null;
  /** Lean's reason, prose or a code, if it failed the payout at once. */
  readonly reason: string | null;
}

/**
 * Reads Lean's answer to a creation: one result per transfer, in the order of the transfers.
 *
 * If every entry of the answer matches the transfer at its position, the order is kept. Lean does not document the
 * order, so otherwise each transfer must match exactly one entry.
 * @returns undefined if the answer cannot be assigned to all transfers without doubt
 */
export function createdFromLean(
  created: LeanCreated,
  transfers: readonly Transfer[],
): readonly CreatedTransfer[] | undefined {
  const entries = entriesOf(created);
  if (entries.length !== transfers.length) return undefined;
  const isInOrder = transfers.every((transfer, index) => matches(entries[index], transfer));
  const used = new Set<Entry>();
  const answers: CreatedTransfer[] = [];
  for (const [index, transfer] of transfers.entries()) {
    const entry = isInOrder ? entries[index] : onlyMatch(entries, transfer);
    const answer = entry === undefined || used.has(entry) ? undefined : createdTransfer(entry, transfer);
    if (entry === undefined || answer === undefined) return undefined;
    used.add(entry);
    answers.push(answer);
  }
  return answers;
}

/**
 * The positions of the transfers that Lean's answer may have exchanged, because several of its entries match each of
 * them.
 */
export function interchangeablePositions(
  created: LeanCreated,
  transfers: readonly Transfer[],
): readonly number[] {
  const entries = entriesOf(created);
  return transfers.flatMap((transfer, position) =>
    entries.filter(entry => matches(entry, transfer)).length > 1 ? position : [],
  );
}

interface Entry {
  readonly payout: LeanCreatedPayout;
  readonly detail: LeanCreatedTransfer;
}

/** The only entry that matches a transfer: first by its exact amount, then also by a truncated or missing one. */
function onlyMatch(entries: readonly Entry[], transfer: Transfer): Entry | undefined {
  for (const matching of [
    entries.filter(entry => matches(entry, transfer) && compareAmount(entry, transfer) === 'same'),
    entries.filter(entry => matches(entry, transfer)),
  ])
    if (matching.length === 1) return matching[0];
  return undefined;
}

/** Whether an entry may belong to a transfer: no field that it has contradicts the transfer. */
function matches(entry: Entry | undefined, transfer: Transfer): entry is Entry {
  if (entry === undefined) return false;
  const destination = shortText(entry.detail.destination_id)?.toLowerCase();
  const currency = shortText(entry.detail.currency);
  return (
    (destination === undefined || destination === transfer.destinationId.toLowerCase()) &&
    (currency === null || currency === transfer.amount.currency) &&
    compareAmount(entry, transfer) !== 'other'
  );
}

/** `truncated`: without the decimals. Lean documents an integer here, so its servers may drop them. */
function compareAmount(
  { detail }: Entry,
  { amount: { amount, currency } }: Transfer,
): 'same' | 'truncated' | 'missing' | 'other' {
  const stated = moneyFromLean(detail.amount, currency)?.amount;
  if (stated === undefined) return 'missing';
  if (compareDecimals(stated, amount) === 0) return 'same';
  return stated === amount.split('.')[0] ? 'truncated' : 'other';
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

function createdTransfer({ payout, detail }: Entry, transfer: Transfer): CreatedTransfer | undefined {
  const intentId = leanId(payout.payment_intent_id);
  if (intentId === null) return undefined;
  return {
    intentId,
    paymentId: leanId(payout.payment_id),
    state: stateFromLean(detail.payment_status),
    amount:
      compareAmount({ payout, detail }, transfer) === 'same'
        ? (moneyFromLean(detail.amount, transfer.amount.currency) ?? transfer.amount)
        : transfer.amount,
    sender: senderOf(payout),
    recipient: recipientOf(detail),
    traceId: shortText(payout.initiate_payment_task_id),
    reason: text(detail.error_message),
  };
}

/** The sender's account. The answer to a creation does not contain its name. */
function senderOf({ account_number, iban, bank_identifier }: LeanCreatedPayout): PayoutParty {
  const sender = partyFromLean({ account_number, iban }) ?? unknownParty;
  return { ...sender, legalName: undefined, displayName: undefined, bankName: text(bank_identifier) };
}

/** The recipient. The answer to a creation names it as Lean's list does: by the display name. */
function recipientOf({ recipient_details, recepient_details }: LeanCreatedTransfer): PayoutParty {
  const recipient = partyFromLean(recipient_details ?? recepient_details) ?? unknownParty;
  return { ...recipient, legalName: undefined, displayName: recipient.legalName };
}
