import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { handleProtocols } from 'graphql-ws';
import { WebSocket, WebSocketServer, type ServerOptions } from 'ws';
import type { AuthContext } from '../../../access/authenticator.ts';
import type { Connections } from '../../http/connections.ts';
import type { FinishedRequest } from '../../http/request-log.ts';
import { maxBodyBytesFor } from '../request/exact-request.ts';
import { SocketConnection, type RunningOperation } from './socket-connection.ts';
import { credentialsOf } from '../authentication.ts';
import { socketProtocol, type SocketProtocolOptions } from './socket-protocol.ts';

export interface GraphqlSocketOptions extends SocketProtocolOptions {
  /** Other origins whose pages may connect. The gateway's own origin always may. */
  readonly corsOrigins: readonly string[];
  readonly connections: Connections;
  /** Called for each operation when it ends. */
  readonly onRequest?: (request: FinishedRequest) => void;
}

export interface GraphqlSocket {
  /** Takes over a connection that requests an upgrade to WebSocket. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Closes all connections, each once its queries and mutations have been answered. */
  close(): Promise<void>;
}

/** The most fragments of one message. The library keeps some hundred bytes for each fragment, however small. */
const maxFragments = 64;

/** How long to wait for the peer's close frame, in ms. */
const closeTimeoutMs = 5000;

/**
 * GraphQL over WebSocket, with the rules of GraphQL over HTTP. A browser sends the access token in
 * `connectionParams.authorization`; a program may send it in the header `authorization` instead. The connection
 * closes when the token expires.
 */
export function graphqlSocket(options: GraphqlSocketOptions): GraphqlSocket {
  const { authenticator, corsOrigins, connections, log, onRequest } = options;
  // The library has one limit of message sizes for each server.
  const servers = {
    caller: webSocketServer({ isRouter: false }),
    router: webSocketServer({ isRouter: true }),
  };
  const protocol = socketProtocol(options);
  const open = new Set<SocketConnection>();

  /** Writes the log line of an operation that has ended, like that of an HTTP request. */
  function logOperation({ report, requestId, startedAt }: RunningOperation): void {
    const ms = performance.now() - startedAt;
    const { caller, operation, leanCalls, outcome = 'ok' } = report;
    const line = {
      requestId,
      surface: 'graphql',
      socket: true,
      durationMs: Math.round(ms),
      caller,
      operation,
      leanCalls,
      outcome,
    };
    log.info(line, 'request');
    onRequest?.({ ...report, surface: 'graphql', outcome, seconds: ms / 1000 });
  }

  return {
    upgrade(request, socket, head) {
      if (!isAllowedOrigin(request, corsOrigins)) {
        // A peer that does not close its side would keep the socket half open.
        socket.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n', () => {
          socket.destroy();
        });
        return;
      }
      const server = authenticator.isRouter(credentialsOf(request).routerSecret)
        ? servers.router
        : servers.caller;
      server.handleUpgrade(request, socket, head, websocket => {
        const connection = new SocketConnection({
          socket: websocket,
          request,
          connection: connections.forSocket(socket),
          log,
          onOperationEnd: logOperation,
        });
        const closed = protocol.opened(connection, { connection });
        open.add(connection);
        websocket.once('close', (code, reason) => {
          open.delete(connection);
          closed(code, reason.toString()).catch((error: unknown) => {
            log.error({ err: error }, 'unexpected error');
          });
        });
      });
    },
    async close() {
      for (const connection of open) connection.drain();
      await Promise.all(Object.values(servers).map(closeServer));
    },
  };
}

/** A server of WebSockets whose messages may be as large as the bodies of the caller's requests. */
function webSocketServer(auth: Pick<AuthContext, 'isRouter'>): WebSocketServer {
  // Without synchronous events, ws emits one message in each iteration of the event loop, so that a client that sends
  // many messages at once does not block others. The types of ws lack `closeTimeout` and `maxFragments`.
  const maxPayload = maxBodyBytesFor(auth);
  const reasons: Readonly<Record<number, string>> = {
    1008: `A message may have at most ${String(maxFragments)} fragments.`,
    1009: `A message may have at most ${String(maxPayload)} bytes.`,
  };
  /** Gives a reason when the library closes the connection, because the library gives none. */
  class ReasonedWebSocket extends WebSocket {
    override close(code?: number, reason?: string | Buffer): void {
      super.close(code, reason ?? reasons[code ?? 0]);
    }
  }
  const options: ServerOptions & { readonly closeTimeout: number; readonly maxFragments: number } = {
    noServer: true,
    maxPayload,
    WebSocket: ReasonedWebSocket,
    maxFragments,
    autoPong: false,
    allowSynchronousEvents: false,
    closeTimeout: closeTimeoutMs,
    handleProtocols,
  };
  return new WebSocketServer(options);
}

/** Resolves once all WebSockets of a server have closed. */
function closeServer(server: WebSocketServer): Promise<void> {
  return new Promise(resolve => {
    server.close(() => {
      resolve();
    });
  });
}

/**
 * Whether a page of this origin may connect. Browsers let pages of any origin open a WebSocket, so the server must
 * check the origin. A request without an origin comes from a program.
 */
function isAllowedOrigin({ headers }: IncomingMessage, corsOrigins: readonly string[]): boolean {
  const { origin, host } = headers;
  if (origin === undefined || corsOrigins.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}
