import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

const chunkBytes = 64 * 1024;

/** Sends a large body in chunks of 64 KiB with back-pressure, so that the unread bytes of the connection stay few. */
export async function sendLargeResponse(response: ServerResponse, body: Buffer): Promise<void> {
  const chunks = Array.from({ length: Math.ceil(body.length / chunkBytes) }, (_, index) =>
    body.subarray(index * chunkBytes, (index + 1) * chunkBytes),
  );
  // A client that disconnects in the middle is not an error of the gateway.
  await pipeline(Readable.from(chunks), response).catch(() => response.destroy());
}
