import type { Destination } from '../destination.ts';
import { rawNumber } from '../exact-json.ts';
import { formatInstant } from '../instant.ts';
import type { PayoutSnapshot } from '../payout.ts';
import { flatList } from './wire-flat.ts';
import { errorMessageOf, historyEvents, type ListPage, renderOnce, type WireFormat } from './wire.ts';

const historyPageSize = 10;

/** UAE version 2, as recorded from Lean's sandbox. It differs from the published specification in several places. */
export const wireV2: WireFormat = {
  historyKey: 'intent',
  list: page =>
    `{"content":[${page.items.map(listItem).join(',')}],"page":${JSON.stringify(envelope(page))}}`,
  history: payouts => {
    const content = payouts.filter(payout => historyEvents(payout).length > 0).map(historyEntry);
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

/** UAE version 2 according to its published specification. */
export const wireV2Documented: WireFormat = {
  ...wireV2,
  list: flatList,
  single: { payment: renderOnce(payment), intent: renderOnce(documentedIntent) },
};

const listItem = renderOnce(payout => {
  const { facts, currentStep } = payout;
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
    created_at: formatInstant(facts.createdAt),
    updated_at: formatInstant(currentStep.at),
    payment_intent_id: facts.intentId,
    payment_id: payout.paymentId,
    auto_authorized: facts.autoAuthorized,
    pending_manual_authorization: currentStep.status === 'AWAITING_AUTHORIZATION',
    status: currentStep.status,
    post_initiation_status: currentStep.postInitiationStatus,
    bank_transaction_reference: currentStep.bankTransactionReference,
  };
});

function envelope({ number, size, capacity, total, totalStated }: Omit<ListPage, 'items'>) {
  const totals = { total_elements: total, total_pages: Math.ceil(total / capacity) };
  return { number, size, ...(totalStated ? totals : {}), sort: null };
}

function historyEntry(payout: PayoutSnapshot) {
  const events = historyEvents(payout).map(({ event, step }) => ({
    event,
    status: step.status,
    published_at: formatInstant(step.at),
    post_initiation_status: step.postInitiationStatus,
  }));
  return { payment_id: payout.paymentId ?? null, events: events.reverse() };
}

function createdEntry(payout: PayoutSnapshot) {
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
      payment_status: payout.currentStep.status,
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

function payment(payout: PayoutSnapshot) {
  const { facts, currentStep } = payout;
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
    submission_timestamp: formatInstant(payout.submittedAt),
    initiation_timestamp: formatInstant(payout.initiatedAt),
    status: currentStep.status,
    post_initiation_status: currentStep.postInitiationStatus,
    bank_transaction_reference: currentStep.bankTransactionReference,
    granular_status_code: currentStep.granularStatusCode,
    status_additional_details: currentStep.statusDetails,
  };
}

function intent(payout: PayoutSnapshot) {
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

function documentedIntent(payout: PayoutSnapshot) {
  const { payment: recordedPayment, ...rest } = intent(payout);
  if (recordedPayment === null) return { ...rest, payment: null };
  return {
    ...rest,
    payment: {
      ...recordedPayment,
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
