import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Whether the body was signed with one of the secrets. Compares in constant time.
 * @param body the exact bytes that were sent
 * @param header the `lean-signature` header: `sha512=` and the HMAC-SHA512 in hexadecimal
 * @param secrets several while one of them is being replaced
 * @see https://docs.leantech.me/docs/webhooks
 */
export function isSigned(body: Buffer, header: string | undefined, secrets: readonly string[]): boolean {
  const given = Buffer.from(/^sha512=([0-9a-f]{128})$/i.exec(header ?? '')?.[1] ?? '', 'hex');
  let signed = false;
  for (const secret of secrets) {
    const expected = createHmac('sha512', secret).update(body).digest();
    // Every secret is tried, so that the time does not show which one fits.
    if (given.length === expected.length && timingSafeEqual(given, expected)) signed = true;
  }
  return signed;
}
