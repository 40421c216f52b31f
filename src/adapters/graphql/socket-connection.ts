import type { IncomingMessage } from 'node:http';
import { CloseCode } from 'graphql-ws';
import type { WebSocket as ProtocolSocket } from 'graphql-ws';
import type { Logger } from 'pino';
import { WebSocket } from 'ws';
import type { Admission } from '../../access/door.ts';
import { beyondJsonBounds } from '../../payouts/json-bounds.ts';
import { connectionLimits as limits } from '../connection-limits.ts';
import type { Connection } from '../connections.ts';
import { currentReport, reporting, type RequestReport } from '../request-report.ts';

/** As the protocol closes what may not connect, or not any more. */
export const unauthorizedCode = 4401;

/** How often a ping is sent, so that nothing on the way takes the connection for dead; and time for its pong, in ms. */
const pingMs = 12_000;

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
 * One WebSocket as the protocol's library sees it. Each message is handled as a request of its own. Nothing is echoed
 * before the caller has been let in, nothing is handled once the connection is closing, and what the peer does not read
 * is bounded.
 */
export class SocketConnection implements ProtocolSocket {
  readonly request: IncomingMessage;
  readonly protocol: string;
  readonly #socket: WebSocket;
  readonly #connection: Connection;
  readonly #log: Logger;
  readonly #onOver: (operation: RunningOperation) => void;
  #admission: Admission | undefined;
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
    // The library's own pongs would be sent to anybody, however much of them is unread.
    socket.on('ping', data => {
      if (this.#admission === undefined || !this.#isOpen) return;
      socket.pong(data);
      connection.wrote();
    });
    this.#keepAlive();
    socket.once('close', () => {
      for (const { over } of this.#running.values()) over.abort();
    });
  }

  /** Who has connected, once they have been let in. */
  get admission(): Admission | undefined {
    return this.#admission;
  }

  /** Lets the caller in, until their access token is over. */
  letIn(admission: Admission): void {
    this.#admission = admission;
    const { expiresAt } = admission.caller;
    if (expiresAt === undefined) return;
    // Longer than any timer can be set for, there is no need for one.
    const leftMs = Math.min(expiresAt - Date.now(), 2 ** 31 - 1);
    const timer = setTimeout(() => {
      this.close(unauthorizedCode, 'The access token is over.');
    }, leftMs).unref();
    this.#socket.once('close', () => {
      clearTimeout(timer);
    });
  }

  /** Whether as many operations run on it as may. A router's connection carries those of many callers. */
  get isFull(): boolean {
    return this.#admission?.router !== true && this.#running.size >= limits.operations;
  }

  /** Begins the operation that the message being handled asks for. */
  begin(): RunningOperation {
    const report = currentReport();
    if (report === undefined) throw new TypeError('an operation begins with a message');
    const operation = { report, startedAt: performance.now(), over: new AbortController() };
    this.#running.set(report, operation);
    return operation;
  }

  /** Resolves when the peer's side has taken it, or never will. */
  send(data: string): Promise<void> {
    if (!this.#isOpen || (this.#admission === undefined && data.startsWith('{"type":"pong"')))
      return Promise.resolve();
    return new Promise(resolve => {
      this.#socket.send(data, () => {
        resolve();
      });
      this.#connection.wrote();
    });
  }

  close(code?: number, reason?: string): void {
    this.#socket.close(code, reason);
  }

  onMessage(handle: (data: string) => Promise<void>): void {
    this.#socket.on('message', (data: Buffer) => {
      void this.#take(data.toString(), handle);
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
