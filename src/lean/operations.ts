/**
 * THE table: the operations of Lean's Payouts API that this gateway offers, named as the public capability names
 * them. The client is read off it, and so is every other surface that offers the same operations.
 */

export interface OperationParameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header' | 'body';
  readonly type: 'uuid' | 'integer' | 'decimal' | 'date-time' | 'string' | 'object';
  readonly required: boolean;
  readonly description: string;
}

export interface Operation {
  readonly name: string;
  readonly method: 'GET' | 'POST';
  /** Path template under Lean's root; `{…}` names a path parameter. */
  readonly path: string;
  readonly summary: string;
  readonly parameters: readonly OperationParameter[];
  /** What a caller, human or agent, may assume of calling it. */
  readonly hints: { readonly readOnly: boolean; readonly destructive: boolean; readonly idempotent: boolean };
}

const read = { readOnly: true, destructive: false, idempotent: true } as const;

const paymentId: OperationParameter = {
  name: 'payment_id',
  in: 'path',
  type: 'uuid',
  required: true,
  description: 'The payout, by the id that Lean gave its payment.',
};

const query = (name: string, type: OperationParameter['type'], description: string): OperationParameter => ({
  name,
  in: 'query',
  type,
  required: false,
  description,
});

export const operations = {
  createPayoutPayment: {
    name: 'createPayoutPayment',
    method: 'POST',
    path: '/payouts/v1/payment',
    summary: 'Create one or more payouts. Moves money.',
    parameters: [
      {
        name: 'idempotency-key',
        in: 'header',
        type: 'string',
        required: false,
        description: 'Repeats of a request with the same key are the same payout.',
      },
      {
        name: 'body',
        in: 'body',
        type: 'object',
        required: true,
        description: 'Source accounts, and for each its transfers.',
      },
    ],
    hints: { readOnly: false, destructive: false, idempotent: false },
  },
  listPayouts: {
    name: 'listPayouts',
    method: 'GET',
    path: '/payouts/v1/payments',
    summary: 'List payouts, a numbered page at a time.',
    parameters: [
      query('page_number', 'integer', 'Which page, from 0.'),
      query('page_size', 'integer', 'Rows on a page, 50 by default.'),
      query('amount_min', 'decimal', 'Smallest amount, in major units.'),
      query('amount_max', 'decimal', 'Largest amount, in major units.'),
      query('from', 'date-time', 'Created at or after.'),
      query('to', 'date-time', 'Created at or before.'),
      query('from_updated_at', 'date-time', 'Last changed at or after.'),
      query('to_updated_at', 'date-time', 'Last changed at or before.'),
    ],
    hints: read,
  },
  getPayoutPaymentHistory: {
    name: 'getPayoutPaymentHistory',
    method: 'GET',
    path: '/payouts/v1/payments/{payment_id}/history',
    summary: 'What has happened to a payout.',
    parameters: [
      {
        ...paymentId,
        description: "The payout; some Lean applications want its payment id here, others its intent's id.",
      },
    ],
    hints: read,
  },
  getPayout: {
    name: 'getPayout',
    method: 'GET',
    path: '/payouts/v1/{payment_id}',
    summary: 'One payout in full.',
    parameters: [paymentId],
    hints: read,
  },
  getPayoutIntent: {
    name: 'getPayoutIntent',
    method: 'GET',
    path: '/payouts/v1/intents/{payment_intent_id}',
    summary: 'What a payout was meant to be, with its destination and, once there is one, its payment.',
    parameters: [
      {
        name: 'payment_intent_id',
        in: 'path',
        type: 'uuid',
        required: true,
        description: 'The intent, known from the moment a payout is created.',
      },
    ],
    hints: read,
  },
} as const satisfies Record<string, Operation>;

/** A call that resolves a reference inside the graph; it is not offered as an operation of its own. */
export const getPayoutDestination = {
  name: 'getPayoutDestination',
  method: 'GET',
  path: '/payouts/v1/payment/destinations/{destination_id}',
  summary: 'One destination (beneficiary).',
  parameters: [
    {
      name: 'destination_id',
      in: 'path',
      type: 'uuid',
      required: true,
      description: 'The destination, as its creation named it.',
    },
  ],
  hints: read,
} as const satisfies Operation;

/** Values for an operation's parameters, by name. Query parameters that are undefined are left out. */
export interface OperationArguments {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/**
 * The request target (path and query) of an operation with its arguments filled in and escaped: an id can neither
 * leave its path segment nor add to the query.
 */
export function targetOf(operation: Operation, args: OperationArguments): string {
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = args.path?.[name];
    if (value === undefined || /^\.{0,2}$/.test(value))
      throw new TypeError(`${operation.name}: no usable value for ${name}`);
    return encodeURIComponent(value);
  });
  if (args.query === undefined) return path;
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(args.query)) if (value !== undefined) search.append(name, value);
  return search.size === 0 ? path : `${path}?${search.toString()}`;
}
