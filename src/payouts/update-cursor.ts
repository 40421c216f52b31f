import { BadInput } from '../errors/gateway-errors.ts';

/** A place among the updates of a store. */
export interface UpdatePlace {
  readonly store: string;
  readonly position: number;
}

/** The cursor of a place. It is opaque to callers, and valid at every gateway on the store. */
export function updateCursor({ store, position }: UpdatePlace): string {
  return Buffer.from(`${store} ${String(position)}`).toString('base64url');
}

/**
 * Reads a cursor.
 * @throws BadInput naming `after`
 */
export function updatePlaceOf(cursor: string): UpdatePlace {
  const [, store, position] =
    /^([\w-]{1,64}) (0|[1-9]\d{0,14})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  const place = { store: store ?? '', position: Number(position) };
  if (store !== undefined && updateCursor(place) === cursor) return place;
  throw new BadInput(
    'after',
    'is not the cursor of an update. Send a value of `cursor` or `payoutUpdatesCursor`, or an SSE event id.',
  );
}
