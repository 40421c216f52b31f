import { randomUUID } from 'node:crypto';
import type { PayoutRejected, TransferAnswer } from '../payouts/creation/creation-answer.ts';
import type {
  Lease,
  NewRequest,
  PayoutRequest,
  RequestKey,
  Reservation,
  UpstreamResponse,
} from '../payouts/creation/payout-record.ts';
import type { PayoutRecords, SendNoteResult, Settlement } from '../payouts/creation/payout-records.ts';
import type { SendPermit, SendTiming } from '../payouts/creation/resend-rule.ts';
import { neverSent } from '../payouts/creation/send-history.ts';
import { DuplicateValue, type Database, type Statement } from './database.ts';
import { requestsFromRows, selectRequests } from './payout-rows.ts';
import {
  changeState,
  deleteLeased,
  endLease,
  endLeaseWithResponse,
  insertRecord,
  insertRequest,
  leaseAgain,
  noteRefusal,
  noteSending,
  noteTurnedAway,
  lockRequest,
  restoreSends,
  selectAnswered,
} from './payout-statements.ts';
import { deleteExpiredRequests } from './retention-statements.ts';
import { answerColumns, endChecksWhenSettled, settleAnswered } from './settlement-statements.ts';
import { selectSimilar, similarKey } from './similar-key.ts';

/** Pause before the first reconciliation read after an outcome became unknown, in ms. */
const firstCheckMs = 5000;

/**
 * Twice the largest `LEAN_TIMEOUT_MS`, in ms. Each step of an attempt takes at most half of this and then records the
 * time, so a lease whose last recorded time is older belongs to no running attempt.
 */
const maxAttemptMs = 600_000;

/**
 * The payout records. SQLite and PostgreSQL run the same statements. Create one instance for each opened database,
 * because it holds the set of active leases.
 */
export class SqlPayoutRecords implements PayoutRecords {
  readonly #database: Database;
  /** Ids of the leases that attempts of this process hold. */
  readonly #activeLeases = new Set<string>();

  constructor(database: Database) {
    this.#database = database;
  }

  async reserve(request: NewRequest): Promise<Reservation> {
    const { transfers } = request;
    const leaseId = randomUUID();
    const owner = await this.#database.owner();
    const lease = await this.#acquire(leaseId, async () => {
      // If a crash of the machine loses this write, nothing has been sent: `noteSending` syncs before the first send.
      const [inserted = [], similar = []] = await this.#database.runWithoutSync(
        insertRequest(request, { leaseId, owner }),
        selectSimilar(request, transfers, { inFlight: false }),
        ...transfers.map((transfer, position) => insertRecord(request, leaseId, position, transfer)),
      );
      return inserted.length > 0 ? newLease(request, leaseId, similarKey(transfers, similar)) : undefined;
    });
    if (lease !== undefined) return { lease };
    const existing = await this.#readExisting(request);
    // The key was taken and has been released meanwhile, so reserve it again.
    return existing === undefined ? this.reserve(request) : { request: existing };
  }

  /** Reads this caller's record of the key, or a record of the same request that was made without a caller. */
  async #readExisting({
    caller,
    idempotencyKey,
    fingerprint,
  }: NewRequest): Promise<PayoutRequest | undefined> {
    const own = await this.read({ caller, idempotencyKey });
    if (own !== undefined || caller === '') return own;
    const shared = await this.read({ caller: '', idempotencyKey });
    return shared?.fingerprint === fingerprint ? shared : undefined;
  }

  async similarKey(lease: Lease): Promise<string | null> {
    const [rows = []] = await this.#database.run(selectSimilar(lease, lease.transfers, { inFlight: true }));
    return similarKey(lease.transfers, rows);
  }

  async leaseAgain(request: PayoutRequest, permit: SendPermit): Promise<Lease | undefined> {
    const leaseId = randomUUID();
    const owner = await this.#database.owner();
    return this.#acquire(leaseId, async () => {
      const [, leased = []] = await this.#database.run(
        lockRequest(request),
        leaseAgain(request, { leaseId, owner }, permit),
        changeState('unknown to reserved', request, leaseId),
      );
      if (leased.length === 0) return undefined;
      const { caller, idempotencyKey, leanKey, records, sends } = request;
      return {
        caller,
        idempotencyKey,
        id: leaseId,
        leanKey,
        transfers: records.map(({ transfer }) => transfer),
        repeated: true,
        earlierSends: sends,
        duplicateIntents: request.duplicateIntents,
        similarUnknownKey: request.similarUnknownKey,
      };
    });
  }

  async noteSending(lease: Lease, timing: SendTiming, permit: SendPermit): Promise<SendNoteResult> {
    const [noted = [], , answered = []] = await this.#database.run(
      noteSending(lease, timing, permit),
      changeState('reserved to sent', lease, lease.id),
      // The previous attempt may have recorded Lean's answer late. An answered transfer is never sent again.
      selectAnswered(lease),
    );
    if (answered.length > 0) return 'lease lost';
    if (noted.length > 0) return 'noted';
    return !lease.repeated && (await this.#isValid(lease)) ? 'list read required' : 'lease lost';
  }

  async #isValid({ id }: Lease): Promise<boolean> {
    const [rows = []] = await this.#database.run({
      sql: 'SELECT claim FROM lean_payout_requests WHERE claim = $1',
      values: [id],
    });
    return rows.length > 0;
  }

  async release(lease: Lease): Promise<void> {
    await this.#finish(lease, () =>
      this.#database.run(
        ...(lease.earlierSends.count === 0 && !lease.earlierSends.turnedAway
          ? [deleteLeased(lease.id, 'any')]
          : this.#markUnknownStatements(lease, restoreSends(lease))),
      ),
    );
  }

  async markTurnedAway(lease: Lease): Promise<void> {
    await this.#finish(lease, () =>
      this.#database.run(...this.#markUnknownStatements(lease, noteTurnedAway(lease))),
    );
  }

  async markUnknown(lease: Lease, refusal: PayoutRejected | null = null): Promise<void> {
    await this.#finish(lease, () =>
      this.#database.run(...this.#markUnknownStatements(lease, noteRefusal(lease.id, refusal))),
    );
  }

  async assumeSent(
    lease: Lease,
    { lookbackMs, leanNow }: { readonly lookbackMs: number; readonly leanNow: number | undefined },
  ): Promise<void> {
    const sent: Statement = {
      sql: `UPDATE lean_payout_requests
        SET sends = 1, first_sent_at = store_now() - $2, last_sent_at = store_now(), sent_until = store_now(),
          lean_first_sent_at = CAST($3 AS BIGINT) - $2, lean_sent_until = $3
        WHERE claim = $1`,
      values: [lease.id, lookbackMs, leanNow ?? null],
    };
    await this.#finish(lease, () => this.#database.run(...this.#markUnknownStatements(lease, sent)));
  }

  async lostRecordsAgeMs(): Promise<number | null> {
    const [rows = []] = await this.#database.run({
      sql: 'SELECT store_now() - lost_since AS age FROM lean_payout_store',
    });
    const ageMs = rows[0]?.['age'];
    return ageMs == null ? null : Number(ageMs);
  }

  async settle(
    lease: Lease,
    response: UpstreamResponse,
    answers: readonly TransferAnswer[],
  ): Promise<Settlement> {
    const usedIntentIds = new Set<string | null>();
    return this.#finish(lease, async () => {
      try {
        const [, ...settled] = await this.#database.run(
          lockRequest(lease),
          ...answers.map((answer, position) =>
            settleAnswered(lease, position, answerColumns(answer, usedIntentIds)),
          ),
          endLeaseWithResponse(lease.id, response),
          endChecksWhenSettled(lease),
        );
        const unrecorded = answers.filter((_, position) => settled[position]?.length === 0);
        return unrecorded.length === 0 ? 'recorded' : await this.#unrecordedSettlement(lease, unrecorded);
      } catch (error) {
        if (!(error instanceof DuplicateValue)) throw error;
        await this.#database.run(...this.#markUnknownStatements(lease));
        return 'duplicate intent';
      }
    });
  }

  /** Finds out why these answers were not recorded: the lease is lost, or the records have answers already. */
  async #unrecordedSettlement(lease: Lease, answers: readonly TransferAnswer[]): Promise<Settlement> {
    if (answers.some(({ kind }) => kind === 'rejected')) return 'overtaken';
    const request = await this.read(lease);
    const recordedIntentIds = new Set(
      request?.records.map(({ answer }) => (answer?.kind === 'created' ? answer.intentId : null)),
    );
    const areSame = answers.every(
      answer => answer.kind === 'created' && recordedIntentIds.has(answer.intentId),
    );
    return areSame ? 'recorded' : 'double payment';
  }

  async read({ caller, idempotencyKey }: RequestKey): Promise<PayoutRequest | undefined> {
    const [rows = []] = await this.#database.run({
      sql: selectRequests('r.caller = $1 AND r.idempotency_key = $2'),
      values: [caller, idempotencyKey],
    });
    return requestsFromRows(rows)[0];
  }

  async recover(): Promise<void> {
    const [leased = []] = await this.#database.run({
      // An overdue lease has lasted longer than any attempt can. A suspended gateway keeps its leases and may never
      // resume.
      sql: `SELECT r.caller, r.idempotency_key, r.claim, r.holder, CASE
          WHEN COALESCE(r.sent_until, 0) < store_now() - ${String(maxAttemptMs)}
            AND COALESCE((SELECT MAX(p.changed_at) FROM lean_payout_records p
              WHERE p.caller = r.caller AND p.idempotency_key = r.idempotency_key), r.created_at)
              < store_now() - ${String(maxAttemptMs)}
          THEN 1 ELSE 0 END AS overdue
        FROM lean_payout_requests r WHERE r.claim IS NOT NULL`,
    });
    const others = leased.filter(({ claim }) => !this.#activeLeases.has(String(claim)));
    if (others.length === 0) return;
    // The rows are read before the owners are checked. A gateway takes its lock before it writes a row, so the check
    // finds the owner of each of these rows if it is still alive.
    const me = await this.#database.owner();
    const alive = new Set(await this.#database.aliveOwners(others.map(({ holder }) => String(holder))));
    for (const row of others) {
      // A lease with this process's id that is not an active one is abandoned, like a lease of an ended process.
      const isHeld = row['holder'] !== me && alive.has(String(row['holder']));
      if (isHeld && Number(row['overdue']) === 0) continue;
      const lease = {
        caller: String(row['caller']),
        idempotencyKey: String(row['idempotency_key']),
        id: String(row['claim']),
      };
      await this.#database.run(deleteLeased(lease.id, 'never sent'), ...this.#markUnknownStatements(lease));
    }
  }

  async purge(olderThanMs: number): Promise<void> {
    await this.#database.run(deleteExpiredRequests(olderThanMs));
  }

  /** The statements that end a lease with an unknown outcome, together with `changes`. */
  #markUnknownStatements(
    lease: RequestKey & Pick<Lease, 'id'>,
    ...changes: readonly Statement[]
  ): Statement[] {
    return [
      lockRequest(lease),
      changeState('to unknown', lease, lease.id),
      ...changes,
      endLease(lease.id, firstCheckMs),
      endChecksWhenSettled(lease),
    ];
  }

  /** Counts the lease as active from before it is written. It stays active if `take` returns it. */
  async #acquire(leaseId: string, take: () => Promise<Lease | undefined>): Promise<Lease | undefined> {
    this.#activeLeases.add(leaseId);
    let lease: Lease | undefined;
    try {
      lease = await take();
      return lease;
    } finally {
      if (lease === undefined) this.#activeLeases.delete(leaseId);
    }
  }

  /** Ends the lease in this process, even if the write fails. */
  async #finish<Value>(lease: Lease, write: () => Promise<Value>): Promise<Value> {
    try {
      return await write();
    } finally {
      this.#activeLeases.delete(lease.id);
    }
  }
}

function newLease(
  { caller, idempotencyKey, leanKey, transfers }: NewRequest,
  id: string,
  similarUnknownKey: string | null,
): Lease {
  return {
    caller,
    idempotencyKey,
    id,
    leanKey,
    transfers,
    repeated: false,
    earlierSends: neverSent,
    duplicateIntents: [],
    similarUnknownKey,
  };
}
