import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { GraphiqlPage } from './graphiql/page.ts';
import type { GraphqlServer } from './graphql.ts';
import { startListener, type Exchange, type Listener } from './listener.ts';

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

/**
 * Serves the GraphQL listener: `/graphql`, GraphiQL for browsers, `/health` and `/ready`. While it drains, `/ready`
 * answers 503, and so does everything that would start new work.
 */
export function startHttpServer(options: HttpServerOptions): Promise<Listener> {
  const { host, port, graphql, graphiql, trouble, log } = options;
  return startListener({
    host,
    port,
    surface: 'graphql',
    log,
    route,
    onBug: response => {
      answer(response, 500, { status: 'error' });
    },
  });

  async function route({
    request,
    response,
    path: given,
    draining,
    log: requestLog,
  }: Exchange): Promise<void> {
    const path = given.length > 1 && given.endsWith('/') ? given.slice(0, -1) : given;
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
  }
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}

function wantsPage({ method, headers, url }: IncomingMessage): boolean {
  const asksQuery =
    /[?&](?:query|extensions|documentId)=/.test(url ?? '') && headers.accept?.includes('json') === true;
  return method === 'GET' && headers.accept?.includes('text/html') === true && !asksQuery;
}
