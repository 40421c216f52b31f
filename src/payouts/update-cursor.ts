import { BadInput } from '../errors/gateway-errors.ts';

/** The position of an update in the sequence of all updates of a store. */
export interface UpdatePosition {
  readonly store: string;
  readonly position: number;
}

/** Encodes a position as a cursor. It is opaque to callers and valid at every gateway on the same store. */
export function updateCursor({ store, position }: UpdatePosition): string {
  return Buffer.from(`${store} ${String(position)}`).toString('base64url');
}

/**
 * Decodes a cursor.
 * @throws BadInput naming `after`
 */
export function updatePositionOf(cursor: string): UpdatePosition {
  const [, store, position] =
    /^([\w-]{1,64}) (0|[1-9]\d{0,14})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  const decoded = { store: store ?? '', position: Number(position) };
  // Encoding it again rejects Base64url text that decodes to a position but was not written by `updateCursor`.
  if (store !== undefined && updateCursor(decoded) === cursor) return decoded;
  throw new BadInput(
    'after',
    'is not the cursor of an update. Send a value of `cursor` or `payoutUpdatesCursor`, or an SSE event id.',
  );
}
