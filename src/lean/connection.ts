import type { Socket } from 'node:net';
import { buildConnector, Client, errors, type Dispatcher } from 'undici';
import type { ClientCertificate } from './client-certificate.ts';

/** A request that a connection sends: undici's handler, and the state that `Connections` needs. */
export interface ConnectionUser extends Dispatcher.DispatchHandler {
  /** Whether the request has its outcome. It must not be sent any more. */
  readonly settled: boolean;
  /** Whether undici has called `onRequestStart`. */
  readonly requestStarted: boolean;
  /** Whether the request may have been written. */
  readonly sent: boolean;
  /** Called before the connection is used for the request. */
  onConnection(connection: Connection): void;
  onResponseError(controller: Dispatcher.DispatchController | null, error: Error): void;
}

/**
 * One connection, for one request at a time. If a connection for reads is closed, undici opens it again for the next
 * read.
 */
export class Connection {
  readonly client: Client;
  /** Its request; undefined if it has none. */
  user: ConnectionUser | undefined;
  #sockets: Sockets | undefined;
  readonly #onFree: (user: ConnectionUser) => void;

  /** @param onFree called once for each use, when the connection has no request any more */
  constructor(
    origin: string,
    settings: Client.Options,
    connect: Connect,
    onFree: (user: ConnectionUser) => void,
  ) {
    this.#onFree = onFree;
    this.client = new Client(origin, {
      ...settings,
      connect: (options, callback) => {
        connect(options, callback, sockets => {
          this.#sockets = sockets;
        });
      },
    });
    this.client.on('drain', () => {
      this.release();
    });
  }

  /** Has an effect once for each use. A request that fails while it is written causes a second call, by `drain`. */
  release(): void {
    const { user } = this;
    if (user === undefined) return;
    this.user = undefined;
    this.#onFree(user);
  }

  /** Resets the connection (TCP RST), so that the kernel does not send the bytes in its buffer. */
  reset(): void {
    const { tcp, http } = this.#sockets ?? {};
    if (tcp === undefined || http === undefined || http.destroyed) return;
    // Without an error, undici would treat the end of the connection as the end of the response in progress.
    http.emit('error', new errors.InformationalError('reset'));
    tcp.resetAndDestroy();
  }
}

/** The sockets of a connection. Without TLS both are the same one. */
interface Sockets {
  readonly tcp: Socket;
  /** The socket that undici writes to. */
  readonly http: Socket;
}

/** Connects as undici does, and also passes on the sockets once they are connected. */
export type Connect = (
  options: buildConnector.Options,
  callback: buildConnector.Callback,
  onSockets: (sockets: Sockets) => void,
) => void;

export interface ConnectorOptions {
  readonly connectTimeoutMs: number;
  readonly certificate?: ClientCertificate | undefined;
}

/**
 * Node cannot reset a TLS socket (`resetAndDestroy` throws), and gives no public access to the TCP socket below it. So
 * for TLS this connects a TCP socket first, and undici does the TLS handshake over it.
 */
export function connector({ connectTimeoutMs, certificate }: ConnectorOptions): Connect {
  const connectTcp = buildConnector({ timeout: connectTimeoutMs, allowH2: false });
  // All connections share this one, and with it their TLS sessions. The timer below limits the handshake.
  const connectTls = buildConnector({ timeout: 0, allowH2: false, ...certificate });
  return (options, callback, onSockets) => {
    const isSecure = options.protocol === 'https:';
    const { hostname, port } = options;
    const startedAt = performance.now();
    connectTcp({ hostname, port: port || (isSecure ? '443' : '80'), protocol: 'http:' }, (error, tcp) => {
      if (error !== null) callback(error, null);
      else if (isSecure) {
        const onTimeout = (): void => {
          tcp.destroy(new errors.ConnectTimeoutError('the TLS handshake took too long'));
        };
        // The handshake has the time that the TCP connection has left of the timeout.
        const timer = setTimeout(onTimeout, connectTimeoutMs - (performance.now() - startedAt));
        connectTls({ ...options, httpSocket: tcp }, (...result) => {
          clearTimeout(timer);
          // Node crashes if a TLS connection is reset within the callback of its handshake. So the connection is used
          // only after it.
          setImmediate(() => {
            const [, http] = result;
            if (http?.destroyed === true) {
              callback(new errors.SocketError('closed after the TLS handshake'), null);
              return;
            }
            if (http !== null) onSockets({ tcp, http });
            callback(...result);
          });
        });
      } else {
        onSockets({ tcp, http: tcp });
        callback(null, tcp);
      }
    });
  };
}
