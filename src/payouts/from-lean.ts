import type {
  LeanDestination,
  LeanParty,
  LeanPayment,
  LeanPayoutIntent,
  LeanPayoutRow,
} from '../lean/wire.ts';
import {
  boolean,
  optionalField,
  shortText,
  instantFromLean,
  leanId,
  moneyFromLean,
  text,
} from './lean-values.ts';
import {
  unknownParty,
  type Payout,
  type PayoutParty,
  type PayoutRow,
  type PayoutState,
  type PayoutStatus,
  type PostInitiationStatus,
} from './payout.ts';
import type { PayoutDestination, PayoutIntent } from './payout-intent.ts';

/*
 * Converts Lean's payouts, intents and destinations to the gateway's types. Every name that Lean's documentation or
 * servers use for a field is accepted. A field that is missing, null or of an unexpected type never throws: it becomes
 * null, or undefined if another response of Lean may carry it.
 */

const statuses: ReadonlyMap<string, PayoutStatus> = new Map([
  ['CREATED', 'CREATED'],
  ['AWAITING_AUTHORIZATION', 'AWAITING_AUTHORIZATION'],
  ['AWAITING_AUTHORISATION', 'AWAITING_AUTHORIZATION'],
  ['PENDING_WITH_BANK', 'PENDING_WITH_BANK'],
  ['ACCEPTED_BY_BANK', 'ACCEPTED_BY_BANK'],
  ['FAILED', 'FAILED'],
  ['AUTHORISATION_FAILED', 'AUTHORISATION_FAILED'],
  ['AUTHORIZATION_FAILED', 'AUTHORISATION_FAILED'],
]);

export function stateFromLean(value: unknown): PayoutState {
  const leanStatus = shortText(value);
  return { status: leanStatus === null ? 'UNKNOWN' : statusOf(leanStatus), leanStatus };
}

/** `UNKNOWN` for a status that Lean does not document. */
export function statusOf(leanStatus: string): PayoutStatus {
  return statuses.get(leanStatus) ?? 'UNKNOWN';
}

export function postInitiationStatusFromLean(value: unknown): PostInitiationStatus | null {
  const leanStatus = shortText(value);
  if (leanStatus === null) return null;
  return leanStatus === 'PROCESSED' || leanStatus === 'REJECTED' ? leanStatus : 'UNKNOWN';
}

/** The sender or recipient in a payment, which Lean names by its legal name; undefined if there is none. */
export function partyFromLean(party: LeanParty | null | undefined): PayoutParty | undefined {
  if (typeof party !== 'object' || party === null) return undefined;
  return {
    ...unknownParty,
    legalName: text(party.name) ?? undefined,
    accountNumber: text(party.account_number) ?? undefined,
    iban: text(party.iban) ?? undefined,
  };
}

/** @returns undefined for a row without an intent id, although Lean documents one for every row */
export function payoutFromRow(row: LeanPayoutRow): PayoutRow | undefined {
  const intentId = leanId(row.payment_intent_id);
  if (intentId === null) return undefined;
  return {
    intentId,
    paymentId: leanId(row.payment_id),
    amount: moneyFromLean(row.amount, row.currency),
    description: text(row.description) ?? undefined,
    state: leanId(row.status) === null ? undefined : stateFromLean(row.status),
    postInitiationStatus: optionalField(row, 'post_initiation_status', postInitiationStatusFromLean),
    bankTransactionReference: optionalField(row, 'bank_transaction_reference', text),
    recipient: {
      legalName: undefined,
      displayName: text(row.recipient_name) ?? undefined,
      accountNumber: undefined,
      iban: text(row.recipient_iban) ?? undefined,
      bankName: text(row.recipient_bank_name) ?? undefined,
    },
    sender: undefined,
    paymentSourceId: undefined,
    granularStatusCode: undefined,
    statusDetails: undefined,
    submittedAt: undefined,
    initiatedAt: undefined,
    autoAuthorized: optionalField(row, 'auto_authorized', boolean),
    pendingManualAuthorization: optionalField(row, 'pending_manual_authorization', boolean),
    createdAt: instantFromLean(row.created_at),
    updatedAt: optionalField(row, 'updated_at', instantFromLean),
    wire: row,
  };
}

/**
 * A payout from Lean's call for a single payment.
 * @returns undefined for a payment without an intent id
 */
export function payoutFromPayment(payment: LeanPayment): Payout | undefined {
  const intentId = leanId(payment.payment_intent_id);
  return intentId === null ? undefined : payoutOfIntent(intentId, payment);
}

function payoutOfIntent(intentId: string, payment: LeanPayment): Payout {
  const sender = partyFromLean(payment.sender_details);
  return {
    intentId,
    paymentId: leanId(payment.id) ?? leanId(payment.payment_id),
    amount: moneyFromLean(payment.amount, payment.currency),
    description: text(payment.description) ?? undefined,
    state: leanId(payment.status) === null ? undefined : stateFromLean(payment.status),
    postInitiationStatus: optionalField(payment, 'post_initiation_status', postInitiationStatusFromLean),
    bankTransactionReference: optionalField(payment, 'bank_transaction_reference', text),
    recipient: partyFromLean(payment.recipient_details) ?? unknownParty,
    // Lean has no display name for the sender, so its legal name is shown.
    sender: sender && { ...sender, displayName: sender.legalName },
    paymentSourceId: optionalField(payment, 'payment_source_id', leanId),
    granularStatusCode: optionalField(payment, 'granular_status_code', text),
    statusDetails: optionalField(payment, 'status_additional_details', text),
    submittedAt: optionalField(payment, 'submission_timestamp', instantFromLean),
    initiatedAt: optionalField(payment, 'initiation_timestamp', instantFromLean),
    autoAuthorized: undefined,
    pendingManualAuthorization: undefined,
    createdAt: undefined,
    updatedAt: undefined,
  };
}

/**
 * @param requestedId used as the intent's id if the response does not repeat it
 * @returns undefined if neither the intent nor its payment has an amount
 */
export function intentFromLean(intent: LeanPayoutIntent, requestedId: string): PayoutIntent | undefined {
  const intentId = leanId(intent.payment_intent_id) ?? leanId(intent.id) ?? requestedId;
  const carriedDestination = destinationFromLean(intent.payment_destination);
  // The status of a destination has other values in an intent than in the destination's own call.
  const destination = carriedDestination && { ...carriedDestination, status: undefined };
  const own = {
    amount: moneyFromLean(intent.amount, intent.currency),
    description: text(intent.description),
  };
  const payout = payoutWithinIntent(intent, intentId, own, destination);
  const amount = own.amount ?? payout.amount;
  if (amount === undefined) return undefined;
  return {
    id: intentId,
    customerId: shortText(intent.customer_id),
    amount,
    description: own.description,
    externalReference: text(intent.external_reference),
    payout,
    destination,
  };
}

/**
 * The payout of an intent, with the payment that the intent carries. If there is no payment, or Lean abandoned it
 * before it had an id, the facts that only payments have are null.
 */
function payoutWithinIntent(
  intent: LeanPayoutIntent,
  intentId: string,
  { amount, description }: Pick<PayoutIntent, 'description'> & Pick<Payout, 'amount'>,
  destination: PayoutDestination | null,
): Payout {
  const payment = typeof intent.payment === 'object' ? (intent.payment ?? {}) : {};
  const payout = payoutOfIntent(intentId, payment);
  const recipient = {
    legalName: payout.recipient.legalName ?? destination?.legalName ?? null,
    displayName: destination?.displayName ?? destination?.legalName ?? undefined,
    accountNumber: payout.recipient.accountNumber ?? destination?.accountNumber ?? null,
    iban: payout.recipient.iban ?? destination?.iban ?? null,
    bankName: destination?.bankIdentifier ?? undefined,
  };
  if (payout.paymentId !== null)
    return {
      ...payout,
      amount: payout.amount ?? amount,
      description: payout.description ?? description,
      recipient,
    };
  return {
    ...payout,
    amount: amount ?? payout.amount,
    description: description ?? payout.description ?? null,
    postInitiationStatus: payout.postInitiationStatus ?? null,
    bankTransactionReference: payout.bankTransactionReference ?? null,
    paymentSourceId: payout.paymentSourceId ?? null,
    submittedAt: payout.submittedAt ?? null,
    initiatedAt: payout.initiatedAt ?? null,
    granularStatusCode: payout.granularStatusCode ?? null,
    statusDetails: payout.statusDetails ?? null,
    recipient,
  };
}

/** @returns null if there is no destination, or if it has no id */
export function destinationFromLean(
  destination: LeanDestination | null | undefined,
): PayoutDestination | null {
  if (typeof destination !== 'object' || destination === null) return null;
  const destinationId = leanId(destination.id) ?? leanId(destination.destination_id);
  if (destinationId === null) return null;
  return {
    id: destinationId,
    status: optionalField(destination, 'status', text),
    legalName: optionalField(destination, 'name', text),
    displayName: text(destination.display_name) ?? text(destination.short_name) ?? undefined,
    iban: optionalField(destination, 'iban', text),
    accountNumber: optionalField(destination, 'account_number', text),
    swiftCode: optionalField(destination, 'swift_code', text),
    bankIdentifier: optionalField(destination, 'bank_identifier', text),
    address: optionalField(destination, 'address', text),
    city: optionalField(destination, 'city', text),
    country: optionalField(destination, 'country', text),
    customerId: optionalField(destination, 'customer_id', shortText),
    ownerType: optionalField(destination, 'owner_type', text),
    isDefault: optionalField(destination, 'default', boolean),
  };
}
