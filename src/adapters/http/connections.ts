import type { Duplex } from 'node:stream';
import { Connection, type ConnectionOwner } from './connection.ts';
import { connectionLimits as limits, type ConnectionEndReason } from './connection-limits.ts';
import { IncomingBytes, IncomingBody } from './incoming-bytes.ts';

/** How often connections with unread bytes are checked, in ms. */
const sweepMs = 1000;

/**
 * Tracks the open connections of all listeners, the bytes that clients have not read yet, and the bytes of incomplete
 * requests. It closes a connection that exceeds `connectionLimits`.
 */
export class Connections implements ConnectionOwner {
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
