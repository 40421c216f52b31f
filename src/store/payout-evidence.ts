import type { PayoutRecord, PayoutRequest } from '../payouts/creation/payout-record.ts';
import type { IntentOwner, OtherRecords, PayoutEvidence } from '../payouts/creation/payout-records.ts';
import type { Decimal } from '../payouts/values/decimal.ts';
import type { Database } from './database.ts';
import { mayBeAtLean } from './send-conditions.ts';
import { isRecordOfRequest, openRequests, recordColumns, recordFromRow } from './payout-rows.ts';

/** The number of open records that are read for a comparison with Lean. Far fewer are open in normal operation. */
const maxOpenRecords = 5000;

const dayMs = 86_400_000;
const hourMs = 3_600_000;

/**
 * Evidence about other payouts from the records. Works on SQLite and PostgreSQL. The queries are written so that
 * SQLite starts with the index of the few relevant requests, instead of reading all records.
 */
export class SqlPayoutEvidence implements PayoutEvidence {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async owners(intentIds: readonly string[]): Promise<ReadonlyMap<string, IntentOwner>> {
    const owners = new Map<string, IntentOwner>();
    for (let next = 0; next < intentIds.length; next += 500) {
      const ids = intentIds.slice(next, next + 500);
      const placeholders = ids.map((_, index) => `$${String(index + 1)}`).join(', ');
      const [rows = []] = await this.#database.run({
        sql: `SELECT intent_id, caller, idempotency_key, destination_id, amount, currency, external_reference
          FROM lean_payout_records WHERE intent_id IN (${placeholders})`,
        values: ids,
      });
      for (const row of rows)
        owners.set(String(row['intent_id']), {
          caller: String(row['caller']),
          idempotencyKey: String(row['idempotency_key']),
          destinationId: String(row['destination_id']),
          amount: { amount: String(row['amount']) as Decimal, currency: String(row['currency']) },
          externalReference: String(row['external_reference']),
        });
    }
    return owners;
  }

  async otherRecords(
    { caller, idempotencyKey, records }: PayoutRequest,
    from: number,
  ): Promise<OtherRecords> {
    const references = [...new Set(records.map(({ transfer }) => transfer.externalReference))];
    const placeholders = references.map((_, index) => `$${String(index + 3)}`).join(', ');
    const values = [caller, idempotencyKey, ...references];
    const columns = `r.caller, r.idempotency_key, r.lease_id, ${recordColumns}`;
    const others = `NOT (r.caller = $1 AND r.idempotency_key = $2)`;
    const isOpen = `p.answer IS NULL AND r.first_sent_at IS NOT NULL AND ${mayBeAtLean('r')}`;
    const sharesReference = `p.external_reference IN (${placeholders})`;
    const limit = `LIMIT ${String(maxOpenRecords)}`;
    const [sharing = [], open = [], settled = [], repeated = []] = await this.#database.run(
      {
        // CROSS JOIN makes SQLite start with the first table, here and below.
        sql: `SELECT ${columns} FROM lean_payout_records p CROSS JOIN lean_payout_requests r
          WHERE ${sharesReference} AND ${isOpen} AND ${isRecordOfRequest} AND ${others} ${limit}`,
        values,
      },
      {
        sql: `SELECT ${columns} FROM ${openRequests} r CROSS JOIN lean_payout_records p
          WHERE ${isRecordOfRequest} AND ${isOpen} AND ${others} AND NOT ${sharesReference} ${limit}`,
        values,
      },
      {
        sql: `SELECT ${columns} FROM lean_payout_requests r CROSS JOIN lean_payout_records p
          WHERE r.created_at >= $${String(values.length + 1)} AND ${isRecordOfRequest} AND p.answer IS NOT NULL
            AND (p.intent_id IS NOT NULL OR r.next_check_at IS NOT NULL) AND ${others} AND ${sharesReference} ${limit}`,
        // One hour of tolerance, because the clocks of the store and of Lean may differ.
        values: [...values, Math.floor(from) - hourMs],
      },
      {
        // An older request may have been sent again since. There are few of them.
        sql: `SELECT ${columns} FROM lean_payout_requests r CROSS JOIN lean_payout_records p
          WHERE r.send_count > 1 AND r.created_at < $${String(values.length + 1)} AND ${isRecordOfRequest} AND p.answer IS NOT NULL
            AND (p.intent_id IS NOT NULL OR r.next_check_at IS NOT NULL) AND ${others} AND ${sharesReference} ${limit}`,
        values: [...values, Math.floor(from) - hourMs],
      },
    );
    return {
      records: [...sharing, ...open, ...settled, ...repeated].map(row => ({
        caller: String(row['caller']),
        idempotencyKey: String(row['idempotency_key']),
        record: recordFromRow(row),
        inFlight: row['lease_id'] !== null,
      })),
      isComplete: open.length < maxOpenRecords,
    };
  }

  async referencePayout(
    application: string,
    { from, to }: { readonly from: number; readonly to: number },
  ): Promise<PayoutRecord | undefined> {
    if (to < from) return undefined;
    const [rows = []] = await this.#database.run({
      // CROSS JOIN makes SQLite start with the requests by their age. Otherwise it reads every intent.
      sql: `SELECT ${recordColumns}
        FROM lean_payout_requests r CROSS JOIN lean_payout_records p
        WHERE r.created_at >= $4 AND r.lean_first_sent_at - r.lookback_ms >= $2 AND r.lean_sent_until <= $3
          AND r.application = $1 AND r.send_count = 1 AND r.response_status IS NOT NULL AND ${isRecordOfRequest}
          AND p.state = 'created' AND p.intent_id IS NOT NULL
        ORDER BY r.created_at DESC LIMIT 1`,
      // The bound of one day only shortens the search. The difference between the two clocks is not known here.
      values: [application, Math.floor(from), Math.floor(to), Math.floor(from) - dayMs],
    });
    return rows[0] === undefined ? undefined : recordFromRow(rows[0]);
  }
}
