import {
  firstFinalPage,
  intentId,
  paymentId,
  positionsOfIntent,
  type PayoutPosition,
} from './payout-position.ts';

/* The response bodies of the fast Lean, in the format that was recorded from Lean's own sandbox. */

const names = [
  'Horizon Contracting',
  'Palm Interiors',
  'Gulf Freight',
  'Oasis Catering',
  'Desert Rose Trading',
];

function factsOf(position: PayoutPosition) {
  const { page, row } = position;
  // A multiple of 0.25, which a float represents exactly, so that servers with amounts as floats return the same
  // digits.
  const amount = 100 * page + row + 0.25 * (row % 4);
  const variant = page < firstFinalPage ? row % 5 : 4;
  return {
    amount,
    currency: 'AED',
    description: `INV ${String(page)}-${String(row)}`,
    destination: String(row).padStart(8, '0'),
    name: names[row % names.length],
    iban: `AE46009000000012${String(page).padStart(3, '0')}${String(row).padStart(4, '0')}`,
    createdAt: timeOf(position, 0),
    updatedAt: timeOf(position, 2),
    status: variant === 0 ? 'PENDING_WITH_BANK' : 'ACCEPTED_BY_BANK',
    postInitiationStatus: variant < 2 ? null : 'PROCESSED',
    bankTransactionReference: variant === 0 ? null : `FT${String(page)}A${String(row).padStart(8, '0')}`,
  };
}

function timeOf({ page, row }: PayoutPosition, step: number): string {
  const start = Date.UTC(2026, 1, 1 + page, 8, 0, 0) - row * 60_000 + step * 1500;
  return new Date(start).toISOString().replace('Z', `${String(row).padStart(3, '0')}Z`);
}

/** The maximum number of rows on a page. */
const maxPageSize = 100;

export function listBody(page: number, size: number): object {
  const total = maxPageSize * 3;
  return {
    content: Array.from({ length: Math.min(size, maxPageSize) }, (_, row) => rowOf({ page, row })),
    page: { number: 0, size, total_elements: total, total_pages: Math.ceil(total / size), sort: null },
  };
}

function rowOf(position: PayoutPosition): object {
  const facts = factsOf(position);
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
    payment_intent_id: intentId(position),
    payment_id: paymentId(position),
    auto_authorized: true,
    pending_manual_authorization: false,
    status: facts.status,
    post_initiation_status: facts.postInitiationStatus,
    bank_transaction_reference: facts.bankTransactionReference,
  };
}

export function paymentBody(position: PayoutPosition): object {
  const facts = factsOf(position);
  return {
    id: paymentId(position),
    payment_intent_id: intentId(position),
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
    submission_timestamp: timeOf(position, 1),
    initiation_timestamp: timeOf(position, 1),
    status: facts.status,
    post_initiation_status: facts.postInitiationStatus,
    bank_transaction_reference: facts.bankTransactionReference,
    granular_status_code: 'SUCCESS',
    status_additional_details: null,
  };
}

/** @param position the position of the intent. For a shared intent it is the position of its first payout. */
export function intentBody(position: PayoutPosition): object {
  const facts = factsOf(position);
  return {
    payment_intent_id: intentId(position),
    customer_id: 'c0000000-0000-4000-8000-000000000001',
    amount: facts.amount,
    currency: facts.currency,
    description: facts.description,
    external_reference: `order-${String(position.page)}-${String(position.row)}`,
    payment: paymentBody(position),
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

/** The history of an intent, newest first as in Lean. @param position the position of the intent */
export function historyBody(position: PayoutPosition): object {
  const content = positionsOfIntent(position).map(each => ({
    payment_id: paymentId(each),
    events: eventsOf(each).reverse(),
  }));
  return { content: content.reverse(), page: historyPage(content.length) };
}

/** The empty history for the id of a payment, because this Lean has histories by intent only. */
export const emptyHistory: object = { content: [], page: historyPage(0) };

function historyPage(total: number): object {
  return { number: 0, size: 10, total_elements: total, total_pages: Math.ceil(total / 10), sort: null };
}

function eventsOf(position: PayoutPosition): object[] {
  const { status, postInitiationStatus } = factsOf(position);
  const steps = [
    { event: 'payment.created', status: 'PENDING_WITH_BANK', postInitiationStatus: null },
    { event: 'payment.updated', status, postInitiationStatus: null },
    { event: 'payment.updated', status, postInitiationStatus },
  ];
  return steps.slice(0, postInitiationStatus === null ? 2 : 3).map((step, index) => ({
    event: step.event,
    status: step.status,
    published_at: timeOf(position, index),
    post_initiation_status: step.postInitiationStatus,
  }));
}
