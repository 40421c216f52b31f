import type { TransferAnswer } from '../payouts/creation-answer.ts';
import type { Claim, LeanWord, NewRequest, RequestKey } from '../payouts/payout-record.ts';
import type { Transfer } from '../payouts/transfer.ts';
import type { Statement } from './database.ts';

/*
 * What is written about payouts, a statement each. All times are epoch milliseconds. Statements that are about a
 * claim change nothing once it is no longer good.
 */

const ofKey = 'caller = $1 AND idempotency_key = $2';

/**
 * Locks the request, where rows are locked, before any of its records: in one order everywhere, so that two
 * transactions never wait for each other. What the next statement sees of the records is as new as the lock.
 * @see https://www.postgresql.org/docs/current/transaction-iso.html#XACT-READ-COMMITTED for why one statement is not enough
 */
export function requestFirst({ caller, idempotencyKey }: RequestKey): Statement {
  return {
    sql: `UPDATE lean_payout_requests SET fingerprint = fingerprint WHERE ${ofKey}`,
    values: [caller, idempotencyKey],
  };
}

/** A row when the key was free; otherwise it does nothing. */
export function insertRequest(
  { caller, idempotencyKey, fingerprint }: NewRequest,
  claim: Claim,
  { holder, now }: { readonly holder: string; readonly now: number },
): Statement {
  return {
    sql: `INSERT INTO lean_payout_requests
      (caller, idempotency_key, fingerprint, attempts, claim, holder, created_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING claim`,
    values: [caller, idempotencyKey, fingerprint, claim.attempt, claim.id, holder, now],
  };
}

export function insertRecord(claim: Claim, position: number, transfer: Transfer, now: number): Statement {
  return {
    sql: `INSERT INTO lean_payout_records
      (caller, idempotency_key, position, state, account_id, destination_id, amount, currency, description,
        external_reference, authorized, changed_at)
      SELECT $1, $2, $3, 'reserved', $4, $5, $6, $7, $8, $9, $10, $11
      WHERE EXISTS (SELECT 1 FROM lean_payout_requests WHERE claim = $12)`,
    values: [
      claim.caller,
      claim.idempotencyKey,
      position,
      transfer.accountId,
      transfer.destinationId,
      transfer.amount.amount,
      transfer.amount.currency,
      transfer.description,
      transfer.externalReference,
      transfer.authorize ? 1 : 0,
      now,
      claim.id,
    ],
  };
}

/**
 * Gives a request to another attempt, when nobody is at it and all of its outcome is unknown: what Lean has is never
 * sent again. A row when it did.
 */
export function claimAgain(claim: Claim, holder: string): Statement {
  return {
    sql: `UPDATE lean_payout_requests
      SET claim = $3, holder = $4, attempts = $5, next_check_at = NULL
      WHERE ${ofKey} AND attempts = $5 - 1 AND claim IS NULL AND NOT EXISTS (
        SELECT 1 FROM lean_payout_records p
        WHERE p.caller = $1 AND p.idempotency_key = $2 AND p.state <> 'unknown')
      RETURNING claim`,
    values: [claim.caller, claim.idempotencyKey, claim.id, holder, claim.attempt],
  };
}

/** A row when the claim is good. */
export function noteSending(claim: Claim, now: number): Statement {
  return {
    sql: `UPDATE lean_payout_requests
      SET first_sent_at = COALESCE(first_sent_at, $2), last_sent_at = $2
      WHERE claim = $1 RETURNING claim`,
    values: [claim.id, now],
  };
}

/** Rows for the transfers that Lean has spoken on. */
export function selectAnswered({ caller, idempotencyKey }: RequestKey): Statement {
  return {
    sql: `SELECT position FROM lean_payout_records WHERE ${ofKey} AND answer IS NOT NULL`,
    values: [caller, idempotencyKey],
  };
}

const changes = {
  'unknown to reserved': `SET state = 'reserved', changed_at = $3 WHERE ${ofKey} AND state = 'unknown'`,
  'reserved to sent': `SET state = 'sent', changed_at = $3 WHERE ${ofKey} AND state = 'reserved'`,
  'to unknown': `SET state = 'unknown', changed_at = $3 WHERE ${ofKey} AND state IN ('reserved', 'sent')`,
} as const;

/** Changes the state of those of a request's records that can make the change. */
export function changeState(change: keyof typeof changes, claim: Claim, now: number): Statement {
  return {
    sql: `UPDATE lean_payout_records ${changes[change]}
      AND EXISTS (SELECT 1 FROM lean_payout_requests WHERE claim = $4)`,
    values: [claim.caller, claim.idempotencyKey, now, claim.id],
  };
}

/** @param nextCheckAt when it is to be looked for */
export function endClaim(claim: Claim, nextCheckAt: number): Statement {
  return {
    sql: `UPDATE lean_payout_requests
      SET claim = NULL, holder = NULL, next_check_at = $2 WHERE claim = $1`,
    values: [claim.id, nextCheckAt],
  };
}

/** Ends the claim with Lean's own answer. */
export function endClaimWith(claim: Claim, { status, contentType, body }: LeanWord): Statement {
  return {
    sql: `UPDATE lean_payout_requests
      SET claim = NULL, holder = NULL, next_check_at = NULL,
        answer_status = $2, answer_type = $3, answer_body = $4
      WHERE claim = $1`,
    values: [claim.id, status, contentType, body],
  };
}

export function deleteClaimed(claim: Claim, which: 'any' | 'never sent'): Statement {
  return {
    sql: `DELETE FROM lean_payout_requests WHERE claim = $1${which === 'any' ? '' : ' AND first_sent_at IS NULL'}`,
    values: [claim.id],
  };
}

/**
 * Lean's word on the transfer of an attempt. A row when it is the first. That Lean has taken it is true whoever holds
 * the claim by now; a refusal speaks of this attempt alone.
 */
export function settleRecord(claim: Claim, position: number, answered: Answered, now: number): Statement {
  return {
    sql: `UPDATE lean_payout_records
      SET state = $4, intent_id = $5, payment_id = $6, answer = $7, changed_at = $8
      WHERE ${ofKey} AND position = $3 AND answer IS NULL
        AND ($4 = 'created' OR EXISTS (SELECT 1 FROM lean_payout_requests WHERE claim = $9))
      RETURNING position`,
    values: [claim.caller, claim.idempotencyKey, position, ...answered, now, claim.id],
  };
}

/** A row when its outcome was unknown. */
export function settleFound(
  { caller, idempotencyKey }: RequestKey,
  position: number,
  answered: Answered,
  now: number,
): Statement {
  return {
    sql: `UPDATE lean_payout_records
      SET state = $4, intent_id = $5, payment_id = $6, answer = $7, changed_at = $8
      WHERE ${ofKey} AND position = $3 AND state = 'unknown' RETURNING position`,
    values: [caller, idempotencyKey, position, ...answered, now],
  };
}

/** Ends the looking at Lean when no record is left to be looked for. */
export function endChecksWhenSettled({ caller, idempotencyKey }: RequestKey): Statement {
  return {
    sql: `UPDATE lean_payout_requests SET next_check_at = NULL
      WHERE ${ofKey} AND next_check_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM lean_payout_records p
        WHERE p.caller = $1 AND p.idempotency_key = $2 AND p.answer IS NULL)`,
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
  const paymentId = created && !answer.payoutId.startsWith('intent:') ? answer.payoutId : null;
  const repeated = named.has(intentId);
  named.add(intentId);
  return [answer.kind, repeated ? null : intentId, paymentId, JSON.stringify(answer)];
}
