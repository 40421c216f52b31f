import { compareInstants, endOfSecond, justAfter, type Instant } from '../values/instant.ts';
import type { PayoutRow } from '../payout.ts';

/**
 * The snapshot time of a list, from its first page: the instant, by Lean's clock, up to which rows are paged. Later
 * pages leave out rows that were created after it. It is the end of the second in which Lean says that it responded,
 * whatever order Lean lists its rows in.
 * @returns null if Lean's response carried no `Date`
 */
export function snapshotTimeOf({
  rows,
  date,
}: {
  readonly rows: readonly PayoutRow[];
  /** Lean's `Date` header: epoch milliseconds, whole seconds. */
  readonly date: number | undefined;
}): Instant | null {
  if (date === undefined) return null;
  const responded = endOfSecond(date);
  const newest = rows.reduce<Instant | null>((latest, { createdAt }) => {
    if (createdAt === null) return latest;
    return latest === null || compareInstants(createdAt, latest) > 0 ? createdAt : latest;
  }, null);
  // The clock behind `Date` may lag behind the clock that stamps the rows. A microsecond is added because Lean does not
  // say whether its `to` is inclusive.
  return newest !== null && compareInstants(newest, responded) >= 0 ? justAfter(newest) : responded;
}
