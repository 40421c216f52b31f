import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';
import { Cancellation, type CancellationSignal } from '../../lean/cancellation.ts';
import { CallerGone } from './caller-gone.ts';
import type { Connection } from './connection.ts';
import { loggedPathOf } from './logged-path.ts';
import type { RequestReport } from '../observability/request-report.ts';
import type { SecuredResponse } from './secured-response.ts';

export interface HttpRequestContextOptions {
  readonly request: IncomingMessage;
  readonly response: SecuredResponse;
  readonly connection: Connection;
  /** Whether the gateway is shutting down and accepts no new work. */
  readonly draining: boolean;
  readonly log: Logger;
}

/** One HTTP request with its response, its log and its report. */
export class HttpRequestContext {
  readonly request: IncomingMessage;
  readonly response: SecuredResponse;
  readonly connection: Connection;
  /** The `x-request-id` header of the request, or a new UUID. */
  readonly requestId: string;
  /** The path of the request, without its query. */
  readonly path: string;
  /** Whether the gateway is shutting down and accepts no new work. */
  readonly draining: boolean;
  /** Written to the log and the metrics when the response has closed. The code that serves the request fills it in. */
  readonly report: RequestReport = { leanCalls: 0 };
  readonly #startedAt = performance.now();
  readonly #log: Logger;
  #requestLog: Logger | undefined;
  #cancellation: Cancellation | undefined;

  constructor({ request, response, connection, draining, log }: HttpRequestContextOptions) {
    this.request = request;
    this.response = response;
    this.connection = connection;
    this.requestId = requestIdOf(request);
    this.path = pathOf(request);
    this.draining = draining;
    this.#log = log;
    response.setDefaultHeader('x-request-id', this.requestId);
    if (draining) response.setDefaultHeader('connection', 'close');
  }

  /** The path as logs and traces show it. */
  get loggedPath(): string {
    return loggedPathOf(this.path);
  }

  /** A log that adds the request id to every line. It is created lazily because most requests never use it. */
  get log(): Logger {
    return (this.#requestLog ??= this.#log.child({ requestId: this.requestId }));
  }

  /** Aborted with `CallerGone` when the caller closes the connection before the response is sent. */
  get signal(): CancellationSignal {
    return (this.#cancellation ??= new Cancellation());
  }

  /** Must be called when the response has closed, whether it was sent or not. */
  responseClosed(): void {
    if (this.responseSent) return;
    this.#cancellation ??= new Cancellation();
    this.#cancellation.abort(new CallerGone());
  }

  /** The time since the request arrived, in ms. */
  get elapsedMs(): number {
    return performance.now() - this.#startedAt;
  }

  /** Whether the whole response has been handed to the operating system. */
  get responseSent(): boolean {
    return this.response.writableFinished;
  }

  /** The outcome for logs and metrics. Valid once the response has closed. */
  get outcome(): string {
    return this.responseSent ? (this.report.outcome ?? String(this.response.statusCode)) : 'cancelled';
  }
}

/** The path of a request, without its query. */
export function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?', 1)[0] ?? '/';
}

function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && /^[\w.:-]{1,64}$/.test(given) ? given : randomUUID();
}
