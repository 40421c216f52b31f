import { intentId, paymentId, placesOfIntent, type PayoutPlace } from './payout-place.ts';

/* What the fast Lean answers, in the shapes that Lean's own sandbox was recorded with. */

const names = [
  'Horizon Contracting',
  'Palm Interiors',
  'Gulf Freight',
  'Oasis Catering',
  'Desert Rose Trading',
];

function factsOf(place: PayoutPlace) {
  const { page, row } = place;
  // Quarters: a float has them exactly, so that programs that read amounts as floats print the same digits.
  const amount = 100 * page + row + 0.25 * (row % 4);
  const tracked = row % 5;
  return {
    amount,
    currency: 'AED',
    description: `INV ${String(page)}-${String(row)}`,
    destination: String(row).padStart(8, '0'),
    name: names[row % names.length],
    iban: `AE46009000000012${String(page).padStart(3, '0')}${String(row).padStart(4, '0')}`,
    createdAt: timeOf(place, 0),
    updatedAt: timeOf(place, 2),
    status: tracked === 0 ? 'PENDING_WITH_BANK' : 'ACCEPTED_BY_BANK',
    postInitiationStatus: tracked < 2 ? null : 'PROCESSED',
    bankTransactionReference: tracked === 0 ? null : `FT${String(page)}A${String(row).padStart(8, '0')}`,
  };
}

function timeOf({ page, row }: PayoutPlace, step: number): string {
  const start = Date.UTC(2026, 1, 1 + page, 8, 0, 0) - row * 60_000 + step * 1500;
  return new Date(start).toISOString().replace('Z', `${String(row).padStart(3, '0')}Z`);
}

/** Rows that a page has at most. */
const maxPageSize = 100;

export function listBody(page: number, size: number): object {
  const total = maxPageSize * 3;
  return {
    content: Array.from({ length: Math.min(size, maxPageSize) }, (_, row) => rowOf({ page, row })),
    page: { number: 0, size, total_elements: total, total_pages: Math.ceil(total / size), sort: null },
  };
}

function rowOf(place: PayoutPlace): object {
  const facts = factsOf(place);
  return {
    recipient_name: facts.name,
    recipient_bank_name: 'LEAN_SME_MB1_UAE',
    recipient_iban: facts.iban,
    recipient_cool_off_expiry: null,
    recipient_address: 'Sheikh Zayed Road 1',
    recipient_city: 'Dubai',
    recipient_country: 'ARE',
    description: facts.description,
    currency: facts.currency,
    amount: facts.amount,
    created_at: facts.createdAt,
    updated_at: facts.updatedAt,
    payment_intent_id: intentId(place),
    payment_id: paymentId(place),
    auto_authorized: true,
    pending_manual_authorization: false,
    status: facts.status,
    post_initiation_status: facts.postInitiationStatus,
    bank_transaction_reference: facts.bankTransactionReference,
  };
}

export function paymentBody(place: PayoutPlace): object {
  const facts = factsOf(place);
  return {
    id: paymentId(place),
    payment_intent_id: intentId(place),
    payment_source_id: 'e0000000-0000-4000-8000-000000000001',
    sender_details: {
      account_number: '0100000000000001',
      iban: 'AE070331234567890123456',
      name: 'Bench Trading LLC',
    },
    recipient_details: { account_number: `02${facts.iban.slice(-14)}`, iban: facts.iban, name: facts.name },
    amount: facts.amount,
    currency: facts.currency,
    description: facts.description,
    submission_timestamp: timeOf(place, 1),
    initiation_timestamp: timeOf(place, 1),
    status: facts.status,
    post_initiation_status: facts.postInitiationStatus,
    bank_transaction_reference: facts.bankTransactionReference,
    granular_status_code: 'SUCCESS',
    status_additional_details: null,
  };
}

/** @param place of the intent: where it is shared, of the first payout that shares it */
export function intentBody(place: PayoutPlace): object {
  const facts = factsOf(place);
  return {
    payment_intent_id: intentId(place),
    customer_id: 'c0000000-0000-4000-8000-000000000001',
    amount: facts.amount,
    currency: facts.currency,
    description: facts.description,
    external_reference: `order-${String(place.page)}-${String(place.row)}`,
    payment: paymentBody(place),
    payment_destination: {
      id: `d0000000-0000-4000-8000-0000${facts.destination}`,
      bank_identifier: 'LEAN_SME_MB1_UAE',
      name: facts.name,
      short_name: facts.name,
      iban: facts.iban,
      account_number: `02${facts.iban.slice(-14)}`,
      swift_code: 'NRAKAEAK',
      status: 'ACTIVE',
      address: 'Sheikh Zayed Road 1',
      branch_address: null,
      city: 'Dubai',
      emirate: 'Dubai',
      country: 'ARE',
      postal_code: null,
      currency_iso_code: facts.currency,
      ifsc: null,
      sort_code: null,
      routing_code: null,
      transit_code: null,
      cool_off_expiry: null,
    },
  };
}

/** Newest first, as Lean has it. @param place of the intent */
export function historyBody(place: PayoutPlace): object {
  const content = placesOfIntent(place).map(each => ({
    payment_id: paymentId(each),
    events: eventsOf(each).reverse(),
  }));
  return { content: content.reverse(), page: pageOfHistory(content.length) };
}

/** What is told of a history that is asked for by the id of a payment: this Lean has them by intents. */
export const noHistory: object = { content: [], page: pageOfHistory(0) };

function pageOfHistory(total: number): object {
  return { number: 0, size: 10, total_elements: total, total_pages: Math.ceil(total / 10), sort: null };
}

function eventsOf(place: PayoutPlace): object[] {
  const { status, postInitiationStatus } = factsOf(place);
  const steps = [
    { event: 'payment.created', status: 'PENDING_WITH_BANK', tracked: null },
    { event: 'payment.updated', status, tracked: null },
    { event: 'payment.updated', status, tracked: postInitiationStatus },
  ];
  return steps
    .slice(0, postInitiationStatus === null ? 2 : 3)
    .map(({ event, status: then, tracked }, step) => ({
      event,
      status: then,
      published_at: timeOf(place, step),
      post_initiation_status: tracked,
    }));
}
