import { buildConnector, Client, errors, type Dispatcher } from 'undici';
import type { ClientCertificate } from './client-certificate.ts';

/** Who sends a request and hears its answer. */
export interface ConnectionUser extends Dispatcher.DispatchHandler {
  /** Whether it has come to its end, as one that is refused. */
  readonly over: boolean;
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

interface Connection {
  readonly client: Client;
  /** Kept here and not in a set of those that are: one through which much goes leaves its outgrown tables to the old heap. */
  busy: boolean;
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
  readonly #all: Connection[] = [];
  readonly #free: Connection[] = [];
  readonly #line: Waiting[] = [];
  #destroyed = false;

  constructor({ origin, max, connectTimeoutMs, certificate }: ConnectionsOptions) {
    this.#origin = origin;
    this.#max = max;
    this.#settings = {
      // One for all, so that they have TLS sessions in common.
      connect: buildConnector({ timeout: connectTimeoutMs, allowH2: false, ...certificate }),
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
    connection.client.dispatch(options, user);
    // Of what is refused as it stands the connection never hears.
    if (user.over) this.#freed(connection);
  }

  #another(): Connection | undefined {
    if (this.#all.length >= this.#max) return undefined;
    const connection = { client: new Client(this.#origin, this.#settings), busy: false };
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

  /** Ends at once, with failures for all that is under way or in line. */
  async destroy(): Promise<void> {
    this.#destroyed = true;
    for (const { user } of this.#line.splice(0)) refuse(user);
    await Promise.all(this.#all.map(({ client }) => client.destroy()));
  }
}

function refuse(user: ConnectionUser): void {
  user.onResponseError(null, new errors.ClientDestroyedError());
}
