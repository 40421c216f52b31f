import type { TransferAnswer } from '../payouts/creation-answer.ts';
import type { Decimal } from '../payouts/decimal.ts';
import type { LeanWord, PayoutRecord, PayoutRequest, RecordState } from '../payouts/payout-record.ts';
import type { Row } from './database.ts';

/**
 * Selects requests with their records, a row for each record, the records of a request one after the other.
 * @param where on `r`, the requests
 * @param order what follows ORDER BY in choosing the requests, such as `r.created_at LIMIT $1`
 */
export function selectRequests(where: string, order?: string): string {
  const chosen =
    order === undefined
      ? where
      : `(r.caller, r.idempotency_key) IN (
          SELECT r.caller, r.idempotency_key FROM lean_payout_requests r WHERE ${where} ORDER BY ${order})`;
  return `SELECT r.*, p.position, p.state, p.account_id, p.destination_id, p.amount, p.currency, p.description,
      p.external_reference, p.authorized, p.intent_id, p.payment_id, p.answer, p.changed_at
    FROM lean_payout_requests r
    JOIN lean_payout_records p ON p.caller = r.caller AND p.idempotency_key = r.idempotency_key
    WHERE ${chosen}
    ORDER BY r.created_at DESC, r.caller, r.idempotency_key, p.position`;
}

/** The requests that rows of `selectRequests` speak of. */
export function requestsFromRows(rows: readonly Row[]): readonly PayoutRequest[] {
  const requests = Map.groupBy(rows, row => JSON.stringify([row['caller'], row['idempotency_key']]));
  return [...requests.values()].flatMap(ofOne => {
    const [row] = ofOne;
    if (row === undefined) return [];
    return {
      caller: String(row['caller']),
      idempotencyKey: String(row['idempotency_key']),
      fingerprint: String(row['fingerprint']),
      leanWord: wordFromRow(row),
      records: ofOne.map(recordFromRow),
      underWay: row['claim'] !== null,
      attempts: Number(row['attempts']),
      createdAt: Number(row['created_at']),
      firstSentAt: time(row['first_sent_at']),
      lastSentAt: time(row['last_sent_at']),
      changedAt: Math.max(...ofOne.map(({ changed_at }) => Number(changed_at))),
      checks: Number(row['checks']),
      nextCheckAt: time(row['next_check_at']),
    };
  });
}

function wordFromRow(row: Row): LeanWord | null {
  if (row['answer_status'] === null) return null;
  return {
    status: Number(row['answer_status']),
    contentType: text(row['answer_type']),
    body: String(row['answer_body']),
  };
}

function recordFromRow(row: Row): PayoutRecord {
  return {
    position: Number(row['position']),
    transfer: {
      accountId: String(row['account_id']),
      destinationId: String(row['destination_id']),
      amount: { amount: String(row['amount']) as Decimal, currency: String(row['currency']) },
      description: String(row['description']),
      externalReference: String(row['external_reference']),
      authorize: row['authorized'] === 1,
    },
    state: String(row['state']) as RecordState,
    intentId: text(row['intent_id']),
    paymentId: text(row['payment_id']),
    answer: row['answer'] === null ? null : (JSON.parse(String(row['answer'])) as TransferAnswer),
  };
}

function time(value: unknown): number | null {
  return value === null ? null : Number(value);
}

function text(value: unknown): string | null {
  return value === null ? null : String(value);
}
