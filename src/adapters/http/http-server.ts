import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GraphiqlPage } from '../graphiql/page.ts';
import type { GraphqlEndpoint } from '../graphql/endpoint.ts';
import type { GraphqlSocket } from '../graphql/socket.ts';
import type { HttpRequestContext } from './http-request-context.ts';
import { sendLargeResponse } from './large-response.ts';
import { startListener, type Listener, type ListenerBasics } from './listener.ts';

export interface HttpServerOptions extends ListenerBasics {
  readonly graphql: GraphqlEndpoint;
  /** Without it browsers are not given GraphiQL. */
  readonly graphiql: GraphiqlPage | undefined;
  /** What keeps Lean from being called, as far as is known without calling it; undefined when nothing does. */
  readonly trouble: () => string | undefined;
  /** Takes Lean's webhooks; undefined where there are none. */
  readonly webhook: ((exchange: HttpRequestContext) => Promise<void>) | undefined;
  /** GraphQL over WebSocket. */
  readonly socket?: GraphqlSocket | undefined;
  /** Prometheus text, and the media type that it has. */
  readonly metrics: { readonly contentType: string; metrics(): Promise<string> };
}

/**
 * Serves the GraphQL listener: `/graphql`, GraphiQL for browsers, `/health`, `/ready` and `/metrics`. While it drains, `/ready`
 * answers 503, and so does everything that would start new work.
 */
export function startHttpServer(options: HttpServerOptions): Promise<Listener> {
  const { graphql, graphiql, trouble, metrics, webhook, socket } = options;
  return startListener({
    ...options,
    surface: 'graphql',
    route,
    onUpgrade: socket?.upgrade.bind(socket),
    onBug: response => {
      answer(response, 500, { status: 'error' });
    },
  });

  async function route(exchange: HttpRequestContext): Promise<void> {
    const { request, response, path: given, draining } = exchange;
    const path = given.length > 1 && given.endsWith('/') ? given.slice(0, -1) : given;
    if (path === '/health') answer(response, 200, { status: 'ok' });
    else if (path === '/ready') {
      const problem = draining ? 'draining' : trouble();
      answer(response, problem === undefined ? 200 : 503, { status: problem ?? 'ready' });
    } else if (path === '/metrics')
      response.writeHead(200, { 'content-type': metrics.contentType }).end(await metrics.metrics());
    else if (path === '/webhooks/lean' && webhook !== undefined && request.method === 'POST') {
      if (draining) answer(response, 503, { status: 'draining; send it again' });
      else await webhook(exchange);
    } else if (path !== '/graphql') answer(response, 404, { status: 'not found' });
    else if (draining) {
      response.setHeader('retry-after', '1');
      answer(response, 503, { status: 'draining; nothing was done' });
    } else if (graphiql !== undefined && wantsPage(request))
      await sendLargeResponse(response.writeHead(200, graphiql.headers), await graphiql.gzipped());
    else await graphql.handle(exchange);
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
