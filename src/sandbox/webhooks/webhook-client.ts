import { createHmac } from 'node:crypto';
import * as http from 'node:http';
import * as https from 'node:https';
import type { WebhookTarget } from './webhook-target.ts';

/**
 * The time limits how long a connection is kept for nothing, and no request: a receiver closes such connections too,
 * mostly after five seconds, and what is sent just then would be lost.
 */
const pool = { keepAlive: true, timeout: 1000 };

/** The signature that Lean puts into `lean-signature`. */
export function signatureOf(body: string, secret: string): string {
  return `sha512=${createHmac('sha512', secret).update(body).digest('hex')}`;
}

/** Posts webhooks the way Lean does, over connections that stay open. */
export class WebhookClient {
  readonly #http = new http.Agent(pool);
  readonly #https = new https.Agent(pool);

  /** The status of the answer; null when there is no whole answer within the time. */
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
      const posted = request(url, options, response => {
        response.once('end', () => {
          status = response.statusCode ?? null;
        });
        response.resume();
      });
      const timer = setTimeout(() => posted.destroy(), timeoutMs);
      // Whatever goes wrong ends in `close`, and has no status.
      posted.on('error', () => undefined);
      posted.once('close', () => {
        clearTimeout(timer);
        resolve(status);
      });
      posted.end(body);
    });
  }

  /** Drops every connection; what is under way gets no answer. */
  drop(): void {
    this.#http.destroy();
    this.#https.destroy();
  }
}
