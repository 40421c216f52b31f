import type { IncomingMessage } from 'node:http';

/** The caller closed the connection before the request or its response was complete. */
export class CallerGone extends Error {
  /** The name that platform APIs use for aborted work. */
  override readonly name = 'AbortError';

  constructor() {
    super('The caller has left.');
  }
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

/** The same as text. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  return (await readBytes(request, maxBytes))?.toString('utf8');
}
