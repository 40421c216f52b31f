import { compareInstants, endOfSecond, justAfter, type Instant } from '../values/instant.ts';
import type { PayoutRow } from '../payout.ts';

/**
 * The instant, by Lean's clock, up to which rows had been created when a list's first page was read: later pages
 * leave out what came after it. That is the end of the second in which Lean says it answered, whatever order its
 * rows are in. Null where Lean gives no hint of its time.
 */
export function snapshotTime({
  rows,
  date,
}: {
  readonly rows: readonly PayoutRow[];
  /** Epoch milliseconds of the answer by Lean's clock, whole seconds. */
  readonly date: number | undefined;
}): Instant | null {
  if (date === undefined) return null;
  // Whatever stamps the answers may run behind the clock that stamps the rows; a microsecond is added because Lean
  // does not say whether its bounds are inclusive.
  const answered = endOfSecond(date);
  const newest = rows.reduce<Instant | null>((latest, { createdAt }) => {
    if (createdAt === null) return latest;
    return latest === null || compareInstants(createdAt, latest) > 0 ? createdAt : latest;
  }, null);
  // Only the newest can be later than the answer.
  return newest !== null && compareInstants(newest, answered) >= 0 ? justAfter(newest) : answered;
}
