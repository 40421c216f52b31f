import type { Destination } from '../destination.ts';
import { rawNumber } from '../exact-json.ts';
import { printInstant } from '../instant.ts';
import type { Progress } from '../payout.ts';
import { flatList } from './wire-flat.ts';
import { errorMessageOf, eventsOf, type ListPage, renderOnce, type Wire } from './wire.ts';

const historyPageSize = 10;

/** UAE version 2, as Lean's sandbox was recorded: it differs from the published specification in several places. */
export const wireV2: Wire = {
  historyKey: 'intent',
  list: page =>
    `{"content":[${page.items.map(listItem).join(',')}],"page":${JSON.stringify(envelope(page))}}`,
  history: attempts => {
    const content = attempts.filter(payout => eventsOf(payout).length > 0).map(historyEntry);
    const page = { number: 0, size: historyPageSize, capacity: historyPageSize, total: content.length };
    return JSON.stringify({ content: content.reverse(), page: envelope({ ...page, totalStated: true }) });
  },
  created: payouts =>
    JSON.stringify({
      end_user_id: payouts[0]?.facts.account.endUserId,
      payouts_payment_details: payouts.map(createdEntry),
    }),
  destination: destination =>
    JSON.stringify({
      id: destination.id,
      name: destination.name,
      display_name: destination.displayName,
      iban: destination.iban,
      account_number: destination.accountNumber,
      swift_code: destination.swiftCode,
      status: destination.status,
      address: destination.address,
      country: destination.country,
      city: destination.city,
      currency_iso_code: destination.currency,
    }),
  single: { payment: renderOnce(payment), intent: renderOnce(intent) },
};

/** Version 2 by its published specification. */
export const wireV2Documented: Wire = {
  ...wireV2,
  list: flatList,
  single: { payment: renderOnce(payment), intent: renderOnce(documentedIntent) },
};

const listItem = renderOnce(payout => {
  const { facts, current } = payout;
  return {
    recipient_name: facts.destination.displayName,
    recipient_bank_name: facts.destination.bankIdentifier,
    recipient_iban: facts.destination.iban,
    recipient_cool_off_expiry: null,
    recipient_address: facts.destination.address,
    recipient_city: facts.destination.city,
    recipient_country: facts.destination.country,
    description: facts.description,
    currency: facts.currency,
    amount: rawNumber(facts.amount),
    created_at: printInstant(facts.createdAt),
    updated_at: printInstant(current.at),
    payment_intent_id: facts.intentId,
    payment_id: payout.paymentId,
    auto_authorized: facts.autoAuthorized,
    pending_manual_authorization: current.status === 'AWAITING_AUTHORIZATION',
    status: current.status,
    post_initiation_status: current.postInitiationStatus,
    bank_transaction_reference: current.bankTransactionReference,
  };
});

function envelope({ number, size, capacity, total, totalStated }: Omit<ListPage, 'items'>) {
  const totals = { total_elements: total, total_pages: Math.ceil(total / capacity) };
  return { number, size, ...(totalStated ? totals : {}), sort: null };
}

function historyEntry(payout: Progress) {
  const events = eventsOf(payout).map(({ event, step }) => ({
    event,
    status: step.status,
    published_at: printInstant(step.at),
    post_initiation_status: step.postInitiationStatus,
  }));
  return { payment_id: payout.paymentId ?? null, events: events.reverse() };
}

function createdEntry(payout: Progress) {
  const { account, destination, ...facts } = payout.facts;
  return {
    payment_intent_id: facts.intentId,
    initiate_payment_task_id: facts.taskId,
    account_number: account.accountNumber,
    iban: account.iban,
    destination_details: {
      destination_id: destination.id,
      amount: rawNumber(facts.amount),
      currency: facts.currency,
      payment_status: payout.current.status,
      error_message: errorMessageOf(payout),
      recipient_details: {
        account_number: destination.accountNumber,
        iban: destination.iban,
        name: destination.displayName,
      },
    },
    bank_identifier: account.bankIdentifier,
  };
}

function payment(payout: Progress) {
  const { facts, current } = payout;
  const { account, destination } = facts;
  return {
    id: payout.paymentId,
    payment_intent_id: facts.intentId,
    payment_source_id: account.endUserId,
    sender_details: { account_number: account.accountNumber, iban: account.iban, name: account.name },
    recipient_details: {
      account_number: destination.accountNumber,
      iban: destination.iban,
      name: destination.name,
    },
    amount: rawNumber(facts.amount),
    currency: facts.currency,
    description: facts.description,
    submission_timestamp: printInstant(payout.submittedAt),
    initiation_timestamp: printInstant(payout.initiatedAt),
    status: current.status,
    post_initiation_status: current.postInitiationStatus,
    bank_transaction_reference: current.bankTransactionReference,
    granular_status_code: current.granularStatusCode,
    status_additional_details: current.statusDetails,
  };
}

function intent(payout: Progress) {
  const { facts } = payout;
  return {
    payment_intent_id: facts.intentId,
    customer_id: facts.customerId,
    amount: rawNumber(facts.amount),
    currency: facts.currency,
    description: facts.description,
    external_reference: facts.externalReference,
    payment: payout.paymentId === undefined ? null : payment(payout),
    payment_destination: intentDestination(facts.destination),
  };
}

function documentedIntent(payout: Progress) {
  const { payment: carried, ...rest } = intent(payout);
  if (carried === null) return { ...rest, payment: null };
  return {
    ...rest,
    payment: {
      ...carried,
      post_initiation_status: undefined,
      granular_status_code: undefined,
      status_additional_details: undefined,
    },
  };
}

function intentDestination(destination: Destination) {
  return {
    id: destination.id,
    bank_identifier: destination.bankIdentifier,
    name: destination.name,
    short_name: destination.displayName,
    iban: destination.iban,
    account_number: destination.accountNumber,
    swift_code: destination.swiftCode,
    status: 'ACTIVE',
    address: destination.address,
    branch_address: null,
    city: destination.city,
    emirate: destination.city,
    country: destination.country,
    postal_code: null,
    currency_iso_code: destination.currency,
    ifsc: null,
    sort_code: null,
    routing_code: null,
    transit_code: null,
    cool_off_expiry: null,
  };
}
