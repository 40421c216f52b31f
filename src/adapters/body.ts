import type { IncomingMessage } from 'node:http';
import { CallerGone } from './caller-gone.ts';

/**
 * The whole body of a request; undefined when it is too large, and then the rest is not kept.
 * @throws CallerGone when the caller leaves before all of it is in
 */
export function readBytes(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    let body: Buffer = Buffer.alloc(0);
    let bytes = 0;
    let tooLarge = false;
    request.on('data', (chunk: Buffer) => {
      if (tooLarge) return;
      const end = bytes + chunk.length;
      tooLarge = end > maxBytes;
      if (tooLarge) {
        body = Buffer.alloc(0);
        resolve(undefined);
        return;
      }
      if (bytes === 0) body = chunk;
      else {
        // Chunks are not kept: each of them, however small, would take some hundred bytes.
        if (body.length < end) body = grown(body, Math.min(2 * end, maxBytes));
        chunk.copy(body, bytes);
      }
      bytes = end;
    });
    request.on('end', () => {
      resolve(body.subarray(0, bytes));
    });
    const leave = (): void => {
      reject(new CallerGone());
    };
    // A request that was destroyed earlier emits nothing any more.
    if (request.destroyed) leave();
    // A reset or a malformed chunk: no more of it will come.
    request.on('error', leave);
    request.on('close', leave);
  });
}

function grown(body: Buffer, size: number): Buffer {
  const larger = Buffer.allocUnsafe(size);
  body.copy(larger);
  return larger;
}

/** The same as text. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  return (await readBytes(request, maxBytes))?.toString('utf8');
}
