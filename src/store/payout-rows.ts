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
  return `SELECT r.*, store_now() AS read_at, ${recordColumns}
    FROM lean_payout_requests r
    JOIN lean_payout_records p ON p.caller = r.caller AND p.idempotency_key = r.idempotency_key
    WHERE ${chosen}
    ORDER BY r.created_at DESC, r.caller, r.idempotency_key, p.position`;
}

/**
 * The few requests that are leased or still looked for, as a table. Of its two parts each is read by an index of its
 * own; one condition with OR would have every request read.
 */
export const openRequests = `(SELECT * FROM lean_payout_requests WHERE claim IS NOT NULL
  UNION ALL SELECT * FROM lean_payout_requests WHERE claim IS NULL AND next_check_at IS NOT NULL)`;

/** The columns of a record that `recordFromRow` reads; `p` stands for the table. */
export const recordColumns = `p.position, p.state, p.account_id, p.destination_id, p.amount, p.currency,
  p.description, p.external_reference, p.authorized, p.intent_id, p.payment_id, p.answer, p.changed_at`;

/** The requests that rows of `selectRequests` speak of. */
export function requestsFromRows(rows: readonly Row[]): readonly PayoutRequest[] {
  const requests = Map.groupBy(rows, row => JSON.stringify([row['caller'], row['idempotency_key']]));
  return [...requests.values()].flatMap(ofOne => {
    const [row] = ofOne;
    if (row === undefined) return [];
    const finding = row['finding'];
    return {
      caller: String(row['caller']),
      idempotencyKey: String(row['idempotency_key']),
      fingerprint: String(row['fingerprint']),
      // A request that an older version recorded was sent under the caller's own key.
      leanKey: String(row['lean_key'] === '' ? row['idempotency_key'] : row['lean_key']),
      application: text(row['application']),
      upstreamResponse: responseFromRow(row),
      records: ofOne.map(recordFromRow),
      inFlight: row['claim'] !== null,
      leases: Number(row['attempts']),
      sends: sendsFromRow(row),
      refusal: row['refusal'] === null ? null : (JSON.parse(String(row['refusal'])) as PayoutRejected),
      finding: isFinding(finding) ? finding : null,
      duplicateIntents:
        row['duplicate_intents'] === null ? [] : (JSON.parse(String(row['duplicate_intents'])) as string[]),
      judgedPayouts:
        row['judged_payouts'] === null ? [] : (JSON.parse(String(row['judged_payouts'])) as string[]),
      similarUnknownKey: text(row['similar_key']),
      createdAt: Number(row['created_at']),
      changedAt: Math.max(...ofOne.map(({ changed_at }) => Number(changed_at))),
      checks: Number(row['checks']),
      nextCheckAt: time(row['next_check_at']),
      readAt: Number(row['read_at']),
    };
  });
}

export function sendsFromRow(row: Row): SendHistory {
  return {
    count: Number(row['sends']),
    grant: row['send_grant'] === null ? null : (JSON.parse(String(row['send_grant'])) as SendGrant),
    turnedAway: Number(row['turned_away']) === 1,
    firstAt: time(row['first_sent_at']),
    lookbackMs: Number(row['lookback_ms']),
    lastAt: time(row['last_sent_at']),
    until: time(row['sent_until']),
    leanFirstAt: time(row['lean_first_sent_at']),
    leanUntil: time(row['lean_sent_until']),
    delayMs: Number(row['resend_after_ms']),
  };
}

function responseFromRow(row: Row): UpstreamResponse | null {
  if (row['answer_status'] === null) return null;
  return {
    status: Number(row['answer_status']),
    contentType: text(row['answer_type']),
    body: String(row['answer_body']),
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
      authorize: Number(row['authorized']) === 1,
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
