import type { NewRequest, RequestKey } from '../payouts/creation/payout-record.ts';
import { compareDecimals, type Decimal } from '../payouts/values/decimal.ts';
import type { Row, Statement } from './database.ts';
import { isRecordOfRequest } from './payout-rows.ts';
import { mayBeAtLean } from './send-conditions.ts';

/**
 * Selects open transfers of the same caller under other keys, to one of the same destinations. These are transfers of
 * unknown outcome, and with `inFlight` also transfers that are being sent. At a busy time there are many of the latter.
 * CROSS JOIN makes SQLite start each half of the UNION with the few open requests, by its own index, instead of reading
 * all requests of the caller.
 */
export function selectSimilar(
  { caller, idempotencyKey }: RequestKey,
  transfers: NewRequest['transfers'],
  { inFlight }: { readonly inFlight: boolean },
): Statement {
  const destinationIds = [...new Set(transfers.map(({ destinationId }) => destinationId.toLowerCase()))];
  const placeholders = destinationIds.map((_, index) => `$${String(index + 3)}`).join(', ');
  const select = (where: string) => `SELECT r.idempotency_key, p.account_id, p.destination_id, p.amount,
      p.currency, p.description
    FROM lean_payout_requests r CROSS JOIN lean_payout_records p
    WHERE ${where} AND ${isRecordOfRequest} AND r.caller || '' = $1 AND r.idempotency_key <> $2 AND p.answer IS NULL
      AND lower(p.destination_id) IN (${placeholders})`;
  return {
    sql: `${select(`r.next_check_at > 0 AND r.lease_id IS NULL AND ${mayBeAtLean('r')}`)}
      ${inFlight ? `UNION ALL ${select('r.lease_id IS NOT NULL')}` : ''} LIMIT 100`,
    values: [caller, idempotencyKey, ...destinationIds],
  };
}

/**
 * Returns the first key with a transfer that equals one of `transfers` in everything but the reference; null if there
 * is none.
 */
export function similarKey(transfers: NewRequest['transfers'], rows: readonly Row[]): string | null {
  const similar = rows.find(row =>
    transfers.some(
      ({ accountId, destinationId, amount, description }) =>
        row['account_id'] === accountId &&
        String(row['destination_id']).toLowerCase() === destinationId.toLowerCase() &&
        row['currency'] === amount.currency &&
        row['description'] === description &&
        compareDecimals(String(row['amount']) as Decimal, amount.amount) === 0,
    ),
  );
  return similar === undefined ? null : String(similar['idempotency_key']);
}
