import { setTimeout as wait } from 'node:timers/promises';
import type { PayoutTools, ToolResult } from './payout-tools.ts';

/** How often the payout is read before the program leaves it to a later run. */
const maxReads = 30;

interface Payment {
  readonly status?: string | null;
  readonly post_initiation_status?: string | null;
}

/** What is known about a payout from Lean's two statuses: accepted by the bank is not yet paid. */
export function outcomeOf(payment: Payment | null | undefined): 'paid' | 'not paid' | 'in progress' {
  if (payment?.post_initiation_status === 'PROCESSED') return 'paid';
  const failed = ['FAILED', 'AUTHORISATION_FAILED'].includes(payment?.status ?? '');
  return failed || payment?.post_initiation_status === 'REJECTED' ? 'not paid' : 'in progress';
}

/** Asks for the outcome of a payout until it is paid or not paid. The intent is known from the creation on. */
export async function followPayout(
  tools: PayoutTools,
  intentId: string,
  tell: (message: string) => void,
): Promise<ReturnType<typeof outcomeOf>> {
  let told = '';
  for (let reads = 1; ; reads += 1) {
    const result: ToolResult = await tools.call('lean-getpayoutintent', { payment_intent_id: intentId });
    const payment = result.kind === 'ok' ? (result.json['payment'] as Payment | null | undefined) : undefined;
    const states = [payment?.status ?? 'no payment yet', payment?.post_initiation_status ?? ''];
    const message = result.kind === 'ok' ? states.join(' ').trim() : result.message;
    if (message !== told) tell((told = message));
    const outcome = outcomeOf(payment);
    if (outcome !== 'in progress' || reads === maxReads) return outcome;
    await wait(((result.kind === 'failed' ? result.retryAfterSeconds : undefined) ?? 1) * 1000);
  }
}
