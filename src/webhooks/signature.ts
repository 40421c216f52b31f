import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Whether one of the secrets has signed these very bytes. Takes as long whichever part is wrong.
 * @param header of `lean-signature`: `sha512=` and the HMAC-SHA512 in hexadecimal
 * @param secrets several while one is being replaced by another
 * @see https://docs.leantech.me/docs/webhooks
 */
export function isSigned(body: Buffer, header: string | undefined, secrets: readonly string[]): boolean {
  const given = Buffer.from(/^sha512=([0-9a-f]{128})$/i.exec(header ?? '')?.[1] ?? '', 'hex');
  let signed = false;
  for (const secret of secrets) {
    const expected = createHmac('sha512', secret).update(body).digest();
    // All of them are tried, so that the time tells nothing of which one it was.
    if (given.length === expected.length && timingSafeEqual(given, expected)) signed = true;
  }
  return signed;
}
