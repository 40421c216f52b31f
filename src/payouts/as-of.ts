import { compareInstants, endOfSecond, justAfter, type Instant } from './instant.ts';
import type { Payout } from './payout.ts';

/**
 * The instant, by Lean's clock, up to which rows had been created when a list's first page was read: later pages
 * leave out what came after it.
 *
 * In a list that runs from the newest row to the oldest, as Lean's does, that is the first row's own time; a
 * microsecond is added because Lean does not say whether its bounds are inclusive. Where the page does not show the
 * order, it is the end of the second in which Lean says it answered. Null where Lean gives no hint of its time.
 */
export function asOfFirstPage({
  rows,
  date,
}: {
  readonly rows: readonly Payout[];
  /** Epoch milliseconds of the answer by Lean's clock, whole seconds. */
  readonly date: number | undefined;
}): Instant | null {
  const times = rows.map(row => row.createdAt).filter(time => time !== null);
  const newest = times.reduce<Instant | null>(
    (latest, time) => (latest === null || compareInstants(time, latest) > 0 ? time : latest),
    null,
  );
  if (newest !== null && runsFromNewest(times)) return justAfter(newest);
  if (date === undefined) return null;
  const answered = endOfSecond(date);
  // Whatever stamped the answer may run behind the clock that stamps the rows.
  return newest !== null && compareInstants(newest, answered) >= 0 ? justAfter(newest) : answered;
}

function runsFromNewest(times: readonly Instant[]): boolean {
  const [first, last] = [times[0], times.at(-1)];
  if (first === undefined || last === undefined || compareInstants(first, last) <= 0) return false;
  return times.every((time, index) => {
    const next = times[index + 1];
    return next === undefined || compareInstants(time, next) >= 0;
  });
}
