import type { TransferAnswer } from '../payouts/creation/creation-answer.ts';
import type { Finding } from '../payouts/creation/finding.ts';
import type { KeptDecision } from '../payouts/creation/operator-records.ts';
import type { PayoutRequest, RequestKey } from '../payouts/creation/payout-record.ts';
import type {
  HeardPayout,
  ReconciliationRecords,
  TransferRejection,
} from '../payouts/creation/payout-records.ts';
import { parseDecimal, compareDecimals, type Decimal } from '../payouts/values/decimal.ts';
import { DuplicateValue, type Database } from './database.ts';
import { requestsFromRows, selectRequests } from './payout-rows.ts';
import { ofKey, requestFirst } from './payout-statements.ts';
import { allSendsTurnedAway, doubted } from './send-conditions.ts';
import {
  answered,
  endChecksWhenSettled,
  settleAbsent,
  settleFound,
  unchanged,
} from './settlement-statements.ts';

/** A key is looked for at Lean once in so many ms, however many callers ask. */
export const readingEveryMs = 5000;

/** Above the longest resend delay and a day. */
const longestWaitMs = 9 * 86_400_000;

/** A key that was answered is audited because of webhooks once in this long at most. */
const auditEveryMs = 300_000;

/** A second copy of a request, as an edge in front of Lean may make one, is heard of within this time. */
const secondCopyWithinMs = 2 * 3_600_000;

/** The records of reconciliation, in either database. */
export class SqlReconciliationRecords implements ReconciliationRecords {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async due(limit: number, application: string): Promise<readonly PayoutRequest[]> {
    const [rows = []] = await this.#database.run({
      sql: selectRequests(
        // A time that is further ahead than any pause was noted by a clock that was wrong.
        `r.claim IS NULL AND (r.application = $2 OR r.application IS NULL)
          AND (r.next_check_at <= store_now() OR r.next_check_at > store_now() + ${String(longestWaitMs)})`,
        // An audit waits for the requests of unknown outcome.
        `(SELECT COUNT(p.answer) - COUNT(*) FROM lean_payout_records p
          WHERE p.caller = r.caller AND p.idempotency_key = r.idempotency_key), r.next_check_at LIMIT $1`,
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
        WHERE ${ofKey} AND next_check_at IS NOT DISTINCT FROM CAST($5 AS BIGINT) AND claim IS NULL RETURNING checks`,
      values: [caller, idempotencyKey, checks, inMs === null ? null : Math.ceil(inMs), nextCheckAt],
    });
    return changed.length > 0;
  }

  async startReading(request: RequestKey): Promise<PayoutRequest | undefined> {
    const { caller, idempotencyKey } = request;
    const [turn = [], rows = []] = await this.#database.run(
      {
        sql: `UPDATE lean_payout_requests SET looked_at = store_now()
          WHERE ${ofKey} AND claim IS NULL AND (looked_at IS NULL OR looked_at > store_now()
            OR looked_at <= store_now() - ${String(readingEveryMs)})
          RETURNING looked_at`,
        values: [caller, idempotencyKey],
      },
      { sql: selectRequests('r.caller = $1 AND r.idempotency_key = $2'), values: [caller, idempotencyKey] },
    );
    return turn.length > 0 ? requestsFromRows(rows)[0] : undefined;
  }

  async noteFinding({ caller, idempotencyKey, leases }: PayoutRequest, finding: Finding): Promise<void> {
    await this.#database.runLoosely({
      sql: `UPDATE lean_payout_requests SET finding = $3 WHERE ${ofKey} AND claim IS NULL AND attempts = $4`,
      values: [caller, idempotencyKey, finding, leases],
    });
  }

  async found(request: RequestKey, position: number, answer: TransferAnswer): Promise<boolean> {
    try {
      const [, changed = []] = await this.#database.run(
        requestFirst(request),
        settleFound(request, position, answered(answer)),
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
    const settle = async (ownIntents: boolean): Promise<readonly TransferRejection[]> => {
      const [, ...changed] = await this.#database.run(
        requestFirst(request),
        ...rejections.map(({ position, answer }) => {
          const [state, intentId, paymentId, text] = answered(answer);
          return settleAbsent(request, position, [state, ownIntents ? intentId : null, paymentId, text]);
        }),
        endChecksWhenSettled(request),
      );
      return rejections.filter((_, index) => (changed[index]?.length ?? 0) > 0);
    };
    try {
      return await settle(true);
    } catch (error) {
      if (!(error instanceof DuplicateValue)) throw error;
      // Lean named a payout that another record has. That record keeps it.
      return settle(false);
    }
  }

  async freeTurnedAway({ caller, idempotencyKey, leases }: PayoutRequest): Promise<void> {
    await this.#database.run({
      sql: `DELETE FROM lean_payout_requests
        WHERE ${ofKey} AND claim IS NULL AND attempts = $3 AND ${allSendsTurnedAway} AND sends = 0`,
      values: [caller, idempotencyKey, leases],
    });
  }

  async restartDelay({ caller, idempotencyKey, leases }: PayoutRequest, leanNow: number): Promise<void> {
    await this.#database.run({
      sql: `UPDATE lean_payout_requests SET sent_until = store_now(), lean_sent_until = $4
        WHERE ${ofKey} AND claim IS NULL AND attempts = $3`,
      values: [caller, idempotencyKey, leases, Math.ceil(leanNow)],
    });
  }

  async endGrant(request: PayoutRequest): Promise<void> {
    const { caller, idempotencyKey } = request;
    const { condition, values } = unchanged(request, 3);
    await this.#database.run({
      sql: `UPDATE lean_payout_requests SET send_grant = NULL WHERE ${ofKey} AND ${condition}`,
      values: [caller, idempotencyKey, ...values],
    });
  }

  async noteDuplicates(request: RequestKey, intentIds: readonly string[]): Promise<readonly string[]> {
    const { caller, idempotencyKey } = request;
    for (;;) {
      const [rows = []] = await this.#database.run({
        sql: `SELECT duplicate_intents FROM lean_payout_requests WHERE ${ofKey}`,
        values: [caller, idempotencyKey],
      });
      const stored = rows[0]?.['duplicate_intents'] ?? null;
      const known = typeof stored === 'string' ? (JSON.parse(stored) as string[]) : [];
      const fresh = intentIds.filter(id => !known.includes(id));
      if (fresh.length === 0 || rows.length === 0) return fresh;
      const [noted = []] = await this.#database.run({
        sql: `UPDATE lean_payout_requests SET duplicate_intents = $3, send_grant = NULL
          WHERE ${ofKey} AND duplicate_intents IS NOT DISTINCT FROM CAST($4 AS TEXT) RETURNING claim`,
        values: [
          caller,
          idempotencyKey,
          JSON.stringify([...known, ...fresh]),
          stored === null ? null : String(stored),
        ],
      });
      // Otherwise another gateway has noted some meanwhile: what is new is told anew.
      if (noted.length > 0) return fresh;
    }
  }

  async doubtAbsence(application: string, intentId: string, reason: string): Promise<boolean> {
    const [noted = []] = await this.#database.run(
      {
        sql: `INSERT INTO lean_payout_doubts (application, intent_id, reason, since) VALUES ($1, $2, $3, store_now())
          ON CONFLICT DO NOTHING RETURNING since`,
        values: [application, intentId, reason],
      },
      {
        sql: `UPDATE lean_payout_requests SET finding = 'absence_doubted'
          WHERE next_check_at > 0 AND application = $1 AND claim IS NULL AND finding IN ('absent', 'needs_decision')
            AND ${doubted('$1')}`,
        values: [application],
      },
    );
    return noted.length > 0;
  }

  async decisions({ caller, idempotencyKey, createdAt }: PayoutRequest): Promise<readonly KeptDecision[]> {
    const [rows = []] = await this.#database.run({
      // Older decisions are about an earlier request with the same key.
      sql: `SELECT decision, evidence FROM lean_payout_decisions WHERE ${ofKey} AND decided_at >= $3
        ORDER BY decided_at`,
      values: [caller, idempotencyKey, createdAt],
    });
    return rows.map(({ decision, evidence }) => ({
      decision: String(decision) as KeptDecision['decision'],
      evidence: JSON.parse(String(evidence)) as KeptDecision['evidence'],
    }));
  }

  async doubt(application: string): Promise<string | undefined> {
    const [rows = []] = await this.#database.run({
      sql: 'SELECT reason FROM lean_payout_doubts WHERE application = $1 AND accepted = 0 LIMIT 1',
      values: [application],
    });
    return rows[0] === undefined ? undefined : String(rows[0]['reason']);
  }

  async rescheduleNow({ amount, destinationId, intentId }: HeardPayout): Promise<void> {
    const part = (which: string, asked = 'p.amount'): string =>
      `SELECT r.caller, r.idempotency_key, ${asked} AS amount
      FROM lean_payout_requests r
      JOIN lean_payout_records p ON p.caller = r.caller AND p.idempotency_key = r.idempotency_key
      WHERE r.claim IS NULL AND ${which}`;
    const sameDestination = '(CAST($1 AS TEXT) IS NULL OR lower(p.destination_id) = $1)';
    const unowned = 'NOT EXISTS (SELECT 1 FROM lean_payout_records o WHERE o.intent_id = CAST($2 AS TEXT))';
    const open = `${unowned} AND r.next_check_at > store_now() AND p.answer IS NULL`;
    // An audit costs more, so the payout must be known well, and a key is audited once in a while.
    const audited = 'r.next_check_at > store_now() AND p.answer IS NOT NULL';
    const settled = `r.created_at >= store_now() - ${String(secondCopyWithinMs)} AND r.next_check_at IS NULL`;
    const sentTwice = 'r.sends > 1 AND r.next_check_at IS NULL';
    // A payout that Lean had failed may have a payment now. It is known by its intent, whatever its amount.
    const failed = "p.intent_id = CAST($2 AS TEXT) AND p.state = 'rejected' AND r.next_check_at IS NULL";
    const isKnownWell = amount !== null && destinationId !== null && intentId !== null;
    const audits = isKnownWell
      ? [audited, settled, sentTwice].map(each => `${unowned} AND ${each} AND r.first_sent_at IS NOT NULL`)
      : [];
    const parts = [
      ...[open, ...audits].map(each => part(`${sameDestination} AND ${each}`)),
      part(failed, 'NULL'),
    ];
    const [rows = []] = await this.#database.run({
      sql: `${parts.join(' UNION ALL ')} LIMIT 1000`,
      values: [destinationId?.toLowerCase() ?? null, intentId],
    });
    const decimal = amount === null ? undefined : parseDecimal(amount);
    const keys = rows
      .filter(
        ({ amount: asked }) =>
          decimal === undefined || asked === null || compareDecimals(String(asked) as Decimal, decimal) === 0,
      )
      .map(row => [String(row['caller']), String(row['idempotency_key'])] as const);
    const isOpen = `EXISTS (SELECT 1 FROM lean_payout_records p
      WHERE p.caller = $1 AND p.idempotency_key = $2 AND p.answer IS NULL)`;
    const at = `CASE WHEN looked_at IS NULL OR looked_at <= store_now() - ${String(auditEveryMs)} OR ${isOpen}
      THEN store_now() ELSE looked_at + ${String(auditEveryMs)} END`;
    // One after the other: a transaction that locks several rows could wait for another one that does.
    for (const key of keys)
      await this.#database.runLoosely({
        // One audit, and one a resend delay after the answer, follow where none was planned.
        sql: `UPDATE lean_payout_requests SET checks = CASE WHEN next_check_at IS NULL THEN -1 ELSE checks END,
            looked_at = CASE WHEN ${isOpen} THEN looked_at ELSE ${at} END, next_check_at = ${at}
          WHERE ${ofKey} AND claim IS NULL AND (next_check_at IS NULL OR next_check_at > ${at})`,
        values: key,
      });
  }
}
