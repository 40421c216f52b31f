import { Agent, request } from 'node:http';
import { payoutIdOf } from '../src/payouts/values/ids.ts';
import { signatureOf } from '../src/sandbox/webhooks/webhook-client.ts';
import type { ServerProcess } from './processes.ts';

export const webhookSecret = 'webhook-secret';

/** The subscription of the subscribers to whom webhooks are announced. */
export const updatesQuery = 'subscription { payoutUpdated { eventId payoutId status payout { id status } } }';

/** The next webhook of a Lean of `live-lean.ts`, and a text that only its update has, in the messages to subscribers. */
export async function nextWebhook(
  lean: ServerProcess,
): Promise<{ readonly webhook: string; readonly updateText: string }> {
  const webhook = String(await lean.ask('payout'));
  const { payload } = JSON.parse(webhook) as { readonly payload: { readonly intent_id: string } };
  return { webhook, updateText: `"payout":{"id":"${payoutIdOf(payload.intent_id)}"` };
}

const agent = new Agent({ keepAlive: true, timeout: 1000 });

/**
 * Delivers a webhook to a gateway, as Lean does. Rejects unless the gateway acknowledges it.
 * @param url any address of the gateway
 * @param webhook the body
 */
export function deliverWebhook(url: string, webhook: string): Promise<void> {
  const headers = {
    'content-type': 'application/json',
    'lean-signature': signatureOf(webhook, webhookSecret),
  };
  return new Promise((resolve, reject) => {
    const sent = request(new URL('/webhooks/lean', url), { agent, method: 'POST', headers }, response => {
      response.resume().once('end', () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`the gateway responded to the webhook with ${String(response.statusCode)}`));
      });
    });
    sent.on('error', reject);
    sent.end(webhook);
  });
}
