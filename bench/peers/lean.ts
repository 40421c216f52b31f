import { Agent, request, setGlobalDispatcher } from 'undici';

/* The Lean client of all peers, and its conversions. It is written in the simplest way, with amounts as floats. */

const leanUrl = process.argv[2] ?? '';
// Node's TypeScript loader has already installed the agent of the undici inside Node as the global one.
setGlobalDispatcher(new Agent());

const headers = { accept: 'application/json', authorization: 'Bearer token' };

async function get<Body>(path: string): Promise<Body> {
  const { statusCode, body } = await request(`${leanUrl}${path}`, { headers });
  if (statusCode !== 200) throw new Error(`Lean responded ${String(statusCode)}`);
  return (await body.json()) as Body;
}

export type PayoutStatus = 'CREATED' | 'PENDING_WITH_BANK' | 'ACCEPTED_BY_BANK' | 'FAILED';
export type PostInitiationStatus = 'PROCESSED' | 'REJECTED';

interface LeanPayout {
  readonly amount: number;
  readonly currency: string;
  readonly description: string;
  readonly status: PayoutStatus;
  readonly post_initiation_status: PostInitiationStatus | null;
  readonly bank_transaction_reference: string | null;
  readonly payment_intent_id: string;
}

export interface Money {
  readonly amount: string;
  readonly currency: string;
}

export interface Payout {
  readonly id: string;
  readonly intentId: string;
  readonly amount: Money;
  readonly description: string;
  readonly status: PayoutStatus;
  readonly leanStatus: string;
  readonly postInitiationStatus: PostInitiationStatus | null;
  readonly recipient: { readonly displayName: string };
  readonly bankTransactionReference: string | null;
  readonly createdAt: string | null;
  readonly submittedAt: string | null;
}

function payoutFrom(lean: LeanPayout) {
  return {
    id: idPrefix + lean.payment_intent_id,
    intentId: lean.payment_intent_id,
    amount: { amount: String(lean.amount), currency: lean.currency },
    description: lean.description,
    status: lean.status,
    leanStatus: lean.status,
    postInitiationStatus: lean.post_initiation_status,
    bankTransactionReference: lean.bank_transaction_reference,
  };
}

interface LeanIntent {
  readonly payment_intent_id: string;
  readonly external_reference: string;
  readonly payment: LeanPayout & { readonly submission_timestamp: string };
  readonly payment_destination: { readonly short_name: string };
}

const idPrefix = 'po_';

function getIntent(intentId: string): Promise<LeanIntent> {
  return get<LeanIntent>(`/payouts/v1/intents/${encodeURIComponent(intentId)}`);
}

export async function readPayout(id: string): Promise<Payout> {
  const { payment, payment_destination } = await getIntent(id.slice(idPrefix.length));
  return {
    ...payoutFrom(payment),
    recipient: { displayName: payment_destination.short_name },
    createdAt: null,
    submittedAt: payment.submission_timestamp,
  };
}

type Maybe<Value> = Value | null | undefined;

export interface PayoutsArguments {
  readonly first?: Maybe<number>;
  readonly filter?: Maybe<{ readonly amount?: Maybe<{ readonly min?: Maybe<string> }> }>;
}

export interface PayoutConnection {
  readonly nodes: readonly Payout[];
  readonly pageInfo: { readonly hasNextPage: boolean };
}

interface LeanRow extends LeanPayout {
  readonly recipient_name: string;
  readonly created_at: string;
}

export async function readPayouts({ first, filter }: PayoutsArguments): Promise<PayoutConnection> {
  const size = first ?? 50;
  const query = new URLSearchParams({ page_number: '0', page_size: String(size) });
  const min = filter?.amount?.min;
  if (min != null) query.set('amount_min', min);
  const { content, page } = await get<{
    readonly content: readonly LeanRow[];
    readonly page: { readonly total_elements: number };
  }>(`/payouts/v1/payments?${query.toString()}`);
  const nodes = content.map(row => ({
    ...payoutFrom(row),
    recipient: { displayName: row.recipient_name },
    createdAt: row.created_at,
    submittedAt: null,
  }));
  return { nodes, pageInfo: { hasNextPage: page.total_elements > size } };
}

export interface PayoutIntent {
  readonly id: string;
  readonly externalReference: string;
}

export async function readIntent(id: string): Promise<PayoutIntent> {
  const lean = await getIntent(id);
  return { id: lean.payment_intent_id, externalReference: lean.external_reference };
}

export interface HistoryEvent {
  readonly type: 'PAYMENT_CREATED' | 'PAYMENT_UPDATED';
  readonly status: PayoutStatus;
  readonly publishedAt: string;
}

interface LeanHistoryEntry {
  readonly events: readonly {
    readonly event: string;
    readonly status: PayoutStatus;
    readonly published_at: string;
  }[];
}

/** The events of all payments of an intent, oldest first. */
export async function readHistory(intentId: string): Promise<readonly HistoryEvent[]> {
  const { content } = await get<{ readonly content: readonly LeanHistoryEntry[] }>(
    `/payouts/v1/payments/${encodeURIComponent(intentId)}/history`,
  );
  return content
    .flatMap(({ events }) => events.map(eventFrom))
    .sort((a, b) => (a.publishedAt < b.publishedAt ? -1 : 1));
}

function eventFrom({ event, status, published_at }: LeanHistoryEntry['events'][number]): HistoryEvent {
  const type = event === 'payment.created' ? 'PAYMENT_CREATED' : 'PAYMENT_UPDATED';
  return { type, status, publishedAt: published_at };
}

export interface CreatePayoutInput {
  readonly idempotencyKey: string;
  readonly accountId: string;
  readonly destinationId: string;
  readonly amount: Money;
  readonly description: string;
  readonly authorize: boolean;
}

export interface PayoutCreated {
  readonly __typename: 'PayoutCreated';
  readonly idempotencyKey: string;
  readonly intentId: string;
  readonly payoutId: string;
  readonly status: PayoutStatus;
  readonly amount: Money;
  readonly recipient: { readonly displayName: string };
}

interface LeanCreated {
  readonly payouts_payment_details: readonly [
    {
      readonly payment_intent_id: string;
      readonly destination_details: {
        readonly amount: number;
        readonly currency: string;
        readonly payment_status: PayoutStatus;
        readonly recipient_details: { readonly name: string };
      };
    },
  ];
}

export async function createPayout(input: CreatePayoutInput): Promise<PayoutCreated> {
  const { idempotencyKey, accountId, destinationId, amount, description, authorize } = input;
  const { currency } = amount;
  const transfer = {
    payment_destination_id: destinationId,
    amount: Number(amount.amount),
    currency,
    description,
    external_reference: idempotencyKey,
    authorize_payment: authorize,
  };
  const { statusCode, body } = await request(`${leanUrl}/payouts/v1/payment`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
    body: JSON.stringify({
      payment_details: [{ account_id: accountId, currency, destination_details: [transfer] }],
    }),
  });
  if (statusCode !== 200) throw new Error(`Lean responded ${String(statusCode)}`);
  const { payouts_payment_details } = (await body.json()) as LeanCreated;
  const [{ payment_intent_id, destination_details: detail }] = payouts_payment_details;
  return {
    __typename: 'PayoutCreated',
    idempotencyKey,
    intentId: payment_intent_id,
    payoutId: idPrefix + payment_intent_id,
    status: detail.payment_status,
    amount: { amount: String(detail.amount), currency: detail.currency },
    recipient: { displayName: detail.recipient_details.name },
  };
}
