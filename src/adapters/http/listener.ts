import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import type { Duplex } from 'node:stream';
import cors from 'cors';
import type { Logger } from 'pino';
import { CallerGone } from './caller-gone.ts';
import { connectionLimits as limits } from './connection-limits.ts';
import { Connections } from './connections.ts';
import { HttpRequestContext, pathOf } from './http-request-context.ts';
import { reporting, type RequestReport, type Surface } from '../observability/request-report.ts';
import { SecuredResponse } from './secured-response.ts';
import type { Tracing } from '../observability/tracing.ts';
import { InFlightRequests } from './in-flight-requests.ts';

/** What all listeners have in common. */
export interface ListenerBasics {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly log: Logger;
  /** Origins whose pages may call. @default none */
  readonly corsOrigins?: readonly string[];
  /**
   * Whether only requests to this machine's own names are served: without it a page could have its host's name lead
   * here (DNS rebinding) and ask whatever a browser on this machine may. @default false
   */
  readonly ownHostOnly?: boolean;
  /** Undefined where no traces are exported. */
  readonly tracing?: Tracing | undefined;
  /** The connections of all listeners of the process. @default only those of this listener */
  readonly connections?: Connections;
  /** Told of each request when it is over. */
  readonly onRequest?: (request: FinishedRequest) => void;
}

export interface FinishedRequest extends RequestReport {
  readonly surface: Surface;
  readonly seconds: number;
}

export interface ListenerOptions extends ListenerBasics {
  /** Which listener it is, in log lines. */
  readonly surface: Surface;
  /** Answers a request; what it throws is a bug. */
  readonly route: (exchange: HttpRequestContext) => Promise<void>;
  /** Takes over a connection that asks for another protocol; without it none is given. */
  readonly onUpgrade?: ((request: IncomingMessage, socket: Duplex, head: Buffer) => void) | undefined;
  /** Answers for a bug, when nothing has been answered yet. */
  readonly onBug: (response: ServerResponse) => void;
}

export interface Listener {
  /** `http://host:port` */
  readonly url: string;
  /** Takes no new work, finishes what is under way, closes. */
  drain(): Promise<void>;
}

/** How long a gateway that stops waits for peers to read their answers, in ms. */
const unreadWhileDrainingMs = 10_000;

/**
 * Connections that may wait to be accepted. With a shorter queue, the kernel would drop connections of honest callers
 * during a flood, and each of them would try again only after a second.
 */
const backlog = 4096;

/** Listens for HTTP: names each request, logs it in a line, and comes to an end without cutting anything short. */
export async function startListener(options: ListenerOptions): Promise<Listener> {
  const { host, port, surface, route, corsOrigins = [], ownHostOnly = false, tracing } = options;
  const { connections = new Connections() } = options;
  const share = cors({ origin: [...corsOrigins], ...corsOptions });
  const hostProblemOf = hostRule(ownHostOnly);
  const underWay = new InFlightRequests();
  let draining = false;

  const tell = (exchange: HttpRequestContext): void => {
    const { request, response, requestId, path, loggedPath, report, answered, outcome, elapsedMs } = exchange;
    const { caller, operation, leanCalls, traceId } = report;
    const status = answered ? response.statusCode : undefined;
    // Those who look after the gateway ask all the time.
    const level = status === 200 && watched.has(path) ? 'debug' : 'info';
    options.log[level](
      {
        requestId,
        surface,
        method: request.method,
        path: loggedPath,
        status,
        durationMs: Math.round(elapsedMs),
        caller,
        operation,
        leanCalls,
        outcome,
        traceId,
      },
      answered ? 'request' : 'request given up by the caller',
    );
    options.onRequest?.({ ...report, surface, outcome, seconds: elapsedMs / 1000 });
  };

  const handle = (request: IncomingMessage, response: SecuredResponse): void => {
    const connection = connections.of(request.socket);
    if (!connection.tryBegin(response)) return;
    const exchange = new HttpRequestContext({ request, response, connection, draining, log: options.log });
    const { report } = exchange;
    const over = underWay.begin(request);
    // It is when its answer is out, or its caller gone, and its work done.
    let left = 2;
    const partOver = (): void => {
      left -= 1;
      if (left === 0) over();
    };
    response.once('close', () => {
      connection.finish(response);
      exchange.closed();
      partOver();
      tell(exchange);
    });
    const serve = async (): Promise<void> => {
      const hostProblem = hostProblemOf(request);
      if (hostProblem !== undefined) {
        response.writeHead(hostProblem.status, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ status: hostProblem.problem }));
        return;
      }
      const { origin } = request.headers;
      if (origin !== undefined && corsOrigins.includes(origin)) share(request, response, () => undefined);
      // A preflight of a page that may call is answered by that.
      if (!response.writableEnded) await route(exchange);
    };
    const work = async (): Promise<void> => {
      try {
        await (tracing === undefined
          ? serve()
          : tracing.request({ request, response, report, path: exchange.loggedPath, surface }, serve));
      } catch (error) {
        if (error instanceof CallerGone) return;
        exchange.log.error({ err: error }, 'unexpected error');
        if (!response.headersSent) options.onBug(response);
        else response.destroy();
      } finally {
        connection.checkUnread();
        partOver();
      }
    };
    void reporting(report, work);
  };

  const server = createServer(
    {
      ServerResponse: SecuredResponse,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      connectionsCheckingInterval: 1000,
    },
    handle,
  );
  server.maxHeadersCount = limits.headers;
  // Node would answer 417 by itself, however often it is asked; expectations may be ignored (RFC 9110, 10.1.1).
  server.on('checkExpectation', handle);
  server.maxConnections = limits.connections;
  server.on('connection', socket => {
    connections.of(socket);
  });
  server.on('drop', () => {
    connections.countRefused();
  });
  const { onUpgrade } = options;
  if (onUpgrade !== undefined)
    server.on('upgrade', (request, socket, head) => {
      // The HTTP server has let go of the socket, so a reset of it would be nobody's error and end the process.
      socket.on('error', () => {
        socket.destroy();
      });
      const problem = hostProblemOf(request);
      if (draining || problem !== undefined || pathOf(request) !== '/graphql') socket.destroy();
      else onUpgrade(request, socket, head);
    });
  await listen(server, port, host);
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${String(bound)}`,
    async drain() {
      draining = true;
      server.closeIdleConnections();
      const ending = setInterval(() => {
        connections.endStuck(unreadWhileDrainingMs);
      }, 1000).unref();
      await underWay.end();
      clearInterval(ending);
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
    server.listen({ port, host, backlog }, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}

const watched: ReadonlySet<string> = new Set(['/health', '/ready', '/metrics']);

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

interface HostProblem {
  readonly status: number;
  readonly problem: string;
}

/** What is wrong with the host that a request names; undefined when nothing is. */
function hostRule(ownHostOnly: boolean): (request: IncomingMessage) => HostProblem | undefined {
  // Nearly all requests name the same one.
  let last: { readonly host: string; readonly problem: HostProblem | undefined } | undefined;
  return ({ headers: { host = 'localhost' } }) => {
    if (last?.host !== host) last = { host, problem: problemOfHost(host, ownHostOnly) };
    return last.problem;
  };
}

function problemOfHost(host: string, ownHostOnly: boolean): HostProblem | undefined {
  const address = URL.parse(`http://${host}`);
  if (address === null) return { status: 400, problem: 'the Host header is not one' };
  // By a name or an address of the loopback interface.
  if (!ownHostOnly || /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(address.hostname)) return undefined;
  return { status: 403, problem: 'the Host header does not name this machine' };
}
