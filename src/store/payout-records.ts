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
import { ActiveLeases } from './active-leases.ts';
import { DuplicateValue, type Database, type Statement } from './database.ts';
import { recoverLeases } from './lease-recovery.ts';
import { requestsFromRows, selectRequest } from './payout-rows.ts';
import {
  changeState,
  deleteLeased,
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
import { endWithUnknownOutcome } from './unknown-outcome-statements.ts';

/**
 * The payout records. SQLite and PostgreSQL run the same statements. Create one instance for each opened database,
 * because it holds the set of active leases.
 */
export class SqlPayoutRecords implements PayoutRecords {
  readonly #database: Database;
  readonly #activeLeases = new ActiveLeases();

  constructor(database: Database) {
    this.#database = database;
  }

  async reserve(request: NewRequest): Promise<Reservation> {
    const { transfers } = request;
    const owner = await this.#database.owner();
    const lease = await this.#activeLeases.take(async leaseId => {
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
    const owner = await this.#database.owner();
    return this.#activeLeases.take(async leaseId => {
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
      sql: 'SELECT lease_id FROM lean_payout_requests WHERE lease_id = $1',
      values: [id],
    });
    return rows.length > 0;
  }

  async release(lease: Lease): Promise<void> {
    await this.#activeLeases.end(lease, () =>
      this.#database.run(
        ...(lease.earlierSends.count === 0 && !lease.earlierSends.turnedAway
          ? [deleteLeased(lease.id, 'any')]
          : endWithUnknownOutcome(lease, restoreSends(lease))),
      ),
    );
  }

  async markTurnedAway(lease: Lease): Promise<void> {
    await this.#activeLeases.end(lease, () =>
      this.#database.run(...endWithUnknownOutcome(lease, noteTurnedAway(lease))),
    );
  }

  async markUnknown(lease: Lease, refusal: PayoutRejected | null = null): Promise<void> {
    await this.#activeLeases.end(lease, () =>
      this.#database.run(...endWithUnknownOutcome(lease, noteRefusal(lease.id, refusal))),
    );
  }

  async assumeSent(
    lease: Lease,
    { lookbackMs, leanNow }: { readonly lookbackMs: number; readonly leanNow: number | undefined },
  ): Promise<void> {
    const sent: Statement = {
      sql: `UPDATE lean_payout_requests
        SET send_count = 1, first_sent_at = store_now(), lookback_ms = $2, last_sent_at = store_now(),
          sent_until = store_now(), lean_first_sent_at = $3, lean_sent_until = $3
        WHERE lease_id = $1`,
      values: [lease.id, lookbackMs, leanNow ?? null],
    };
    await this.#activeLeases.end(lease, () => this.#database.run(...endWithUnknownOutcome(lease, sent)));
  }

  async lostRecordsAgeMs(): Promise<number | null> {
    const [rows = []] = await this.#database.run({
      sql: 'SELECT store_now() - records_lost_since AS age FROM lean_payout_store',
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
    return this.#activeLeases.end(lease, async () => {
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
        await this.#database.run(...endWithUnknownOutcome(lease));
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
      sql: selectRequest,
      values: [caller, idempotencyKey],
    });
    return requestsFromRows(rows)[0];
  }

  recover(): Promise<void> {
    return recoverLeases(this.#database, this.#activeLeases);
  }

  async purge(olderThanMs: number): Promise<void> {
    await this.#database.run(deleteExpiredRequests(olderThanMs));
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
