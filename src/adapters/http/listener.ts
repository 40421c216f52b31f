import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import type { Duplex } from 'node:stream';
import cors from 'cors';
import type { Logger } from 'pino';
import type { PresentedError } from '../../errors/presented-error.ts';
import { CallerGone } from './caller-gone.ts';
import { connectionLimits as limits } from './connection-limits.ts';
import { Connections } from './connections.ts';
import { hostCheck } from './host-check.ts';
import { HttpRequestContext, pathOf } from './http-request-context.ts';
import { runWithReport, type Surface } from '../observability/request-report.ts';
import { logRequest, type FinishedRequest } from './request-log.ts';
import { unexpectedError } from './refusal.ts';
import { SecuredResponse } from './secured-response.ts';
import type { Tracing } from '../observability/tracing.ts';
import { InFlightRequests } from './in-flight-requests.ts';

/** The options that all listeners share. */
export interface CommonListenerOptions {
  readonly host: string;
  /** 0 means any free port. */
  readonly port: number;
  readonly log: Logger;
  /** Origins whose pages may call the listener (CORS). @default none */
  readonly corsOrigins?: readonly string[];
  /**
   * Whether only requests with a loopback name in the Host header are served. This prevents DNS rebinding: without it,
   * a web page could point its own host name at this machine and call the gateway from a local browser. @default false
   */
  readonly ownHostOnly?: boolean;
  /** How long a connection may be idle between two requests before it is closed, in ms. @default Node's 5 s */
  readonly keepAliveMs?: number;
  /** Undefined if no traces are exported. */
  readonly tracing?: Tracing | undefined;
  /** The connections of all listeners of the process. @default a new object for this listener alone */
  readonly connections?: Connections;
  /** Called for each request when its response has closed. */
  readonly onRequest?: (request: FinishedRequest) => void;
}

export interface ListenerOptions extends CommonListenerOptions {
  /** The name of the listener in logs and metrics. */
  readonly surface: Surface;
  /** Serves a request. Anything that it throws, except `CallerGone`, is a bug. */
  readonly route: (context: HttpRequestContext) => Promise<void>;
  /** Takes over a connection that requests an upgrade. @default upgrades are ignored */
  readonly onUpgrade?: ((request: IncomingMessage, socket: Duplex, head: Buffer) => void) | undefined;
  /** Sends an error in the format of the surface: a Host header that is not accepted, or a bug. */
  readonly sendError: (context: HttpRequestContext, error: PresentedError) => void;
}

export interface Listener {
  /** `http://host:port` */
  readonly url: string;
  /** Stops accepting work, and waits for the requests in flight. Until `close`, other requests get 503. */
  drain(): Promise<void>;
  /** Drains, and stops listening. */
  close(): Promise<void>;
}

/** While draining, connections whose clients have not read their responses for so many ms are closed. */
const stuckWhileDrainingMs = 10_000;

/**
 * Connections that may wait in the kernel to be accepted. With a shorter queue, the kernel would drop connections of
 * honest callers during a flood, and their systems would try again only after a second.
 */
const backlog = 4096;

/** Starts an HTTP server that gives each request an id, logs it in one line, and drains without aborting requests. */
export async function startListener(options: ListenerOptions): Promise<Listener> {
  const { host, port, surface, route, corsOrigins = [], ownHostOnly = false, tracing } = options;
  const { connections = new Connections(), keepAliveMs } = options;
  const applyCors = cors({ origin: [...corsOrigins], ...corsOptions });
  const hostProblemOf = hostCheck(ownHostOnly);
  const inFlight = new InFlightRequests();
  let draining = false;

  const handle = (request: IncomingMessage, response: SecuredResponse): void => {
    const connection = connections.forSocket(request.socket);
    if (!connection.tryBegin(response)) return;
    const context = new HttpRequestContext({ request, response, connection, draining, log: options.log });
    const { report } = context;
    const end = inFlight.begin(request);
    // A request ends once its response has closed and its handler has finished.
    let pending = 2;
    const endPart = (): void => {
      pending -= 1;
      if (pending === 0) end();
    };
    response.once('close', () => {
      connection.finish(response);
      context.responseClosed();
      endPart();
      logRequest(context, options);
    });
    const serve = async (): Promise<void> => {
      const hostProblem = hostProblemOf(request);
      if (hostProblem !== undefined) {
        options.sendError(context, hostProblem);
        return;
      }
      const { origin } = request.headers;
      if (origin !== undefined && corsOrigins.includes(origin)) applyCors(request, response, () => undefined);
      // `applyCors` has already answered the preflight of an allowed origin.
      if (!response.writableEnded) await route(context);
    };
    const handleRequest = async (): Promise<void> => {
      try {
        await (tracing === undefined
          ? serve()
          : tracing.traceRequest({ request, response, report, path: context.loggedPath, surface }, serve));
      } catch (error) {
        if (error instanceof CallerGone) return;
        context.log.error({ err: error }, 'unexpected error');
        report.outcome ??= 'INTERNAL_SERVER_ERROR';
        if (!response.headersSent) options.sendError(context, unexpectedError);
        else response.destroy();
      } finally {
        connection.checkUnread();
        endPart();
      }
    };
    void runWithReport(report, handleRequest);
  };

  const server = createServer(
    {
      ServerResponse: SecuredResponse,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      connectionsCheckingInterval: 1000,
      ...(keepAliveMs !== undefined && { keepAliveTimeout: keepAliveMs }),
    },
    handle,
  );
  server.maxHeadersCount = limits.headers;
  // Without this listener Node answers 417 by itself, uncounted and unlogged. A server may ignore expectations
  // (RFC 9110, 10.1.1).
  server.on('checkExpectation', handle);
  server.maxConnections = surface === 'graphql' ? limits.connections : limits.connectionsWithoutSubscriptions;
  server.on('connection', socket => {
    connections.forSocket(socket);
  });
  server.on('drop', () => {
    connections.countRefused();
  });
  const { onUpgrade } = options;
  if (onUpgrade !== undefined)
    server.on('upgrade', (request, socket, head) => {
      // The HTTP server no longer handles errors of this socket, so an unhandled reset would end the process.
      socket.on('error', () => {
        socket.destroy();
      });
      const problem = hostProblemOf(request);
      if (draining || problem !== undefined || pathOf(request) !== '/graphql') socket.destroy();
      else onUpgrade(request, socket, head);
    });
  await listen(server, port, host);
  const { port: bound } = server.address() as AddressInfo;
  const drain = async (): Promise<void> => {
    draining = true;
    server.closeIdleConnections();
    const stuckTimer = setInterval(() => {
      connections.closeStuck(stuckWhileDrainingMs);
    }, 1000).unref();
    await inFlight.drain();
    clearInterval(stuckTimer);
  };
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${String(bound)}`,
    drain,
    async close() {
      await drain();
      await new Promise<void>(resolve => {
        server.close(() => {
          resolve();
        });
        // Every response has been sent. The remaining connections are idle or hold incomplete requests.
        server.closeAllConnections();
      });
    },
  };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, backlog }, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}

const corsOptions: cors.CorsOptions = {
  methods: ['GET', 'POST'],
  exposedHeaders: [
    'x-request-id',
    'retry-after',
    'idempotency-key',
    'www-authenticate',
    'mcp-protocol-version',
  ],
  maxAge: 600,
};
