import type { LeanClient } from '../lean/client.ts';
import { instantAt, type Instant } from '../payouts/values/instant.ts';

/**
 * The time by Lean's clock, which the times of events and payouts come from, but not later than this machine's. A time
 * that is too late would leave out changes; one that is too early only makes the gateway read more than it has to.
 * @param clock this machine's clock; epoch ms
 * @throws LeanError
 */
export async function leanNow(
  client: Pick<LeanClient, 'now'>,
  clock: () => number = Date.now,
): Promise<Instant> {
  const now = await client.now();
  return instantAt(Math.min(now ?? clock(), clock()));
}
