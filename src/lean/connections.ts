import { errors, type Client, type Dispatcher } from 'undici';
import {
  Connection,
  connector,
  type Connect,
  type ConnectionUser,
  type ConnectorOptions,
} from './connection.ts';

export interface ConnectionsOptions extends ConnectorOptions {
  /** `https://host[:port]` */
  readonly origin: string;
  /** Connections for reads at once. Reads beyond them wait in the queue. */
  readonly max: number;
}

interface QueuedRequest {
  readonly options: Dispatcher.DispatchOptions;
  readonly user: ConnectionUser;
}

/**
 * The connections to one server, each for one request at a time.
 *
 * Reads share a pool. The connection that was released last is used first, because it is the most likely to be alive.
 * Connections that are not needed become idle and are closed.
 *
 * Each write has a connection that has sent nothing before, and that is closed after it. A connection that was used
 * before has two dangers: the server may close it at the moment of the write, whose outcome is then unknown, and it may
 * still deliver a second response to an earlier request, which would be taken for the response to the write.
 */
export class Connections {
  readonly #origin: string;
  readonly #max: number;
  readonly #settings: Client.Options;
  readonly #connect: Connect;
  readonly #forReads: Connection[] = [];
  readonly #forWrites = new Set<Connection>();
  /** Connections for writes that have sent nothing, because their request was refused when they were open. */
  readonly #unused: Connection[] = [];
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

  /** Sends a request. The caller limits how many writes are in flight at once. */
  dispatch(options: Dispatcher.DispatchOptions, user: ConnectionUser): void {
    if (this.#destroyed) refuse(user);
    else if (options.idempotent === true) this.#read({ options, user });
    else this.#write({ options, user });
  }

  #read(request: QueuedRequest): void {
    const connection = this.#free.pop() ?? this.#openForReads();
    if (connection === undefined) this.#queue.push(request);
    else this.#use(connection, request);
  }

  /** A new connection; undefined if there are as many as allowed. */
  #openForReads(): Connection | undefined {
    if (this.#forReads.length >= this.#max) return undefined;
    const connection = this.#open(() => {
      const next = this.#dequeue();
      if (next === undefined) this.#free.push(connection);
      else this.#use(connection, next);
    });
    this.#forReads.push(connection);
    return connection;
  }

  #write({ options, user }: QueuedRequest): void {
    const connection = this.#unused.pop() ?? this.#openForWrites();
    // `reset` announces to the server that the connection is closed after the response.
    this.#use(connection, { options: { ...options, reset: true }, user });
  }

  #openForWrites(): Connection {
    const connection = this.#open(({ sent }) => {
      if (!sent) this.#unused.push(connection);
      else if (this.#forWrites.delete(connection)) void connection.client.destroy();
    });
    this.#forWrites.add(connection);
    return connection;
  }

  /** @param onFree called once for each use, when the connection has no request any more */
  #open(onFree: (user: ConnectionUser) => void): Connection {
    return new Connection(this.#origin, this.#settings, this.#connect, onFree);
  }

  #use(connection: Connection, { options, user }: QueuedRequest): void {
    connection.user = user;
    user.onConnection(connection);
    connection.client.dispatch(options, user);
    // undici emits no `drain` for a request that it rejects before it calls `onRequestStart`.
    if (user.settled && !user.requestStarted) connection.release();
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
    await Promise.all([...this.#forReads, ...this.#forWrites].map(({ client }) => client.close()));
  }

  /** Closes at once: all requests in flight and in the queue fail, and the connections of writes in flight are reset. */
  async destroy(): Promise<void> {
    this.#destroyed = true;
    for (const { user } of this.#queue.splice(0)) refuse(user);
    // A connection that has sent nothing is only closed.
    for (const connection of this.#forWrites) if (connection.user?.sent === true) connection.reset();
    await Promise.all([...this.#forReads, ...this.#forWrites].map(({ client }) => client.destroy()));
  }
}

function refuse(user: ConnectionUser): void {
  user.onResponseError(null, new errors.ClientDestroyedError());
}
