import type { LeanClient } from '../../lean/client.ts';
import { parseInstant, type Instant } from './instant.ts';

/**
 * The current time by Lean's clock, as its responses have shown it. If there has been no response yet, one row of
 * Lean's list is read.
 * @returns epoch milliseconds; undefined if Lean's responses carry no `Date`
 * @throws LeanError
 */
export async function leanTime(
  client: LeanClient,
  options?: { readonly deadline: number },
): Promise<number | undefined> {
  const known = client.clock.now();
  if (known !== undefined) return known;
  const { answer } = await client.listPayouts({ page_number: '0', page_size: '1' }, options);
  return answer.date;
}

/**
 * Converts epoch milliseconds to an instant such as `2026-03-01T08:30:00.123Z`.
 * @throws RangeError after the year 9999
 */
export function instantAt(epochMs: number): Instant {
  const instant = parseInstant(new Date(epochMs).toISOString());
  if (instant === undefined) throw new RangeError(`the time ${String(epochMs)} ms is after the year 9999`);
  return instant;
}
