import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { connectionLimits as limits, type ConnectionEndReason } from './connection-limits.ts';
import { IncomingBytes, IncomingBody } from './incoming-bytes.ts';

/** How often connections with unread bytes are checked, in ms. */
const sweepMs = 1000;

/**
 * Tracks the open connections of all listeners, the bytes that clients have not read yet, and the bytes of incomplete
 * requests. It closes a connection that exceeds `connectionLimits`.
 */
export class Connections {
  readonly #open = new Map<Duplex, Connection>();
  /** Connections that had unread bytes at the last check, with the number of bytes. */
  readonly #unread = new Map<Connection, number>();
  /** Connections that the last `closeStuck` found stuck, with the time (`performance.now()`) when it first did. */
  #stuckSince: ReadonlyMap<Connection, number> = new Map();
  readonly #onEnd: (reason: ConnectionEndReason) => void;
  readonly #incoming = new IncomingBytes<Connection>(limits.maxTotalIncomingBytes, connection => {
    this.terminate(connection, 'incoming_in_all');
  });
  #totalUnread = 0;
  #sweepTimer: NodeJS.Timeout | undefined;

  /** @param onEnd called for each connection that is closed because of a limit */
  constructor(onEnd: (reason: ConnectionEndReason) => void = () => undefined) {
    this.#onEnd = onEnd;
  }

  /** The number of open connections. */
  get count(): number {
    return this.#open.size;
  }

  /** Bytes that clients have not read. The value may be one second old. */
  get unreadBytes(): number {
    return this.#totalUnread;
  }

  /** Bytes of bodies and messages that are incomplete or wait in the event loop batcher. */
  get incomingBytes(): number {
    return this.#incoming.bytes;
  }

  /** Starts counting the bytes of a request body, or of the messages of a WebSocket. */
  beginBody(connection: Connection): IncomingBody<Connection> {
    return new IncomingBody(connection, this.#incoming);
  }

  /** The connection for a socket. It is created on the first call and removed when the socket closes. */
  forSocket(socket: Duplex): Connection {
    let connection = this.#open.get(socket);
    if (connection === undefined) {
      connection = new Connection(socket, this);
      this.#open.set(socket, connection);
      socket.once('close', () => {
        this.#open.delete(socket);
        connection?.socketClosed();
      });
    }
    return connection;
  }

  /**
   * Closes the connections whose clients have not read their responses for `ms` milliseconds. A connection counts as
   * stuck from the first call that finds it so, so this must be called repeatedly.
   */
  closeStuck(ms: number): void {
    const now = performance.now();
    const stuck = [...this.#open.values()].filter(connection => connection.isStuck);
    this.#stuckSince = new Map(stuck.map(each => [each, this.#stuckSince.get(each) ?? now]));
    for (const [connection, since] of this.#stuckSince) if (now - since >= ms) connection.destroy();
  }

  /** Records a connection that the server closed at once because too many are open. */
  countRefused(): void {
    this.#onEnd('connections');
  }

  /** Must be called after something has been written on a connection. */
  checkUnread(connection: Connection): void {
    const bytes = connection.unreadBytes;
    if (bytes === 0) return;
    this.#totalUnread += bytes - (this.#unread.get(connection) ?? 0);
    this.#unread.set(connection, bytes);
    if (bytes > limits.maxUnreadBytes) this.terminate(connection, 'unread');
    if (this.#totalUnread > limits.maxTotalUnreadBytes) this.#sweep();
    this.#sweepTimer ??= setInterval(() => {
      this.#sweep();
    }, sweepMs).unref();
  }

  /** Closes a connection because of a limit. */
  terminate(connection: Connection, reason: ConnectionEndReason): void {
    this.#onEnd(reason);
    this.#totalUnread -= this.#unread.get(connection) ?? 0;
    this.#unread.delete(connection);
    connection.destroy();
  }

  #sweep(): void {
    this.#totalUnread = 0;
    for (const connection of [...this.#unread.keys()]) {
      const bytes = connection.unreadBytes;
      this.#unread.set(connection, bytes);
      this.#totalUnread += bytes;
      if (connection.isOverdue(bytes)) this.terminate(connection, 'unread');
      else if (bytes === 0) this.#unread.delete(connection);
    }
    if (this.#totalUnread > limits.maxTotalUnreadBytes) this.#terminateLargest();
    if (this.#unread.size > 0) return;
    clearInterval(this.#sweepTimer);
    this.#sweepTimer = undefined;
  }

  #terminateLargest(): void {
    const largestFirst = [...this.#unread].toSorted(([, one], [, other]) => other - one);
    for (const [connection] of largestFirst) {
      if (this.#totalUnread <= limits.maxTotalUnreadBytes) return;
      this.terminate(connection, 'unread_in_all');
    }
  }
}

/** One connection and its unfinished responses. */
export class Connection {
  readonly #socket: Duplex;
  readonly #connections: Connections;
  readonly #responses = new Set<ServerResponse>();
  /** When more than `unreadBytes` were first unread (`performance.now()`); undefined if there are fewer. */
  #overLimitSince: number | undefined;

  constructor(socket: Duplex, connections: Connections) {
    this.#socket = socket;
    this.#connections = connections;
  }

  /** Bytes that were written and that the client has not read. Bytes in kernel or network buffers are not included. */
  get unreadBytes(): number {
    if (this.#socket.destroyed) return 0;
    let bytes = this.#socket.writableLength;
    // A pipelined response that waits for an earlier one has no socket yet, so its bytes are counted here.
    for (const response of this.#responses) if (response.socket === null) bytes += response.writableLength;
    return bytes;
  }

  /** Registers a request. Returns false, and closes the connection, if too many requests are in flight on it. */
  tryBegin(response: ServerResponse): boolean {
    // Node may have parsed further requests together with the one that exceeded the limit.
    if (this.#socket.destroyed) return false;
    if (this.#responses.size >= limits.requests) {
      this.#connections.terminate(this, 'requests');
      return false;
    }
    this.#responses.add(response);
    return true;
  }

  /** Closes the connection because of a limit. */
  terminate(reason: ConnectionEndReason): void {
    if (!this.#socket.destroyed) this.#connections.terminate(this, reason);
  }

  /** Starts counting the bytes of a request body, or of the messages of a WebSocket. */
  beginBody(): IncomingBody<Connection> {
    return this.#connections.beginBody(this);
  }

  /** Must be called when a response has closed, whether it was sent or not. */
  finish(response: ServerResponse): void {
    this.#responses.delete(response);
  }

  /**
   * Emits `close` on pipelined responses that never got the socket. Node 24 does so by itself, except after the socket
   * was handed to another protocol (`upgrade`, `CONNECT`); Node 22 never does.
   */
  socketClosed(): void {
    for (const response of [...this.#responses]) if (response.socket === null) response.emit('close');
  }

  /** Whether a response is complete, or blocked by back-pressure, and the client is not reading it. */
  get isStuck(): boolean {
    return [...this.#responses].some(response => response.writableEnded || response.writableNeedDrain);
  }

  /** Calls `listener` whenever data arrives on a connection that another protocol has taken over. */
  onData(listener: () => void): void {
    this.#socket.on('data', listener);
  }

  /** Must be called after something has been written on this connection. */
  checkUnread(): void {
    this.#connections.checkUnread(this);
  }

  /** Whether more than `unreadBytes` have been unread for longer than `unreadMs`. */
  isOverdue(bytes: number): boolean {
    if (bytes <= limits.unreadBytes) {
      this.#overLimitSince = undefined;
      return false;
    }
    this.#overLimitSince ??= performance.now();
    return performance.now() - this.#overLimitSince > limits.unreadMs;
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
