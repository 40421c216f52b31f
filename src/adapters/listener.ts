import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Path of the request, without its query. */
  readonly path: string;
  /** Whether no new work is taken any more. */
  readonly draining: boolean;
  /** Names the request in every line. */
  readonly log: Logger;
}

export interface ListenerOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Which listener it is, in log lines. */
  readonly surface: 'graphql' | 'rest' | 'mcp';
  readonly log: Logger;
  /** Answers a request; what it throws is a bug. */
  readonly route: (exchange: Exchange) => Promise<void>;
  /** Answers for a bug, when nothing has been answered yet. */
  readonly onBug: (response: ServerResponse) => void;
}

export interface Listener {
  /** `http://host:port` */
  readonly url: string;
  /** Takes no new work, finishes what is under way, closes. */
  drain(): Promise<void>;
}

/** Listens for HTTP: names each request, logs it in a line, and comes to an end without cutting anything short. */
export async function startListener(options: ListenerOptions): Promise<Listener> {
  const { host, port, surface, route } = options;
  const underWay = new Map<Promise<unknown>, IncomingMessage>();
  let draining = false;

  const server = createServer(
    { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 1000 },
    (request, response) => {
      const startedAt = performance.now();
      const requestId = requestIdOf(request);
      const log = options.log.child({ requestId });
      const path = pathOf(request);
      response.setHeader('x-request-id', requestId);
      response.setHeader('x-content-type-options', 'nosniff');
      if (draining) response.setHeader('connection', 'close');
      response.on('close', () => {
        log.info(
          {
            surface,
            method: request.method,
            path,
            status: response.writableFinished ? response.statusCode : undefined,
            durationMs: Math.round(performance.now() - startedAt),
          },
          response.writableFinished ? 'request' : 'request given up by the caller',
        );
      });
      const work = route({ request, response, path, draining, log })
        .catch((error: unknown) => {
          log.error({ err: error }, 'unexpected error');
          if (!response.headersSent) options.onBug(response);
          else response.destroy();
        })
        .then(() => finished(response));
      underWay.set(work, request);
      void work.finally(() => underWay.delete(work));
    },
  );

  await listen(server, port, host);
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${String(bound)}`,
    async drain() {
      draining = true;
      server.closeIdleConnections();
      // A request that is not in whole has started nothing, and may never be.
      for (const request of underWay.values()) if (!request.complete) request.socket.destroy();
      while (underWay.size > 0) await Promise.allSettled(underWay.keys());
      await new Promise<void>(resolve => {
        server.close(() => {
          resolve();
        });
        // Every answer is out. What is left sits idle, or holds requests that have not come in whole.
        server.closeAllConnections();
      });
    },
  };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}

function finished(response: ServerResponse): Promise<void> {
  return response.closed || response.writableFinished
    ? Promise.resolve()
    : new Promise(resolve => response.once('close', resolve));
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?', 1)[0] ?? '/';
}

function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && /^[\w.:-]{1,64}$/.test(given) ? given : randomUUID();
}
