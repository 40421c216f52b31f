import type { Socket } from 'node:net';
import { buildConnector, Client, errors, type Dispatcher } from 'undici';
import type { ClientCertificate } from './client-certificate.ts';

/** A request that a connection sends: undici's handler, and the state that `Connections` needs. */
export interface ConnectionUser extends Dispatcher.DispatchHandler {
  /** Whether the request has its outcome. It must not be sent any more. */
  readonly settled: boolean;
  /** Whether undici has called `onRequestStart`. */
  readonly requestStarted: boolean;
  /** Called before the connection is used for the request. */
  onConnection(connection: Connection): void;
  onResponseError(controller: Dispatcher.DispatchController | null, error: Error): void;
}

export interface ConnectionsOptions {
  /** `https://host[:port]` */
  readonly origin: string;
  /** Connections at once. Requests beyond them wait in the queue. */
  readonly max: number;
  readonly connectTimeoutMs: number;
  readonly certificate?: ClientCertificate | undefined;
}

interface QueuedRequest {
  readonly options: Dispatcher.DispatchOptions;
  readonly user: ConnectionUser;
}

/** One connection, for one request at a time. If it is closed, undici opens it again for the next request. */
export class Connection {
  readonly client: Client;
  /** Whether it has a request. */
  busy = false;
  /** Whether its request is a write, which must not be sent twice. */
  writing = false;
  #sockets: Sockets | undefined;

  constructor(origin: string, settings: Client.Options, connect: Connect) {
    this.client = new Client(origin, {
      ...settings,
      connect: (options, callback) => {
        connect(options, callback, sockets => {
          this.#sockets = sockets;
        });
      },
    });
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
type Connect = (
  options: buildConnector.Options,
  callback: buildConnector.Callback,
  onSockets: (sockets: Sockets) => void,
) => void;

/**
 * Node cannot reset a TLS socket (`resetAndDestroy` throws), and gives no public access to the TCP socket below it. So
 * for TLS this connects a TCP socket first, and undici does the TLS handshake over it.
 */
function connector({ connectTimeoutMs, certificate }: ConnectionsOptions): Connect {
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
          const [, http] = result;
          if (http !== null) onSockets({ tcp, http });
          callback(...result);
        });
      } else {
        onSockets({ tcp, http: tcp });
        callback(null, tcp);
      }
    });
  };
}

/**
 * A pool of connections to one server, each for one request at a time. The connection that was released last is used
 * first, because it is the most likely to be alive. Connections that are not needed become idle and are closed.
 */
export class Connections {
  readonly #origin: string;
  readonly #max: number;
  readonly #settings: Client.Options;
  readonly #connect: Connect;
  readonly #all: Connection[] = [];
  readonly #free: Connection[] = [];
  readonly #queue: QueuedRequest[] = [];
  #destroyed = false;

  constructor(options: ConnectionsOptions) {
    this.#origin = options.origin;
    this.#max = options.max;
    this.#connect = connector(options);
    this.#settings = {
      // The request's own deadline limits all of these, so undici's timers are off.
      headersTimeout: 0,
      bodyTimeout: 0,
      allowH2: false,
    };
  }

  dispatch(options: Dispatcher.DispatchOptions, user: ConnectionUser): void {
    if (this.#destroyed) {
      refuse(user);
      return;
    }
    const connection = this.#free.pop() ?? this.#open();
    if (connection === undefined) this.#queue.push({ options, user });
    else this.#use(connection, { options, user });
  }

  #use(connection: Connection, { options, user }: QueuedRequest): void {
    connection.busy = true;
    connection.writing = options.idempotent !== true;
    user.onConnection(connection);
    connection.client.dispatch(options, user);
    // undici emits no `drain` for a request that it rejects before it calls `onRequestStart`.
    if (user.settled && !user.requestStarted) this.#release(connection);
  }

  /** A new connection; undefined if there are as many as allowed. */
  #open(): Connection | undefined {
    if (this.#all.length >= this.#max) return undefined;
    const connection = new Connection(this.#origin, this.#settings, this.#connect);
    this.#all.push(connection);
    connection.client.on('drain', () => {
      this.#release(connection);
    });
    return connection;
  }

  /** Has an effect once for each use. A request that fails while it is written causes a second call, by `drain`. */
  #release(connection: Connection): void {
    if (!connection.busy) return;
    connection.busy = false;
    const next = this.#dequeue();
    if (next === undefined) this.#free.push(connection);
    else this.#use(connection, next);
  }

  /** Takes the request that has waited longest. Settled requests are dropped. */
  #dequeue(): QueuedRequest | undefined {
    let next = this.#queue.shift();
    while (next?.user.settled === true) next = this.#queue.shift();
    return next;
  }

  /** Resolves when the requests in flight have ended. The successor sends the requests in the queue. */
  async close(successor: Connections): Promise<void> {
    for (const { options, user } of this.#queue.splice(0)) successor.dispatch(options, user);
    await Promise.all(this.#all.map(({ client }) => client.close()));
  }

  /** Closes at once: all requests in flight and in the queue fail, and the connections of writes are reset. */
  async destroy(): Promise<void> {
    this.#destroyed = true;
    for (const { user } of this.#queue.splice(0)) refuse(user);
    for (const connection of this.#all) if (connection.busy && connection.writing) connection.reset();
    await Promise.all(this.#all.map(({ client }) => client.destroy()));
  }
}

function refuse(user: ConnectionUser): void {
  user.onResponseError(null, new errors.ClientDestroyedError());
}
