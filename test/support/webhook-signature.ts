import { createHmac } from 'node:crypto';

/** The `lean-signature` header with which Lean signs the body of a webhook. */
export function signatureOf(body: string | Buffer, secret: string): string {
  return `sha512=${createHmac('sha512', secret).update(body).digest('hex')}`;
}
