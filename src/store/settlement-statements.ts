import type { TransferAnswer } from '../payouts/creation/creation-answer.ts';
import type { Lease, PayoutRequest, RequestKey } from '../payouts/creation/payout-record.ts';
import { defaultDelayMs } from '../payouts/creation/resend-rule.ts';
import type { Statement } from './database.ts';
import { grantOf, ofKey } from './payout-statements.ts';
import { bigint } from './send-conditions.ts';

/**
 * Lean's answer to the transfer of an attempt. A row when it is the first. That Lean has taken it is true whoever holds
 * the lease by now; a refusal speaks of this attempt alone.
 */
export function settleRecord(lease: Lease, position: number, answered: Answered): Statement {
  return {
    sql: `UPDATE lean_payout_records
      SET state = $4, intent_id = $5, payment_id = $6, answer = $7, changed_at = store_now()
      WHERE ${ofKey} AND position = $3 AND answer IS NULL
        AND ($4 = 'created' OR EXISTS (SELECT 1 FROM lean_payout_requests WHERE claim = $8))
      RETURNING position`,
    values: [lease.caller, lease.idempotencyKey, position, ...answered, lease.id],
  };
}

/** A row when its outcome was unknown. */
export function settleFound(
  { caller, idempotencyKey }: RequestKey,
  position: number,
  answered: Answered,
): Statement {
  return {
    sql: `UPDATE lean_payout_records
      SET state = $4, intent_id = $5, payment_id = $6, answer = $7, changed_at = store_now()
      WHERE ${ofKey} AND position = $3 AND state = 'unknown' RETURNING position`,
    values: [caller, idempotencyKey, position, ...answered],
  };
}

/** A row when its outcome was unknown, and nothing has happened to the request since it was read. */
export function settleAbsent(request: PayoutRequest, position: number, answered: Answered): Statement {
  const { caller, idempotencyKey } = request;
  const { condition, values } = unchanged(request, 8);
  return {
    sql: `UPDATE lean_payout_records
      SET state = $4, intent_id = $5, payment_id = $6, answer = $7, changed_at = store_now()
      WHERE ${ofKey} AND position = $3 AND state = 'unknown' AND ${condition}
      RETURNING position`,
    values: [caller, idempotencyKey, position, ...answered, ...values],
  };
}

export interface Condition {
  readonly condition: string;
  readonly values: readonly (string | number | null)[];
}

/**
 * That nothing was sent, leased or allowed since a request was read.
 * @param place of the first of its values; `$1` and `$2` are the key
 */
export function unchanged({ leases, sends }: PayoutRequest, place: number): Condition {
  return {
    condition: `EXISTS (SELECT 1 FROM lean_payout_requests r
      WHERE r.caller = $1 AND r.idempotency_key = $2 AND r.claim IS NULL AND r.attempts = ${bigint(place)}
        AND r.sends = ${bigint(place + 1)}
        AND r.send_grant IS NOT DISTINCT FROM CAST($${String(place + 2)} AS TEXT))`,
    values: [leases, sends.count, grantOf(sends)],
  };
}

/**
 * Ends the reading of Lean when no record is left without an answer. Audits follow one delay, an hour and a day later
 * where Lean may have another copy of the request: its outcome was unknown, Lean turned a send away or failed a payout
 * inside an answer, or a record of an earlier send may be lost.
 */
export function endChecksWhenSettled({ caller, idempotencyKey }: RequestKey): Statement {
  const answers = 'SELECT 1 FROM lean_payout_records p WHERE p.caller = $1 AND p.idempotency_key = $2';
  return {
    sql: `UPDATE lean_payout_requests
      SET checks = 0, finding = NULL, next_check_at =
        store_now() + CASE WHEN resend_after_ms > 0 THEN resend_after_ms ELSE ${String(defaultDelayMs)} END
      WHERE ${ofKey} AND claim IS NULL AND NOT EXISTS (${answers} AND p.answer IS NULL)
        AND (next_check_at IS NOT NULL OR attempts > 1 OR lookback_ms > 0
          OR EXISTS (${answers} AND p.state = 'rejected' AND p.intent_id IS NOT NULL))`,
    values: [caller, idempotencyKey],
  };
}

export type Answered = readonly [
  state: string,
  intentId: string | null,
  paymentId: string | null,
  answer: string,
];

/** @param named intents of the same request so far: where several transfers share one, the first record has it */
export function answered(answer: TransferAnswer, named = new Set<string | null>()): Answered {
  const created = answer.kind === 'created';
  const intentId = created ? answer.intentId : answer.rejectedIntentId;
  const paymentId = created ? answer.paymentId : null;
  const repeated = named.has(intentId);
  named.add(intentId);
  return [answer.kind, repeated ? null : intentId, paymentId, JSON.stringify(answer)];
}
