import type { Instant } from './instant.ts';

/** Counts the items at or before `limit`, by binary search. `items` must be sorted by `timeOf`, ascending. */
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

/** Inserts an item into a sorted array, after all items with the same time. Fast when the item belongs at the end. */
export function insertSorted<Item>(items: Item[], item: Item, timeOf: (item: Item) => Instant): void {
  items.splice(countUntil(items, timeOf(item), timeOf), 0, item);
}
