import type { IncomingMessage } from 'node:http';
import type { Operation } from './routes.ts';

/** A request as Lean received it, regardless of the response. */
export interface ReceivedRequest {
  readonly operation: Operation;
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** By names in lower case. Of `authorization` only the scheme is kept. */
  readonly headers: Readonly<Record<string, string>>;
  /** The received text. Only the client secret of a token request is redacted. */
  readonly body: string;
  readonly idempotencyKey?: string;
}

const maxRecordedRequests = 10_000;
const noQuery: Readonly<Record<string, string>> = Object.freeze({});

/** Splits the target of a request into path and query. */
export function parseTarget(request: IncomingMessage): {
  path: string;
  query: Readonly<Record<string, string>>;
} {
  const url = request.url ?? '/';
  const queryStart = url.indexOf('?');
  if (queryStart === -1) return { path: url, query: noQuery };
  const query = Object.fromEntries(new URLSearchParams(url.slice(queryStart + 1)));
  return { path: url.slice(0, queryStart), query };
}

/** Appends a request to `log` and keeps the last 10000. */
export function recordRequest(
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
  if (log.length === maxRecordedRequests) log.shift();
  log.push(key === undefined ? entry : { ...entry, idempotencyKey: key });
}

/** Reads a request's body as text. Rejects if the client disconnects before its end. */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer); // chunks are buffers, because no encoding is set
  return Buffer.concat(chunks).toString();
}

/** Whether the headers of a request announce a body. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}
