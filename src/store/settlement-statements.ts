import { intentOf, type TransferAnswer } from '../payouts/creation/creation-answer.ts';
import type { Lease, PayoutRequest, RequestKey } from '../payouts/creation/payout-record.ts';
import { defaultDelayMs } from '../payouts/creation/resend-rule.ts';
import type { Statement } from './database.ts';
import { sendGrantColumn, keyCondition } from './payout-statements.ts';
import { bigintParameter } from './send-conditions.ts';

/**
 * Stores Lean's answer to one transfer of an attempt. Returns a row if it is the first answer. A created payout is
 * stored even if the attempt has lost its lease. A rejection is stored only with the lease, because it is about this
 * attempt alone.
 */
export function settleAnswered(lease: Lease, position: number, columns: AnswerColumns): Statement {
  return {
    sql: `UPDATE lean_payout_records
      SET state = $4, intent_id = $5, payment_id = $6, answer = $7, changed_at = store_now()
      WHERE ${keyCondition} AND position = $3 AND answer IS NULL
        AND ($4 = 'created' OR EXISTS (SELECT 1 FROM lean_payout_requests WHERE lease_id = $8))
      RETURNING position`,
    values: [lease.caller, lease.idempotencyKey, position, ...columns, lease.id],
  };
}

/** Stores the answer to a transfer that was found at Lean. Returns a row if its outcome was unknown. */
export function settleFound(
  { caller, idempotencyKey }: RequestKey,
  position: number,
  columns: AnswerColumns,
): Statement {
  return {
    sql: `UPDATE lean_payout_records
      SET state = $4, intent_id = $5, payment_id = $6, answer = $7, changed_at = store_now()
      WHERE ${keyCondition} AND position = $3 AND state = 'unknown' RETURNING position`,
    values: [caller, idempotencyKey, position, ...columns],
  };
}

/**
 * Stores the answer to a transfer that Lean does not have. Returns a row if its outcome was unknown and the request
 * has not changed since it was read.
 */
export function settleAbsent(request: PayoutRequest, position: number, columns: AnswerColumns): Statement {
  const { caller, idempotencyKey } = request;
  const { condition, values } = requestUnchanged(request, 8);
  return {
    sql: `UPDATE lean_payout_records
      SET state = $4, intent_id = $5, payment_id = $6, answer = $7, changed_at = store_now()
      WHERE ${keyCondition} AND position = $3 AND state = 'unknown' AND ${condition}
      RETURNING position`,
    values: [caller, idempotencyKey, position, ...columns, ...values],
  };
}

export interface Condition {
  readonly condition: string;
  readonly values: readonly (string | number | null)[];
}

/**
 * The condition that no lease was taken, nothing was sent and no send was allowed since the request was read.
 * @param firstIndex the parameter index of the first of its values; `$1` and `$2` are the key
 */
export function requestUnchanged({ leases, sends }: PayoutRequest, firstIndex: number): Condition {
  return {
    condition: `EXISTS (SELECT 1 FROM lean_payout_requests r
      WHERE r.caller = $1 AND r.idempotency_key = $2 AND r.lease_id IS NULL AND r.leases = ${bigintParameter(firstIndex)}
        AND r.send_count = ${bigintParameter(firstIndex + 1)}
        AND r.send_grant IS NOT DISTINCT FROM CAST($${String(firstIndex + 2)} AS TEXT))`,
    values: [leases, sends.count, sendGrantColumn(sends)],
  };
}

/**
 * Ends the reconciliation reads once every record has an answer, and schedules the first audit if Lean may have a
 * second copy of the request. That is so if its outcome was unknown, it was leased more than once, Lean failed a
 * payout inside its answer, or a record of an earlier send may be lost. The audits follow one resend delay, an hour
 * and a day later.
 */
export function endChecksWhenSettled({ caller, idempotencyKey }: RequestKey): Statement {
  const answers = 'SELECT 1 FROM lean_payout_records p WHERE p.caller = $1 AND p.idempotency_key = $2';
  return {
    sql: `UPDATE lean_payout_requests
      SET checks = 0, finding = NULL, next_check_at =
        store_now() + CASE WHEN resend_delay_ms > 0 THEN resend_delay_ms ELSE ${String(defaultDelayMs)} END
      WHERE ${keyCondition} AND lease_id IS NULL AND NOT EXISTS (${answers} AND p.answer IS NULL)
        AND (next_check_at IS NOT NULL OR leases > 1 OR lookback_ms > 0
          OR EXISTS (${answers} AND p.state = 'rejected' AND p.intent_id IS NOT NULL))`,
    values: [caller, idempotencyKey],
  };
}

/** The values of the columns `state`, `intent_id`, `payment_id` and `answer`. */
export type AnswerColumns = readonly [
  state: string,
  intentId: string | null,
  paymentId: string | null,
  answer: string,
];

/**
 * Returns the columns of an answer, and adds its intent to `usedIntentIds`.
 * @param usedIntentIds intents of earlier transfers of the request: if transfers share one, only the first record
 * stores it
 */
export function answerColumns(
  answer: TransferAnswer,
  usedIntentIds = new Set<string | null>(),
): AnswerColumns {
  const intentId = intentOf(answer);
  const paymentId = answer.kind === 'created' ? answer.paymentId : null;
  const isUsed = usedIntentIds.has(intentId);
  usedIntentIds.add(intentId);
  return [answer.kind, isUsed ? null : intentId, paymentId, JSON.stringify(answer)];
}
