import { createHash } from 'node:crypto';

/** The reference that a transfer of a batch has by default, without authentication. */
export function defaultReference(idempotencyKey: string, position: number): string {
  const digest = createHash('sha256').update(idempotencyKey).digest('base64url');
  return `${idempotencyKey}.${String(position)}.${digest.slice(0, 12)}`;
}
