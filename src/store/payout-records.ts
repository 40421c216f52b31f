import { randomUUID } from 'node:crypto';
import type { PayoutCreated, TransferAnswer } from '../payouts/creation-answer.ts';
import type {
  Claim,
  LeanWord,
  ListFilter,
  NewRequest,
  PayoutRecords,
  PayoutRequest,
  RequestKey,
  Reservation,
  Settlement,
} from '../payouts/payout-record.ts';
import { DuplicateValue, type Database, type Statement } from './database.ts';
import { requestsFromRows, selectRequests } from './payout-rows.ts';
import {
  answered,
  changeState,
  claimAgain,
  deleteClaimed,
  endChecksWhenSettled,
  endClaim,
  endClaimWith,
  insertRecord,
  insertRequest,
  noteSending,
  requestFirst,
  selectAnswered,
  settleFound,
  settleRecord,
} from './payout-statements.ts';

/** The first look for a payout whose answer was lost comes this long after it was lost. */
const firstCheckMs = 5000;

const ofKey = 'r.caller = $1 AND r.idempotency_key = $2';

/** Records in either database: the same statements, the same rules. One of these for each opened database. */
export class SqlPayoutRecords implements PayoutRecords {
  readonly #database: Database;
  readonly #now: () => number;
  /** Claims of this process that somebody is at. */
  readonly #held = new Set<string>();

  /** @param now epoch milliseconds */
  constructor(database: Database, now: () => number = Date.now) {
    this.#database = database;
    this.#now = now;
  }

  async reserve(request: NewRequest): Promise<Reservation> {
    const { caller, idempotencyKey, transfers } = request;
    const claim: Claim = { caller, idempotencyKey, id: randomUUID(), attempt: 1 };
    const now = this.#now();
    const holder = await this.#database.holder();
    const reserved = await this.#holding(claim, async () => {
      // Lost with the machine, it is as if nobody had asked: before anything is sent, `sending` brings it to disk.
      const [won = []] = await this.#database.runLoosely(
        insertRequest(request, claim, { holder, now }),
        ...transfers.map((transfer, position) => insertRecord(claim, position, transfer, now)),
      );
      return won.length > 0 ? { kept: true, value: claim } : { kept: false, value: undefined };
    });
    if (reserved !== undefined) return { claim: reserved };
    const there = await this.read(request);
    // Given back by whoever had it, in the meantime.
    return there === undefined ? this.reserve(request) : { request: there };
  }

  async reserveAgain({ caller, idempotencyKey, attempts }: PayoutRequest): Promise<Claim | undefined> {
    const claim: Claim = { caller, idempotencyKey, id: randomUUID(), attempt: attempts + 1 };
    const holder = await this.#database.holder();
    return this.#holding(claim, async () => {
      const [, won = []] = await this.#database.run(
        requestFirst(claim),
        claimAgain(claim, holder),
        changeState('unknown to reserved', claim, this.#now()),
      );
      return won.length > 0 ? { kept: true, value: claim } : { kept: false, value: undefined };
    });
  }

  async sending(claim: Claim): Promise<boolean> {
    const now = this.#now();
    const [good = [], , answered = []] = await this.#database.run(
      noteSending(claim, now),
      changeState('reserved to sent', claim, now),
      // The attempt before this one may have brought Lean's answer after all: what Lean has is never sent again.
      selectAnswered(claim),
    );
    return good.length > 0 && answered.length === 0;
  }

  async release(claim: Claim): Promise<void> {
    await this.#ending(claim, () =>
      this.#database.run(
        ...(claim.attempt === 1 ? [deleteClaimed(claim, 'any')] : this.#leaveUnknown(claim)),
      ),
    );
  }

  async lose(claim: Claim): Promise<void> {
    await this.#ending(claim, () => this.#database.run(...this.#leaveUnknown(claim)));
  }

  async settle(claim: Claim, word: LeanWord, answers: readonly TransferAnswer[]): Promise<Settlement> {
    const now = this.#now();
    const named = new Set<string | null>();
    return this.#ending(claim, async () => {
      try {
        const [, ...changed] = await this.#database.run(
          requestFirst(claim),
          ...answers.map((answer, position) => settleRecord(claim, position, answered(answer, named), now)),
          endClaimWith(claim, word),
          endChecksWhenSettled(claim),
        );
        const left = answers.filter((_, position) => changed[position]?.length === 0);
        return left.length === 0 ? 'recorded' : await this.#overtaken(claim, left);
      } catch (error) {
        if (!(error instanceof DuplicateValue)) throw error;
        await this.#database.run(...this.#leaveUnknown(claim));
        return 'foreign';
      }
    });
  }

  /** What it means that these answers were not recorded: others have spoken, or may. */
  async #overtaken(claim: Claim, left: readonly TransferAnswer[]): Promise<Settlement> {
    if (left.some(({ kind }) => kind === 'rejected')) return 'overtaken';
    const request = await this.read(claim);
    const known = new Set(
      request?.records.map(({ answer }) => (answer?.kind === 'created' ? answer.intentId : null)),
    );
    const same = left.every(answer => answer.kind === 'created' && known.has(answer.intentId));
    return same ? 'recorded' : 'twice';
  }

  async found(key: RequestKey, answer: PayoutCreated): Promise<boolean> {
    try {
      const [, changed = []] = await this.#database.run(
        requestFirst(key),
        settleFound(key, answer.transferIndex, answered(answer), this.#now()),
        endChecksWhenSettled(key),
      );
      return changed.length > 0;
    } catch (error) {
      if (error instanceof DuplicateValue) return false;
      throw error;
    }
  }

  async read({ caller, idempotencyKey }: RequestKey): Promise<PayoutRequest | undefined> {
    const [rows = []] = await this.#database.run({
      sql: selectRequests(ofKey),
      values: [caller, idempotencyKey],
    });
    return requestsFromRows(rows)[0];
  }

  async recordedIntents(intentIds: readonly string[]): Promise<ReadonlySet<string>> {
    if (intentIds.length === 0) return new Set();
    const places = intentIds.map((_, index) => `$${String(index + 1)}`).join(', ');
    const [rows = []] = await this.#database.run({
      sql: `SELECT intent_id FROM lean_payout_records WHERE intent_id IN (${places})`,
      values: intentIds,
    });
    return new Set(rows.map(row => String(row['intent_id'])));
  }

  async due(limit: number): Promise<readonly PayoutRequest[]> {
    const [rows = []] = await this.#database.run({
      sql: selectRequests(
        'r.claim IS NULL AND r.next_check_at IS NOT NULL AND r.next_check_at <= $1',
        'r.next_check_at LIMIT $2',
      ),
      values: [this.#now(), limit],
    });
    return requestsFromRows(rows);
  }

  async postpone(
    { caller, idempotencyKey, nextCheckAt }: PayoutRequest,
    { checks, inMs }: { readonly checks: number; readonly inMs: number },
  ): Promise<boolean> {
    const [changed = []] = await this.#database.run({
      sql: `UPDATE lean_payout_requests SET checks = $3, next_check_at = $4
        WHERE caller = $1 AND idempotency_key = $2 AND next_check_at = $5 AND claim IS NULL RETURNING claim`,
      values: [caller, idempotencyKey, checks, this.#now() + inMs, nextCheckAt],
    });
    return changed.length > 0;
  }

  async recover(): Promise<void> {
    const [underWay = []] = await this.#database.run({
      sql: `SELECT caller, idempotency_key, attempts, claim, holder FROM lean_payout_requests
        WHERE claim IS NOT NULL`,
    });
    const others = underWay.filter(({ claim }) => !this.#held.has(String(claim)));
    if (others.length === 0) return;
    // In this order: whoever lives now held the lock before any of these rows was written.
    const me = await this.#database.holder();
    const living = new Set(await this.#database.living(others.map(({ holder }) => String(holder))));
    for (const row of others) {
      // What is in this process's name, and nobody is at, is as good as dead.
      if (row['holder'] !== me && living.has(String(row['holder']))) continue;
      const claim: Claim = {
        caller: String(row['caller']),
        idempotencyKey: String(row['idempotency_key']),
        id: String(row['claim']),
        attempt: Number(row['attempts']),
      };
      await this.#database.run(deleteClaimed(claim, 'never sent'), ...this.#leaveUnknown(claim));
    }
  }

  async forget(changedBefore: number): Promise<void> {
    await this.#database.run({
      sql: `DELETE FROM lean_payout_requests
        WHERE created_at < $1 AND claim IS NULL AND NOT EXISTS (SELECT 1 FROM lean_payout_records p
          WHERE p.caller = lean_payout_requests.caller
            AND p.idempotency_key = lean_payout_requests.idempotency_key
            AND (p.answer IS NULL OR p.changed_at >= $1))`,
      values: [changedBefore],
    });
  }

  async hasten(): Promise<void> {
    const now = this.#now();
    await this.#database.runLoosely({
      sql: 'UPDATE lean_payout_requests SET next_check_at = $1 WHERE next_check_at > $1 AND claim IS NULL',
      values: [now],
    });
  }

  async unresolved(): Promise<number> {
    const [rows = []] = await this.#database.run({
      sql: 'SELECT count(*) AS count FROM lean_payout_requests WHERE next_check_at IS NOT NULL',
    });
    return Number(rows[0]?.['count']);
  }

  async list({ unknownOnly, since, limit }: ListFilter): Promise<readonly PayoutRequest[]> {
    const [rows = []] = await this.#database.run({
      sql: selectRequests(
        unknownOnly
          ? `r.created_at >= $1 AND EXISTS (SELECT 1 FROM lean_payout_records p
              WHERE p.caller = r.caller AND p.idempotency_key = r.idempotency_key AND p.state = 'unknown')`
          : 'r.created_at >= $1',
        'r.created_at DESC LIMIT $2',
      ),
      values: [since ?? 0, limit],
    });
    return requestsFromRows(rows);
  }

  #leaveUnknown(claim: Claim): Statement[] {
    const now = this.#now();
    return [
      requestFirst(claim),
      changeState('to unknown', claim, now),
      endClaim(claim, now + firstCheckMs),
      endChecksWhenSettled(claim),
    ];
  }

  /** Counts as at it from before the claim is written until it turns out not to be had, or is over. */
  async #holding<Value>(
    claim: Claim,
    reserve: () => Promise<{ readonly kept: boolean; readonly value: Value }>,
  ): Promise<Value> {
    this.#held.add(claim.id);
    let kept = false;
    try {
      const reserved = await reserve();
      kept = reserved.kept;
      return reserved.value;
    } finally {
      if (!kept) this.#held.delete(claim.id);
    }
  }

  /** Whether it could be written down or not, nobody is at the claim afterwards. */
  async #ending<Value>(claim: Claim, write: () => Promise<Value>): Promise<Value> {
    try {
      return await write();
    } finally {
      this.#held.delete(claim.id);
    }
  }
}
