import { createHmac } from 'node:crypto';
import * as http from 'node:http';
import * as https from 'node:https';
import type { WebhookTarget } from './webhook-target.ts';

/**
 * `timeout` closes idle connections after one second. Receivers close them too, mostly after five seconds, and a
 * request that is sent at that moment would be lost.
 */
const agentOptions = { keepAlive: true, timeout: 1000 };

/** The value of Lean's `lean-signature` header: HMAC-SHA512 of the body. */
export function signatureOf(body: string, secret: string): string {
  return `sha512=${createHmac('sha512', secret).update(body).digest('hex')}`;
}

/** Posts signed webhooks over keep-alive connections. */
export class WebhookClient {
  readonly #http = new http.Agent(agentOptions);
  readonly #https = new https.Agent(agentOptions);

  /** Resolves with the status of the response, or with null if there is no complete response within the timeout. */
  post({ url, secret }: WebhookTarget, body: string, timeoutMs: number): Promise<number | null> {
    const isSecure = url.startsWith('https:');
    const { request } = isSecure ? https : http;
    const options = {
      method: 'POST',
      agent: isSecure ? this.#https : this.#http,
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'lean-signature': signatureOf(body, secret),
      },
    };
    return new Promise(resolve => {
      let status: number | null = null;
      const outgoing = request(url, options, response => {
        response.once('end', () => {
          status = response.statusCode ?? null;
        });
        response.resume();
      });
      const timer = setTimeout(() => outgoing.destroy(), timeoutMs);
      // Every error is followed by `close`, and the status is then still null.
      outgoing.on('error', () => undefined);
      outgoing.once('close', () => {
        clearTimeout(timer);
        resolve(status);
      });
      outgoing.end(body);
    });
  }

  /** Closes all connections. Requests in flight resolve with null. */
  drop(): void {
    this.#http.destroy();
    this.#https.destroy();
  }
}
