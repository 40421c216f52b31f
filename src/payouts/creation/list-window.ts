import type { LeanClient } from '../../lean/client.ts';
import { pageSize } from '../../lean/page-size.ts';
import { lenientPageFromLean } from '../lean-page.ts';
import { instantAt } from '../values/instant.ts';
import type { PayoutRow } from '../payout.ts';
import { DistinctRows, rowKey } from './list-rows.ts';

/** The payouts that Lean's list has for a time range, and whether these are all of them. */
export interface ListWindow {
  readonly rows: readonly PayoutRow[];
  /** `complete`: the rows are all payouts of the time range. Otherwise the reason why some may be missing. */
  readonly completeness: 'complete' | 'list_incomplete' | 'list_too_long';
  /** Lean's time at the first answer, epoch ms; undefined if an answer had no `Date`. */
  readonly firstDate: number | undefined;
}

/** Epoch ms of Lean's clock. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

/** The most pages that are read at the same time, so that a reconciliation does not delay the reads of callers. */
const concurrentPageReads = 4;
/** The most calls to Lean for one time range. */
const maxCalls = 200;
/** Time ranges shorter than this are not split, in ms. */
const minSplitMs = 2000;

/**
 * Reads all payouts that were created within a time range of Lean's clock.
 *
 * Lean documents neither an order nor stable pages, and may return fewer rows than requested. So a time range counts
 * as complete only if the number of distinct rows certainly equals the total that Lean states, and the total is the same
 * after the last page. If the pages or payments change while they are read, the time range is split in two. Lean's
 * amount filter is not used, because its rounding is not documented.
 * @param deadline on the clock of `performance.now()`
 * @throws LeanError when Lean cannot be read
 */
export async function readListWindow(
  client: LeanClient,
  timeRange: TimeRange,
  deadline: number,
): Promise<ListWindow> {
  const reader = new WindowReader(client, deadline);
  const completeness = await reader.read(timeRange);
  const { dates } = reader;
  return {
    rows: [...reader.rows.values()],
    completeness,
    firstDate: dates.every(date => date !== undefined) ? dates[0] : undefined,
  };
}

interface Page {
  readonly rows: readonly PayoutRow[];
  readonly total: number | null;
}

class WindowReader {
  /** By row key, so that a row on two pages counts once. */
  readonly rows = new Map<string, PayoutRow>();
  readonly dates: (number | undefined)[] = [];
  readonly #client: LeanClient;
  readonly #deadline: number;
  #calls = 0;

  constructor(client: LeanClient, deadline: number) {
    this.#client = client;
    this.#deadline = deadline;
  }

  async read(timeRange: TimeRange): Promise<ListWindow['completeness']> {
    // A read of the list that is already in flight may not show the latest payouts.
    this.#client.stopSharingReads();
    if (this.#calls >= maxCalls) return 'list_too_long';
    const first = await this.#readPage(timeRange, 0, pageSize);
    const { total } = first;
    if (total === null) return 'list_incomplete';
    const distinct = new DistinctRows();
    distinct.addPage(first.rows);
    if (total === 0 && first.rows.length === 0) {
      const again = await this.#readPage(timeRange, 0, 1);
      return again.total === 0 && again.rows.length === 0 ? 'complete' : 'list_incomplete';
    }
    // Lean may cap the total at a round number. The totals of the two halves show whether it does.
    if (total % pageSize === 0 && timeRange.to - timeRange.from >= minSplitMs)
      return this.#split(timeRange, 'list_incomplete');
    // If Lean returns fewer rows than requested, its page numbers count pages of that smaller size.
    const size = first.rows.length;
    if (size === 0) return 'list_incomplete';
    const pages = Math.ceil(total / size);
    if (pages > maxCalls - this.#calls) return this.#split(timeRange, 'list_too_long');
    for (let next = 1; next < pages; next += concurrentPageReads) {
      const numbers = Array.from(
        { length: Math.min(concurrentPageReads, pages - next) },
        (_, index) => next + index,
      );
      for (const { rows } of await Promise.all(
        numbers.map(number => this.#readPage(timeRange, number, size)),
      ))
        distinct.addPage(rows);
    }
    if (distinct.isExactly(total)) {
      // With another page size: a total that changes with the page size is a cap and not a count.
      const after = await this.#readPage(timeRange, 0, Math.max(1, Math.floor(Math.min(size, total) / 2)));
      if (after.total === total && after.rows.every(row => distinct.has(row))) return 'complete';
    }
    return this.#split(timeRange, 'list_incomplete');
  }

  async #split(
    { from, to }: TimeRange,
    unsplittable: ListWindow['completeness'],
  ): Promise<ListWindow['completeness']> {
    if (to - from < minSplitMs) return unsplittable;
    const middle = Math.floor((from + to) / 2);
    // The halves overlap, because Lean does not document whether its bounds are inclusive.
    const earlier = await this.read({ from, to: middle + 2 });
    if (earlier !== 'complete') return earlier;
    return this.read({ from: middle - 2, to });
  }

  async #readPage({ from, to }: TimeRange, number: number, size: number): Promise<Page> {
    this.#calls += 1;
    const { page: wire, answer } = await this.#client.listPayouts(
      {
        page_number: String(number),
        page_size: String(size),
        from: instantAt(from),
        to: instantAt(to),
      },
      { deadline: this.#deadline },
    );
    this.dates.push(answer.date);
    const { rows, total, rowError, numberDiffers } = lenientPageFromLean(wire, answer, number);
    for (const row of rows) this.rows.set(rowKey(row), row);
    // This may be another page. Its rows exist, but it does not count as the requested page.
    if (numberDiffers) return { rows: [], total: null };
    // An unreadable row may be any payout, so the list proves nothing.
    return { rows, total: rowError === undefined ? total : null };
  }
}
