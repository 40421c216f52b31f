import { rawNumber } from '../exact-json.ts';
import { printInstant } from '../instant.ts';
import type { Progress } from '../payout.ts';
import { eventsOf, type ListPage, renderOnce, type Wire } from './wire.ts';

const unsorted = { empty: true, sorted: false, unsorted: true };

/** UAE version 1, as its specification has it, with its spelling of the recipient. */
export const wireV1: Wire = flatWire(payout => ({
  destination_details: [{ ...destinationDetails(payout), recepient_details: recipientDetails(payout) }],
}));

/** KSA, as its specification has it. */
export const wireKsa: Wire = flatWire(payout => ({
  destination_details: { ...destinationDetails(payout), recipient_details: recipientDetails(payout) },
}));

function flatWire(detailsOf: (payout: Progress) => object): Wire {
  return {
    historyKey: 'payment',
    list: flatList,
    history: attempts => {
      const { account, customerId, intentId } = attempts[0].facts;
      return JSON.stringify({
        customer_id: customerId,
        end_user_id: account.endUserId,
        intent_id: intentId,
        payments: attempts.filter(payout => payout.paymentId !== undefined).map(historyEntry),
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

/** A page of the list by the published specifications, which agree on it. */
export function flatList(page: ListPage): string {
  return `{"content":[${page.items.map(listItem).join(',')}],${JSON.stringify(envelope(page)).slice(1)}`;
}

const listItem = renderOnce(payout => {
  const { facts, current } = payout;
  return {
    recipient_name: facts.destination.displayName,
    recipient_bank_name: facts.destination.bankIdentifier,
    recipient_iban: facts.destination.iban,
    description: facts.description,
    currency: facts.currency,
    amount: rawNumber(facts.amount),
    created_at: printInstant(facts.createdAt),
    payment_intent_id: facts.intentId,
    payment_id: payout.paymentId,
    auto_authorized: facts.autoAuthorized,
    status: current.status,
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

/** These versions tell only of changes of the status: what the bank's tracking finds later is left out. */
function historyEntry(payout: Progress) {
  const { facts, current, paymentId } = payout;
  const events = eventsOf(payout).filter(
    ({ step }, index, all) => step.status !== all[index - 1]?.step.status,
  );
  return {
    payment_id: paymentId,
    description: facts.description,
    amount: rawNumber(facts.amount),
    bank_identifier: facts.account.bankIdentifier,
    status: current.status,
    initiation_timestamp: printInstant(payout.initiatedAt),
    events: events.map(({ event, step }) => ({
      payment_id: paymentId,
      event,
      status: step.status,
      published_at: printInstant(step.at),
    })),
  };
}

function destinationDetails({ facts, current }: Progress) {
  return {
    destination_id: facts.destination.id,
    amount: rawNumber(facts.amount),
    currency: facts.currency,
    payment_status: current.status,
  };
}

function recipientDetails({ facts: { destination } }: Progress) {
  return {
    account_number: destination.accountNumber,
    iban: destination.iban,
    name: destination.displayName,
  };
}
