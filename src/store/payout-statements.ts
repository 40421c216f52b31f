import type { ReferencedTransfer } from '../payouts/creation/transfer.ts';
import type {
  Lease,
  NewRequest,
  PayoutRequest,
  RequestKey,
  UpstreamResponse,
} from '../payouts/creation/payout-record.ts';
import type { SendPermit, SendTiming } from '../payouts/creation/resend-rule.ts';
import type { SendHistory } from '../payouts/creation/send-history.ts';
import type { Statement } from './database.ts';
import {
  bigintParameter,
  duplicateIntentsColumn,
  duplicatesUnchanged,
  mayResend,
} from './send-conditions.ts';

/*
 * The statements that reserve, send and release a payout. All times are epoch milliseconds of the store's clock,
 * except in columns that begin with `lean_`: those are times of Lean's clock. A statement about a lease changes
 * nothing if the lease is no longer valid.
 */

/** Selects the rows of one request, in the table of requests and in the table of records. */
export const keyCondition = 'caller = $1 AND idempotency_key = $2';

/**
 * Locks the row of the request in PostgreSQL. Every transaction locks the request before its records, so two
 * transactions never deadlock. The lock is a statement of its own, because the next statement then sees the records as
 * they are after the lock was granted.
 * @see https://www.postgresql.org/docs/current/transaction-iso.html#XACT-READ-COMMITTED
 */
export function lockRequest({ caller, idempotencyKey }: RequestKey): Statement {
  return {
    sql: `UPDATE lean_payout_requests SET fingerprint = fingerprint WHERE ${keyCondition}`,
    values: [caller, idempotencyKey],
  };
}

/**
 * Inserts the request if the key is free. Returns a row if it did. A record of the same request that was made without
 * a caller counts for every caller, so the key is not free then.
 */
export function insertRequest(
  { caller, idempotencyKey, fingerprint, leanKey, application }: NewRequest,
  { leaseId, owner }: { readonly leaseId: string; readonly owner: string },
): Statement {
  return {
    sql: `INSERT INTO lean_payout_requests
      (caller, idempotency_key, fingerprint, lean_key, application, leases, lease_id, lease_owner, created_at)
      SELECT $1, $2, $3, $4, $5, 1, $6, $7, store_now()
      WHERE NOT EXISTS (SELECT 1 FROM lean_payout_requests
        WHERE caller = '' AND idempotency_key = $2 AND fingerprint = $3)
      ON CONFLICT DO NOTHING RETURNING lease_id`,
    values: [caller, idempotencyKey, fingerprint, leanKey, application, leaseId, owner],
  };
}

export function insertRecord(
  { caller, idempotencyKey }: RequestKey,
  leaseId: string,
  position: number,
  transfer: ReferencedTransfer,
): Statement {
  return {
    sql: `INSERT INTO lean_payout_records
      (caller, idempotency_key, position, state, account_id, destination_id, amount, currency, description,
        external_reference, authorize, changed_at)
      SELECT $1, $2, $3, 'reserved', $4, $5, $6, $7, $8, $9, $10, store_now()
      WHERE EXISTS (SELECT 1 FROM lean_payout_requests WHERE lease_id = $11)`,
    values: [
      caller,
      idempotencyKey,
      position,
      transfer.accountId,
      transfer.destinationId,
      transfer.amount.amount,
      transfer.amount.currency,
      transfer.description,
      transfer.externalReference,
      transfer.authorize ? 1 : 0,
      leaseId,
    ],
  };
}

/**
 * Leases a request for another attempt, if it is not leased, the outcome of all its transfers is unknown, and it may
 * be sent again. Returns a row if it did.
 */
export function leaseAgain(
  {
    caller,
    idempotencyKey,
    leases,
    duplicateIntents,
  }: RequestKey & Pick<PayoutRequest, 'leases' | 'duplicateIntents'>,
  { leaseId, owner }: { readonly leaseId: string; readonly owner: string },
  { rule, leanNow }: SendPermit,
): Statement {
  const resendAllowed = mayResend({
    configuredDelay: bigintParameter(6),
    allowsRepetition: bigintParameter(7),
    leanNow: bigintParameter(8),
  });
  return {
    sql: `UPDATE lean_payout_requests
      SET lease_id = $3, lease_owner = $4, leases = leases + 1, next_check_at = NULL
      WHERE ${keyCondition} AND leases = $5 AND lease_id IS NULL AND ${duplicatesUnchanged('$9')} AND ${resendAllowed} AND NOT EXISTS (
        SELECT 1 FROM lean_payout_records p
        WHERE p.caller = $1 AND p.idempotency_key = $2 AND p.state <> 'unknown')
      RETURNING lease_id`,
    values: [
      caller,
      idempotencyKey,
      leaseId,
      owner,
      leases,
      rule.delayMs,
      rule.allowsRepetition ? 1 : 0,
      leanNow ?? null,
      duplicateIntentsColumn(duplicateIntents),
    ],
  };
}

/**
 * Records a send, and the time until which its bytes may leave. Returns a row if the lease is valid and the request
 * may be sent: for the first time, once more by the same lease, or again under the resend rule. Unless Lean's list was
 * checked before, the store must be known to have lost no records.
 */
export function noteSending(
  { id, earlierSends, repeated, similarUnknownKey, duplicateIntents }: Lease,
  { remainingMs, leanNow }: SendTiming,
  { rule, leanNow: leanReadAt, listChecked = false, lookbackMs = 0 }: SendPermit,
): Statement {
  const resendAllowed = mayResend({
    configuredDelay: bigintParameter(5),
    allowsRepetition: bigintParameter(8),
    leanNow: bigintParameter(9),
  });
  const storeComplete = `EXISTS (SELECT 1 FROM lean_payout_store
    WHERE id = 1 AND identity = store_identity() AND complete_from <= store_now())`;
  const conditions = [
    ...(repeated
      ? [`send_count = ${bigintParameter(2)} OR ${resendAllowed}`, duplicatesUnchanged('$10')]
      : []),
    ...(listChecked ? [] : [storeComplete]),
  ];
  return {
    sql: `UPDATE lean_payout_requests
      SET lean_first_sent_at = CASE WHEN first_sent_at IS NULL THEN ${bigintParameter(4)} ELSE lean_first_sent_at END,
        lookback_ms = CASE WHEN first_sent_at IS NULL THEN ${bigintParameter(7)} ELSE lookback_ms END,
        first_sent_at = COALESCE(first_sent_at, store_now()), last_sent_at = store_now(),
        sent_until = store_now() + ${bigintParameter(3)}, lean_sent_until = ${bigintParameter(4)} + ${bigintParameter(3)},
        resend_delay_ms = CASE WHEN resend_delay_ms > ${bigintParameter(5)} THEN resend_delay_ms ELSE ${bigintParameter(5)} END,
        send_count = ${bigintParameter(2)}, turned_away = 0, send_grant = NULL, refusal = NULL, last_check_at = NULL, checks = 0,
        finding = NULL, similar_unknown_key = CAST($6 AS TEXT)
      WHERE lease_id = $1${conditions.map(condition => ` AND (${condition})`).join('')}
      RETURNING lease_id`,
    values: [
      id,
      earlierSends.count + 1,
      Math.ceil(remainingMs),
      leanNow === undefined ? null : Math.ceil(leanNow),
      rule.delayMs,
      similarUnknownKey,
      Math.ceil(lookbackMs),
      ...(repeated
        ? [rule.allowsRepetition ? 1 : 0, leanReadAt ?? null, duplicateIntentsColumn(duplicateIntents)]
        : []),
    ],
  };
}

/** Selects the transfers that have an answer. */
export function selectAnswered({ caller, idempotencyKey }: RequestKey): Statement {
  return {
    sql: `SELECT position FROM lean_payout_records WHERE ${keyCondition} AND answer IS NOT NULL`,
    values: [caller, idempotencyKey],
  };
}

const stateChanges = {
  'unknown to reserved': `SET state = 'reserved', changed_at = store_now() WHERE ${keyCondition} AND state = 'unknown'`,
  'reserved to sent': `SET state = 'sent', changed_at = store_now() WHERE ${keyCondition} AND state = 'reserved'
    AND EXISTS (SELECT 1 FROM lean_payout_requests WHERE lease_id = $3 AND first_sent_at IS NOT NULL)`,
  'to unknown': `SET state = 'unknown', changed_at = store_now() WHERE ${keyCondition} AND state IN ('reserved', 'sent')`,
} as const;

/** Changes the state of all records of a request that are in the state before the change. */
export function changeState(
  change: keyof typeof stateChanges,
  { caller, idempotencyKey }: RequestKey,
  leaseId: string,
): Statement {
  return {
    sql: `UPDATE lean_payout_records ${stateChanges[change]}
      AND EXISTS (SELECT 1 FROM lean_payout_requests WHERE lease_id = $3)`,
    values: [caller, idempotencyKey, leaseId],
  };
}

/** Ends a lease. The first reconciliation read is due in `checkInMs`. */
export function endLease(leaseId: string, checkInMs: number): Statement {
  return {
    sql: `UPDATE lean_payout_requests
      SET lease_id = NULL, lease_owner = NULL, next_check_at = store_now() + $2 WHERE lease_id = $1`,
    values: [leaseId, checkInMs],
  };
}

/** Ends a lease and stores Lean's response. */
export function endLeaseWithResponse(
  leaseId: string,
  { status, contentType, body }: UpstreamResponse,
): Statement {
  return {
    sql: `UPDATE lean_payout_requests
      SET lease_id = NULL, lease_owner = NULL, response_status = $2, response_content_type = $3, response_body = $4
      WHERE lease_id = $1`,
    values: [leaseId, status, contentType, body],
  };
}

/** The operator's permission from before the lease; null if duplicate intents were recorded since. */
const grantUnlessNewDuplicates = (grant: string, known: string): string =>
  `CASE WHEN ${duplicatesUnchanged(known)} THEN CAST(${grant} AS TEXT) END`;

/** Restores the recorded sends from before a lease that sent nothing. */
export function restoreSends({ id, earlierSends, duplicateIntents }: Lease): Statement {
  return {
    sql: `UPDATE lean_payout_requests
      SET send_count = $2, turned_away = $3, send_grant = ${grantUnlessNewDuplicates('$4', '$9')}, last_sent_at = $5, sent_until = $6, lean_sent_until = $7,
        resend_delay_ms = $8
      WHERE lease_id = $1`,
    values: [
      id,
      earlierSends.count,
      earlierSends.turnedAway ? 1 : 0,
      sendGrantColumn(earlierSends),
      earlierSends.lastAt,
      earlierSends.until,
      earlierSends.leanUntil,
      earlierSends.delayMs,
      duplicateIntentsColumn(duplicateIntents),
    ],
  };
}

/** The value of the column `send_grant`. */
export function sendGrantColumn({ grant }: SendHistory): string | null {
  return grant === null ? null : JSON.stringify(grant);
}

/** Records that Lean turned this send away. The send is not counted, but its times stay. */
export function noteTurnedAway({ id, earlierSends, duplicateIntents }: Lease): Statement {
  return {
    sql: `UPDATE lean_payout_requests
      SET send_count = $2, turned_away = $3, send_grant = ${grantUnlessNewDuplicates('$4', '$5')} WHERE lease_id = $1`,
    values: [
      id,
      earlierSends.count,
      earlierSends.count === 0 ? 1 : 0,
      sendGrantColumn(earlierSends),
      duplicateIntentsColumn(duplicateIntents),
    ],
  };
}

export function noteRefusal(leaseId: string, refusal: object | null): Statement {
  return {
    sql: 'UPDATE lean_payout_requests SET refusal = $2 WHERE lease_id = $1',
    values: [leaseId, refusal === null ? null : JSON.stringify(refusal)],
  };
}

/** Deletes a leased request; with `never sent` only if no send was recorded. */
export function deleteLeased(leaseId: string, which: 'any' | 'never sent'): Statement {
  return {
    sql: `DELETE FROM lean_payout_requests WHERE lease_id = $1${which === 'any' ? '' : ' AND first_sent_at IS NULL'}`,
    values: [leaseId],
  };
}
