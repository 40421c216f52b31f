import { createHmac } from 'node:crypto';

/**
 * The `lean-signature` header with which Lean signs the body of a webhook. The sandbox does not make it, so that an error in
 * the sandbox cannot hide the same error in the gateway.
 */
export function signatureOf(body: string | Buffer, secret: string): string {
  return `sha512=${createHmac('sha512', secret).update(body).digest('hex')}`;
}
