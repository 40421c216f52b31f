import type { LeanClient } from '../../lean/client.ts';
import { readablePage } from '../from-lean.ts';
import { instantAt } from '../values/lean-time.ts';
import type { PayoutRow } from '../payout.ts';
import { DistinctRows, rowKey } from './list-rows.ts';

/** All payouts that Lean's list holds of a time, or why that cannot be known. */
export interface ListWindow {
  readonly rows: readonly PayoutRow[];
  /** `whole`: these are all of them. Otherwise the rows are some of them. */
  readonly completeness: 'whole' | 'list_incomplete' | 'list_too_long';
  /** Lean's time at the first answer, as epoch ms; undefined where one of the answers carried none. */
  readonly firstDate: number | undefined;
}

/** From and to, both as epoch ms of Lean's clock. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

const pageSize = 100;
/** Pages read side by side: looking for one payout must not keep everybody else's reads waiting. */
const pagesAtOnce = 4;
/** Lean calls that one reading may cost. */
const maxCalls = 200;
/** Windows are not split below this width, in ms. */
const leastWidthMs = 2000;

/**
 * Reads all payouts that were created within a window of Lean's time.
 *
 * Lean promises neither an order nor stable pages, and may give less than was asked for. So a window counts as read
 * whole only when its distinct rows are as many as the total that Lean states, and Lean states the same total after the
 * last page as before. A window whose pages shift while they are read is split in two. Lean's amount filter is not used:
 * its rounding is not documented.
 * @param deadline on the clock of `performance.now()`
 * @throws LeanError when Lean cannot be asked
 */
export async function readListWindow(
  client: LeanClient,
  window: Window,
  deadline: number,
): Promise<ListWindow> {
  const reading = new WindowReading(client, deadline);
  const completeness = await reading.read(window);
  const { dates } = reading;
  return {
    rows: [...reading.rows.values()],
    completeness,
    firstDate: dates.every(date => date !== undefined) ? dates[0] : undefined,
  };
}

interface Page {
  readonly rows: readonly PayoutRow[];
  readonly total: number | null;
}

class WindowReading {
  /** By their keys, so that a row that is met twice counts once. */
  readonly rows = new Map<string, PayoutRow>();
  readonly dates: (number | undefined)[] = [];
  readonly #client: LeanClient;
  readonly #deadline: number;
  #calls = 0;

  constructor(client: LeanClient, deadline: number) {
    this.#client = client;
    this.#deadline = deadline;
  }

  async read(window: Window): Promise<ListWindow['completeness']> {
    // A list that is being read already may not show what has come since.
    this.#client.startAfresh();
    if (this.#calls >= maxCalls) return 'list_too_long';
    const first = await this.#page(window, 0, pageSize);
    const { total } = first;
    if (total === null) return 'list_incomplete';
    const distinct = new DistinctRows();
    distinct.addPage(first.rows);
    if (total === 0 && first.rows.length === 0) {
      const again = await this.#page(window, 0, 1);
      return again.total === 0 && again.rows.length === 0 ? 'whole' : 'list_incomplete';
    }
    // A total that is a round number may be all that this Lean counts: the halves of the window tell.
    if (total % pageSize === 0 && window.to - window.from >= leastWidthMs)
      return this.#split(window, 'list_incomplete');
    // A Lean that gives less than was asked for numbers its pages by what it gives.
    const size = first.rows.length;
    if (size === 0) return 'list_incomplete';
    const pages = Math.ceil(total / size);
    if (pages > maxCalls - this.#calls) return this.#split(window, 'list_too_long');
    for (let next = 1; next < pages; next += pagesAtOnce) {
      const numbers = Array.from({ length: Math.min(pagesAtOnce, pages - next) }, (_, index) => next + index);
      for (const { rows } of await Promise.all(numbers.map(number => this.#page(window, number, size))))
        distinct.addPage(rows);
    }
    if (distinct.size === total) {
      // By another page size: a total that follows the size is a cap, and no count.
      const after = await this.#page(window, 0, Math.max(1, Math.floor(Math.min(size, total) / 2)));
      if (after.total === total && after.rows.every(row => distinct.has(row))) return 'whole';
    }
    return this.#split(window, 'list_incomplete');
  }

  async #split(
    { from, to }: Window,
    otherwise: ListWindow['completeness'],
  ): Promise<ListWindow['completeness']> {
    if (to - from < leastWidthMs) return otherwise;
    const middle = Math.floor((from + to) / 2);
    // The halves overlap, since Lean does not say whether its bounds are inclusive.
    const earlier = await this.read({ from, to: middle + 2 });
    if (earlier !== 'whole') return earlier;
    return this.read({ from: middle - 2, to });
  }

  async #page({ from, to }: Window, number: number, size: number): Promise<Page> {
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
    const { rows, total, fault } = readablePage(wire, answer);
    for (const row of rows) this.rows.set(rowKey(row), row);
    // A row that cannot be told from others may be any payout: then the list proves nothing.
    return { rows, total: fault === undefined ? total : null };
  }
}
