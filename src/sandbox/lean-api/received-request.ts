import type { IncomingMessage } from 'node:http';
import type { Operation } from './routes.ts';

/** A request as Lean got it, whatever was answered. */
export interface ReceivedRequest {
  readonly operation: Operation;
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Names in lower case; `authorization` is cut to its scheme. */
  readonly headers: Readonly<Record<string, string>>;
  /** The text as it came, but for a client secret in a token request. */
  readonly body: string;
  readonly idempotencyKey?: string;
}

const kept = 10_000;
const noQuery: Readonly<Record<string, string>> = Object.freeze({});

/** Splits a request's target into its path and its query. */
export function targetOf(request: IncomingMessage): {
  path: string;
  query: Readonly<Record<string, string>>;
} {
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  if (mark === -1) return { path: url, query: noQuery };
  return { path: url.slice(0, mark), query: Object.fromEntries(new URLSearchParams(url.slice(mark + 1))) };
}

/** Remembers a request in `log`, which keeps the last ten thousand. */
export function record(
  log: ReceivedRequest[],
  request: IncomingMessage,
  facts: Pick<ReceivedRequest, 'operation' | 'path' | 'query' | 'body'>,
): void {
  const headers: Record<string, string> = {};
  for (const name in request.headers) {
    const value = request.headers[name];
    headers[name] = typeof value === 'string' ? value : (value?.join(', ') ?? '');
  }
  if (headers['authorization'] !== undefined) {
    headers['authorization'] = headers['authorization'].split(' ', 1)[0] ?? '';
  }
  const key = headers['idempotency-key'];
  const body =
    facts.operation === 'token' ? facts.body.replace(/(client_secret=)[^&]*/, '$1redacted') : facts.body;
  const entry = { ...facts, body, method: request.method ?? '', headers };
  if (log.length === kept) log.shift();
  log.push(key === undefined ? entry : { ...entry, idempotencyKey: key });
}

/** Reads a request's body as text; rejects when the client goes away before its end. */
export async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer); // no encoding is set, so chunks are buffers
  return Buffer.concat(chunks).toString();
}

/** Whether a request announces a body. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}
