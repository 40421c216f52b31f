import { LeanNotOffered, LeanRowNotFound } from '../errors/lean-errors.ts';
import type { Payout, PayoutRow } from '../payouts/payout.ts';
import { payoutFromRecord } from '../payouts/recorded-payout.ts';
import { newerRow } from '../payouts/listing/row-finder.ts';
import type { RowHints } from '../payouts/listing/row-window.ts';
import type { Loaders } from './loaders.ts';

/** Finds payouts in Lean's list, or in the gateway's own records while the list does not hold them yet. */
export class ListedPayouts {
  readonly #loaders: Loaders;
  /** Rows that this request has read, by intent id. */
  readonly #rows = new Map<string, PayoutRow>();

  /** @param loaders the request's loaders */
  constructor(loaders: Loaders) {
    this.#loaders = loaders;
  }

  /** Adds a row that the request has read. Of an intent with several payments, the newest row is kept. */
  add(row: PayoutRow): void {
    this.#rows.set(row.intentId, newerRow(row, this.#rows.get(row.intentId)));
  }

  /** The row of an intent, if the request has read it already. */
  rowOf(intentId: string): PayoutRow | undefined {
    return this.#rows.get(intentId);
  }

  /**
   * Finds a payout by its row or its record, for a Lean application that has no other call for it.
   * @throws LeanNotOffered if neither the list nor the records hold it; LeanRowNotFound if the list was not read to its
   *   end; LeanError
   */
  async findPayout(payout: Payout): Promise<Payout> {
    const row = await this.findRow(payout);
    if (row != null) return row;
    const recorded = await this.recorded(payout.intentId);
    if (recorded === null) throw row === null ? new LeanNotOffered() : new LeanRowNotFound();
    // If the list was not read to its end, it may hold the payout, with another state than at its creation.
    return row === null ? recorded : { ...recorded, state: undefined };
  }

  /** A payout from the gateway's own record; null if there is none. */
  async recorded(intentId: string): Promise<Payout | null> {
    const record = await this.#loaders.record(intentId);
    // Once a payout has been listed, its state may differ from the recorded one.
    const wasListed = this.#loaders.cachedRow(intentId)?.createdAt !== undefined;
    return record && payoutFromRecord({ ...record, isNew: record.isNew && !wasListed });
  }

  /**
   * Finds the row of a payout in the narrowest known part of the list.
   * @returns null or undefined as `RowFinder.find` does
   * @throws LeanError
   */
  async findRow(payout: Payout): Promise<PayoutRow | null | undefined> {
    const { intentId } = payout;
    const listed = this.#rows.get(intentId);
    if (listed !== undefined) return listed;
    const createdAt = this.#loaders.cachedRow(intentId)?.createdAt;
    if (createdAt != null) return this.#find(hintsOf(payout, { createdAt }));
    const timed = (await this.#withTimes(payout)) ?? payout;
    const hasTimes = timed.submittedAt != null || timed.initiatedAt != null;
    const record = hasTimes ? null : await this.#loaders.record(intentId);
    return this.#find(hintsOf(timed, { requested: record?.requested }));
  }

  async #find(hints: RowHints): Promise<PayoutRow | null | undefined> {
    const row = await this.#loaders.row(hints);
    if (row != null) this.add(row);
    return row;
  }

  /** The payout with the times of its payment. They are read from the intent if the payout lacks them. */
  async #withTimes(payout: Payout): Promise<Payout | undefined> {
    const lacksTimes = payout.submittedAt === undefined && payout.initiatedAt === undefined;
    if (!lacksTimes || this.#loaders.lacksDetailCalls) return payout;
    return (await this.#loaders.intent(payout.intentId))?.payout;
  }
}

function hintsOf(
  { intentId, amount, submittedAt, initiatedAt }: Payout,
  known: Pick<Partial<RowHints>, 'createdAt' | 'requested'>,
): RowHints {
  return {
    intentId,
    amount: amount?.amount,
    submittedAt,
    initiatedAt,
    createdAt: undefined,
    requested: undefined,
    ...known,
  };
}
