import type { ReferencedTransfer } from '../payouts/creation/transfer.ts';
import type {
  Lease,
  NewRequest,
  PayoutRequest,
  RequestKey,
  UpstreamResponse,
} from '../payouts/creation/payout-record.ts';
import type { ResendPermit, SendStamp } from '../payouts/creation/resend-rule.ts';
import type { SendHistory } from '../payouts/creation/send-history.ts';
import type { Statement } from './database.ts';
import { bigint, duplicatesOf, duplicatesUnchanged, mayResend } from './send-conditions.ts';

/*
 * The statements by which a payout is reserved, sent and released. All times are epoch milliseconds of the store's clock,
 * except for columns that begin with `lean_`. A statement about a lease changes nothing once the lease is not good any
 * more. In the tables a lease is called a claim, and its owner a holder.
 */

/** The rows of one request, in either table. */
export const ofKey = 'caller = $1 AND idempotency_key = $2';

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

/**
 * A row when the key was free; otherwise it does nothing. A record of the same request from a time when callers were
 * not told apart has taken the key for every caller.
 */
export function insertRequest(
  { caller, idempotencyKey, fingerprint, leanKey, application }: NewRequest,
  { leaseId, owner }: { readonly leaseId: string; readonly owner: string },
): Statement {
  return {
    sql: `INSERT INTO lean_payout_requests
      (caller, idempotency_key, fingerprint, lean_key, application, attempts, claim, holder, created_at)
      SELECT $1, $2, $3, $4, $5, 1, $6, $7, store_now()
      WHERE NOT EXISTS (SELECT 1 FROM lean_payout_requests
        WHERE caller = '' AND idempotency_key = $2 AND fingerprint = $3)
      ON CONFLICT DO NOTHING RETURNING claim`,
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
        external_reference, authorized, changed_at)
      SELECT $1, $2, $3, 'reserved', $4, $5, $6, $7, $8, $9, $10, store_now()
      WHERE EXISTS (SELECT 1 FROM lean_payout_requests WHERE claim = $11)`,
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
 * Gives a request to another attempt when nobody is at it, all of its outcome is unknown, and it may be sent again.
 * A row when it did.
 */
export function leaseAgain(
  {
    caller,
    idempotencyKey,
    leases,
    duplicateIntents,
  }: RequestKey & Pick<PayoutRequest, 'leases' | 'duplicateIntents'>,
  { leaseId, owner }: { readonly leaseId: string; readonly owner: string },
  { rule, leanNow }: ResendPermit,
): Statement {
  const may = mayResend({ configured: bigint(6), byRepetition: bigint(7), leanNow: bigint(8) });
  return {
    sql: `UPDATE lean_payout_requests
      SET claim = $3, holder = $4, attempts = attempts + 1, next_check_at = NULL
      WHERE ${ofKey} AND attempts = $5 AND claim IS NULL AND ${duplicatesUnchanged('$9')} AND ${may} AND NOT EXISTS (
        SELECT 1 FROM lean_payout_records p
        WHERE p.caller = $1 AND p.idempotency_key = $2 AND p.state <> 'unknown')
      RETURNING claim`,
    values: [
      caller,
      idempotencyKey,
      leaseId,
      owner,
      leases,
      rule.delayMs,
      rule.byRepetition ? 1 : 0,
      leanNow ?? null,
      duplicatesOf(duplicateIntents),
    ],
  };
}

/**
 * Notes until when bytes may leave. A row when the lease is good and the request may be sent: for the first time, by
 * this same lease, or again. For the first time the store must be known to have lost no records.
 */
export function noteSending(
  { id, before, repeated, similarUnknownKey, duplicateIntents }: Lease,
  { remainingMs, leanNow }: SendStamp,
  { rule, leanNow: leanReadAt, lookedFirst = false, lookbackMs = 0 }: ResendPermit,
): Statement {
  const may = mayResend({ configured: bigint(5), byRepetition: bigint(8), leanNow: bigint(9) });
  const first = !repeated;
  const complete = `EXISTS (SELECT 1 FROM lean_payout_store
    WHERE id = 1 AND identity = store_identity() AND complete_from <= store_now())`;
  const conditions = [
    ...(first ? [] : [`sends = ${bigint(2)} OR ${may}`, duplicatesUnchanged('$10')]),
    ...(lookedFirst ? [] : [complete]),
  ];
  return {
    sql: `UPDATE lean_payout_requests
      SET lean_first_sent_at = CASE WHEN first_sent_at IS NULL THEN ${bigint(4)} ELSE lean_first_sent_at END,
        lookback_ms = CASE WHEN first_sent_at IS NULL THEN ${bigint(7)} ELSE lookback_ms END,
        first_sent_at = COALESCE(first_sent_at, store_now()), last_sent_at = store_now(),
        sent_until = store_now() + ${bigint(3)}, lean_sent_until = ${bigint(4)} + ${bigint(3)},
        resend_after_ms = CASE WHEN resend_after_ms > ${bigint(5)} THEN resend_after_ms ELSE ${bigint(5)} END,
        sends = ${bigint(2)}, turned_away = 0, send_grant = NULL, refusal = NULL, looked_at = NULL, checks = 0,
        finding = NULL, similar_key = CAST($6 AS TEXT)
      WHERE claim = $1${conditions.map(condition => ` AND (${condition})`).join('')}
      RETURNING claim`,
    values: [
      id,
      before.count + 1,
      Math.ceil(remainingMs),
      leanNow === undefined ? null : Math.ceil(leanNow),
      rule.delayMs,
      similarUnknownKey,
      Math.ceil(lookbackMs),
      ...(first ? [] : [rule.byRepetition ? 1 : 0, leanReadAt ?? null, duplicatesOf(duplicateIntents)]),
    ],
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
  'unknown to reserved': `SET state = 'reserved', changed_at = store_now() WHERE ${ofKey} AND state = 'unknown'`,
  'reserved to sent': `SET state = 'sent', changed_at = store_now() WHERE ${ofKey} AND state = 'reserved'
    AND EXISTS (SELECT 1 FROM lean_payout_requests WHERE claim = $3 AND first_sent_at IS NOT NULL)`,
  'to unknown': `SET state = 'unknown', changed_at = store_now() WHERE ${ofKey} AND state IN ('reserved', 'sent')`,
} as const;

/** Changes the state of those of a request's records that can make the change. */
export function changeState(
  change: keyof typeof changes,
  { caller, idempotencyKey }: RequestKey,
  leaseId: string,
): Statement {
  return {
    sql: `UPDATE lean_payout_records ${changes[change]}
      AND EXISTS (SELECT 1 FROM lean_payout_requests WHERE claim = $3)`,
    values: [caller, idempotencyKey, leaseId],
  };
}

/** Ends a lease; the request is looked for in `checkInMs`. */
export function endLease(leaseId: string, checkInMs: number): Statement {
  return {
    sql: `UPDATE lean_payout_requests
      SET claim = NULL, holder = NULL, next_check_at = store_now() + $2 WHERE claim = $1`,
    values: [leaseId, checkInMs],
  };
}

/** Ends a lease with Lean's own answer. */
export function endLeaseWith(leaseId: string, { status, contentType, body }: UpstreamResponse): Statement {
  return {
    sql: `UPDATE lean_payout_requests
      SET claim = NULL, holder = NULL, answer_status = $2, answer_type = $3, answer_body = $4
      WHERE claim = $1`,
    values: [leaseId, status, contentType, body],
  };
}

/** An operator's permission as it was before a lease, unless duplicate intents were noted since. */
const grantUnlessNewDuplicates = (grant: string, known: string): string =>
  `CASE WHEN ${duplicatesUnchanged(known)} THEN CAST(${grant} AS TEXT) END`;

/** Puts back what was noted of the sends before a lease that sent nothing. */
export function restoreSends({ id, before, duplicateIntents }: Lease): Statement {
  return {
    sql: `UPDATE lean_payout_requests
      SET sends = $2, turned_away = $3, send_grant = ${grantUnlessNewDuplicates('$4', '$9')}, last_sent_at = $5, sent_until = $6, lean_sent_until = $7,
        resend_after_ms = $8
      WHERE claim = $1`,
    values: [
      id,
      before.count,
      before.turnedAway ? 1 : 0,
      grantOf(before),
      before.lastAt,
      before.until,
      before.leanUntil,
      before.delayMs,
      duplicatesOf(duplicateIntents),
    ],
  };
}

/** As the column `send_grant` has it. */
export function grantOf({ grant }: SendHistory): string | null {
  return grant === null ? null : JSON.stringify(grant);
}

/** Notes that Lean did not take this send: it is not counted, though its times stay. */
export function noteTurnedAway({ id, before, duplicateIntents }: Lease): Statement {
  return {
    sql: `UPDATE lean_payout_requests
      SET sends = $2, turned_away = $3, send_grant = ${grantUnlessNewDuplicates('$4', '$5')} WHERE claim = $1`,
    values: [id, before.count, before.count === 0 ? 1 : 0, grantOf(before), duplicatesOf(duplicateIntents)],
  };
}

export function noteRefusal(leaseId: string, refusal: object | null): Statement {
  return {
    sql: 'UPDATE lean_payout_requests SET refusal = $2 WHERE claim = $1',
    values: [leaseId, refusal === null ? null : JSON.stringify(refusal)],
  };
}

export function deleteLeased(leaseId: string, which: 'any' | 'never sent'): Statement {
  return {
    sql: `DELETE FROM lean_payout_requests WHERE claim = $1${which === 'any' ? '' : ' AND first_sent_at IS NULL'}`,
    values: [leaseId],
  };
}
