import type { RecordedPayout, RecordedPayouts } from '../payouts/recorded-payout.ts';
import type { Database } from './database.ts';
import { recordColumns, recordFromRow, sendsFromRow } from './payout-rows.ts';

/** How long after Lean's answer a payout may still be missing from its list, in ms. */
const listingMs = 10 * 60_000;

/** Lean's answer for a payout that it failed inside its answer to the creation. */
const failedAtOnce: RecordedPayout['answer'] = {
  state: { status: 'FAILED', leanStatus: 'FAILED' },
  paymentId: null,
  sender: null,
  recipient: null,
};

/** Ids in one statement. */
const atOnce = 500;

/** The records of created payouts, in either database. */
export class SqlRecordedPayouts implements RecordedPayouts {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async byIntents(intentIds: readonly string[]): Promise<ReadonlyMap<string, RecordedPayout>> {
    const recorded = new Map<string, RecordedPayout>();
    for (let next = 0; next < intentIds.length; next += atOnce) {
      const ids = intentIds.slice(next, next + atOnce);
      const places = ids.map((_, index) => `$${String(index + 1)}`).join(', ');
      const [rows = []] = await this.#database.run({
        // CROSS JOIN makes SQLite begin with the records, by the index of their intents.
        sql: `SELECT r.*, store_now() AS read_at, ${recordColumns} FROM lean_payout_records p CROSS JOIN lean_payout_requests r
          WHERE p.intent_id IN (${places}) AND p.caller = r.caller AND p.idempotency_key = r.idempotency_key`,
        values: ids,
      });
      for (const row of rows) {
        const { intentId, transfer, answer } = recordFromRow(row);
        if (intentId === null || answer === null) continue;
        const { firstAt, until, leanFirstAt } = sendsFromRow(row);
        const first = firstAt ?? Number(row['created_at']);
        // When Lean answered. A later answer is that of a person or a reconciliation, so its time is bounded.
        const answered = Math.min(Number(row['changed_at']), (until ?? first) + listingMs);
        const ahead = leanFirstAt === null ? 0 : leanFirstAt - first;
        recorded.set(intentId, {
          intentId,
          transfer,
          answer: answer.kind === 'created' ? answer : failedAtOnce,
          isNew: Number(row['read_at']) - answered < listingMs,
          requested: { from: first + ahead, to: Math.max(answered, first) + ahead },
        });
      }
    }
    return recorded;
  }
}
