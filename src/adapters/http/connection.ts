import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { connectionLimits as limits, type ConnectionEndReason } from './connection-limits.ts';
import type { IncomingBody } from './incoming-bytes.ts';

/** Counts and limits the bytes of all connections: `Connections`. */
export interface ConnectionOwner {
  /** Starts counting the bytes of a request body, or of the messages of a WebSocket. */
  beginBody(connection: Connection): IncomingBody<Connection>;
  /** Must be called after something has been written on a connection. */
  checkUnread(connection: Connection): void;
  /** Closes a connection because of a limit. */
  terminate(connection: Connection, reason: ConnectionEndReason): void;
}

/** One connection and its unfinished responses. */
export class Connection {
  readonly #socket: Duplex;
  readonly #owner: ConnectionOwner;
  readonly #responses = new Set<ServerResponse>();
  /** When more than `unreadBytes` were first unread (`performance.now()`); undefined if there are fewer. */
  #overLimitSince: number | undefined;

  constructor(socket: Duplex, owner: ConnectionOwner) {
    this.#socket = socket;
    this.#owner = owner;
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
      this.#owner.terminate(this, 'requests');
      return false;
    }
    this.#responses.add(response);
    return true;
  }

  /** Closes the connection because of a limit. */
  terminate(reason: ConnectionEndReason): void {
    if (!this.#socket.destroyed) this.#owner.terminate(this, reason);
  }

  /** Starts counting the bytes of a request body, or of the messages of a WebSocket. */
  beginBody(): IncomingBody<Connection> {
    return this.#owner.beginBody(this);
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
    this.#owner.checkUnread(this);
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
