import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';
import { Cancellation, type CancellationSignal } from '../../lean/cancellation.ts';
import { CallerGone } from './caller-gone.ts';
import type { Connection } from './connections.ts';
import { loggedPathOf } from './logged-path.ts';
import type { RequestReport } from '../observability/request-report.ts';
import type { SecuredResponse } from './secured-response.ts';

export interface HttpRequestContextOptions {
  readonly request: IncomingMessage;
  readonly response: SecuredResponse;
  readonly connection: Connection;
  /** Whether no new work is taken any more. */
  readonly draining: boolean;
  readonly log: Logger;
}

/**
 * A request, its answer, and what is known of both.
 *
 * A class, and no literal with a getter: of each such literal the engine keeps a hidden class of its own, and with it all
 * that the getter can see, until it next goes through its whole heap.
 */
export class HttpRequestContext {
  readonly request: IncomingMessage;
  readonly response: SecuredResponse;
  readonly connection: Connection;
  /** The caller's own `x-request-id`, or one made up. */
  readonly requestId: string;
  /** Path of the request, without its query. */
  readonly path: string;
  /** Whether no new work is taken any more. */
  readonly draining: boolean;
  /** What is told of it when it is over: whoever serves it fills it in. */
  readonly report: RequestReport = { leanCalls: 0 };
  readonly #startedAt = performance.now();
  readonly #log: Logger;
  #named: Logger | undefined;
  #leaving: Cancellation | undefined;

  constructor({ request, response, connection, draining, log }: HttpRequestContextOptions) {
    this.request = request;
    this.response = response;
    this.connection = connection;
    this.requestId = requestIdOf(request);
    this.path = pathOf(request);
    this.draining = draining;
    this.#log = log;
    response.always('x-request-id', this.requestId);
    if (draining) response.always('connection', 'close');
  }

  /** The path as logs and traces have it. */
  get loggedPath(): string {
    return loggedPathOf(this.path);
  }

  /** Names the request in every line. Most have nothing to say beyond the line at their end. */
  get log(): Logger {
    return (this.#named ??= this.#log.child({ requestId: this.requestId }));
  }

  /** Aborted when the caller leaves before the answer is out. */
  get leaving(): CancellationSignal {
    return (this.#leaving ??= new Cancellation());
  }

  /** To be called when the answer is out, or its caller gone. */
  closed(): void {
    if (this.answered) return;
    this.#leaving ??= new Cancellation();
    this.#leaving.abort(new CallerGone());
  }

  /** Since it came, in ms. */
  get elapsedMs(): number {
    return performance.now() - this.#startedAt;
  }

  /** Whether its caller has the whole answer. */
  get answered(): boolean {
    return this.response.writableFinished;
  }

  /** What came of it, once it is over. */
  get outcome(): string {
    return this.answered ? (this.report.outcome ?? String(this.response.statusCode)) : 'given up';
  }
}

/** Path of a request, without its query. */
export function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?', 1)[0] ?? '/';
}

function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && /^[\w.:-]{1,64}$/.test(given) ? given : randomUUID();
}
