import type { NewRequest, RequestKey } from '../payouts/creation/payout-record.ts';
import { compareDecimals, type Decimal } from '../payouts/decimal.ts';
import type { Row, Statement } from './database.ts';

/**
 * Transfers of unknown outcome to one of these destinations that the caller asked for under other keys. It is written so
 * that SQLite begins with the few requests of unknown outcome, and not with all that the caller ever made.
 */
export function selectSimilar(
  { caller, idempotencyKey }: RequestKey,
  destinationIds: readonly string[],
): Statement {
  const places = destinationIds.map((_, index) => `$${String(index + 3)}`).join(', ');
  return {
    sql: `SELECT r.idempotency_key, p.account_id, p.destination_id, p.amount, p.currency, p.description
      FROM lean_payout_requests r
      JOIN lean_payout_records p ON p.caller = r.caller AND p.idempotency_key = r.idempotency_key
      WHERE r.next_check_at > 0 AND r.caller || '' = $1 AND r.idempotency_key <> $2 AND r.turned_away = 0
        AND p.state = 'unknown' AND lower(p.destination_id) IN (${places})
      LIMIT 100`,
    values: [caller, idempotencyKey, ...destinationIds.map(id => id.toLowerCase())],
  };
}

/** The first key whose payout is like one of the transfers. */
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
