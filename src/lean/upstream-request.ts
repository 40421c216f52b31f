import { AsyncResource } from 'node:async_hooks';
import { errors, type Dispatcher } from 'undici';
import type { Connection, Connections, ConnectionUser } from './connections.ts';
import { LeanBadAnswer, LeanNotSent, LeanOutcomeUnknown, LeanUnreachable } from '../errors/lean-errors.ts';
import { once, type CancellationSignal } from './cancellation.ts';
import { SendWindow, type Clocks } from './send-window.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  /** Path and query. */
  readonly target: string;
  readonly headers: Record<string, string>;
  readonly body?: string | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export interface SendOptions {
  /** When the exchange must be over, on the clock of `performance.now()`. */
  readonly deadline: number;
  /** Aborting it gives the exchange up, which then fails with the signal's reason. */
  readonly signal?: CancellationSignal | undefined;
  /**
   * Awaited when it starts: nothing is sent before it resolves, and nothing at all when it rejects, or when a clock
   * shows that the process stopped meanwhile (`send-window.ts`).
   * @param remainingMs what is left until the deadline
   */
  readonly beforeSend?: ((remainingMs: number) => Promise<void>) | undefined;
  /**
   * The request is not sent when less time than this is left until the deadline, since nobody would hear what became
   * of it. @default 0
   */
  readonly leastTimeMs?: number | undefined;
}

/** One HTTP exchange, never repeated. Until it is started it waits, by its deadline at most. */
export interface UpstreamRequest {
  /**
   * How it ends. It fails with
   * - `LeanNotSent` when it is certain that not a byte of the request was written; `LeanUnreachable` is the kind of
   *   it that may be tried again at once,
   * - `LeanOutcomeUnknown` when the request may have arrived and no whole answer came back in time,
   * - `LeanBadAnswer` when the answer is larger than any of Lean's can be.
   */
  readonly ended: Promise<HttpAnswer>;
  /** Starts the exchange. Has no effect after the first call, or once it is over. */
  start(): void;
  /** Ends it, unless it is over. */
  fail(error: unknown): void;
}

/** What exchanges are made with. */
export interface RequestDependencies {
  /** Those for exchanges that start now. */
  readonly connections: () => Connections;
  readonly maxAnswerBytes: number;
  readonly clocks: Clocks;
}

/**
 * The state of one exchange. undici calls `onRequestStart` when a connection stands and nothing has been written
 * yet: before that call nothing was sent, and refusing in it keeps it so. After it the request may have arrived,
 * whatever the error says (a reused socket that dies proves nothing).
 *
 * A write that is given up after that call resets its connection. If it were only closed, the kernel would go on
 * sending what is in its buffer, for minutes when the network is down, and Lean could take a payout long after the
 * gateway gave it up.
 */
export class ConnectedRequest implements UpstreamRequest, ConnectionUser {
  readonly ended: Promise<HttpAnswer>;
  over = false;
  offered = false;
  #started = false;
  #connection: Connection | undefined;
  /** Set once the request may have been written. */
  #controller: Dispatcher.DispatchController | undefined;
  #window: SendWindow | undefined;
  #status = 0;
  #headers: HttpAnswer['headers'] = {};
  #chunks: Buffer[] = [];
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #resolve!: (answer: HttpAnswer) => void;
  #reject!: (error: unknown) => void;
  readonly #request: HttpRequest;
  readonly #options: SendOptions;
  readonly #means: RequestDependencies;
  readonly #beforeSend: SendOptions['beforeSend'];

  constructor(request: HttpRequest, options: SendOptions, means: RequestDependencies) {
    this.#request = request;
    this.#options = options;
    this.#means = means;
    this.ended = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const { signal, beforeSend } = options;
    // Another request's completion may start this exchange, so `beforeSend` is bound to its caller's async context.
    this.#beforeSend = beforeSend && boundToCaller(beforeSend);
    if (signal?.aborted === true) {
      this.fail(signal.reason);
      return;
    }
    signal?.addEventListener('abort', this, once);
    this.#timer = setTimeout(onDeadline, Math.max(0, this.#leftMs), this);
  }

  get #leftMs(): number {
    return this.#options.deadline - this.#means.clocks.monotonic();
  }

  start(): void {
    if (this.over || this.#started) return;
    this.#started = true;
    const leftMs = this.#leftMs;
    if (!this.#isEnough(leftMs)) return;
    const beforeSend = this.#beforeSend;
    if (beforeSend === undefined) {
      this.#send();
      return;
    }
    // The outcome is not known until `beforeSend` ends, so the deadline must not end the exchange before.
    clearTimeout(this.#timer);
    const window = new SendWindow(this.#means.clocks);
    this.#window = window;
    beforeSend(leftMs).then(
      () => {
        window.recorded();
        if (this.over) return;
        const stillLeftMs = this.#leftMs;
        if (!this.#isEnough(stillLeftMs)) return;
        this.#timer = setTimeout(onDeadline, stillLeftMs, this);
        this.#send();
      },
      (error: unknown) => {
        this.fail(error);
      },
    );
  }

  /** Whether the time that is left is enough to send the request; the exchange fails when it is not. */
  #isEnough(leftMs: number): boolean {
    if (leftMs < (this.#options.leastTimeMs ?? 0)) this.fail(tooLittleTime());
    else if (leftMs <= 0) this.late();
    return !this.over;
  }

  #send(): void {
    const { method, target, headers, body = null } = this.#request;
    this.#means.connections().dispatch(
      {
        method,
        path: target,
        headers,
        body,
        // Never put on a connection that another answer is still coming through.
        idempotent: method === 'GET',
      },
      this,
    );
  }

  onConnection(connection: Connection): void {
    this.#connection = connection;
  }

  /** @throws to refuse: then undici writes nothing and keeps the connection, which `controller.abort` would close. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.offered = true;
    // Making the connection may have taken long, and the process may have stopped meanwhile.
    if (!this.over && this.#isEnough(this.#leftMs)) {
      const refusal = this.#window?.refusal();
      if (refusal !== undefined) this.fail(refusal);
    }
    if (this.over) throw new Error('given up before it was sent');
    this.#controller = controller;
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: HttpAnswer['headers'],
  ): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#means.maxAnswerBytes) {
      this.fail(
        new LeanBadAnswer('LEAN_BAD_RESPONSE', "Lean's answer is too large.", {
          httpStatus: this.#status,
          retryable: false,
        }),
      );
      return;
    }
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    if (this.over) return;
    this.#settle();
    const [first] = this.#chunks;
    const body = this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks);
    this.#resolve({ status: this.#status, headers: this.#headers, body });
  }

  onResponseError(_controller: unknown, error: Error): void {
    if (this.over) return;
    const timedOut = error instanceof errors.ConnectTimeoutError;
    this.fail(
      this.#controller === undefined
        ? new LeanUnreachable(
            timedOut ? 'LEAN_TIMEOUT' : 'LEAN_UNAVAILABLE',
            'Lean cannot be reached; nothing was sent.',
            { retryable: true },
            error,
          )
        : new LeanOutcomeUnknown(
            'LEAN_UNAVAILABLE',
            'The connection to Lean broke before its answer was complete.',
            { retryable: true },
            error,
          ),
    );
  }

  /** Its deadline has come. */
  late(): void {
    this.fail(
      this.#controller === undefined
        ? new LeanNotSent(
            'LEAN_TIMEOUT',
            this.#started
              ? 'Lean could not be reached in time; nothing was sent.'
              : 'Too many requests to Lean are waiting; nothing was sent.',
            { retryable: true },
          )
        : new LeanOutcomeUnknown('LEAN_TIMEOUT', 'Lean did not answer in time.', { retryable: true }),
    );
  }

  /** Of the signal: nobody wants it any more. */
  handleEvent(): void {
    this.fail(this.#options.signal?.reason);
  }

  fail(error: unknown): void {
    if (this.over) return;
    this.#settle();
    this.#reject(error);
    if (this.#controller === undefined) return;
    if (this.#request.method !== 'GET') this.#connection?.reset();
    this.#controller.abort(new Error('given up'));
  }

  #settle(): void {
    this.over = true;
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener('abort', this);
  }
}

function onDeadline(exchange: ConnectedRequest): void {
  exchange.late();
}

function tooLittleTime(): LeanNotSent {
  return new LeanNotSent(
    'LEAN_TIMEOUT',
    'Too little time is left to hear what becomes of it; nothing was sent.',
    { retryable: true },
  );
}

/** What `AsyncResource.bind` does at a higher price: it gives each function a deprecated property, made anew each time. */
function boundToCaller<Given, Result>(work: (given: Given) => Result): (given: Given) => Result {
  const caller = new AsyncResource('LEAN_EXCHANGE');
  return given => caller.runInAsyncScope(work, undefined, given);
}
