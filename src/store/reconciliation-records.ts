import type { TransferAnswer } from '../payouts/creation/creation-answer.ts';
import type { Finding } from '../payouts/creation/finding.ts';
import type { RecordedDecision } from '../payouts/creation/operator-records.ts';
import {
  maxReadIntervalMs,
  minReadIntervalMs,
  type PayoutRequest,
  type RequestKey,
} from '../payouts/creation/payout-record.ts';
import type {
  AnnouncedPayout,
  ReconciliationRecords,
  TransferRejection,
} from '../payouts/creation/payout-records.ts';
import { parseDecimal, compareDecimals, type Decimal } from '../payouts/values/decimal.ts';
import { DuplicateValue, type Database } from './database.ts';
import { isRecordOfRequest, requestsFromRows, selectRequest, selectRequests } from './payout-rows.ts';
import { isPast } from './past-time.ts';
import { keyCondition, lockRequest } from './payout-statements.ts';
import { allSendsTurnedAway, absenceDoubted } from './send-conditions.ts';
import {
  answerColumns,
  endChecksWhenSettled,
  settleAbsent,
  settleFound,
  requestUnchanged,
} from './settlement-statements.ts';

/** More than the longest resend delay plus a day, in ms: longer than any wait for the audit of a settled request. */
const maxAuditWaitMs = 9 * 86_400_000;

/** Minimum time between two audits of a settled key that webhooks trigger, in ms. */
const minAuditIntervalMs = 300_000;

/**
 * How long after a request a webhook may announce a second copy of it, in ms. A proxy in front of Lean may copy it.
 */
const secondCopyWindowMs = 2 * 3_600_000;

/** The records as reconciliation uses them. Works on SQLite and PostgreSQL. */
export class SqlReconciliationRecords implements ReconciliationRecords {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async due(limit: number, application: string): Promise<readonly PayoutRequest[]> {
    const [rows = []] = await this.#database.run({
      sql: selectRequests(
        // An open request waits shorter than a settled one, so its due time is wrong sooner. Only for the times in
        // between, the statement reads which requests are open: there are few open records, but many settled requests.
        `r.lease_id IS NULL AND r.application = $2
          AND (${isPast('r.next_check_at', String(maxAuditWaitMs))}
            OR (r.next_check_at > store_now() + ${String(maxReadIntervalMs)} AND (r.caller, r.idempotency_key) IN (
              SELECT p.caller, p.idempotency_key FROM lean_payout_records p WHERE p.answer IS NULL)))`,
        // Requests of unknown outcome come before audits of settled ones.
        `(SELECT COUNT(p.answer) - COUNT(*) FROM lean_payout_records p
          WHERE ${isRecordOfRequest}), r.next_check_at LIMIT $1`,
      ),
      values: [limit, application],
    });
    return requestsFromRows(rows);
  }

  async postpone(
    { caller, idempotencyKey, nextCheckAt }: PayoutRequest,
    { checks, inMs }: { readonly checks: number; readonly inMs: number | null },
  ): Promise<boolean> {
    const [changed = []] = await this.#database.run({
      sql: `UPDATE lean_payout_requests SET checks = $3, next_check_at = store_now() + CAST($4 AS BIGINT)
        WHERE ${keyCondition} AND next_check_at IS NOT DISTINCT FROM CAST($5 AS BIGINT) AND lease_id IS NULL RETURNING checks`,
      values: [caller, idempotencyKey, checks, inMs === null ? null : Math.ceil(inMs), nextCheckAt],
    });
    return changed.length > 0;
  }

  async startReading(request: RequestKey): Promise<PayoutRequest | undefined> {
    const { caller, idempotencyKey } = request;
    const [started = [], rows = []] = await this.#database.run(
      {
        sql: `UPDATE lean_payout_requests SET last_check_at = store_now()
          WHERE ${keyCondition} AND lease_id IS NULL AND (last_check_at IS NULL OR last_check_at > store_now()
            OR last_check_at <= store_now() - ${String(minReadIntervalMs)})
          RETURNING last_check_at`,
        values: [caller, idempotencyKey],
      },
      { sql: selectRequest, values: [caller, idempotencyKey] },
    );
    return started.length > 0 ? requestsFromRows(rows)[0] : undefined;
  }

  async noteFinding({ caller, idempotencyKey, leases }: PayoutRequest, finding: Finding): Promise<void> {
    await this.#database.runWithoutSync({
      sql: `UPDATE lean_payout_requests SET finding = $3 WHERE ${keyCondition} AND lease_id IS NULL AND leases = $4`,
      values: [caller, idempotencyKey, finding, leases],
    });
  }

  async recordFound(request: RequestKey, position: number, answer: TransferAnswer): Promise<boolean> {
    try {
      const [, changed = []] = await this.#database.run(
        lockRequest(request),
        settleFound(request, position, answerColumns(answer)),
        endChecksWhenSettled(request),
      );
      return changed.length > 0;
    } catch (error) {
      if (error instanceof DuplicateValue) return false;
      throw error;
    }
  }

  async rejectAbsent(
    request: PayoutRequest,
    rejections: readonly TransferRejection[],
  ): Promise<readonly TransferRejection[]> {
    const settle = async (withIntents: boolean): Promise<readonly TransferRejection[]> => {
      const [, ...changed] = await this.#database.run(
        lockRequest(request),
        ...rejections.map(({ position, answer }) => {
          const [state, intentId, paymentId, json] = answerColumns(answer);
          return settleAbsent(request, position, [state, withIntents ? intentId : null, paymentId, json]);
        }),
        endChecksWhenSettled(request),
      );
      return rejections.filter((_, index) => (changed[index]?.length ?? 0) > 0);
    };
    try {
      return await settle(true);
    } catch (error) {
      if (!(error instanceof DuplicateValue)) throw error;
      // Lean named an intent that another record has. That record keeps it.
      return settle(false);
    }
  }

  async freeTurnedAway({ caller, idempotencyKey, leases }: PayoutRequest): Promise<void> {
    await this.#database.run({
      sql: `DELETE FROM lean_payout_requests
        WHERE ${keyCondition} AND lease_id IS NULL AND leases = $3 AND ${allSendsTurnedAway} AND send_count = 0`,
      values: [caller, idempotencyKey, leases],
    });
  }

  async restartDelay({ caller, idempotencyKey, leases }: PayoutRequest, leanNow: number): Promise<void> {
    await this.#database.run({
      sql: `UPDATE lean_payout_requests SET sent_until = store_now(), lean_sent_until = $4
        WHERE ${keyCondition} AND lease_id IS NULL AND leases = $3`,
      values: [caller, idempotencyKey, leases, Math.ceil(leanNow)],
    });
  }

  async endGrant(request: PayoutRequest): Promise<void> {
    const { caller, idempotencyKey } = request;
    const { condition, values } = requestUnchanged(request, 3);
    await this.#database.run({
      sql: `UPDATE lean_payout_requests SET send_grant = NULL WHERE ${keyCondition} AND ${condition}`,
      values: [caller, idempotencyKey, ...values],
    });
  }

  async noteDuplicates(request: RequestKey, intentIds: readonly string[]): Promise<readonly string[]> {
    const { caller, idempotencyKey } = request;
    for (;;) {
      const [rows = []] = await this.#database.run({
        sql: `SELECT duplicate_intents FROM lean_payout_requests WHERE ${keyCondition}`,
        values: [caller, idempotencyKey],
      });
      const stored = rows[0]?.['duplicate_intents'] ?? null;
      const known = typeof stored === 'string' ? (JSON.parse(stored) as string[]) : [];
      const fresh = intentIds.filter(id => !known.includes(id));
      if (fresh.length === 0 || rows.length === 0) return fresh;
      const [noted = []] = await this.#database.run({
        sql: `UPDATE lean_payout_requests SET duplicate_intents = $3, send_grant = NULL
          WHERE ${keyCondition} AND duplicate_intents IS NOT DISTINCT FROM CAST($4 AS TEXT) RETURNING lease_id`,
        values: [
          caller,
          idempotencyKey,
          JSON.stringify([...known, ...fresh]),
          stored === null ? null : String(stored),
        ],
      });
      // No row means that another gateway has recorded duplicates meanwhile, so read them again.
      if (noted.length > 0) return fresh;
    }
  }

  async doubtAbsence(application: string, intentId: string, reason: string): Promise<boolean> {
    const [noted = []] = await this.#database.run(
      {
        sql: `INSERT INTO lean_payout_absence_doubts (application, intent_id, reason, doubted_at)
          VALUES ($1, $2, $3, store_now())
          ON CONFLICT DO NOTHING RETURNING doubted_at`,
        values: [application, intentId, reason],
      },
      {
        sql: `UPDATE lean_payout_requests SET finding = 'absence_doubted'
          WHERE next_check_at > 0 AND application = $1 AND lease_id IS NULL AND finding IN ('absent', 'needs_decision')
            AND ${absenceDoubted('$1')}`,
        values: [application],
      },
    );
    return noted.length > 0;
  }

  async decisions({
    caller,
    idempotencyKey,
    createdAt,
  }: PayoutRequest): Promise<readonly RecordedDecision[]> {
    const [rows = []] = await this.#database.run({
      // Older decisions belong to an earlier request with the same key.
      sql: `SELECT decision, evidence FROM lean_payout_decisions WHERE ${keyCondition} AND decided_at >= $3
        ORDER BY decided_at`,
      values: [caller, idempotencyKey, createdAt],
    });
    return rows.map(({ decision, evidence }) => ({
      decision: String(decision) as RecordedDecision['decision'],
      evidence: JSON.parse(String(evidence)) as RecordedDecision['evidence'],
    }));
  }

  async doubtReason(application: string): Promise<string | undefined> {
    const [rows = []] = await this.#database.run({
      sql: 'SELECT reason FROM lean_payout_absence_doubts WHERE application = $1 AND list_accepted = 0 LIMIT 1',
      values: [application],
    });
    return rows[0] === undefined ? undefined : String(rows[0]['reason']);
  }

  async rescheduleNow({ amount, destinationId, intentId }: AnnouncedPayout): Promise<void> {
    const select = (condition: string, amountColumn = 'p.amount'): string =>
      `SELECT r.caller, r.idempotency_key, ${amountColumn} AS amount
      FROM lean_payout_requests r
      JOIN lean_payout_records p ON ${isRecordOfRequest}
      WHERE r.lease_id IS NULL AND ${condition}`;
    const sameDestination = '(CAST($1 AS TEXT) IS NULL OR lower(p.destination_id) = $1)';
    const unowned = 'NOT EXISTS (SELECT 1 FROM lean_payout_records o WHERE o.intent_id = CAST($2 AS TEXT))';
    const open = `${unowned} AND r.next_check_at > store_now() AND p.answer IS NULL`;
    // Audits cost more than other reads. So they need all three values of the payout, and are limited in time (below).
    const audited = 'r.next_check_at > store_now() AND p.answer IS NOT NULL';
    const settled = `r.created_at >= store_now() - ${String(secondCopyWindowMs)} AND r.next_check_at IS NULL`;
    const sentTwice = 'r.send_count > 1 AND r.next_check_at IS NULL';
    // A payout that Lean had failed may have a payment now. Its intent identifies it, whatever the amount.
    const failed = "p.intent_id = CAST($2 AS TEXT) AND p.state = 'rejected' AND r.next_check_at IS NULL";
    const isIdentified = amount !== null && destinationId !== null && intentId !== null;
    const audits = isIdentified
      ? [audited, settled, sentTwice].map(
          condition => `${unowned} AND ${condition} AND r.first_sent_at IS NOT NULL`,
        )
      : [];
    const selects = [
      ...[open, ...audits].map(condition => select(`${sameDestination} AND ${condition}`)),
      select(failed, 'NULL'),
    ];
    const [rows = []] = await this.#database.run({
      sql: `${selects.join(' UNION ALL ')} LIMIT 1000`,
      values: [destinationId?.toLowerCase() ?? null, intentId],
    });
    const announcedAmount = amount === null ? undefined : parseDecimal(amount);
    const keys = rows
      .filter(
        ({ amount: recorded }) =>
          announcedAmount === undefined ||
          recorded === null ||
          compareDecimals(String(recorded) as Decimal, announcedAmount) === 0,
      )
      .map(row => [String(row['caller']), String(row['idempotency_key'])] as const);
    const isOpen = `EXISTS (SELECT 1 FROM lean_payout_records p
      WHERE p.caller = $1 AND p.idempotency_key = $2 AND p.answer IS NULL)`;
    // `last_check_at` may be the time of the next audit (below). A time further ahead was written by a wrong clock.
    const dueAt = `CASE WHEN last_check_at IS NULL OR last_check_at <= store_now() - ${String(minAuditIntervalMs)}
        OR last_check_at > store_now() + ${String(minAuditIntervalMs)} OR ${isOpen}
      THEN store_now() ELSE last_check_at + ${String(minAuditIntervalMs)} END`;
    // One transaction for each key: two transactions that lock several rows could deadlock.
    for (const key of keys)
      await this.#database.runWithoutSync({
        // `checks` of -1: a webhook caused this audit. Only one more follows, a resend delay after the answer.
        sql: `UPDATE lean_payout_requests SET checks = CASE WHEN next_check_at IS NULL THEN -1 ELSE checks END,
            last_check_at = CASE WHEN ${isOpen} THEN last_check_at ELSE ${dueAt} END, next_check_at = ${dueAt}
          WHERE ${keyCondition} AND lease_id IS NULL AND (next_check_at IS NULL OR next_check_at > ${dueAt})`,
        values: key,
      });
  }
}
