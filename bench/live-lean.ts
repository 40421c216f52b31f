import { randomUUID } from 'node:crypto';
import { startSandbox } from '../src/sandbox/sandbox.ts';

/** Runs the sandbox without webhooks. A message adds a payout and returns the webhook that announces it. */
const lean = await startSandbox({ payouts: 0 });

/** Adds a payout and returns the body of the webhook that announces it. */
function addPayout(description: string): string {
  const { paymentId, intentId } = lean.payouts.add({ status: 'PENDING_WITH_BANK', description });
  return JSON.stringify({
    type: 'payment.created',
    payload: { id: paymentId, intent_id: intentId, status: 'PENDING_WITH_BANK' },
    message: 'A payment object was created.',
    timestamp: new Date().toISOString(),
    event_id: randomUUID(),
  });
}

const commands: Record<string, () => unknown> = {
  payout: () => addPayout('Bench'),
  'large payout': () => addPayout('x'.repeat(4000)),
  calls: () => lean.requests.length,
};
process.on('message', name => {
  const command = commands[String(name)];
  if (command !== undefined) process.send?.(command());
});
