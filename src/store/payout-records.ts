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
import type { PayoutRecords, SendNote, Settlement } from '../payouts/creation/payout-records.ts';
import type { ResendPermit, SendStamp } from '../payouts/creation/resend-rule.ts';
import { neverSent } from '../payouts/creation/send-history.ts';
import { DuplicateValue, type Database, type Statement } from './database.ts';
import { requestsFromRows, selectRequests } from './payout-rows.ts';
import {
  changeState,
  deleteLeased,
  endLease,
  endLeaseWith,
  insertRecord,
  insertRequest,
  leaseAgain,
  noteRefusal,
  noteSending,
  noteTurnedAway,
  requestFirst,
  restoreSends,
  selectAnswered,
} from './payout-statements.ts';
import { forgetRequests } from './retention-statements.ts';
import { answered, endChecksWhenSettled, settleRecord } from './settlement-statements.ts';
import { selectSimilar, similarKey } from './similar-key.ts';

/** The first look for a payout whose answer was lost comes this long after it was lost. */
const firstCheckMs = 5000;

/** Twice the longest `LEAN_TIMEOUT_MS`. A step of an attempt takes half of it at most, and notes its time. */
const longestAttemptMs = 600_000;

/** Records in either database: the same statements, the same rules. One of these for each opened database. */
export class SqlPayoutRecords implements PayoutRecords {
  readonly #database: Database;
  /** Leases that an attempt of this process holds. */
  readonly #held = new Set<string>();

  constructor(database: Database) {
    this.#database = database;
  }

  async reserve(request: NewRequest): Promise<Reservation> {
    const { transfers } = request;
    const leaseId = randomUUID();
    const owner = await this.#database.owner();
    const lease = await this.#holding(leaseId, async () => {
      // Lost with the machine, it is as if nobody had asked: before anything is sent, `noteSending` brings it to disk.
      const [won = [], similar = []] = await this.#database.runLoosely(
        insertRequest(request, { leaseId, owner }),
        selectSimilar(request, transfers, { inFlight: false }),
        ...transfers.map((transfer, position) => insertRecord(request, leaseId, position, transfer)),
      );
      return won.length > 0 ? newLease(request, leaseId, similarKey(transfers, similar)) : undefined;
    });
    if (lease !== undefined) return { lease };
    const there = await this.#readFor(request);
    // Given back by whoever had it, in the meantime.
    return there === undefined ? this.reserve(request) : { request: there };
  }

  /** The record of a key: this caller's, or one of the same request from when callers were not told apart. */
  async #readFor({ caller, idempotencyKey, fingerprint }: NewRequest): Promise<PayoutRequest | undefined> {
    const own = await this.read({ caller, idempotencyKey });
    if (own !== undefined || caller === '') return own;
    const everybodys = await this.read({ caller: '', idempotencyKey });
    return everybodys?.fingerprint === fingerprint ? everybodys : undefined;
  }

  async similarKey(lease: Lease): Promise<string | null> {
    const [rows = []] = await this.#database.run(selectSimilar(lease, lease.transfers, { inFlight: true }));
    return similarKey(lease.transfers, rows);
  }

  async leaseAgain(request: PayoutRequest, permit: ResendPermit): Promise<Lease | undefined> {
    const leaseId = randomUUID();
    const owner = await this.#database.owner();
    return this.#holding(leaseId, async () => {
      const [, won = []] = await this.#database.run(
        requestFirst(request),
        leaseAgain(request, { leaseId, owner }, permit),
        changeState('unknown to reserved', request, leaseId),
      );
      if (won.length === 0) return undefined;
      const { caller, idempotencyKey, leanKey, records, sends } = request;
      return {
        caller,
        idempotencyKey,
        id: leaseId,
        leanKey,
        transfers: records.map(({ transfer }) => transfer),
        repeated: true,
        before: sends,
        duplicateIntents: request.duplicateIntents,
        similarUnknownKey: request.similarUnknownKey,
      };
    });
  }

  async noteSending(lease: Lease, stamp: SendStamp, permit: ResendPermit): Promise<SendNote> {
    const [noted = [], , already = []] = await this.#database.run(
      noteSending(lease, stamp, permit),
      changeState('reserved to sent', lease, lease.id),
      // The attempt before this one may have brought Lean's answer after all: what Lean has is never sent again.
      selectAnswered(lease),
    );
    if (already.length > 0) return 'lease lost';
    if (noted.length > 0) return 'noted';
    return !lease.repeated && (await this.#isGood(lease)) ? 'look first' : 'lease lost';
  }

  async #isGood({ id }: Lease): Promise<boolean> {
    const [rows = []] = await this.#database.run({
      sql: 'SELECT claim FROM lean_payout_requests WHERE claim = $1',
      values: [id],
    });
    return rows.length > 0;
  }

  async release(lease: Lease): Promise<void> {
    await this.#ending(lease, () =>
      this.#database.run(
        ...(lease.before.count === 0 && !lease.before.turnedAway
          ? [deleteLeased(lease.id, 'any')]
          : this.#leaveUnknown(lease, restoreSends(lease))),
      ),
    );
  }

  async turnedAway(lease: Lease): Promise<void> {
    await this.#ending(lease, () => this.#database.run(...this.#leaveUnknown(lease, noteTurnedAway(lease))));
  }

  async markUnknown(lease: Lease, refusal: PayoutRejected | null = null): Promise<void> {
    await this.#ending(lease, () =>
      this.#database.run(...this.#leaveUnknown(lease, noteRefusal(lease.id, refusal))),
    );
  }

  async adopt(
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
    await this.#ending(lease, () => this.#database.run(...this.#leaveUnknown(lease, sent)));
  }

  async lostRecordsAgeMs(): Promise<number | null> {
    const [rows = []] = await this.#database.run({
      sql: 'SELECT store_now() - lost_since AS reach FROM lean_payout_store',
    });
    const reach = rows[0]?.['reach'];
    return reach == null ? null : Number(reach);
  }

  async settle(
    lease: Lease,
    response: UpstreamResponse,
    answers: readonly TransferAnswer[],
  ): Promise<Settlement> {
    const named = new Set<string | null>();
    return this.#ending(lease, async () => {
      try {
        const [, ...changed] = await this.#database.run(
          requestFirst(lease),
          ...answers.map((answer, position) => settleRecord(lease, position, answered(answer, named))),
          endLeaseWith(lease.id, response),
          endChecksWhenSettled(lease),
        );
        const left = answers.filter((_, position) => changed[position]?.length === 0);
        return left.length === 0 ? 'recorded' : await this.#overtaken(lease, left);
      } catch (error) {
        if (!(error instanceof DuplicateValue)) throw error;
        await this.#database.run(...this.#leaveUnknown(lease));
        return 'duplicate intent';
      }
    });
  }

  /** What it means that these answers were not recorded: others have spoken, or may. */
  async #overtaken(lease: Lease, left: readonly TransferAnswer[]): Promise<Settlement> {
    if (left.some(({ kind }) => kind === 'rejected')) return 'overtaken';
    const request = await this.read(lease);
    const known = new Set(
      request?.records.map(({ answer }) => (answer?.kind === 'created' ? answer.intentId : null)),
    );
    const same = left.every(answer => answer.kind === 'created' && known.has(answer.intentId));
    return same ? 'recorded' : 'double payment';
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
      // No attempt takes this long: a gateway that is suspended keeps its leases, and may never come back.
      sql: `SELECT r.caller, r.idempotency_key, r.claim, r.holder, CASE
          WHEN COALESCE(r.sent_until, 0) < store_now() - ${String(longestAttemptMs)}
            AND COALESCE((SELECT MAX(p.changed_at) FROM lean_payout_records p
              WHERE p.caller = r.caller AND p.idempotency_key = r.idempotency_key), r.created_at)
              < store_now() - ${String(longestAttemptMs)}
          THEN 1 ELSE 0 END AS overdue
        FROM lean_payout_requests r WHERE r.claim IS NOT NULL`,
    });
    const others = leased.filter(({ claim }) => !this.#held.has(String(claim)));
    if (others.length === 0) return;
    // In this order: whoever lives now held the lock before any of these rows was written.
    const me = await this.#database.owner();
    const living = new Set(await this.#database.living(others.map(({ holder }) => String(holder))));
    for (const row of others) {
      // A lease in this process's name that no attempt holds is as good as one of an ended process.
      const isHeld = row['holder'] !== me && living.has(String(row['holder']));
      if (isHeld && Number(row['overdue']) === 0) continue;
      const lease = {
        caller: String(row['caller']),
        idempotencyKey: String(row['idempotency_key']),
        id: String(row['claim']),
      };
      await this.#database.run(deleteLeased(lease.id, 'never sent'), ...this.#leaveUnknown(lease));
    }
  }

  async forget(olderThanMs: number): Promise<void> {
    await this.#database.run(forgetRequests(olderThanMs));
  }

  #leaveUnknown(lease: RequestKey & Pick<Lease, 'id'>, ...changes: readonly Statement[]): Statement[] {
    return [
      requestFirst(lease),
      changeState('to unknown', lease, lease.id),
      ...changes,
      endLease(lease.id, firstCheckMs),
      endChecksWhenSettled(lease),
    ];
  }

  /** Counts as held from before the lease is written until it turns out not to be had, or has ended. */
  async #holding(leaseId: string, take: () => Promise<Lease | undefined>): Promise<Lease | undefined> {
    this.#held.add(leaseId);
    let lease: Lease | undefined;
    try {
      lease = await take();
      return lease;
    } finally {
      if (lease === undefined) this.#held.delete(leaseId);
    }
  }

  /** Whether it could be written down or not, no attempt holds the lease afterwards. */
  async #ending<Value>(lease: Lease, write: () => Promise<Value>): Promise<Value> {
    try {
      return await write();
    } finally {
      this.#held.delete(lease.id);
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
    before: neverSent,
    duplicateIntents: [],
    similarUnknownKey,
  };
}
