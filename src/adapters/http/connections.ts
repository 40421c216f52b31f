import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { connectionLimits as limits, type ConnectionEnd } from './connection-limits.ts';
import { Incoming, IncomingBody } from './incoming.ts';

/** How often connections with unread bytes are checked, in ms. */
const sweepMs = 1000;

/**
 * Tracks the open connections of all listeners, the bytes that their peers have not read, and those that have not come in
 * whole. It closes a connection that exceeds `connectionLimits`.
 */
export class Connections {
  readonly #open = new Map<Duplex, Connection>();
  /** Connections with unread bytes at the last check, and how many. */
  readonly #unread = new Map<Connection, number>();
  /** Since when peers have not been reading, on the clock of `performance.now()`, as of the last `endStuck`. */
  #stuckSince: ReadonlyMap<Connection, number> = new Map();
  readonly #onEnd: (why: ConnectionEnd) => void;
  readonly #incoming = new Incoming<Connection>(limits.maxTotalIncomingBytes, sender => {
    this.end(sender, 'incoming_in_all');
  });
  #sum = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param onEnd told of each connection that is ended by its bounds */
  constructor(onEnd: (why: ConnectionEnd) => void = () => undefined) {
    this.#onEnd = onEnd;
  }

  /** How many are open. */
  get count(): number {
    return this.#open.size;
  }

  /** Bytes that peers have not read, as of the last second. */
  get unreadBytes(): number {
    return this.#sum;
  }

  /** Bytes of bodies and messages that have not come in whole, or wait for their turn. */
  get incomingBytes(): number {
    return this.#incoming.bytes;
  }

  /** Begins to count a body, or the messages, that a connection sends. */
  beginBody(connection: Connection): IncomingBody<Connection> {
    return new IncomingBody(connection, this.#incoming);
  }

  /** The connection that a socket is, until it closes. */
  of(socket: Duplex): Connection {
    let connection = this.#open.get(socket);
    if (connection === undefined) {
      connection = new Connection(socket, this);
      this.#open.set(socket, connection);
      socket.once('close', () => {
        this.#open.delete(socket);
        connection?.closed();
      });
    }
    return connection;
  }

  /**
   * Ends the connections whose peers have not been reading their answers for so long, in ms, as far as earlier calls have
   * seen.
   */
  endStuck(forMs: number): void {
    const now = performance.now();
    const stuck = [...this.#open.values()].filter(connection => connection.isStuck);
    this.#stuckSince = new Map(stuck.map(each => [each, this.#stuckSince.get(each) ?? now]));
    for (const [connection, since] of this.#stuckSince) if (now - since >= forMs) connection.destroy();
  }

  /** A connection that was closed as soon as it was open, because there are too many. */
  countRefused(): void {
    this.#onEnd('connections');
  }

  /** To be called when something has been written on a connection. */
  checkUnread(connection: Connection): void {
    const bytes = connection.unreadBytes;
    if (bytes === 0) return;
    this.#sum += bytes - (this.#unread.get(connection) ?? 0);
    this.#unread.set(connection, bytes);
    if (bytes > limits.maxUnreadBytes) this.end(connection, 'unread');
    if (this.#sum > limits.maxTotalUnreadBytes) this.#sweep();
    this.#timer ??= setInterval(() => {
      this.#sweep();
    }, sweepMs).unref();
  }

  end(connection: Connection, why: ConnectionEnd): void {
    this.#onEnd(why);
    this.#sum -= this.#unread.get(connection) ?? 0;
    this.#unread.delete(connection);
    connection.destroy();
  }

  #sweep(): void {
    this.#sum = 0;
    for (const connection of [...this.#unread.keys()]) {
      const bytes = connection.unreadBytes;
      this.#unread.set(connection, bytes);
      this.#sum += bytes;
      if (connection.isOverdue(bytes)) this.end(connection, 'unread');
      else if (bytes === 0) this.#unread.delete(connection);
    }
    if (this.#sum > limits.maxTotalUnreadBytes) this.#endLargest();
    if (this.#unread.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #endLargest(): void {
    const largestFirst = [...this.#unread].toSorted(([, one], [, other]) => other - one);
    for (const [connection] of largestFirst) {
      if (this.#sum <= limits.maxTotalUnreadBytes) return;
      this.end(connection, 'unread_in_all');
    }
  }
}

/** One connection, and the answers that are being given on it. */
export class Connection {
  readonly #socket: Duplex;
  readonly #connections: Connections;
  readonly #answers = new Set<ServerResponse>();
  /** Since when more than `unreadBytes` have been unread, on the clock of `performance.now()`. */
  #overSince: number | undefined;

  constructor(socket: Duplex, connections: Connections) {
    this.#socket = socket;
    this.#connections = connections;
  }

  /** Bytes that are written and that its peer has not read. Those on their way in the network are not known. */
  get unreadBytes(): number {
    if (this.#socket.destroyed) return 0;
    let bytes = this.#socket.writableLength;
    // A pipelined response that waits for its turn has no socket yet, so its bytes are counted here.
    for (const answer of this.#answers) if (answer.socket === null) bytes += answer.writableLength;
    return bytes;
  }

  /** Whether a request may be answered; its connection is ended when there are too many on it. */
  tryBegin(answer: ServerResponse): boolean {
    // Requests that were parsed together with the one that exceeded the limit.
    if (this.#socket.destroyed) return false;
    if (this.#answers.size >= limits.requests) {
      this.#connections.end(this, 'requests');
      return false;
    }
    this.#answers.add(answer);
    return true;
  }

  /** Begins to count a body, or the messages, that the connection sends. */
  beginBody(): IncomingBody<Connection> {
    return this.#connections.beginBody(this);
  }

  /** The answer is out, or will never be. */
  finish(answer: ServerResponse): void {
    this.#answers.delete(answer);
  }

  /**
   * Closes answers whose turn has not come. Node 24 does so by itself, but not once the socket has been given up to
   * another protocol (`upgrade`, `CONNECT`); Node 22 never does.
   */
  closed(): void {
    for (const answer of [...this.#answers]) if (answer.socket === null) answer.emit('close');
  }

  /** Whether the peer is not reading an answer that is complete, or that cannot go on before some of it is read. */
  get isStuck(): boolean {
    return [...this.#answers].some(answer => answer.writableEnded || answer.writableNeedDrain);
  }

  /** Calls back whenever data comes in on a connection that another protocol has taken over. */
  onData(tell: () => void): void {
    this.#socket.on('data', tell);
  }

  /** To be called when something has been written on it. */
  checkUnread(): void {
    this.#connections.checkUnread(this);
  }

  /** Whether more than `unreadBytes` have been unread for too long. */
  isOverdue(bytes: number): boolean {
    if (bytes <= limits.unreadBytes) {
      this.#overSince = undefined;
      return false;
    }
    this.#overSince ??= performance.now();
    return performance.now() - this.#overSince > limits.unreadMs;
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
