import type { Socket } from 'node:net';
import { buildConnector, Client, errors, type Dispatcher } from 'undici';
import type { ClientCertificate } from './client-certificate.ts';

/** Sends a request and receives its answer. */
export interface ConnectionUser extends Dispatcher.DispatchHandler {
  /** Whether it has come to its end, as one that is refused. */
  readonly over: boolean;
  /** Whether `onRequestStart` was called. */
  readonly offered: boolean;
  /** Called before the connection is used for it. */
  onConnection(connection: Connection): void;
  onResponseError(controller: Dispatcher.DispatchController | null, error: Error): void;
}

export interface ConnectionsOptions {
  /** `https://host[:port]` */
  readonly origin: string;
  /** At once; requests beyond them wait in line. */
  readonly max: number;
  readonly connectTimeoutMs: number;
  readonly certificate?: ClientCertificate | undefined;
}

interface Waiting {
  readonly options: Dispatcher.DispatchOptions;
  readonly user: ConnectionUser;
}

/** One connection. undici makes it anew when it is needed and gone. */
export class Connection {
  readonly client: Client;
  /** A flag and not a `Set` of busy ones, whose discarded tables would fill the old generation. */
  busy = false;
  /** Whether the request on it may be sent only once. */
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

  /** Breaks it off at once (TCP RST): what the kernel has not sent yet is never sent. */
  reset(): void {
    const { tcp, http } = this.#sockets ?? {};
    if (tcp === undefined || http === undefined || http.destroyed) return;
    // Without an error, undici would read the end of the connection as the end of the answer that is under way.
    http.emit('error', new errors.InformationalError('reset'));
    tcp.resetAndDestroy();
  }
}

/** The sockets of a connection. Without TLS both are the same one. */
interface Sockets {
  readonly tcp: Socket;
  /** undici's. */
  readonly http: Socket;
}

/** Connects as undici does, and also hands out the sockets once the connection stands. */
type Connect = (
  options: buildConnector.Options,
  callback: buildConnector.Callback,
  onSockets: (sockets: Sockets) => void,
) => void;

/**
 * Node resets no TLS socket (`resetAndDestroy` throws), and gives no public access to the TCP connection below one. So
 * for TLS the TCP socket is connected first, and undici makes the TLS connection over it.
 */
function connector({ connectTimeoutMs, certificate }: ConnectionsOptions): Connect {
  const overTcp = buildConnector({ timeout: connectTimeoutMs, allowH2: false });
  // One for all, so that they have TLS sessions in common. The handshake has only what TCP left of the time.
  const overTls = buildConnector({ timeout: 0, allowH2: false, ...certificate });
  return (options, callback, onSockets) => {
    const isSecure = options.protocol === 'https:';
    const { hostname, port } = options;
    const begunAt = performance.now();
    overTcp({ hostname, port: port || (isSecure ? '443' : '80'), protocol: 'http:' }, (error, tcp) => {
      if (error !== null) callback(error, null);
      else if (isSecure) {
        const late = (): void => {
          tcp.destroy(new errors.ConnectTimeoutError('the TLS handshake took too long'));
        };
        const timer = setTimeout(late, connectTimeoutMs - (performance.now() - begunAt));
        overTls({ ...options, httpSocket: tcp }, (...secured) => {
          clearTimeout(timer);
          const [, http] = secured;
          if (http !== null) onSockets({ tcp, http });
          callback(...secured);
        });
      } else {
        onSockets({ tcp, http: tcp });
        callback(null, tcp);
      }
    });
  };
}

/**
 * Connections to one server, each for one request at a time. The one that came free last is taken first: it is the
 * likeliest to be alive, and those that are not needed go idle and are closed.
 *
 * undici's `Pool` takes the first that is free, and looks for it; a page of payouts may ask it two hundred times.
 */
export class Connections {
  readonly #origin: string;
  readonly #max: number;
  readonly #settings: Client.Options;
  readonly #connect: Connect;
  readonly #all: Connection[] = [];
  readonly #free: Connection[] = [];
  readonly #line: Waiting[] = [];
  #destroyed = false;

  constructor(options: ConnectionsOptions) {
    this.#origin = options.origin;
    this.#max = options.max;
    this.#connect = connector(options);
    this.#settings = {
      // One deadline rules the whole exchange; undici's own timers would only blur it.
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
    const connection = this.#free.pop() ?? this.#another();
    if (connection === undefined) this.#line.push({ options, user });
    else this.#use(connection, { options, user });
  }

  #use(connection: Connection, { options, user }: Waiting): void {
    connection.busy = true;
    connection.writing = options.idempotent !== true;
    user.onConnection(connection);
    connection.client.dispatch(options, user);
    // undici emits no `drain` for a request that it refuses before it has offered a connection.
    if (user.over && !user.offered) this.#freed(connection);
  }

  #another(): Connection | undefined {
    if (this.#all.length >= this.#max) return undefined;
    const connection = new Connection(this.#origin, this.#settings, this.#connect);
    this.#all.push(connection);
    connection.client.on('drain', () => {
      this.#freed(connection);
    });
    return connection;
  }

  /** Told once for each use: of a request that fails while it is written, the connection is heard of as well. */
  #freed(connection: Connection): void {
    if (!connection.busy) return;
    connection.busy = false;
    const next = this.#next();
    if (next === undefined) this.#free.push(connection);
    else this.#use(connection, next);
  }

  /** Who has waited longest, of those who still do. */
  #next(): Waiting | undefined {
    let next = this.#line.shift();
    while (next?.user.over === true) next = this.#line.shift();
    return next;
  }

  /** Ends when what is under way has; those in line go on with the successor. */
  async close(successor: Connections): Promise<void> {
    for (const { options, user } of this.#line.splice(0)) successor.dispatch(options, user);
    await Promise.all(this.#all.map(({ client }) => client.close()));
  }

  /** Ends at once, with failures for all that is under way or in line; writes are broken off, as when one is given up. */
  async destroy(): Promise<void> {
    this.#destroyed = true;
    for (const { user } of this.#line.splice(0)) refuse(user);
    for (const connection of this.#all) if (connection.busy && connection.writing) connection.reset();
    await Promise.all(this.#all.map(({ client }) => client.destroy()));
  }
}

function refuse(user: ConnectionUser): void {
  user.onResponseError(null, new errors.ClientDestroyedError());
}
