import type { Shape } from './shape.ts';

/*
 * Lean's answers, described for callers who do not know Lean, in this gateway's own words. As at Lean, every field may be
 * missing or null, and there may be others.
 */

/** How Lean's two statuses tell whether a payout is paid, for people and language models. */
export const outcomeRule =
  'A payout is paid when post_initiation_status is PROCESSED. It is not paid when post_initiation_status is REJECTED, or ' +
  'status is FAILED or AUTHORISATION_FAILED. ACCEPTED_BY_BANK alone is not final.';

const nullable = (type: string, description: string, more: Shape = {}): Shape => ({
  type: [type, 'null'],
  description,
  ...more,
});
const text = (description: string): Shape => nullable('string', description);
const time = (description: string): Shape =>
  nullable('string', `${description} RFC 3339, UTC.`, { examples: ['2026-03-01T08:30:00.123456Z'] });
const object = (description: string, properties: Readonly<Record<string, Shape>>): Shape => ({
  type: ['object', 'null'],
  description,
  properties,
});

const amount = nullable('number', 'In major units: 16.5 with AED is sixteen dirhams and fifty fils.');
const currency = nullable('string', 'ISO 4217 code.', { examples: ['AED', 'SAR'] });
const status = nullable(
  'string',
  'One of CREATED, AWAITING_AUTHORIZATION, PENDING_WITH_BANK, ACCEPTED_BY_BANK (not final), FAILED or ' +
    'AUTHORISATION_FAILED. Other values are possible.',
);
const postInitiationStatus = nullable(
  'string',
  'The result of the bank’s tracking after it accepted the payout: PROCESSED (paid) or REJECTED (not paid); null ' +
    'while the tracking goes on.',
);
const intentId = text('Lean’s id of the intent, known from the moment of creation.');
const paymentId = text('Lean’s id of the payment; missing until Lean has made a payment for the intent.');
const reference = text('The bank’s reference of the transfer.');
const party = (description: string): Shape =>
  object(description, {
    name: text('Name on the account.'),
    account_number: text('Account number.'),
    iban: text('IBAN.'),
  });

const payment: Readonly<Record<string, Shape>> = {
  id: paymentId,
  payment_intent_id: intentId,
  payment_source_id: text('The source that pays.'),
  sender_details: party('The account that is debited.'),
  recipient_details: party('The account that is paid.'),
  amount,
  currency,
  description: text('Reference text for the recipient’s bank.'),
  submission_timestamp: time('When it was submitted.'),
  initiation_timestamp: time('When its initiation began.'),
  status,
  post_initiation_status: postInitiationStatus,
  bank_transaction_reference: reference,
  granular_status_code: text('A finer code for the status.'),
  status_additional_details: text('Details of the status, as prose.'),
};

const pageNumbers: Shape = object('The position of this page.', {
  number: nullable('integer', 'The page number, from 0.'),
  size: nullable('integer', 'Rows of a page.'),
  total_elements: nullable('integer', 'Rows of all pages.'),
  total_pages: nullable('integer', 'The number of pages.'),
});

const historyEntry: Shape = {
  type: 'object',
  properties: {
    payment_id: paymentId,
    events: nullable('array', 'The events of this payment, oldest first or newest first.', {
      items: {
        type: 'object',
        properties: {
          event: text('payment.created or payment.updated.'),
          status,
          post_initiation_status: postInitiationStatus,
          published_at: time('When it happened.'),
        },
      },
    }),
  },
};

export const payoutShape: Shape = { type: 'object', properties: payment };

export const intentShape: Shape = {
  type: 'object',
  properties: {
    payment_intent_id: intentId,
    customer_id: text('The customer of the payout.'),
    amount,
    currency,
    description: text('Reference text for the recipient’s bank.'),
    external_reference: text('Your own id of the payout, as given at creation.'),
    payment: object('The payment of this intent; null or missing before there is one.', payment),
    payment_destination: object('The destination (beneficiary).', {
      id: text('Id of the destination.'),
      status: text('ACTIVE if it can be paid.'),
      name: text('Legal name.'),
      display_name: text('Display name. Some Lean applications send it as short_name.'),
      iban: text('IBAN.'),
      account_number: text('Account number.'),
      swift_code: text('SWIFT (BIC) of its bank.'),
      bank_identifier: text('Lean’s identifier of its bank.'),
    }),
  },
};

export const listShape: Shape = {
  type: 'object',
  properties: {
    content: nullable('array', 'The payouts of this page.', {
      items: {
        type: 'object',
        properties: {
          payment_intent_id: intentId,
          payment_id: paymentId,
          status,
          post_initiation_status: postInitiationStatus,
          amount,
          currency,
          description: text('Reference text for the recipient’s bank.'),
          recipient_name: text('Name of the recipient.'),
          recipient_iban: text('IBAN of the recipient.'),
          recipient_bank_name: text('Lean’s identifier of the recipient’s bank.'),
          auto_authorized: nullable('boolean', 'Whether Lean authorised the payout automatically.'),
          pending_manual_authorization: nullable(
            'boolean',
            'Whether the payout waits for authorisation by a person.',
          ),
          bank_transaction_reference: reference,
          created_at: time('When it was created.'),
          updated_at: time('When it last changed.'),
        },
      },
    }),
    page: pageNumbers,
  },
};

export const historyShape: Shape = {
  type: 'object',
  properties: {
    content: nullable('array', 'The payments of an intent, each with its events.', {
      items: historyEntry,
    }),
    payments: nullable('array', 'The same, as older Lean applications send it.', { items: historyEntry }),
    page: pageNumbers,
  },
};

const createdFields: Readonly<Record<string, Shape>> = {
  destination_id: text('Id of the destination.'),
  amount,
  currency,
  payment_status: nullable(
    'string',
    'Usually CREATED: Lean has accepted the payout, which is not paid yet. FAILED: Lean has not accepted it.',
  ),
  error_message: text('Why the payout failed at once.'),
  recipient_details: party('The account that is paid.'),
};

/** Some Lean applications answer with an object, others with an array that has one. */
const createdTransfer: Shape = {
  type: ['object', 'array', 'null'],
  description: 'What was requested, and its status.',
  properties: createdFields,
  items: { type: 'object', properties: createdFields },
};

export const createdShape: Shape = {
  type: 'object',
  properties: {
    end_user_id: text('The bank credentials used.'),
    payouts_payment_details: nullable(
      'array',
      'One payout for each transfer, in the order of the transfers.',
      {
        items: {
          type: 'object',
          properties: {
            payment_intent_id: intentId,
            payment_id: paymentId,
            initiate_payment_task_id: text('Id of the task, for Lean’s support.'),
            account_number: text('The account that is debited.'),
            iban: text('Its IBAN.'),
            bank_identifier: text('Lean’s identifier of its bank.'),
            destination_details: createdTransfer,
          },
        },
      },
    ),
  },
};
