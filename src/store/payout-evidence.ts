import type { PayoutRecord, RequestKey } from '../payouts/creation/payout-record.ts';
import type { OwnedRecord, PayoutEvidence } from '../payouts/creation/payout-records.ts';
import type { Database } from './database.ts';
import { openRequests, recordColumns, recordFromRow } from './payout-rows.ts';

/** Open requests that are compared with what is at Lean; far more than there ever should be. */
const mostOpen = 5000;

const dayMs = 86_400_000;

/**
 * What the records say of other payouts, in either database. Conditions are written so that SQLite begins with the few
 * requests in question, by their index, and not with all records.
 */
export class SqlPayoutEvidence implements PayoutEvidence {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async owners(intentIds: readonly string[]): Promise<ReadonlyMap<string, RequestKey>> {
    const owners = new Map<string, RequestKey>();
    for (let next = 0; next < intentIds.length; next += 500) {
      const ids = intentIds.slice(next, next + 500);
      const places = ids.map((_, index) => `$${String(index + 1)}`).join(', ');
      const [rows = []] = await this.#database.run({
        sql: `SELECT intent_id, caller, idempotency_key FROM lean_payout_records WHERE intent_id IN (${places})`,
        values: ids,
      });
      for (const row of rows)
        owners.set(String(row['intent_id']), {
          caller: String(row['caller']),
          idempotencyKey: String(row['idempotency_key']),
        });
    }
    return owners;
  }

  async openRecords(application: string, except: RequestKey): Promise<readonly OwnedRecord[]> {
    const [rows = []] = await this.#database.run({
      sql: `SELECT r.caller, r.idempotency_key, r.claim, ${recordColumns}
        FROM ${openRequests} r
        JOIN lean_payout_records p ON p.caller = r.caller AND p.idempotency_key = r.idempotency_key
        WHERE p.answer IS NULL AND r.first_sent_at IS NOT NULL AND r.turned_away = 0
          AND (r.application = $1 OR r.application IS NULL)
          AND NOT (r.caller = $2 AND r.idempotency_key = $3)
        LIMIT ${String(mostOpen)}`,
      values: [application, except.caller, except.idempotencyKey],
    });
    return rows.map(row => ({
      caller: String(row['caller']),
      idempotencyKey: String(row['idempotency_key']),
      record: recordFromRow(row),
      inFlight: row['claim'] !== null,
    }));
  }

  async referencePayout(
    application: string,
    { from, to }: { readonly from: number; readonly to: number },
  ): Promise<PayoutRecord | undefined> {
    if (to < from) return undefined;
    const [rows = []] = await this.#database.run({
      // CROSS JOIN, so that SQLite begins with the requests by their age: otherwise it reads every intent there is.
      sql: `SELECT ${recordColumns}
        FROM lean_payout_requests r CROSS JOIN lean_payout_records p
        WHERE r.created_at >= $4 AND r.lean_first_sent_at >= $2 AND r.lean_sent_until <= $3
          AND r.application = $1 AND r.sends = 1 AND p.caller = r.caller AND p.idempotency_key = r.idempotency_key
          AND p.state = 'created' AND p.intent_id IS NOT NULL
        ORDER BY r.created_at DESC LIMIT 1`,
      // Of the clocks of the store and of Lean nothing more is known: this only keeps the search short.
      values: [application, Math.floor(from), Math.floor(to), Math.floor(from) - dayMs],
    });
    return rows[0] === undefined ? undefined : recordFromRow(rows[0]);
  }
}
