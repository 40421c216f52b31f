import type { NewRequest, RequestKey } from '../payouts/creation/payout-record.ts';
import { compareDecimals, type Decimal } from '../payouts/values/decimal.ts';
import type { Row, Statement } from './database.ts';
import { mayBeTaken } from './send-conditions.ts';

/**
 * Transfers without an answer, to one of the same destinations, that the caller asked for under other keys: those of
 * unknown outcome, and where that is wanted those in flight, which are many at a busy hour. By CROSS JOIN each half begins with the few open requests, by an index
 * of its own, and not with all that the caller ever made.
 */
export function selectSimilar(
  { caller, idempotencyKey }: RequestKey,
  transfers: NewRequest['transfers'],
  { inFlight }: { readonly inFlight: boolean },
): Statement {
  const destinationIds = [...new Set(transfers.map(({ destinationId }) => destinationId.toLowerCase()))];
  const places = destinationIds.map((_, index) => `$${String(index + 3)}`).join(', ');
  const half = (open: string): string => `SELECT r.idempotency_key, p.account_id, p.destination_id, p.amount,
      p.currency, p.description
    FROM lean_payout_requests r CROSS JOIN lean_payout_records p
    WHERE ${open} AND p.caller = r.caller AND p.idempotency_key = r.idempotency_key AND r.caller || '' = $1 AND r.idempotency_key <> $2 AND p.answer IS NULL
      AND lower(p.destination_id) IN (${places})`;
  return {
    sql: `${half(`r.next_check_at > 0 AND r.claim IS NULL AND ${mayBeTaken('r')}`)}
      ${inFlight ? `UNION ALL ${half('r.claim IS NOT NULL')}` : ''} LIMIT 100`,
    values: [caller, idempotencyKey, ...destinationIds],
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
