import type { Shape } from './shape.ts';

/** The body of a creation, described for callers who do not know Lean. */
export const creationShape: Shape = {
  type: 'object',
  description: 'The source accounts, and the transfers from each of them.',
  required: ['payment_details'],
  additionalProperties: false,
  properties: {
    payment_details: {
      type: 'array',
      minItems: 1,
      maxItems: 100,
      description: 'One entry for each source account, with at most 100 transfers in all entries together.',
      items: {
        type: 'object',
        required: ['account_id', 'destination_details'],
        additionalProperties: false,
        properties: {
          account_id: {
            type: 'string',
            pattern: '^[\\w-]{1,64}$',
            description: 'The id of the source account, from the Payouts tab of Lean’s dashboard.',
            examples: ['a0000000-0000-4000-8000-000000000001'],
          },
          currency: {
            type: 'string',
            pattern: '^[A-Z]{3}$',
            description: 'ISO 4217 code for transfers without a currency of their own.',
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
                  // The texts that `parseDecimal` accepts, without a sign.
                  pattern: '^(0|[1-9]\\d*)(\\.\\d+)?([eE][+-]?\\d{1,2})?$',
                  maxLength: 64,
                  description:
                    'In major units, with no more decimals than the currency has, and at most 18 digits before the ' +
                    'point: 16.5 or "16.50". Send an amount of more than 15 digits as text.',
                  examples: ['16.50'],
                },
                currency: {
                  type: 'string',
                  pattern: '^[A-Z]{3}$',
                  description: 'ISO 4217 code. The default is the currency of the entry.',
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
                    'Your own id of the payout, which its intent has as external_reference: at most 64 characters, ' +
                    'without a space at either end. By default it is derived from the idempotency key.',
                },
                authorize_payment: {
                  type: 'boolean',
                  description: 'Whether Lean authorises the payout at once. Otherwise it waits for a person.',
                },
              },
            },
          },
        },
      },
    },
  },
};
