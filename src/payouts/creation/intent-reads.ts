import type { LeanClient } from '../../lean/client.ts';
import { LeanError } from '../../errors/lean-errors.ts';
import type { PayoutIntent } from '../payout-intent.ts';
import type { PayoutReads } from '../payout-reads.ts';

/** The most intents that are read at the same time, so that the reads of callers are not delayed. */
const concurrentReads = 8;

/** Calls `read` for each item, for a few of them at the same time. Returns the results in the order of the items. */
export async function readInChunks<Item, Result>(
  items: readonly Item[],
  read: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (let next = 0; next < items.length; next += concurrentReads)
    results.push(...(await Promise.all(items.slice(next, next + concurrentReads).map(read))));
  return results;
}

/**
 * Reads an intent from Lean; null if Lean does not know it, undefined if the read failed.
 * @param deadline as in `CallOptions`
 */
export async function readIntent(
  { client, reads }: { readonly client: LeanClient; readonly reads: PayoutReads },
  intentId: string,
  deadline = client.deadline(),
): Promise<PayoutIntent | null | undefined> {
  try {
    return await reads.intent(intentId, { deadline });
  } catch (error) {
    if (error instanceof LeanError) return undefined;
    throw error;
  }
}
