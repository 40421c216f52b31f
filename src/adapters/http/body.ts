import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import { eventLoopBatcher } from '../../scheduling/event-loop-batcher.ts';
import { CallerGone } from './caller-gone.ts';
import type { HttpRequestContext } from './http-request-context.ts';

/** The largest body that the REST routes, the MCP endpoint and the webhook route accept, in bytes. */
export const maxBodyBytes = 256 * 1024;

/** The parts of a request context that reading a body needs. */
type BodySource = Pick<HttpRequestContext, 'request' | 'connection'>;

/**
 * Reads the whole body of a request. Resolves when the event loop batcher gives the connection its turn. Resolves to
 * undefined if the body is larger than `maxBytes`; the rest of such a body is read and dropped.
 * @throws CallerGone when the caller closes the connection before the body is complete
 */
export function readBodyBytes(
  { request, connection }: BodySource,
  maxBytes: number,
): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const incoming = connection.beginBody();
    let buffer: Buffer = Buffer.alloc(0);
    let length = 0;
    // The response may take hours (a subscription), so the request must not keep its body alive.
    const release = (): void => {
      buffer = Buffer.alloc(0);
      request.off('data', onData).off('end', onEnd).off('error', onAbort).off('close', onAbort);
    };
    const onData = (chunk: Buffer): void => {
      const newLength = length + chunk.length;
      if (newLength > maxBytes) {
        release();
        // Keep reading and drop the rest: a client that is still sending may not read the response before it is done.
        request.on('data', () => undefined);
        incoming.release();
        resolve(undefined);
        return;
      }
      if (length === 0) buffer = chunk;
      else {
        // Copy into one buffer. A list of chunks would cost about 100 bytes for each chunk, however small it is.
        if (buffer.length < newLength) buffer = grow(buffer, Math.min(2 * newLength, maxBytes));
        chunk.copy(buffer, length);
      }
      length = newLength;
      incoming.hold(buffer.length);
    };
    const onEnd = (): void => {
      const body = buffer.subarray(0, length);
      release();
      incoming.complete();
      eventLoopBatcher.run(connection, () => {
        incoming.release();
        resolve(body);
      });
    };
    const onAbort = (): void => {
      release();
      incoming.release();
      reject(new CallerGone());
    };
    // A request that is already destroyed emits no more events.
    if (request.destroyed) {
      onAbort();
      return;
    }
    request.on('data', onData).on('end', onEnd);
    // `error` is a connection reset or a malformed chunk.
    request.on('error', onAbort).on('close', onAbort);
  });
}

function grow(buffer: Buffer, size: number): Buffer {
  const larger = Buffer.allocUnsafe(size);
  buffer.copy(larger);
  return larger;
}

/** Why a body was refused. The rest of it may not have been read, so its connection should be closed. */
export interface BodyProblem {
  readonly status: 400 | 413 | 415;
  readonly message: string;
}

/**
 * Reads the whole body as UTF-8 text, like `readBodyBytes`. Text in another encoding is refused, because it would reach
 * Lean with other letters than the caller wrote.
 */
export async function readBodyText(source: BodySource, maxBytes: number): Promise<string | BodyProblem> {
  const message = unsupportedEncoding(source.request.headers);
  if (message !== undefined) return { status: 415, message };
  const bytes = await readBodyBytes(source, maxBytes);
  if (bytes === undefined) return { status: 413, message: bodyTooLargeMessage(maxBytes) };
  return isUtf8(bytes)
    ? bytes.toString('utf8')
    : { status: 400, message: 'The body is not valid UTF-8. Send it in UTF-8.' };
}

function unsupportedEncoding(headers: IncomingHttpHeaders): string | undefined {
  const { 'content-encoding': compression = 'identity', 'content-type': type = '' } = headers;
  if (!/^(?:identity)?$/i.test(compression))
    return `The content-encoding ${JSON.stringify(compression.slice(0, 40))} is not supported. Send the body uncompressed.`;
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(type)?.[1] ?? 'utf-8';
  return /^(?:utf-?8|us-ascii)$/i.test(charset)
    ? undefined
    : `The charset ${JSON.stringify(charset.slice(0, 40))} is not supported. Send the body in UTF-8.`;
}

/** The error message for a body that is larger than `maxBytes`. */
export function bodyTooLargeMessage(maxBytes: number): string {
  return `The body is larger than ${String(maxBytes / 1024)} KiB.`;
}
