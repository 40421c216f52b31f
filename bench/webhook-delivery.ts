import { Agent, request } from 'node:http';
import { signatureOf } from '../src/sandbox/webhooks/webhook-client.ts';

const agent = new Agent({ keepAlive: true, timeout: 1000 });

/**
 * Delivers a webhook to a gateway, as Lean does. Rejects unless the gateway acknowledges it.
 * @param url any address of the gateway
 * @param webhook the body
 * @param secret signs the body
 */
export function deliverWebhook(url: string, webhook: string, secret: string): Promise<void> {
  const headers = { 'content-type': 'application/json', 'lean-signature': signatureOf(webhook, secret) };
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
