import type { IncomingMessage, ServerResponse } from 'node:http';
import type { GraphiqlPage } from '../graphiql/page.ts';
import type { GraphqlEndpoint } from '../graphql/endpoint.ts';
import type { GraphqlSocket } from '../graphql/websocket/socket.ts';
import type { PresentedError } from '../../errors/presented-error.ts';
import type { HttpRequestContext } from './http-request-context.ts';
import { sendLargeResponse } from './large-response.ts';
import { startListener, type Listener, type CommonListenerOptions } from './listener.ts';
import { stoppingRefusal } from './refusal.ts';

export interface HttpServerOptions extends CommonListenerOptions {
  readonly graphql: GraphqlEndpoint;
  /** The GraphiQL page for browsers; undefined if GraphiQL is switched off. */
  readonly graphiql: GraphiqlPage | undefined;
  /** Why the gateway cannot serve requests, as far as it knows without calling Lean; undefined if it can. */
  readonly unhealthyReason: () => string | undefined;
  /** Handles Lean's webhooks; undefined if no webhook secret is configured. */
  readonly webhook: ((context: HttpRequestContext) => Promise<void>) | undefined;
  /** Handles GraphQL over WebSocket. */
  readonly socket?: GraphqlSocket | undefined;
  /** Renders the metrics as Prometheus text, with its media type. */
  readonly metrics: { readonly contentType: string; render(): Promise<string> };
}

/**
 * Starts the GraphQL listener: `/graphql`, GraphiQL for browsers, `/health`, `/ready`, `/metrics` and `/webhooks/lean`.
 * While it drains, `/ready` and every request that would start new work get 503.
 */
export function startHttpServer(options: HttpServerOptions): Promise<Listener> {
  const { graphql, graphiql, unhealthyReason, metrics, webhook, socket } = options;
  return startListener({
    ...options,
    surface: 'graphql',
    route,
    onUpgrade: socket?.upgrade.bind(socket),
    sendError,
  });

  async function route(context: HttpRequestContext): Promise<void> {
    const { request, response, draining } = context;
    const path = withoutTrailingSlash(context.path);
    if (path === '/health') sendJson(response, 200, { status: 'ok' });
    else if (path === '/ready') {
      const problem = draining ? 'draining' : unhealthyReason();
      sendJson(response, problem === undefined ? 200 : 503, { status: problem ?? 'ready' });
    } else if (path === '/metrics')
      response.writeHead(200, { 'content-type': metrics.contentType }).end(await metrics.render());
    else if (path === '/webhooks/lean' && webhook !== undefined && request.method === 'POST') {
      if (draining)
        sendJson(
          response,
          stoppingRefusal.status,
          { status: stoppingRefusal.message },
          stoppingRefusal.headers,
        );
      else await webhook(context);
    } else if (path !== '/graphql')
      sendError(context, {
        code: 'BAD_USER_INPUT',
        status: 404,
        message: path === '/webhooks/lean' ? noWebhooks(webhook !== undefined) : 'GraphQL is at /graphql.',
        headers: {},
        details: {},
      });
    else if (draining) sendError(context, stoppingRefusal);
    else if (graphiql !== undefined && wantsGraphiql(request))
      await sendLargeResponse(response.writeHead(200, graphiql.headers), await graphiql.gzipped());
    else await graphql.handle(context);
  }
}

/** Sends an error in the format of GraphQL. Its code is the outcome of the request in the log and the metrics. */
function sendError(
  { response, report }: HttpRequestContext,
  { status, headers, message, code, details }: PresentedError,
): void {
  report.outcome ??= code;
  sendJson(response, status, { errors: [{ message, extensions: { code, ...details } }] }, headers);
}

/** Why a request for the webhook route is answered with 404. */
function noWebhooks(isConfigured: boolean): string {
  return isConfigured
    ? 'Webhooks are accepted only by POST.'
    : 'This gateway receives no webhooks, because LEAN_WEBHOOK_SECRET is not set.';
}

function withoutTrailingSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

function sendJson(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    ...headers,
  });
  response.end(JSON.stringify(body));
}

/** Whether a GET comes from a browser that navigates, and not from a client that sends a query in the URL. */
function wantsGraphiql({ method, headers, url }: IncomingMessage): boolean {
  const isQuery =
    /[?&](?:query|extensions|documentId)=/.test(url ?? '') && headers.accept?.includes('json') === true;
  return method === 'GET' && headers.accept?.includes('text/html') === true && !isQuery;
}
