import type { PayoutRejected, TransferAnswer } from '../payouts/creation/creation-answer.ts';
import { isFinding } from '../payouts/creation/finding.ts';
import type {
  PayoutRecord,
  PayoutRequest,
  RecordState,
  UpstreamResponse,
} from '../payouts/creation/payout-record.ts';
import type { SendGrant, SendHistory } from '../payouts/creation/send-history.ts';
import type { Decimal } from '../payouts/values/decimal.ts';
import type { Row } from './database.ts';

/** The columns that `recordFromRow` reads. `p` is the alias of the table. */
export const recordColumns = `p.position, p.state, p.account_id, p.destination_id, p.amount, p.currency,
  p.description, p.external_reference, p.authorize, p.intent_id, p.payment_id, p.answer, p.changed_at`;

/** Whether a record, as `p`, belongs to a request, as `r`. */
export const isRecordOfRequest = 'p.caller = r.caller AND p.idempotency_key = r.idempotency_key';

/**
 * Selects requests with their records: one row for each record, in the order of the transfers of each request.
 * @param where a condition on `r`, the requests
 * @param order the text after ORDER BY that selects the requests, such as `r.created_at LIMIT $1`
 */
export function selectRequests(where: string, order?: string): string {
  const condition =
    order === undefined
      ? where
      : `(r.caller, r.idempotency_key) IN (
          SELECT r.caller, r.idempotency_key FROM lean_payout_requests r WHERE ${where} ORDER BY ${order})`;
  return `SELECT r.*, store_now() AS read_at, ${recordColumns}
    FROM lean_payout_requests r
    JOIN lean_payout_records p ON ${isRecordOfRequest}
    WHERE ${condition}
    ORDER BY r.created_at DESC, r.caller, r.idempotency_key, p.position`;
}

/** Selects one request with its records. Parameters: the caller and the idempotency key. */
export const selectRequest = selectRequests('r.caller = $1 AND r.idempotency_key = $2');

/**
 * The few requests that are leased or scheduled for a reconciliation read, as a table. Each half of the UNION uses its
 * own index. A single condition with OR would read every request.
 */
export const openRequests = `(SELECT * FROM lean_payout_requests WHERE lease_id IS NOT NULL
  UNION ALL SELECT * FROM lean_payout_requests WHERE lease_id IS NULL AND next_check_at IS NOT NULL)`;

/** Builds the requests from rows of `selectRequests`. */
export function requestsFromRows(rows: readonly Row[]): readonly PayoutRequest[] {
  const requests = Map.groupBy(rows, row => JSON.stringify([row['caller'], row['idempotency_key']]));
  return [...requests.values()].flatMap(requestRows => {
    const [row] = requestRows;
    if (row === undefined) return [];
    const finding = row['finding'];
    return {
      caller: String(row['caller']),
      idempotencyKey: String(row['idempotency_key']),
      fingerprint: String(row['fingerprint']),
      leanKey: String(row['lean_key']),
      application: String(row['application']),
      upstreamResponse: responseFromRow(row),
      records: requestRows.map(recordFromRow),
      inFlight: row['lease_id'] !== null,
      leases: Number(row['leases']),
      sends: sendsFromRow(row),
      refusal: row['refusal'] === null ? null : (JSON.parse(String(row['refusal'])) as PayoutRejected),
      finding: isFinding(finding) ? finding : null,
      duplicateIntents:
        row['duplicate_intents'] === null ? [] : (JSON.parse(String(row['duplicate_intents'])) as string[]),
      judgedPayouts:
        row['judged_payouts'] === null ? [] : (JSON.parse(String(row['judged_payouts'])) as string[]),
      similarUnknownKey: nullableText(row['similar_unknown_key']),
      createdAt: Number(row['created_at']),
      changedAt: Math.max(...requestRows.map(({ changed_at }) => Number(changed_at))),
      checks: Number(row['checks']),
      nextCheckAt: nullableNumber(row['next_check_at']),
      lastCheckAt: nullableNumber(row['last_check_at']),
      readAt: Number(row['read_at']),
    };
  });
}

export function sendsFromRow(row: Row): SendHistory {
  return {
    count: Number(row['send_count']),
    grant: row['send_grant'] === null ? null : (JSON.parse(String(row['send_grant'])) as SendGrant),
    turnedAway: Number(row['turned_away']) === 1,
    firstAt: nullableNumber(row['first_sent_at']),
    lookbackMs: Number(row['lookback_ms']),
    lastAt: nullableNumber(row['last_sent_at']),
    until: nullableNumber(row['sent_until']),
    leanFirstAt: nullableNumber(row['lean_first_sent_at']),
    leanUntil: nullableNumber(row['lean_sent_until']),
    delayMs: Number(row['resend_delay_ms']),
  };
}

function responseFromRow(row: Row): UpstreamResponse | null {
  if (row['response_status'] === null) return null;
  return {
    status: Number(row['response_status']),
    contentType: nullableText(row['response_content_type']),
    body: String(row['response_body']),
  };
}

export function recordFromRow(row: Row): PayoutRecord {
  return {
    position: Number(row['position']),
    transfer: {
      accountId: String(row['account_id']),
      destinationId: String(row['destination_id']),
      amount: { amount: String(row['amount']) as Decimal, currency: String(row['currency']) },
      description: String(row['description']),
      externalReference: String(row['external_reference']),
      authorize: Number(row['authorize']) === 1,
    },
    state: String(row['state']) as RecordState,
    intentId: nullableText(row['intent_id']),
    paymentId: nullableText(row['payment_id']),
    answer: row['answer'] === null ? null : (JSON.parse(String(row['answer'])) as TransferAnswer),
  };
}

function nullableNumber(value: unknown): number | null {
  return value === null ? null : Number(value);
}

function nullableText(value: unknown): string | null {
  return value === null ? null : String(value);
}
