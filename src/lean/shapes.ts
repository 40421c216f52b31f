/**
 * What Lean's requests and answers look like, as JSON Schema (2020-12), in our own words: for whoever calls the
 * operations without knowing Lean. Answers promise little, as Lean's do: every field may be missing or null, and
 * there may be others.
 */
export interface Shape {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly format?: string;
  readonly pattern?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly items?: Shape;
}

const maybe = (type: string, description: string, more: Shape = {}): Shape => ({
  type: [type, 'null'],
  description,
  ...more,
});
const text = (description: string): Shape => maybe('string', description);
const time = (description: string): Shape =>
  maybe('string', `${description} RFC 3339, UTC.`, { examples: ['2026-03-01T08:30:00.123456Z'] });
const object = (description: string, properties: Readonly<Record<string, Shape>>): Shape => ({
  type: ['object', 'null'],
  description,
  properties,
});

const amount = maybe('number', 'In major units: 16.5 with AED is sixteen dirhams and fifty fils.');
const currency = maybe('string', 'ISO 4217 code.', { examples: ['AED', 'SAR'] });
const status = maybe(
  'string',
  'Where it stands: CREATED, AWAITING_AUTHORIZATION, PENDING_WITH_BANK, ACCEPTED_BY_BANK (not final), FAILED or ' +
    'AUTHORISATION_FAILED; other words may come.',
);
const postInitiationStatus = maybe(
  'string',
  'What the bank’s tracking found after it accepted the payout: PROCESSED (paid) or REJECTED (not paid); null while ' +
    'it goes on.',
);
const intentId = text('Lean’s id of what was asked for, known from the moment of creation.');
const paymentId = text('Lean’s id of the payment; missing until Lean has made one of the intent.');
const reference = text('The bank’s reference of the transfer.');
const party = (who: string): Shape =>
  object(who, {
    name: text('Name on the account.'),
    account_number: text('Account number.'),
    iban: text('IBAN.'),
  });

const payment: Readonly<Record<string, Shape>> = {
  id: paymentId,
  payment_intent_id: intentId,
  payment_source_id: text('The source that pays.'),
  sender_details: party('The account that is debited.'),
  recipient_details: party('Who is paid.'),
  amount,
  currency,
  description: text('Reference text for the recipient’s bank.'),
  submission_timestamp: time('When it was submitted.'),
  initiation_timestamp: time('When its initiation began.'),
  status,
  post_initiation_status: postInitiationStatus,
  bank_transaction_reference: reference,
  granular_status_code: text('A finer code for the status.'),
  status_additional_details: text('More on the status, in words.'),
};

const pageNumbers: Shape = object('Which page this is.', {
  number: maybe('integer', 'Which page, from 0.'),
  size: maybe('integer', 'Rows on a page.'),
  total_elements: maybe('integer', 'Rows in all.'),
  total_pages: maybe('integer', 'Pages in all.'),
});

const historyEntry: Shape = {
  type: 'object',
  properties: {
    payment_id: paymentId,
    events: maybe('array', 'What happened to this payment; in either order of time.', {
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
    customer_id: text('The customer it is for.'),
    amount,
    currency,
    description: text('Reference text for the recipient’s bank.'),
    external_reference: text('Your own id of it, as it was given at creation.'),
    payment: object('The payment made of it; null or missing before there is one.', payment),
    payment_destination: object('The destination (beneficiary).', {
      id: text('Id of the destination.'),
      status: text('ACTIVE when it can be paid.'),
      name: text('Legal name.'),
      display_name: text('Name to show; some Lean applications call it short_name.'),
      iban: text('IBAN.'),
      account_number: text('Account number.'),
      swift_code: text('SWIFT (BIC) of its bank.'),
      bank_identifier: text('Lean’s name of its bank.'),
    }),
  },
};

export const listShape: Shape = {
  type: 'object',
  properties: {
    content: maybe('array', 'The payouts of this page.', {
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
          recipient_name: text('Who is paid.'),
          recipient_iban: text('Their IBAN.'),
          recipient_bank_name: text('Lean’s name of their bank.'),
          auto_authorized: maybe('boolean', 'Whether Lean authorised it by itself.'),
          pending_manual_authorization: maybe('boolean', 'Whether it waits for a person.'),
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
    content: maybe('array', 'The payments of an intent, with what happened to each.', {
      items: historyEntry,
    }),
    payments: maybe('array', 'The same, as older Lean applications name it.', { items: historyEntry }),
    page: pageNumbers,
  },
};

const createdTransfer: Shape = {
  type: ['object', 'array', 'null'],
  description: 'What was asked for, and how it stands.',
  properties: {
    destination_id: text('Id of the destination.'),
    amount,
    currency,
    payment_status: maybe(
      'string',
      'Mostly CREATED: Lean has taken it, it is not paid yet. FAILED: it was not.',
    ),
    error_message: text('Why it failed on the spot.'),
    recipient_details: party('Who is paid.'),
  },
};

export const createdShape: Shape = {
  type: 'object',
  properties: {
    end_user_id: text('The bank credentials used.'),
    payouts_payment_details: maybe('array', 'A payout for each transfer, in their order.', {
      items: {
        type: 'object',
        properties: {
          payment_intent_id: intentId,
          payment_id: paymentId,
          initiate_payment_task_id: text('Names it to Lean’s support.'),
          account_number: text('The account that is debited.'),
          iban: text('Its IBAN.'),
          bank_identifier: text('Lean’s name of its bank.'),
          destination_details: createdTransfer,
        },
      },
    }),
  },
};

export const creationShape: Shape = {
  type: 'object',
  description: 'Source accounts, and for each the transfers to make from it.',
  required: ['payment_details'],
  additionalProperties: false,
  properties: {
    payment_details: {
      type: 'array',
      minItems: 1,
      maxItems: 100,
      description: 'One entry for each source account; at most 100 transfers in all of them.',
      items: {
        type: 'object',
        required: ['account_id', 'destination_details'],
        additionalProperties: false,
        properties: {
          account_id: {
            type: 'string',
            pattern: '^[\\w-]{1,64}$',
            description: 'The source account, as the Payouts tab of Lean’s dashboard names it.',
            examples: ['a0000000-0000-4000-8000-000000000001'],
          },
          currency: {
            type: 'string',
            pattern: '^[A-Z]{3}$',
            description: 'ISO 4217 code, for transfers that name none of their own.',
            examples: ['AED', 'SAR'],
          },
          destination_details: {
            type: 'array',
            minItems: 1,
            maxItems: 100,
            description: 'The transfers.',
            items: {
              type: 'object',
              required: ['payment_destination_id', 'amount', 'description', 'authorize_payment'],
              additionalProperties: false,
              properties: {
                payment_destination_id: {
                  type: 'string',
                  format: 'uuid',
                  description: 'The destination (beneficiary) to pay; its status must be ACTIVE.',
                  examples: ['d0000000-0000-4000-8000-000000000001'],
                },
                amount: {
                  type: ['number', 'string'],
                  exclusiveMinimum: 0,
                  pattern: '^\\d{1,18}(\\.\\d+)?$',
                  description:
                    'In major units, with no more decimals than the currency has: 16.5 or "16.50". Send more than ' +
                    '15 digits as text.',
                  examples: ['16.50'],
                },
                currency: {
                  type: 'string',
                  pattern: '^[A-Z]{3}$',
                  description: 'ISO 4217 code; by default that of the entry.',
                  examples: ['AED'],
                },
                description: {
                  type: 'string',
                  minLength: 1,
                  maxLength: 32,
                  description: 'Reference text for the recipient’s bank: 1 to 32 characters.',
                  examples: ['INV 001'],
                },
                external_reference: {
                  type: ['string', 'null'],
                  maxLength: 64,
                  description:
                    'Your own id of the payout, which its intent carries: at most 64 characters with no blank at ' +
                    'either end. By default it is made of the idempotency key.',
                },
                authorize_payment: {
                  type: 'boolean',
                  description: 'Whether Lean is to authorise it at once; otherwise it waits for a person.',
                },
              },
            },
          },
        },
      },
    },
  },
};
