import type { Instant } from './instant.ts';

/** How many of the items, which are in the order of their times, come no later than `limit`. */
export function countUntil<Item>(
  items: readonly Item[],
  limit: Instant,
  timeOf: (item: Item) => Instant,
): number {
  const last = items.at(-1);
  if (last === undefined || timeOf(last) <= limit) return items.length;
  let low = 0;
  let high = items.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const item = items[middle];
    if (item !== undefined && timeOf(item) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Puts an item where its time belongs, after all others of the same time; nearly always that is the end. */
export function insertSorted<Item>(items: Item[], item: Item, timeOf: (item: Item) => Instant): void {
  items.splice(countUntil(items, timeOf(item), timeOf), 0, item);
}
