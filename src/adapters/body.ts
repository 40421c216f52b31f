import type { IncomingMessage } from 'node:http';

/** The caller has left before its request was in, or before its answer was out: nobody is there to be told anything. */
export class CallerGone extends Error {
  /** As platforms call what is given up. */
  override readonly name = 'AbortError';
}

/**
 * The whole body of a request; undefined when it is too large, and then the rest is not kept.
 * @throws CallerGone when the caller leaves before all of it is in
 */
export function readBytes(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= maxBytes) {
        chunks.push(chunk);
        return;
      }
      chunks.length = 0;
      resolve(undefined);
    });
    request.on('end', () => {
      const [first] = chunks;
      resolve(chunks.length === 1 ? first : Buffer.concat(chunks));
    });
    // Whatever has ended it, such as a reset or a malformed chunk: no more of it will come.
    request.on('error', error => {
      reject(new CallerGone(error.message));
    });
  });
}

/** The same as text. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  return (await readBytes(request, maxBytes))?.toString('utf8');
}
