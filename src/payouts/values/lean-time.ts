import type { LeanClient } from '../../lean/client.ts';
import { parseInstant, type Instant } from './instant.ts';

/**
 * Lean's time, as its answers have shown it; a Lean that has not been asked yet is asked for one row of its list.
 * @returns epoch milliseconds; undefined for a Lean whose answers carry no `Date`
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

/** An instant of milliseconds, such as `2026-03-01T08:30:00.123Z`. */
export function instantAt(epochMs: number): Instant {
  const instant = parseInstant(new Date(epochMs).toISOString());
  if (instant === undefined) throw new RangeError('a time beyond the year 9999');
  return instant;
}
