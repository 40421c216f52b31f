import { setTimeout as wait } from 'node:timers/promises';
import type { PayoutTools, ToolResult } from './payout-tools.ts';
import type { SavedPayout } from './saved-payouts.ts';

/** How often the same call is repeated before a person is told. */
const maxRepetitions = 10;

/**
 * Pays. While the outcome is unknown, it repeats the same call with the same key, as often as the gateway says that this
 * helps, and not before the time that the gateway gives. It never takes another key.
 * @param tell called with what the user should know
 * @returns the last result; a failure says nothing about whether the payout is paid unless its message does
 */
export async function pay(
  tools: PayoutTools,
  payout: SavedPayout,
  tell: (message: string) => void,
): Promise<ToolResult> {
  for (let repetitions = 0; ; repetitions += 1) {
    const result = await tools.call('lean-createpayoutpayment', { ...payout });
    if (result.kind === 'ok') return result;
    const { message, retryAfterSeconds } = result;
    if (retryAfterSeconds === undefined || repetitions === maxRepetitions) return result;
    tell(`${message}\n  Waiting ${String(retryAfterSeconds)} s, then the same call with the same key.`);
    await wait(retryAfterSeconds * 1000);
  }
}
