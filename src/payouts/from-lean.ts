import type {
  LeanDestination,
  LeanParty,
  LeanPayment,
  LeanPayoutIntent,
  LeanPayoutPage,
  LeanPayoutRow,
} from '../lean/wire.ts';
import { parseDecimal } from './decimal.ts';
import { parseInstant, type Instant } from './instant.ts';
import type { Money } from './money.ts';
import type { Payout, PayoutParty, PayoutState, PayoutStatus, PostInitiationStatus } from './payout.ts';
import type { PayoutDestination, PayoutIntent } from './payout-intent.ts';

/*
 * The only crossing from Lean's shapes to ours. Whatever Lean's documents and servers call one and the same thing is
 * accepted; a field that is missing, null or of another type than promised becomes null and never a failure.
 */

/** A text; numbers are taken as their digits, and the text "null" for a null, as Lean's documents have it. */
export function text(value: unknown): string | null {
  if (typeof value === 'string') return value === 'null' ? null : value;
  // A number that a float may have changed is no longer what Lean sent.
  const kept = Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value);
  // The digits that `String` makes, of which V8 would keep each in the old part of the heap until it cleans up there.
  return kept ? JSON.stringify(value) : null;
}

export function id(value: unknown): string | null {
  const given = text(value);
  return given === null || given === '' ? null : given;
}

/** The objects in an array; nothing where there is no array. */
export function objects<Wire extends object>(value: unknown): Wire[] {
  return Array.isArray(value)
    ? value.filter((item: unknown): item is Wire => typeof item === 'object' && item !== null)
    : [];
}

export function boolean(value: unknown): boolean | null {
  if (value === true || value === 'true') return true;
  return value === false || value === 'false' ? false : null;
}

/** @returns null for a time that cannot be read; one without an offset is taken for UTC, as all of Lean's are. */
export function instantFromLean(value: unknown): Instant | null {
  const given = text(value);
  if (given === null) return null;
  return parseInstant(given) ?? parseInstant(`${given}Z`) ?? null;
}

export function moneyFromLean(amount: unknown, currency: unknown): Money | undefined {
  const digits = text(amount);
  const code = id(currency);
  const decimal = digits === null ? undefined : parseDecimal(digits);
  return decimal === undefined || code === null ? undefined : { amount: decimal, currency: code };
}

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

export function partyFromLean(
  party: LeanParty | null | undefined,
  bankName: string | null = null,
): PayoutParty | null {
  if (typeof party !== 'object' || party === null) return null;
  return {
    name: text(party.name),
    accountNumber: text(party.account_number),
    iban: text(party.iban),
    bankName,
  };
}

const nobody: PayoutParty = { name: null, accountNumber: null, iban: null, bankName: null };

/** `undefined` for a key that is not there, so that it is looked for elsewhere; what is there is read by `as`. */
function carried<T>(wire: object, key: string, as: (value: unknown) => T): T | undefined {
  const value = (wire as Readonly<Record<string, unknown>>)[key];
  return value === undefined ? undefined : as(value);
}

export function payoutFromRow(row: LeanPayoutRow): Payout {
  return {
    paymentId: id(row.payment_id),
    intentId: id(row.payment_intent_id) ?? undefined,
    amount: moneyFromLean(row.amount, row.currency),
    description: carried(row, 'description', text),
    state: stateFromLean(row.status),
    postInitiationStatus: carried(row, 'post_initiation_status', postInitiationStatusFromLean),
    bankTransactionReference: carried(row, 'bank_transaction_reference', text),
    recipient: {
      name: text(row.recipient_name),
      accountNumber: undefined,
      iban: text(row.recipient_iban),
      bankName: text(row.recipient_bank_name),
    },
    sender: undefined,
    paymentSourceId: undefined,
    granularStatusCode: undefined,
    statusDetails: undefined,
    submittedAt: undefined,
    initiatedAt: undefined,
    autoAuthorized: boolean(row.auto_authorized),
    pendingManualAuthorization: boolean(row.pending_manual_authorization),
    createdAt: instantFromLean(row.created_at),
    updatedAt: instantFromLean(row.updated_at),
  };
}

/** A payout as the single-payout call gives it, and all that there is to know. */
export function payoutFromPayment(payment: LeanPayment): Payout {
  return {
    paymentId: id(payment.id) ?? id(payment.payment_id),
    intentId: id(payment.payment_intent_id),
    amount: moneyFromLean(payment.amount, payment.currency),
    description: text(payment.description),
    state: stateFromLean(payment.status),
    postInitiationStatus: carried(payment, 'post_initiation_status', postInitiationStatusFromLean),
    bankTransactionReference: text(payment.bank_transaction_reference),
    recipient: partyFromLean(payment.recipient_details) ?? nobody,
    sender: partyFromLean(payment.sender_details),
    paymentSourceId: id(payment.payment_source_id),
    granularStatusCode: text(payment.granular_status_code),
    statusDetails: text(payment.status_additional_details),
    submittedAt: instantFromLean(payment.submission_timestamp),
    initiatedAt: instantFromLean(payment.initiation_timestamp),
    autoAuthorized: null,
    pendingManualAuthorization: null,
    createdAt: null,
    updatedAt: null,
  };
}

/** @param askedFor used where the answer does not repeat the id */
export function intentFromLean(intent: LeanPayoutIntent, askedFor: string): PayoutIntent | undefined {
  const intentId = id(intent.payment_intent_id) ?? id(intent.id) ?? askedFor;
  const destination = destinationFromLean(intent.payment_destination, null);
  const { payment } = intent;
  const payout =
    typeof payment === 'object' && payment !== null && (id(payment.id) ?? id(payment.payment_id)) !== null
      ? payoutWithinIntent(payment, intentId)
      : payoutBeforePayment(intent, intentId, destination);
  const amount = moneyFromLean(intent.amount, intent.currency) ?? payout.amount;
  if (amount === undefined) return undefined;
  return {
    id: intentId,
    customerId: id(intent.customer_id),
    amount,
    description: text(intent.description),
    externalReference: text(intent.external_reference),
    payout,
    destination,
  };
}

/** By its document an intent's payment lacks some fields of the single-payout call; as recorded it has them all. */
function payoutWithinIntent(payment: LeanPayment, intentId: string): Payout {
  return {
    ...payoutFromPayment(payment),
    intentId,
    granularStatusCode: carried(payment, 'granular_status_code', text),
    statusDetails: carried(payment, 'status_additional_details', text),
  };
}

/** A payment without an id is one that Lean gave up before there was one: it may still say how that ended. */
function payoutBeforePayment(
  intent: LeanPayoutIntent,
  intentId: string,
  destination: PayoutDestination | null,
): Payout {
  const attempt = typeof intent.payment === 'object' ? (intent.payment ?? {}) : {};
  const payout = payoutFromPayment(attempt);
  return {
    ...payout,
    paymentId: null,
    intentId,
    amount: moneyFromLean(intent.amount, intent.currency) ?? payout.amount,
    description: text(intent.description) ?? payout.description,
    state: id(attempt.status) === null ? undefined : payout.state,
    postInitiationStatus: payout.postInitiationStatus ?? null,
    recipient: partyFromLean(attempt.recipient_details) ?? {
      name: destination?.name ?? null,
      accountNumber: destination?.accountNumber ?? null,
      iban: destination?.iban ?? null,
      bankName: destination?.bankIdentifier ?? null,
    },
  };
}

/** @param askedFor used where the answer does not repeat the id; null where none was asked for */
export function destinationFromLean(
  destination: LeanDestination | null | undefined,
  askedFor: string | null,
): PayoutDestination | null {
  if (typeof destination !== 'object' || destination === null) return null;
  const destinationId = id(destination.id) ?? id(destination.destination_id) ?? askedFor;
  if (destinationId === null) return null;
  return {
    id: destinationId,
    status: text(destination.status),
    name: text(destination.name),
    displayName: text(destination.display_name) ?? text(destination.short_name),
    iban: text(destination.iban),
    accountNumber: text(destination.account_number),
    swiftCode: text(destination.swift_code),
    bankIdentifier: text(destination.bank_identifier),
    address: text(destination.address),
    city: text(destination.city),
    country: text(destination.country),
    customerId: id(destination.customer_id),
    ownerType: text(destination.owner_type),
    isDefault: boolean(destination.default),
  };
}

export interface LeanPage {
  readonly rows: readonly Payout[];
  /** Rows a page really holds at Lean: less than was asked for when Lean caps it. */
  readonly size: number | null;
  /** Rows that the filter matches, over all pages. */
  readonly total: number | null;
}

/** Both envelopes of the list: numbers within `page`, or flat beside `content`. */
export function pageFromLean(page: LeanPayoutPage): LeanPage | undefined {
  if (!Array.isArray(page.content)) return undefined;
  const numbers = page.page ?? page;
  return {
    rows: objects<LeanPayoutRow>(page.content).map(payoutFromRow),
    size: count(numbers.size),
    total: count(numbers.total_elements),
  };
}

function count(value: unknown): number | null {
  const number = typeof value === 'string' ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : null;
}
