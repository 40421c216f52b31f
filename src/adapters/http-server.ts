import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import type { GraphiqlPage } from './graphiql/page.ts';
import type { GraphqlServer } from './graphql.ts';

export interface HttpServerOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly graphql: GraphqlServer;
  /** Without it browsers are not given GraphiQL. */
  readonly graphiql: GraphiqlPage | undefined;
  /** What keeps Lean from being called, as far as is known without calling it; undefined when nothing does. */
  readonly trouble: () => string | undefined;
  readonly log: Logger;
}

export interface HttpServer {
  /** `http://host:port` */
  readonly url: string;
  /**
   * Takes no new work, finishes what is under way, closes. Meanwhile `/ready` answers 503, and so does everything
   * that would start new work.
   */
  drain(): Promise<void>;
}

/** Serves the GraphQL listener: `/graphql`, GraphiQL for browsers, `/health` and `/ready`. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { host, port, graphql, graphiql, trouble, log } = options;
  const underWay = new Map<Promise<unknown>, IncomingMessage>();
  let draining = false;

  const server = createServer(
    { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 1000 },
    (request, response) => {
      const startedAt = performance.now();
      const requestId = requestIdOf(request);
      const requestLog = log.child({ requestId });
      response.setHeader('x-request-id', requestId);
      response.setHeader('x-content-type-options', 'nosniff');
      if (draining) response.setHeader('connection', 'close');
      response.on('close', () => {
        requestLog.info(
          {
            method: request.method,
            path: pathOf(request),
            status: response.writableFinished ? response.statusCode : undefined,
            durationMs: Math.round(performance.now() - startedAt),
          },
          response.writableFinished ? 'request' : 'request given up by the caller',
        );
      });
      const work = route(request, response, requestLog).catch((error: unknown) => {
        requestLog.error({ err: error }, 'unexpected error');
        if (!response.headersSent) answer(response, 500, { status: 'error' });
        else response.destroy();
      });
      underWay.set(work, request);
      void work.finally(() => underWay.delete(work));
    },
  );

  async function route(
    request: IncomingMessage,
    response: ServerResponse,
    requestLog: Logger,
  ): Promise<void> {
    const path = pathOf(request);
    if (path === '/health') answer(response, 200, { status: 'ok' });
    else if (path === '/ready') {
      const problem = draining ? 'draining' : trouble();
      answer(response, problem === undefined ? 200 : 503, { status: problem ?? 'ready' });
    } else if (path !== '/graphql') answer(response, 404, { status: 'not found' });
    else if (!URL.canParse(`http://${request.headers.host ?? 'gateway'}`))
      answer(response, 400, { status: 'the Host header is not one' });
    else if (draining) {
      response.setHeader('retry-after', '1');
      answer(response, 503, { status: 'draining; nothing was done' });
    } else if (graphiql !== undefined && wantsPage(request))
      response.writeHead(200, graphiql.headers).end(await graphiql.gzipped());
    else await graphql.handle(request, response, { log: requestLog });
    await finished(response);
  }

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

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}

function pathOf(request: IncomingMessage): string {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

function wantsPage({ method, headers, url }: IncomingMessage): boolean {
  const asksQuery =
    /[?&](?:query|extensions|documentId)=/.test(url ?? '') && headers.accept?.includes('json') === true;
  return method === 'GET' && headers.accept?.includes('text/html') === true && !asksQuery;
}

function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && /^[\w.:-]{1,64}$/.test(given) ? given : randomUUID();
}
