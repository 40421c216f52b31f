import { LeanNotOffered, LeanRowNotFound } from '../errors/lean-errors.ts';
import type { Payout, PayoutRow } from '../payouts/payout.ts';
import { payoutFromRecord } from '../payouts/recorded-payout.ts';
import { newer } from '../payouts/listing/row-finder.ts';
import type { RowTimes } from '../payouts/listing/row-window.ts';
import type { Loaders } from './loaders.ts';

/** Finds payouts in Lean's list, and in our own records while the list does not show them yet. */
export class ListedPayouts {
  readonly #loaders: Loaders;
  /** Rows of the lists that the request has read, by intent. */
  readonly #rows = new Map<string, PayoutRow>();

  /** @param loaders what the request has read */
  constructor(loaders: Loaders) {
    this.#loaders = loaders;
  }

  /** Keeps a row that the request has read. Of an intent with several payments the newest row is kept. */
  add(row: PayoutRow): void {
    this.#rows.set(row.intentId, newer(row, this.#rows.get(row.intentId)));
  }

  /** The row of an intent that the request has read. */
  known(intentId: string): PayoutRow | undefined {
    return this.#rows.get(intentId);
  }

  /**
   * A payout by its row or its record, for a Lean application that has no other call for it.
   * @throws LeanNotOffered if neither the list nor the records have it; LeanRowNotFound if the list was not read to its
   *   end; LeanError
   */
  async payout(payout: Payout): Promise<Payout> {
    const row = await this.row(payout);
    if (row != null) return row;
    const recorded = await this.recorded(payout.intentId);
    if (recorded === null) throw row === null ? new LeanNotOffered() : new LeanRowNotFound();
    // It may be listed, and its state may have changed since it was created.
    return row === null ? recorded : { ...recorded, state: undefined };
  }

  /** A payout as our own record has it; null if there is none. */
  async recorded(intentId: string): Promise<Payout | null> {
    const record = await this.#loaders.record(intentId);
    // A payout that was listed may have changed since its creation.
    const wasListed = this.#loaders.knownRow(intentId)?.createdAt !== undefined;
    return record && payoutFromRecord({ ...record, isNew: record.isNew && !wasListed });
  }

  /**
   * The row of a payout; null and undefined as `RowFinder.find` has them. It is looked for in the narrowest part of the
   * list that is known to hold it.
   * @throws LeanError
   */
  async row(payout: Payout): Promise<PayoutRow | null | undefined> {
    const { intentId } = payout;
    const listed = this.#rows.get(intentId);
    if (listed !== undefined) return listed;
    const createdAt = this.#loaders.knownRow(intentId)?.createdAt;
    if (createdAt != null) return this.#find(timesOf(payout, { createdAt }));
    const timed = (await this.#withTimes(payout)) ?? payout;
    const hasTimes = timed.submittedAt != null || timed.initiatedAt != null;
    const record = hasTimes ? null : await this.#loaders.record(intentId);
    return this.#find(timesOf(timed, { requested: record?.requested }));
  }

  async #find(times: RowTimes): Promise<PayoutRow | null | undefined> {
    const row = await this.#loaders.row(times);
    if (row != null) this.add(row);
    return row;
  }

  /** The payout with the times of its payment, which only its intent may have. */
  async #withTimes(payout: Payout): Promise<Payout | undefined> {
    const isBare = payout.submittedAt === undefined && payout.initiatedAt === undefined;
    if (!isBare || this.#loaders.lacksDetails) return payout;
    return (await this.#loaders.intent(payout.intentId))?.payout;
  }
}

function timesOf(
  { intentId, amount, submittedAt, initiatedAt }: Payout,
  known: Pick<Partial<RowTimes>, 'createdAt' | 'requested'>,
): RowTimes {
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
