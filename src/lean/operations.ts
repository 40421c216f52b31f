import {
  createdShape,
  historyShape,
  intentShape,
  listShape,
  outcomeRule,
  payoutShape,
} from './answer-shapes.ts';
import { creationShape } from './creation-shape.ts';
import type { Shape } from './shape.ts';

export interface OperationParameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header' | 'body';
  readonly type: 'uuid' | 'integer' | 'decimal' | 'date-time' | 'key' | 'object';
  readonly required: boolean;
  readonly description: string;
  /** For an integer. */
  readonly minimum?: number;
  readonly maximum?: number;
  /** The default of the MCP tool, if it differs from Lean's, and its description. */
  readonly ofTool?: { readonly default: number; readonly description: string };
  /** For an object. */
  readonly shape?: Shape;
}

export interface Operation {
  readonly name: string;
  readonly method: 'GET' | 'POST';
  /** Path template below Lean's root. `{…}` is a path parameter. */
  readonly path: string;
  /** The capability's name of the resource at the path. */
  readonly resource: string;
  /** A short title, as for a button. */
  readonly title: string;
  readonly summary: string;
  /** When to use the operation and how to read its answer, for people and language models. */
  readonly description: string;
  readonly parameters: readonly OperationParameter[];
  /** The JSON of a successful answer. */
  readonly answer: Shape;
  /** Properties of every call, for people and agents who decide whether to make it. */
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
  bounds: Pick<OperationParameter, 'minimum' | 'maximum' | 'ofTool'> = {},
): OperationParameter => ({
  name,
  in: 'query',
  type,
  required: false,
  description,
  ...bounds,
});

/**
 * The operations of Lean's Payouts API that this gateway offers, with the names of the public capability. The Lean
 * client and every surface (REST, MCP, OpenAPI) are derived from this table.
 */
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
      'call; tell the user. An answer with payment_status CREATED means that Lean has accepted the payout, not that it ' +
      'is paid: follow it by its payment_intent_id.',
    parameters: [
      {
        name: 'idempotency-key',
        in: 'header',
        type: 'key',
        required: false,
        description:
          'Identifies the payout permanently, such as an order id or a UUID: 1 to 255 printable ASCII characters, ' +
          'without a space at either end. Every request with this key is the same payout, even while its outcome is ' +
          'unknown.',
      },
      {
        name: 'body',
        in: 'body',
        type: 'object',
        required: true,
        description: 'The source accounts, and the transfers from each of them.',
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
    summary: 'List payouts by numbered pages.',
    description:
      'Lists payouts with recipient, amount, times and status. All filters are inclusive, and a row must match all of ' +
      'them. New rows shift the pages while you read; to exclude them, set the filter `to` to a time in the past. A payout ' +
      'without a payment_id has no payment yet: follow it by its payment_intent_id.',
    parameters: [
      query('page_number', 'integer', 'The page number, from 0.', { minimum: 0, maximum: 1_000_000_000 }),
      query('page_size', 'integer', 'Rows of a page, 50 by default.', {
        minimum: 1,
        maximum: 1000,
        // A row takes a language model about 500 tokens, because a tool returns it as text and as structured content.
        ofTool: {
          default: 10,
          description: 'Rows of a page, 10 by default. A row takes about 500 tokens, so ask for few.',
        },
      }),
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
    summary: 'The events of a payout.',
    description:
      'The events of a payout with their times. Some Lean applications expect its payment_id here, others its ' +
      'payment_intent_id: if one is not found, try the other. The history may lack what the bank found after it had ' +
      'accepted the payout; the payout itself has it as post_initiation_status.',
    parameters: [
      {
        ...paymentId,
        description:
          'The payout. Some Lean applications expect the id of its payment here, others the id of its intent.',
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
    description: `One payout in full, by its payment_id. ${outcomeRule}`,
    parameters: [paymentId],
    answer: payoutShape,
    hints: read,
  },
  getPayoutIntent: {
    name: 'getPayoutIntent',
    method: 'GET',
    path: '/payouts/v1/intents/{payment_intent_id}',
    resource: 'payout-intent',
    title: 'Intent of a payout',
    summary: 'What was requested for a payout, with its destination and, once there is one, its payment.',
    description:
      'What was requested when a payout was created: amount, destination, your own external_reference, and the ' +
      `payment once there is one. Use it to follow a payout that has no payment_id yet. ${outcomeRule}`,
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

/** A call for the destination of a payout in the graph. The gateway does not offer it as an operation. */
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
      description: 'The destination, by the id from its creation.',
    },
  ],
} as const satisfies LeanCall;

/** A call for the events that Lean has sent by webhooks. The gateway does not offer it as an operation. */
export const listEvents = {
  name: 'listEvents',
  method: 'GET',
  path: '/events/v1',
  parameters: [],
} as const satisfies LeanCall;

/** The REST path of an operation, as in the capability. */
export function restPathOf({ path }: Operation): string {
  return `/v1${path}`;
}

/** The name of an operation's MCP tool, as in the capability. */
export function toolNameOf({ name }: Operation): string {
  return `lean-${name.toLowerCase()}`;
}

/** The part of an operation that a call to Lean needs. */
export type LeanCall = Pick<Operation, 'name' | 'method' | 'path' | 'parameters'>;

/** Values for an operation's parameters, by name. Query parameters that are undefined are left out. */
export interface OperationArguments {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/**
 * The request target (path and query) of an operation with its arguments. They are escaped, so that an id can neither
 * leave its path segment nor add to the query.
 * @throws TypeError when a path parameter is missing, empty, `.` or `..`
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

const pathParts = new WeakMap<LeanCall, readonly string[]>();

/** The path template, split: literal texts alternate with parameter names, from a text to a text. */
function partsOf(operation: LeanCall): readonly string[] {
  let parts = pathParts.get(operation);
  if (parts === undefined) {
    parts = operation.path.split(/\{(\w+)\}/);
    pathParts.set(operation, parts);
  }
  return parts;
}

function segmentOf(operation: LeanCall, name: string, { path }: OperationArguments): string {
  const value = path?.[name];
  if (value === undefined || value === '' || value === '.' || value === '..')
    throw new TypeError(
      `${operation.name}: the path parameter ${name} must be a text other than "", "." and ".."`,
    );
  return encodeURIComponent(value);
}
