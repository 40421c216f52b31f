import { randomUUID } from 'node:crypto';
import { startSandbox } from '../src/sandbox/sandbox.ts';

/** The sandbox as a process of its own. Nobody is told of its payouts but by who asks it for one. */
const lean = await startSandbox({ payouts: 0 });

/** Makes a payout, and tells the webhook that announces it. */
function webhookOfNew(description: string): string {
  const { paymentId, intentId } = lean.payouts.add({ status: 'PENDING_WITH_BANK', description });
  return JSON.stringify({
    type: 'payment.created',
    payload: { id: paymentId, intent_id: intentId, status: 'PENDING_WITH_BANK' },
    message: 'A payment object was created.',
    timestamp: new Date().toISOString(),
    event_id: randomUUID(),
  });
}

const answers: Record<string, () => unknown> = {
  payout: () => webhookOfNew('Bench'),
  'large payout': () => webhookOfNew('x'.repeat(4000)),
  calls: () => lean.requests.length,
};
process.on('message', question => {
  const answer = answers[String(question)];
  if (answer !== undefined) process.send?.(answer());
});
