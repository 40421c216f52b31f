import { propagationDelayMs } from '../payouts/propagation-delay.ts';
import type { RecordedPayout, RecordedPayouts } from '../payouts/recorded-payout.ts';
import type { Database } from './database.ts';
import { isRecordOfRequest, recordColumns, recordFromRow, sendsFromRow } from './payout-rows.ts';

/** The answer for a payout that Lean failed inside its answer to the creation. */
const failedAnswer: RecordedPayout['answer'] = {
  state: { status: 'FAILED', leanStatus: 'FAILED' },
  paymentId: null,
  sender: null,
  recipient: null,
};

/** The number of ids in one statement. */
const maxIdsPerStatement = 500;

/** The records of created payouts. Works on SQLite and PostgreSQL. */
export class SqlRecordedPayouts implements RecordedPayouts {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async byIntents(intentIds: readonly string[]): Promise<ReadonlyMap<string, RecordedPayout>> {
    const recorded = new Map<string, RecordedPayout>();
    for (let next = 0; next < intentIds.length; next += maxIdsPerStatement) {
      const ids = intentIds.slice(next, next + maxIdsPerStatement);
      const placeholders = ids.map((_, index) => `$${String(index + 1)}`).join(', ');
      const [rows = []] = await this.#database.run({
        // CROSS JOIN makes SQLite start with the records, by the index of their intents.
        sql: `SELECT r.*, store_now() AS read_at, ${recordColumns} FROM lean_payout_records p CROSS JOIN lean_payout_requests r
          WHERE p.intent_id IN (${placeholders}) AND ${isRecordOfRequest}`,
        values: ids,
      });
      for (const row of rows) {
        const { intentId, transfer, answer } = recordFromRow(row);
        if (intentId === null || answer === null) continue;
        const { firstAt, lookbackMs, until, leanFirstAt } = sendsFromRow(row);
        const first = firstAt ?? Number(row['created_at']);
        // The time of Lean's answer. A later change is a decision or a reconciliation, so the time is bounded.
        const answeredAt = Math.min(Number(row['changed_at']), (until ?? first) + propagationDelayMs);
        const leanClockOffsetMs = leanFirstAt === null ? 0 : leanFirstAt - first;
        recorded.set(intentId, {
          intentId,
          transfer,
          answer: answer.kind === 'created' ? answer : failedAnswer,
          isNew: Number(row['read_at']) - answeredAt < propagationDelayMs,
          requested: {
            from: first - lookbackMs + leanClockOffsetMs,
            to: Math.max(answeredAt, first) + leanClockOffsetMs,
          },
        });
      }
    }
    return recorded;
  }
}
