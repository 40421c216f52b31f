import type { IncomingMessage } from 'node:http';
import { CloseCode, MessageType, stringifyMessage } from 'graphql-ws';
import type { WebSocket as ProtocolSocket } from 'graphql-ws';
import type { Logger } from 'pino';
import { WebSocket } from 'ws';
import type { AuthContext } from '../../access/authenticator.ts';
import { eventLoop } from '../../scheduling/event-loop-batcher.ts';
import { beyondJsonBounds } from '../../json/json-bounds.ts';
import { connectionLimits as limits } from '../http/connection-limits.ts';
import type { Connection } from '../http/connections.ts';
import { currentReport, reporting, type RequestReport } from '../observability/request-report.ts';
import { pingMs } from './event-stream.ts';
import { onExpiry } from './token-expiry.ts';
import { unfinishedBytes } from './unfinished-message.ts';

/** Close code for a connection without a valid access token (graphql-ws). */
export const unauthorizedCode = 4401;

/** Bytes that a close frame has for its reason. @see https://www.rfc-editor.org/rfc/rfc6455#section-5.5 */
const maxReasonBytes = 123;

export interface SocketConnectionOptions {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
  readonly connection: Connection;
  readonly log: Logger;
  /** Told of each operation when it is over. */
  readonly onOver: (operation: RunningOperation) => void;
}

/** An operation that is not over yet. */
export interface RunningOperation {
  readonly report: RequestReport;
  readonly startedAt: number;
  /** Aborted when nobody waits for it any more. */
  readonly over: AbortController;
}

/**
 * Adapts one WebSocket to graphql-ws. It sends nothing before the caller is authenticated, ignores messages once it is
 * closing, and limits unread bytes.
 */
export class SocketConnection implements ProtocolSocket {
  readonly request: IncomingMessage;
  readonly protocol: string;
  readonly #socket: WebSocket;
  readonly #connection: Connection;
  readonly #log: Logger;
  readonly #onOver: (operation: RunningOperation) => void;
  #admission: AuthContext | undefined;
  readonly #running = new Map<RequestReport, RunningOperation>();

  constructor({ socket, request, connection, log, onOver }: SocketConnectionOptions) {
    this.request = request;
    this.protocol = socket.protocol;
    this.#socket = socket;
    this.#connection = connection;
    this.#log = log;
    this.#onOver = onOver;
    // Frames that break the protocol: the library ends the connection for them.
    socket.on('error', error => {
      log.debug({ problem: error.message }, 'websocket');
    });
    // ws would answer pings of callers who are not authenticated, and without limit.
    socket.on('ping', data => {
      if (this.#admission === undefined || !this.#isOpen) return;
      socket.pong(data);
      connection.checkUnread();
    });
    this.#countIncoming();
    this.#keepAlive();
    socket.once('close', () => {
      for (const { over } of this.#running.values()) over.abort();
    });
  }

  /** The authenticated caller; undefined before `connection_init` was accepted. */
  get admission(): AuthContext | undefined {
    return this.#admission;
  }

  /** Lets the caller in, until their access token has expired. */
  letIn(admission: AuthContext): void {
    if (!this.#isOpen) return;
    this.#admission = admission;
    const forget = onExpiry(admission.caller, () => {
      this.close(unauthorizedCode, 'The access token has expired.');
    });
    this.#socket.once('close', forget);
  }

  /** Whether more operations run on it than may. A router's connection carries those of many callers. */
  get isOverfull(): boolean {
    return this.#admission?.router !== true && this.#running.size > limits.operations;
  }

  /** Begins the operation that the message being handled asks for. */
  begin(): RunningOperation {
    const report = currentReport();
    if (report === undefined) throw new TypeError('an operation begins with a message');
    const operation = { report, startedAt: performance.now(), over: new AbortController() };
    this.#running.set(report, operation);
    return operation;
  }

  /** Answers a ping of the protocol. */
  onPing(payload: Record<string, unknown> | undefined): Promise<void> {
    if (this.#admission === undefined) return Promise.resolve();
    return this.send(stringifyMessage({ type: MessageType.Pong, ...(payload !== undefined && { payload }) }));
  }

  /** Resolves when the message has left, or never will. */
  send(data: string): Promise<void> {
    if (!this.#isOpen) return Promise.resolve();
    return new Promise(resolve => {
      this.#socket.send(data, () => {
        resolve();
      });
      this.#connection.checkUnread();
    });
  }

  close(code?: number, reason = ''): void {
    const fits = Buffer.byteLength(reason) <= maxReasonBytes;
    this.#socket.close(code, fits ? reason : reason.slice(0, maxReasonBytes / 4));
  }

  onMessage(handle: (data: string) => Promise<void>): void {
    const socket = this.#socket;
    socket.on('message', (data: Buffer) => {
      let waits = true;
      eventLoop.run(this.#connection, () => {
        waits = false;
        if (socket.isPaused) socket.resume();
        void this.#take(data.toString(), handle);
      });
      // No more is read from the socket until this message has had its turn.
      if (waits) socket.pause();
    });
  }

  async #take(text: string, handle: (data: string) => Promise<void>): Promise<void> {
    if (!this.#isOpen) return;
    if (beyondJsonBounds(text) !== undefined) {
      this.close(CloseCode.BadRequest, 'Invalid message received');
      return;
    }
    const report: RequestReport = { leanCalls: 0 };
    try {
      await reporting(report, () => handle(text));
    } catch (error) {
      this.#log.error({ err: error }, 'unexpected error');
      this.close(CloseCode.InternalServerError, 'Internal server error');
    } finally {
      const operation = this.#running.get(report);
      this.#running.delete(report);
      if (operation !== undefined) this.#onOver(operation);
    }
  }

  get #isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  #countIncoming(): void {
    const socket = this.#socket;
    const incoming = this.#connection.beginBody();
    const count = (): void => {
      incoming.hold(unfinishedBytes(socket));
    };
    this.#connection.onData(count);
    socket.on('message', count);
    socket.once('close', () => {
      incoming.release();
    });
  }

  #keepAlive(): void {
    const socket = this.#socket;
    let answered = true;
    const timer = setInterval(() => {
      if (!answered) {
        socket.terminate();
        return;
      }
      answered = false;
      if (this.#isOpen) socket.ping();
    }, pingMs).unref();
    socket.on('pong', () => {
      answered = true;
    });
    socket.once('close', () => {
      clearInterval(timer);
    });
  }
}
