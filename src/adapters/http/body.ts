import { eventLoop } from '../../scheduling/event-loop-batcher.ts';
import { CallerGone } from './caller-gone.ts';
import type { HttpRequestContext } from './http-request-context.ts';

/** The parts of an exchange that reading a body needs. */
type Sent = Pick<HttpRequestContext, 'request' | 'connection'>;

/**
 * Reads the whole body of a request, and resolves when the connection has its turn. Undefined if the body is too large;
 * the rest of it is not kept.
 * @throws CallerGone when the caller leaves before all of it is in
 */
export function readBytes({ request, connection }: Sent, maxBytes: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const incoming = connection.beginBody();
    let body: Buffer = Buffer.alloc(0);
    let bytes = 0;
    // A request may be answered for hours: nothing of its body is to be kept by then.
    const forget = (): void => {
      body = Buffer.alloc(0);
      request.off('data', take).off('end', end).off('error', leave).off('close', leave);
    };
    const take = (chunk: Buffer): void => {
      const length = bytes + chunk.length;
      if (length > maxBytes) {
        forget();
        // Reads on and drops the rest: a peer that is still sending may not read the answer before.
        request.on('data', () => undefined);
        incoming.release();
        resolve(undefined);
        return;
      }
      if (bytes === 0) body = chunk;
      else {
        // Chunks are not kept: each of them, however small, would take some hundred bytes.
        if (body.length < length) body = grown(body, Math.min(2 * length, maxBytes));
        chunk.copy(body, bytes);
      }
      bytes = length;
      incoming.hold(body.length);
    };
    const end = (): void => {
      const whole = body.subarray(0, bytes);
      forget();
      incoming.whole();
      eventLoop.run(connection, () => {
        incoming.release();
        resolve(whole);
      });
    };
    const leave = (): void => {
      forget();
      incoming.release();
      reject(new CallerGone());
    };
    // A request that was destroyed earlier emits nothing any more.
    if (request.destroyed) {
      leave();
      return;
    }
    request.on('data', take).on('end', end);
    // A reset or a malformed chunk: no more of it will come.
    request.on('error', leave).on('close', leave);
  });
}

function grown(body: Buffer, size: number): Buffer {
  const larger = Buffer.allocUnsafe(size);
  body.copy(larger);
  return larger;
}

/** The same as text. */
export async function readBody(sent: Sent, maxBytes: number): Promise<string | undefined> {
  return (await readBytes(sent, maxBytes))?.toString('utf8');
}

/** The message for a body that is too large. */
export function tooLarge(maxBytes: number): string {
  return `The body is larger than ${String(maxBytes / 1024)} KiB.`;
}
