import {
  createdShape,
  creationShape,
  historyShape,
  intentShape,
  listShape,
  payoutShape,
  type Shape,
} from './shapes.ts';

/**
 * THE table: the operations of Lean's Payouts API that this gateway offers, named as the public capability names
 * them. The client is read off it, and so is every other surface that offers the same operations.
 */
export interface OperationParameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header' | 'body';
  readonly type: 'uuid' | 'integer' | 'decimal' | 'date-time' | 'key' | 'object';
  readonly required: boolean;
  readonly description: string;
  /** Of an integer. */
  readonly minimum?: number;
  readonly maximum?: number;
  /** Of an object. */
  readonly shape?: Shape;
}

export interface Operation {
  readonly name: string;
  readonly method: 'GET' | 'POST';
  /** Path template under Lean's root; `{…}` names a path parameter. */
  readonly path: string;
  /** What the capability calls what is at the path. */
  readonly resource: string;
  /** A few words, as for a button. */
  readonly title: string;
  readonly summary: string;
  /** When to use it and what to know about its answer, for people and models. */
  readonly description: string;
  readonly parameters: readonly OperationParameter[];
  /** Of a successful answer's JSON. */
  readonly answer: Shape;
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

const query = (
  name: string,
  type: OperationParameter['type'],
  description: string,
  bounds: Pick<OperationParameter, 'minimum' | 'maximum'> = {},
): OperationParameter => ({
  name,
  in: 'query',
  type,
  required: false,
  description,
  ...bounds,
});

export const operations = {
  createPayoutPayment: {
    name: 'createPayoutPayment',
    method: 'POST',
    path: '/payouts/v1/payment',
    resource: 'payout-payment',
    title: 'Create payouts',
    summary: 'Create one or more payouts. Moves money.',
    description:
      'Pays destinations out of a source account. Moves money, at most once per idempotency key: a request that is ' +
      'repeated with the same key and body is the same payout and gets the recorded answer. Choose the key before ' +
      'the first try. When no answer comes, or the answer says that the outcome is unknown, the money may be on its ' +
      'way: do not create another payout and do not use another key. Call again with the same key and the same body; ' +
      'where the answer gives a time, wait until then. When it says that an operator must decide, do not repeat the ' +
      'call; tell the user. An answer with payment_status CREATED means that Lean has taken the payout, not that it ' +
      'is paid: follow it by its payment_intent_id.',
    parameters: [
      {
        name: 'idempotency-key',
        in: 'header',
        type: 'key',
        required: false,
        description:
          'Names what is asked for once and for all, such as an order id or a UUID: 1 to 255 printable ASCII ' +
          'characters with no blank at either end. Every request with this key is the same payout, also when its ' +
          'outcome is unknown.',
      },
      {
        name: 'body',
        in: 'body',
        type: 'object',
        required: true,
        description: 'Source accounts, and for each its transfers.',
        shape: creationShape,
      },
    ],
    answer: createdShape,
    hints: { readOnly: false, destructive: false, idempotent: false },
  },
  listPayouts: {
    name: 'listPayouts',
    method: 'GET',
    path: '/payouts/v1/payments',
    resource: 'payout-payments',
    title: 'List payouts',
    summary: 'List payouts, a numbered page at a time.',
    description:
      'Lists payouts with who was paid, how much, when and how it stands; all filters are inclusive and go together. ' +
      'Rows that come while you page shift the pages; keep them out by a to in the past. A payout without a payment_id has no payment ' +
      'yet: follow it by its payment_intent_id.',
    parameters: [
      query('page_number', 'integer', 'Which page, from 0.', { minimum: 0, maximum: 1_000_000_000 }),
      query('page_size', 'integer', 'Rows on a page, 50 by default.', { minimum: 1, maximum: 1000 }),
      query('amount_min', 'decimal', 'Smallest amount, in major units.'),
      query('amount_max', 'decimal', 'Largest amount, in major units.'),
      query('from', 'date-time', 'Created at or after.'),
      query('to', 'date-time', 'Created at or before.'),
      query('from_updated_at', 'date-time', 'Last changed at or after.'),
      query('to_updated_at', 'date-time', 'Last changed at or before.'),
    ],
    answer: listShape,
    hints: read,
  },
  getPayoutPaymentHistory: {
    name: 'getPayoutPaymentHistory',
    method: 'GET',
    path: '/payouts/v1/payments/{payment_id}/history',
    resource: 'payout-history',
    title: 'History of a payout',
    summary: 'What has happened to a payout.',
    description:
      'Tells what happened to a payout and when. Some Lean applications want its payment_id here, others its ' +
      'payment_intent_id: when one is not found, try the other. It may lack what the bank found after it had ' +
      'accepted the payout; the payout itself has that.',
    parameters: [
      {
        ...paymentId,
        description: "The payout; some Lean applications want its payment id here, others its intent's id.",
      },
    ],
    answer: historyShape,
    hints: read,
  },
  getPayout: {
    name: 'getPayout',
    method: 'GET',
    path: '/payouts/v1/{payment_id}',
    resource: 'payout',
    title: 'One payout',
    summary: 'One payout in full.',
    description:
      'One payout in full, by its payment_id. It is paid when post_initiation_status is PROCESSED, and not paid when ' +
      'that is REJECTED or status is FAILED; ACCEPTED_BY_BANK alone is not final.',
    parameters: [paymentId],
    answer: payoutShape,
    hints: read,
  },
  getPayoutIntent: {
    name: 'getPayoutIntent',
    method: 'GET',
    path: '/payouts/v1/intents/{payment_intent_id}',
    resource: 'payout-intent',
    title: 'What a payout was meant to be',
    summary: 'What a payout was meant to be, with its destination and, once there is one, its payment.',
    description:
      'What was asked for when a payout was created: amount, destination, your own external_reference, and the ' +
      'payment once there is one. Use it to follow a payout that has no payment_id yet.',
    parameters: [
      {
        name: 'payment_intent_id',
        in: 'path',
        type: 'uuid',
        required: true,
        description: 'The intent, known from the moment a payout is created.',
      },
    ],
    answer: intentShape,
    hints: read,
  },
} as const satisfies Record<string, Operation>;

/** A call that resolves a reference inside the graph; it is not offered as an operation of its own. */
export const getPayoutDestination = {
  name: 'getPayoutDestination',
  method: 'GET',
  path: '/payouts/v1/payment/destinations/{destination_id}',
  parameters: [
    {
      name: 'destination_id',
      in: 'path',
      type: 'uuid',
      required: true,
      description: 'The destination, as its creation named it.',
    },
  ],
} as const satisfies LeanCall;

/** A call that tells what has been announced by webhooks; it is not offered as an operation of its own. */
export const listEvents = {
  name: 'listEvents',
  method: 'GET',
  path: '/events/v1',
  parameters: [],
} as const satisfies LeanCall;

/** Where an operation is among the REST routes, as the capability has it. */
export function restPathOf({ path }: Operation): string {
  return `/v1${path}`;
}

/** What an operation is called among the tools, as the capability has it. */
export function toolNameOf({ name }: Operation): string {
  return `lean-${name.toLowerCase()}`;
}

/** All that it takes to call Lean. */
export type LeanCall = Pick<Operation, 'name' | 'method' | 'path' | 'parameters'>;

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
export function targetOf(operation: LeanCall, args: OperationArguments): string {
  let path = '';
  let isText = true;
  for (const part of partsOf(operation)) {
    path += isText ? part : segmentOf(operation, part, args);
    isText = !isText;
  }
  if (args.query === undefined) return path;
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(args.query)) if (value !== undefined) search.append(name, value);
  return search.size === 0 ? path : `${path}?${search.toString()}`;
}

const parts = new WeakMap<LeanCall, readonly string[]>();

/** A path's texts, and between each two of them the name of a parameter. */
function partsOf(operation: LeanCall): readonly string[] {
  let known = parts.get(operation);
  if (known === undefined) {
    known = operation.path.split(/\{(\w+)\}/);
    parts.set(operation, known);
  }
  return known;
}

function segmentOf(operation: LeanCall, name: string, { path }: OperationArguments): string {
  const value = path?.[name];
  if (value === undefined || value === '' || value === '.' || value === '..')
    throw new TypeError(`${operation.name}: no usable value for ${name}`);
  return encodeURIComponent(value);
}
