import { intentOf, type TransferAnswer } from '../payouts/creation/creation-answer.ts';
import { findings, isFinding, type PayoutUnknownReason } from '../payouts/creation/finding.ts';
import type {
  AttentionCounts,
  Decision,
  ListFilter,
  OperatorRecords,
} from '../payouts/creation/operator-records.ts';
import type { SendGrant } from '../payouts/creation/send-history.ts';
import type { PayoutRequest, RequestKey } from '../payouts/creation/payout-record.ts';
import { DuplicateValue, type Database, type Statement } from './database.ts';
import { isRecordOfRequest, requestsFromRows, selectRequests } from './payout-rows.ts';
import { keyCondition, lockRequest } from './payout-statements.ts';
import { absenceDoubted, duplicateIntentsColumn, duplicatesUnchanged } from './send-conditions.ts';
import {
  answerColumns,
  endChecksWhenSettled,
  settleAbsent,
  requestUnchanged,
  type Condition,
} from './settlement-statements.ts';

/** The records as operators use them, and the operators' decisions. Works on SQLite and PostgreSQL. */
export class SqlOperatorRecords implements OperatorRecords {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async list({ unknownOnly, since, limit }: ListFilter): Promise<readonly PayoutRequest[]> {
    const open = `(r.duplicate_intents IS NOT NULL OR EXISTS (SELECT 1 FROM lean_payout_records p
      WHERE ${isRecordOfRequest} AND p.state = 'unknown'))`;
    const [rows = []] = await this.#database.run({
      sql: selectRequests(
        unknownOnly ? `r.created_at >= $1 AND ${open}` : 'r.created_at >= $1',
        'r.created_at DESC LIMIT $2',
      ),
      values: [since ?? 0, limit],
    });
    return requestsFromRows(rows);
  }

  async attention(): Promise<AttentionCounts> {
    const [byFinding = [], duplicated = [], doubted = []] = await this.#database.run(
      {
        sql: `SELECT r.finding, count(*) AS count, store_now() - MIN(r.created_at) AS age FROM lean_payout_requests r
          WHERE r.next_check_at IS NOT NULL AND EXISTS (SELECT 1 FROM lean_payout_records p
            WHERE ${isRecordOfRequest} AND p.answer IS NULL)
          GROUP BY r.finding`,
      },
      { sql: 'SELECT count(*) AS count FROM lean_payout_requests WHERE duplicate_intents IS NOT NULL' },
      {
        sql: 'SELECT count(DISTINCT application) AS count FROM lean_payout_absence_doubts WHERE list_accepted = 0',
      },
    );
    const open: Record<PayoutUnknownReason, number> = { WAITING: 0, UNCLEAR: 0, OPERATOR: 0 };
    const oldestSeconds: Record<PayoutUnknownReason, number> = { WAITING: 0, UNCLEAR: 0, OPERATOR: 0 };
    for (const { finding, count, age } of byFinding) {
      const reason = isFinding(finding) ? findings[finding].reason : 'WAITING';
      open[reason] += Number(count);
      oldestSeconds[reason] = Math.max(oldestSeconds[reason], Number(age) / 1000);
    }
    return {
      open,
      oldestSeconds,
      duplicates: Number(duplicated[0]?.['count']),
      doubts: Number(doubted[0]?.['count']),
    };
  }

  async settle(
    request: PayoutRequest,
    position: number,
    answer: TransferAnswer,
    decision: Decision,
    { isRecordedForOther = false } = {},
  ): Promise<boolean> {
    try {
      const { condition, values } = requestUnchanged(request, 9);
      // If several transfers share an intent, only one record stores it.
      const usedIntentIds = new Set(request.records.map(({ intentId }) => intentId));
      if (isRecordedForOther) usedIntentIds.add(intentOf(answer));
      const [, , changed = []] = await this.#database.run(
        lockRequest(request),
        // The decision is inserted before the change, under the same condition: it is kept only if the change is made.
        insertDecision(request, decision, {
          condition: `${condition} AND EXISTS (SELECT 1 FROM lean_payout_records WHERE caller = $1
            AND idempotency_key = $2 AND position = $8 AND state = 'unknown')`,
          values: [position, ...values],
        }),
        settleAbsent(request, position, answerColumns(answer, usedIntentIds)),
        endChecksWhenSettled(request),
      );
      return changed.length > 0;
    } catch (error) {
      if (error instanceof DuplicateValue) return false;
      throw error;
    }
  }

  async grantSend(request: PayoutRequest, grant: SendGrant, decision: Decision): Promise<boolean> {
    const { caller, idempotencyKey } = request;
    const open = `EXISTS (SELECT 1 FROM lean_payout_records WHERE caller = $1 AND idempotency_key = $2
      AND state = 'unknown')`;
    const decisionCondition = requestUnchanged(request, 9);
    const grantCondition = requestUnchanged(request, 6);
    const duplicates = duplicateIntentsColumn(request.duplicateIntents);
    const duplicatesKnown = `EXISTS (SELECT 1 FROM lean_payout_requests WHERE ${keyCondition} AND ${duplicatesUnchanged('$8')})`;
    const judgedPayouts = [...new Set([...request.judgedPayouts, ...grant.payouts])];
    const [, , changed = []] = await this.#database.run(
      lockRequest(request),
      insertDecision(request, decision, {
        condition: `${decisionCondition.condition} AND ${open} AND ${duplicatesKnown}`,
        values: [duplicates, ...decisionCondition.values],
      }),
      {
        sql: `UPDATE lean_payout_requests SET send_grant = $3, judged_payouts = CAST($4 AS TEXT), finding = NULL
          WHERE ${keyCondition} AND ${grantCondition.condition} AND ${open} AND ${duplicatesUnchanged('$5')}
          RETURNING leases`,
        values: [
          caller,
          idempotencyKey,
          JSON.stringify(grant),
          JSON.stringify(judgedPayouts),
          duplicates,
          ...grantCondition.values,
        ],
      },
    );
    return changed.length > 0;
  }

  async endDoubt(application: string, by: string, reason: string): Promise<boolean> {
    const [, doubts = []] = await this.#database.run(
      insertDecision(
        { caller: '', idempotencyKey: '' },
        { decision: 'judge absences again', intentId: null, by, reason, evidence: { application } },
        {
          condition: absenceDoubted('$8'),
          values: [application],
        },
      ),
      {
        sql: `UPDATE lean_payout_absence_doubts SET list_accepted = 1
          WHERE application = $1 AND list_accepted = 0 RETURNING reason`,
        values: [application],
      },
      {
        sql: `UPDATE lean_payout_requests SET finding = NULL, last_check_at = NULL, next_check_at = store_now()
          WHERE application = $1 AND finding = 'absence_doubted' AND lease_id IS NULL AND next_check_at > 0`,
        values: [application],
      },
    );
    return doubts.length > 0;
  }

  async takeOver(from: string, to: string, by: string, reason: string): Promise<number> {
    const open = 'next_check_at > 0 AND lease_id IS NULL AND application';
    const [, , moved = []] = await this.#database.run(
      insertDecision(
        { caller: '', idempotencyKey: '' },
        { decision: 'take over', intentId: null, by, reason, evidence: { from, to } },
        {
          condition: `EXISTS (SELECT 1 FROM lean_payout_requests WHERE ${open} = $8)`,
          values: [from],
        },
      ),
      {
        // Lean's list stays the same, so the doubts about it move to the new application.
        sql: `INSERT INTO lean_payout_absence_doubts (application, intent_id, reason, doubted_at, list_accepted)
          SELECT CAST($2 AS TEXT), intent_id, reason, doubted_at, list_accepted
          FROM lean_payout_absence_doubts WHERE application = $1
          ON CONFLICT DO NOTHING`,
        values: [from, to],
      },
      {
        sql: `UPDATE lean_payout_requests SET application = $2, finding = NULL, last_check_at = NULL,
            next_check_at = store_now()
          WHERE ${open} = $1 RETURNING idempotency_key`,
        values: [from, to],
      },
      {
        // Recent payouts move too. If they are missing from the new application's list, it is not the same list.
        sql: `UPDATE lean_payout_requests SET application = $2
          WHERE created_at >= store_now() - ${String(2 * 86_400_000)} AND lease_id IS NULL AND application = $1`,
        values: [from, to],
      },
    );
    return moved.length;
  }

  async now(): Promise<number> {
    const [rows = []] = await this.#database.run({ sql: 'SELECT store_now() AS now' });
    return Number(rows[0]?.['now']);
  }
}

/** Adds a decision to the trail if the condition holds. */
function insertDecision(
  { caller, idempotencyKey }: RequestKey,
  { decision, intentId, by, reason, evidence }: Omit<Decision, 'decision'> & { readonly decision: string },
  { condition, values }: Condition,
): Statement {
  return {
    sql: `INSERT INTO lean_payout_decisions
        (decided_at, caller, idempotency_key, decision, intent_id, decided_by, reason, evidence)
      SELECT store_now(), CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS TEXT),
        CAST($6 AS TEXT), CAST($7 AS TEXT)
      WHERE ${condition}`,
    values: [caller, idempotencyKey, decision, intentId, by, reason, JSON.stringify(evidence), ...values],
  };
}
