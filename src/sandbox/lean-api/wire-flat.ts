import { rawNumber } from '../exact-json.ts';
import { formatInstant } from '../instant.ts';
import type { PayoutSnapshot } from '../payout.ts';
import { historyEvents, type ListPage, renderOnce, type WireFormat } from './wire.ts';

const unsorted = { empty: true, sorted: false, unsorted: true };

/** UAE version 1 according to its specification, including its spelling `recepient_details`. */
export const wireV1: WireFormat = flatWire(payout => ({
  destination_details: [{ ...destinationDetails(payout), recepient_details: recipientDetails(payout) }],
}));

/** Saudi Arabia according to its specification. */
export const wireKsa: WireFormat = flatWire(payout => ({
  destination_details: { ...destinationDetails(payout), recipient_details: recipientDetails(payout) },
}));

function flatWire(detailsOf: (payout: PayoutSnapshot) => object): WireFormat {
  return {
    historyKey: 'payment',
    list: flatList,
    history: payouts => {
      const { account, customerId, intentId } = payouts[0].facts;
      return JSON.stringify({
        customer_id: customerId,
        end_user_id: account.endUserId,
        intent_id: intentId,
        payments: payouts.filter(payout => payout.paymentId !== undefined).map(historyEntry),
      });
    },
    created: payouts =>
      JSON.stringify({
        end_user_id: payouts[0]?.facts.account.endUserId,
        payouts_payment_details: payouts.map(payout => ({
          payment_intent_id: payout.facts.intentId,
          payment_id: null,
          initiate_payment_task_id: payout.facts.taskId,
          account_number: payout.facts.account.accountNumber,
          iban: payout.facts.account.iban,
          ...detailsOf(payout),
          bank_identifier: payout.facts.account.bankIdentifier,
        })),
      }),
    destination: destination =>
      JSON.stringify({
        id: destination.id,
        name: destination.name,
        short_name: destination.displayName,
        iban: destination.iban,
        account_number: destination.accountNumber,
        swift_code: destination.swiftCode,
        status: destination.status,
        address: destination.address,
        country: destination.country,
        city: destination.city,
        currency_iso_code: destination.currency,
      }),
  };
}

/** A page of the list. The published specifications of all versions have the same format. */
export function flatList(page: ListPage): string {
  return `{"content":[${page.items.map(listItem).join(',')}],${JSON.stringify(envelope(page)).slice(1)}`;
}

const listItem = renderOnce(payout => {
  const { facts, currentStep } = payout;
  return {
    recipient_name: facts.destination.displayName,
    recipient_bank_name: facts.destination.bankIdentifier,
    recipient_iban: facts.destination.iban,
    description: facts.description,
    currency: facts.currency,
    amount: rawNumber(facts.amount),
    created_at: formatInstant(facts.createdAt),
    payment_intent_id: facts.intentId,
    payment_id: payout.paymentId,
    auto_authorized: facts.autoAuthorized,
    status: currentStep.status,
  };
});

function envelope({ items, number, size, capacity, total, totalStated }: ListPage) {
  const totalPages = Math.ceil(total / capacity);
  return {
    number,
    size,
    ...(totalStated ? { total_elements: total } : {}),
    pageable: {
      sort: unsorted,
      offset: number * capacity,
      page_size: size,
      page_number: number,
      paged: true,
      unpaged: false,
    },
    last: number >= totalPages - 1,
    ...(totalStated ? { total_pages: totalPages } : {}),
    sort: unsorted,
    first: number === 0,
    number_of_elements: items.length,
    empty: items.length === 0,
  };
}

/** In these versions a history contains only changes of `status`, not later results of the bank's tracking. */
function historyEntry(payout: PayoutSnapshot) {
  const { facts, currentStep, paymentId } = payout;
  const events = historyEvents(payout).filter(
    ({ step }, index, all) => step.status !== all[index - 1]?.step.status,
  );
  return {
    payment_id: paymentId,
    description: facts.description,
    amount: rawNumber(facts.amount),
    bank_identifier: facts.account.bankIdentifier,
    status: currentStep.status,
    initiation_timestamp: formatInstant(payout.initiatedAt),
    events: events.map(({ event, step }) => ({
      payment_id: paymentId,
      event,
      status: step.status,
      published_at: formatInstant(step.at),
    })),
  };
}

function destinationDetails({ facts, currentStep }: PayoutSnapshot) {
  return {
    destination_id: facts.destination.id,
    amount: rawNumber(facts.amount),
    currency: facts.currency,
    payment_status: currentStep.status,
  };
}

function recipientDetails({ facts: { destination } }: PayoutSnapshot) {
  return {
    account_number: destination.accountNumber,
    iban: destination.iban,
    name: destination.displayName,
  };
}
