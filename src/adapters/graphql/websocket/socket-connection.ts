import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { CloseCode, MessageType, stringifyMessage } from 'graphql-ws';
import type { WebSocket as ProtocolSocket } from 'graphql-ws';
import type { Logger } from 'pino';
import { WebSocket } from 'ws';
import type { AuthContext } from '../../../access/authenticator.ts';
import { eventLoopBatcher } from '../../../scheduling/event-loop-batcher.ts';
import { jsonBoundsProblem } from '../../../json/json-bounds.ts';
import { connectionLimits as limits } from '../../http/connection-limits.ts';
import type { Connection } from '../../http/connection.ts';
import {
  currentRequestReport,
  runWithReport,
  type RequestReport,
} from '../../observability/request-report.ts';
import { maxJsonMembersFor } from '../request/exact-request.ts';
import { onExpiry } from '../subscriptions/token-expiry.ts';
import { invalidMessage, invalidMessageReason } from './socket-message.ts';
import { keepAlive, terminateIfUnread } from './socket-liveness.ts';
import { unfinishedBytes } from './unfinished-message.ts';

/** Close code for a connection without a valid access token (graphql-ws). */
export const unauthorizedCode = 4401;

/** Close code for an expired access token. Unlike 4401, clients of graphql-ws connect again, with a new token. */
const expiredCode = 4403;

/** Close code for a gateway that stops. Clients of graphql-ws connect again. */
const goingAwayCode = 1001;

/** The longest reason in a close frame, in bytes. @see https://www.rfc-editor.org/rfc/rfc6455#section-5.5 */
const maxReasonBytes = 123;

export interface SocketConnectionOptions {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
  readonly connection: Connection;
  readonly log: Logger;
  /** Called for each operation when it ends. */
  readonly onOperationEnd: (operation: RunningOperation) => void;
}

/** An operation that has not ended yet. */
export interface RunningOperation {
  readonly report: RequestReport;
  /** The id of the connection, and the number of the operation on it. */
  readonly requestId: string;
  /** A log that adds the request id to every line. */
  readonly log: Logger;
  /** On the clock of `performance.now()`, in ms. */
  readonly startedAt: number;
  /** Aborted when the client completes the operation, or the connection closes. */
  readonly abortController: AbortController;
  /** Whether it is a subscription, which does not end by itself. */
  isSubscription: boolean;
}

/**
 * Adapts one WebSocket to graphql-ws. It sends no data before the caller is authenticated, ignores messages while it
 * closes, and limits the bytes that the client has not read.
 */
export class SocketConnection implements ProtocolSocket {
  readonly request: IncomingMessage;
  readonly protocol: string;
  /** Identifies the connection in the log. */
  readonly id = randomUUID();
  readonly #socket: WebSocket;
  readonly #connection: Connection;
  readonly #log: Logger;
  readonly #onOperationEnd: (operation: RunningOperation) => void;
  #auth: AuthContext | undefined;
  readonly #running = new Map<RequestReport, RunningOperation>();
  #operations = 0;
  /** The message that graphql-ws reads, while it does so. */
  #message: string | undefined;
  /** The code and the reason of the close, once the connection accepts no more messages. */
  #draining: { readonly code: number; readonly reason: string } | undefined;

  constructor({ socket, request, connection, log, onOperationEnd }: SocketConnectionOptions) {
    this.request = request;
    this.protocol = socket.protocol;
    this.#socket = socket;
    this.#connection = connection;
    this.#log = log;
    this.#onOperationEnd = onOperationEnd;
    // A frame that breaks the protocol. The library closes the connection by itself.
    socket.on('error', error => {
      log.debug({ problem: error.message }, 'websocket');
    });
    // `autoPong` is off, because ws would answer pings before authentication, and without limit.
    socket.on('ping', data => {
      if (this.#auth === undefined || !this.#isOpen) return;
      socket.pong(data);
      connection.checkUnread();
    });
    this.#trackUnfinishedBytes();
    keepAlive(socket);
    socket.once('close', () => {
      for (const { abortController } of this.#running.values()) abortController.abort();
    });
  }

  /** The authenticated caller; undefined before `connection_init` was accepted. */
  get auth(): AuthContext | undefined {
    return this.#auth;
  }

  /**
   * Sets the authenticated caller. When the caller's access token expires, the connection closes as in `drain`, and its
   * subscriptions send nothing more.
   */
  setCaller(auth: AuthContext): void {
    if (!this.#isOpen) return;
    this.#auth = auth;
    const cancelExpiry = onExpiry(auth.caller, () => {
      this.drain(expiredCode, 'The access token has expired.');
    });
    this.#socket.once('close', cancelExpiry);
  }

  /**
   * Whether more operations run than one connection may have. A router has no limit, because it serves many callers.
   */
  get hasTooManyOperations(): boolean {
    return this.#auth?.isRouter !== true && this.#running.size > limits.operations;
  }

  /**
   * Starts the operation of the message that is being handled. It ends when the handling of that message ends.
   * @throws TypeError if no message is being handled, which would be a bug of the gateway
   */
  beginOperation(): RunningOperation {
    const report = currentRequestReport();
    if (report === undefined) throw new TypeError('no message is being handled');
    this.#operations += 1;
    const requestId = `${this.id}.${String(this.#operations)}`;
    const operation = {
      report,
      requestId,
      log: this.#log.child({ requestId }),
      startedAt: performance.now(),
      abortController: new AbortController(),
      isSubscription: false,
    };
    this.#running.set(report, operation);
    return operation;
  }

  /** The log of the operation whose message is being handled; that of the gateway if there is none. */
  get operationLog(): Logger {
    const report = currentRequestReport();
    return (report && this.#running.get(report)?.log) ?? this.#log;
  }

  /** Marks an operation as a subscription. */
  beginSubscription(operation: RunningOperation): void {
    operation.isSubscription = true;
    this.#closeIfDrained();
  }

  /** Answers a ping message of graphql-ws. */
  onPing(payload: Record<string, unknown> | undefined): Promise<void> {
    if (this.#auth === undefined) return Promise.resolve();
    return this.send(stringifyMessage({ type: MessageType.Pong, ...(payload !== undefined && { payload }) }));
  }

  /** Sends a message. Resolves when it was written, or when it can no longer be written. */
  send(data: string): Promise<void> {
    if (!this.#isOpen || this.#isExpiredSubscription()) return Promise.resolve();
    return new Promise(resolve => {
      this.#socket.send(data, () => {
        resolve();
      });
      this.#connection.checkUnread();
    });
  }

  /** Accepts no more messages, and closes the connection once its queries and mutations have been answered. */
  drain(code = goingAwayCode, reason = 'Going away'): void {
    if (this.#draining !== undefined) return;
    this.#draining = { code, reason };
    terminateIfUnread(this.#socket);
    this.#closeIfDrained();
  }

  /** Closes the connection. A reason that is too long is cut. */
  close(code?: number, reason = ''): void {
    // The reason that graphql-ws gives for a message that it cannot read does not say what is wrong.
    const text =
      code === CloseCode.BadRequest && this.#message !== undefined
        ? invalidMessageReason(this.#message)
        : reason;
    const bytes = Buffer.from(text);
    // A character that is cut becomes a replacement character, which has up to two bytes more.
    const fits = bytes.length <= maxReasonBytes;
    this.#socket.close(code, fits ? text : bytes.subarray(0, maxReasonBytes - 2).toString());
  }

  /** Sets the handler of messages. Messages are handled one after the other, each in its turn of the event loop. */
  onMessage(handle: (data: string) => Promise<void>): void {
    const socket = this.#socket;
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      // Only text frames are known to be UTF-8.
      if (isBinary) {
        this.close(CloseCode.BadRequest, invalidMessage('it is a binary frame; accepted: text.'));
        return;
      }
      if (this.#auth === undefined && data.length > limits.connectionInitBytes) {
        this.#connection.terminate('connection_init');
        return;
      }
      let isWaiting = true;
      const incoming = this.#connection.beginBody();
      incoming.hold(data.length);
      incoming.complete();
      eventLoopBatcher.run(this.#connection, () => {
        isWaiting = false;
        incoming.release();
        if (socket.isPaused) socket.resume();
        void this.#handleMessage(data.toString(), handle);
      });
      // Back-pressure: no more is read from the socket until this message has had its turn.
      if (isWaiting) socket.pause();
    });
  }

  async #handleMessage(text: string, handle: (data: string) => Promise<void>): Promise<void> {
    if (!this.#isOpen || this.#draining !== undefined) return;
    const problem = jsonBoundsProblem(text, maxJsonMembersFor(this.#auth ?? { isRouter: false }));
    if (problem !== undefined) {
      this.close(CloseCode.BadRequest, invalidMessage(`it ${problem}.`));
      return;
    }
    const report: RequestReport = { leanCalls: 0 };
    try {
      this.#message = text;
      const handled = runWithReport(report, () => handle(text));
      // graphql-ws has read the message by now. It handles the operation asynchronously.
      this.#message = undefined;
      await handled;
    } catch (error) {
      this.#log.error({ err: error }, 'unexpected error');
      this.close(CloseCode.InternalServerError, 'Internal server error');
    } finally {
      const operation = this.#running.get(report);
      this.#running.delete(report);
      if (operation !== undefined) this.#onOperationEnd(operation);
      this.#closeIfDrained();
    }
  }

  #closeIfDrained(): void {
    if (this.#draining === undefined) return;
    const { code, reason } = this.#draining;
    if (this.#running.values().every(({ isSubscription }) => isSubscription)) this.close(code, reason);
  }

  /** Whether the message that is being handled is a subscription whose token has expired. */
  #isExpiredSubscription(): boolean {
    if (this.#draining?.code !== expiredCode) return false;
    const report = currentRequestReport();
    return report !== undefined && this.#running.get(report)?.isSubscription === true;
  }

  get #isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** Counts the bytes of unfinished messages against the limits of the connection. */
  #trackUnfinishedBytes(): void {
    const socket = this.#socket;
    const incoming = this.#connection.beginBody();
    const update = (): void => {
      const bytes = unfinishedBytes(socket);
      if (this.#auth === undefined && bytes > limits.connectionInitBytes)
        this.#connection.terminate('connection_init');
      else incoming.hold(bytes);
    };
    this.#connection.onData(update);
    socket.on('message', update);
    socket.once('close', () => {
      incoming.release();
    });
  }
}
