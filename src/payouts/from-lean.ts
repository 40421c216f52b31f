import type {
  LeanDestination,
  LeanParty,
  LeanPayment,
  LeanPayoutIntent,
  LeanPayoutPage,
  LeanPayoutRow,
} from '../lean/wire.ts';
import type { LeanAnswer } from '../lean/answer.ts';
import type { LeanBadAnswer } from '../errors/lean-errors.ts';
import {
  boolean,
  carried,
  count,
  id,
  instantFromLean,
  isRecord,
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
 * The only crossing from Lean's shapes to ours. Whatever Lean's documents and servers call one and the same thing is
 * accepted. A field that is missing, null or of another type than promised becomes null, or undefined where another of
 * Lean's answers may have it, and never a failure.
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

export function stateFromLean(word: unknown): PayoutState {
  const leanStatus = id(word);
  return { status: leanStatus === null ? 'UNKNOWN' : statusOf(leanStatus), leanStatus };
}

export function statusOf(word: string): PayoutStatus {
  return statuses.get(word) ?? 'UNKNOWN';
}

export function postInitiationStatusFromLean(word: unknown): PostInitiationStatus | null {
  const given = id(word);
  if (given === null) return null;
  return given === 'PROCESSED' || given === 'REJECTED' ? given : 'UNKNOWN';
}

/** A party as a payment has it, by its legal name; undefined if there is none. */
export function partyFromLean(party: LeanParty | null | undefined): PayoutParty | undefined {
  if (typeof party !== 'object' || party === null) return undefined;
  return {
    ...unknownParty,
    legalName: text(party.name) ?? undefined,
    accountNumber: text(party.account_number) ?? undefined,
    iban: text(party.iban) ?? undefined,
  };
}

/** @returns undefined for a row without the id of its intent, although every list promises one */
export function payoutFromRow(row: LeanPayoutRow): PayoutRow | undefined {
  const intentId = leanId(row.payment_intent_id);
  if (intentId === null) return undefined;
  return {
    intentId,
    paymentId: leanId(row.payment_id),
    amount: moneyFromLean(row.amount, row.currency),
    description: text(row.description) ?? undefined,
    state: leanId(row.status) === null ? undefined : stateFromLean(row.status),
    postInitiationStatus: carried(row, 'post_initiation_status', postInitiationStatusFromLean),
    bankTransactionReference: carried(row, 'bank_transaction_reference', text),
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
    autoAuthorized: carried(row, 'auto_authorized', boolean),
    pendingManualAuthorization: carried(row, 'pending_manual_authorization', boolean),
    createdAt: instantFromLean(row.created_at),
    updatedAt: carried(row, 'updated_at', instantFromLean),
  };
}

/**
 * A payout as its payment gives it, by the call for the single payout.
 * @returns undefined for a payment without the id of its intent
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
    postInitiationStatus: carried(payment, 'post_initiation_status', postInitiationStatusFromLean),
    bankTransactionReference: carried(payment, 'bank_transaction_reference', text),
    recipient: partyFromLean(payment.recipient_details) ?? unknownParty,
    // Lean's list does not name the sender, so its legal name is shown.
    sender: sender && { ...sender, displayName: sender.legalName },
    paymentSourceId: carried(payment, 'payment_source_id', leanId),
    granularStatusCode: carried(payment, 'granular_status_code', text),
    statusDetails: carried(payment, 'status_additional_details', text),
    submittedAt: carried(payment, 'submission_timestamp', instantFromLean),
    initiatedAt: carried(payment, 'initiation_timestamp', instantFromLean),
    autoAuthorized: undefined,
    pendingManualAuthorization: undefined,
    createdAt: undefined,
    updatedAt: undefined,
  };
}

/** @param askedFor used where the answer does not repeat the id */
export function intentFromLean(intent: LeanPayoutIntent, askedFor: string): PayoutIntent | undefined {
  const intentId = leanId(intent.payment_intent_id) ?? leanId(intent.id) ?? askedFor;
  const carriedDestination = destinationFromLean(intent.payment_destination);
  // Intents and the call for the destination itself have different words for its status.
  const destination = carriedDestination && { ...carriedDestination, status: undefined };
  const amount = moneyFromLean(intent.amount, intent.currency);
  const payout = payoutWithinIntent(intent, intentId, destination);
  const known = amount ?? payout.amount;
  if (known === undefined) return undefined;
  return {
    id: intentId,
    customerId: id(intent.customer_id),
    amount: known,
    description: text(intent.description),
    externalReference: text(intent.external_reference),
    payout,
    destination,
  };
}

/**
 * The payout with the payment that its intent carries. If there is no payment, or Lean gave it up before it had an id,
 * the facts of a payment are null.
 */
function payoutWithinIntent(
  intent: LeanPayoutIntent,
  intentId: string,
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
  const amount = moneyFromLean(intent.amount, intent.currency);
  const description = text(intent.description);
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

/** A destination; null if there is none, or if it has no id. */
export function destinationFromLean(
  destination: LeanDestination | null | undefined,
): PayoutDestination | null {
  if (typeof destination !== 'object' || destination === null) return null;
  const destinationId = leanId(destination.id) ?? leanId(destination.destination_id);
  if (destinationId === null) return null;
  return {
    id: destinationId,
    status: carried(destination, 'status', text),
    legalName: carried(destination, 'name', text),
    displayName: text(destination.display_name) ?? text(destination.short_name) ?? undefined,
    iban: carried(destination, 'iban', text),
    accountNumber: carried(destination, 'account_number', text),
    swiftCode: carried(destination, 'swift_code', text),
    bankIdentifier: carried(destination, 'bank_identifier', text),
    address: carried(destination, 'address', text),
    city: carried(destination, 'city', text),
    country: carried(destination, 'country', text),
    customerId: carried(destination, 'customer_id', id),
    ownerType: carried(destination, 'owner_type', text),
    isDefault: carried(destination, 'default', boolean),
  };
}

export interface LeanPage {
  readonly rows: readonly PayoutRow[];
  /** How many rows Lean gave, those that cannot be read among them. */
  readonly listed: number;
  /** Rows a page really holds at Lean: less than was asked for when Lean caps it. */
  readonly size: number | null;
  /** Rows that the filter matches, over all pages. */
  readonly total: number | null;
}

/**
 * Whether Lean's list goes on after a page. A Lean that caps its pages gives fewer rows than were asked for.
 * @param read rows of the list up to the end of this page
 */
export function goesOn({ listed, size, total }: LeanPage, read: number, pageSize: number): boolean {
  if (listed === 0) return false;
  return total === null ? listed >= Math.min(size ?? pageSize, pageSize) : read < total;
}

/**
 * Both envelopes of the list: numbers within `page`, or flat beside `content`.
 * @throws LeanBadAnswer for a list that does not hold payouts, each with the id of its intent
 */
export function pageFromLean(page: LeanPayoutPage, answer: Pick<LeanAnswer, 'bad'>): LeanPage {
  const read = readablePage(page, answer);
  if (read.fault !== undefined) throw read.fault;
  return read;
}

/**
 * Reads a page like `pageFromLean`, but leaves out rows without an intent id. `fault` is the error for them.
 * @throws LeanBadAnswer if it is not a list
 */
export function readablePage(
  page: LeanPayoutPage,
  answer: Pick<LeanAnswer, 'bad'>,
): LeanPage & { readonly fault: LeanBadAnswer | undefined } {
  const { content } = page;
  if (!Array.isArray(content)) throw answer.bad("Lean's list has no rows in it.");
  const rows = (content as readonly unknown[]).flatMap(
    row => (isRecord(row) ? payoutFromRow(row) : undefined) ?? [],
  );
  const numbers = page.page ?? page;
  return {
    rows,
    listed: content.length,
    size: count(numbers.size),
    total: count(numbers.total_elements),
    fault: rows.length === content.length ? undefined : answer.bad("A row of Lean's list has no intent id."),
  };
}
