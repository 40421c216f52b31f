import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const pieceBytes = 64 * 1024;

/** Sends a large body piece by piece, as fast as its reader takes it, so that little of it is ever unread. */
export async function sendLargeResponse(response: ServerResponse, body: Buffer): Promise<void> {
  const pieces = Array.from({ length: Math.ceil(body.length / pieceBytes) }, (_, index) =>
    body.subarray(index * pieceBytes, (index + 1) * pieceBytes),
  );
  // A reader that leaves in the middle is nobody's failure.
  await pipeline(Readable.from(pieces), response).catch(() => response.destroy());
}
