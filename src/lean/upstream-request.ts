import { AsyncResource } from 'node:async_hooks';
import { errors, type Dispatcher } from 'undici';
import type { Connection, ConnectionUser } from './connection.ts';
import type { Connections } from './connections.ts';
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

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export interface SendOptions {
  /** The latest time for the outcome, on the clock of `performance.now()`. */
  readonly deadline: number;
  /** Aborting it cancels the request, whose outcome is then the signal's reason. */
  readonly signal?: CancellationSignal | undefined;
  /**
   * Called and awaited when the request starts. Nothing is sent before it resolves, and nothing at all if it rejects,
   * or if a clock shows that the process stopped meanwhile (`send-window.ts`).
   * @param remainingMs time until the deadline
   */
  readonly beforeSend?: ((remainingMs: number) => Promise<void>) | undefined;
  /**
   * The request is not sent if less time than this is left before the deadline, because nobody would learn the outcome.
   * @default 0
   */
  readonly minRemainingMs?: number | undefined;
}

/** One HTTP request, sent at most once. It waits to be started, until its deadline at most. */
export interface UpstreamRequest {
  /**
   * Resolves to the response. It rejects with
   * - `LeanNotSent` if certainly no byte of the request was written; its subclass `LeanUnreachable` means that the
   *   request may be retried at once,
   * - `LeanOutcomeUnknown` if the request may have arrived, and no complete response came in time,
   * - `LeanBadAnswer` if the response is larger than any response of Lean's can be,
   * - the signal's reason if the request was cancelled.
   */
  readonly outcome: Promise<HttpResponse>;
  /** Starts the request. Has no effect after the first call, or once the outcome is settled. */
  start(): void;
  /** Settles the outcome with an error, unless it is settled. */
  fail(error: unknown): void;
}

/** Shared by all requests of a transport. */
export interface RequestDependencies {
  /** The connections for requests that start now. */
  readonly connections: () => Connections;
  readonly maxResponseBytes: number;
  readonly clocks: Clocks;
}

/**
 * A request over a connection of undici. undici calls `onRequestStart` when it has a connection and has written nothing
 * yet. Before that call nothing was sent, and if the call throws, nothing is sent. After it, the request may have
 * arrived, even if it fails: the end of a reused socket does not prove that Lean has read nothing.
 *
 * A write that is cancelled after that call resets its connection. If the connection were only closed, the kernel
 * would go on sending the bytes in its buffer, for minutes when the network is down, and Lean could create a payout
 * long after the gateway has cancelled the request.
 */
export class ConnectedRequest implements UpstreamRequest, ConnectionUser {
  readonly outcome: Promise<HttpResponse>;
  settled = false;
  requestStarted = false;
  sent = false;
  #started = false;
  #connection: Connection | undefined;
  /** Set once the request may have been written. */
  #controller: Dispatcher.DispatchController | undefined;
  #window: SendWindow | undefined;
  #status = 0;
  #headers: HttpResponse['headers'] = {};
  #chunks: Buffer[] = [];
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #resolve!: (response: HttpResponse) => void;
  #reject!: (error: unknown) => void;
  readonly #request: HttpRequest;
  readonly #options: SendOptions;
  readonly #dependencies: RequestDependencies;
  readonly #beforeSend: SendOptions['beforeSend'];

  constructor(request: HttpRequest, options: SendOptions, dependencies: RequestDependencies) {
    this.#request = request;
    this.#options = options;
    this.#dependencies = dependencies;
    this.outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const { signal, beforeSend } = options;
    // Another request's completion may start this one, so `beforeSend` is bound to its caller's async context.
    this.#beforeSend = beforeSend && AsyncResource.bind(beforeSend);
    if (signal?.aborted === true) {
      this.fail(signal.reason);
      return;
    }
    signal?.addEventListener('abort', this, once);
    this.#timer = setTimeout(onDeadline, Math.max(0, this.#remainingMs), this);
  }

  get #remainingMs(): number {
    return this.#options.deadline - this.#dependencies.clocks.monotonic();
  }

  start(): void {
    if (this.settled || this.#started) return;
    this.#started = true;
    const remainingMs = this.#remainingMs;
    if (!this.#hasEnoughTime(remainingMs)) return;
    const beforeSend = this.#beforeSend;
    if (beforeSend === undefined) {
      this.#send();
      return;
    }
    // The deadline must not settle the outcome while `beforeSend` runs, because the payout may still be recorded.
    clearTimeout(this.#timer);
    const window = new SendWindow(this.#dependencies.clocks);
    this.#window = window;
    beforeSend(remainingMs).then(
      () => {
        window.markRecorded();
        if (this.settled) return;
        const remainingAfterMs = this.#remainingMs;
        if (!this.#hasEnoughTime(remainingAfterMs)) return;
        this.#timer = setTimeout(onDeadline, remainingAfterMs, this);
        this.#send();
      },
      (error: unknown) => {
        this.fail(error);
      },
    );
  }

  /** Whether enough time is left to send the request. If not, the request fails. */
  #hasEnoughTime(remainingMs: number): boolean {
    if (remainingMs < (this.#options.minRemainingMs ?? 0)) this.fail(tooLittleTime());
    else if (remainingMs <= 0) this.timeOut();
    return !this.settled;
  }

  #send(): void {
    const { method, target, headers, body = null } = this.#request;
    this.#dependencies.connections().dispatch(
      {
        method,
        path: target,
        headers,
        body,
        // undici does not send a request that is not idempotent while a response is in progress on the connection.
        idempotent: method === 'GET',
      },
      this,
    );
  }

  onConnection(connection: Connection): void {
    this.#connection = connection;
  }

  /**
   * @throws if the request must not be sent: undici then writes nothing, and keeps the connection. A call of `abort`
   *   would close the connection.
   */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.requestStarted = true;
    // Connecting may have taken long, and the process may have stopped meanwhile.
    if (!this.settled && this.#hasEnoughTime(this.#remainingMs)) {
      const refusal = this.#window?.refusal();
      if (refusal !== undefined) this.fail(refusal);
    }
    if (this.settled) throw new Error('cancelled before it was sent');
    this.#controller = controller;
    this.sent = true;
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: HttpResponse['headers'],
  ): void {
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#dependencies.maxResponseBytes) {
      this.fail(
        new LeanBadAnswer("Lean's answer is too large.", {
          httpStatus: this.#status,
          retryable: false,
        }),
      );
      return;
    }
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    if (this.settled) return;
    this.#settle();
    const [first] = this.#chunks;
    const body = this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks);
    this.#resolve({ status: this.#status, headers: this.#headers, body });
  }

  onResponseError(_controller: unknown, error: Error): void {
    if (this.settled) return;
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

  /** Fails the request at its deadline. */
  timeOut(): void {
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

  /** The signal's listener: cancels the request. */
  handleEvent(): void {
    this.fail(this.#options.signal?.reason);
  }

  fail(error: unknown): void {
    if (this.settled) return;
    this.#settle();
    this.#reject(error);
    if (this.#controller === undefined) return;
    if (this.#request.method !== 'GET') this.#connection?.reset();
    this.#controller.abort(new Error('cancelled'));
  }

  #settle(): void {
    this.settled = true;
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener('abort', this);
  }
}

function onDeadline(request: ConnectedRequest): void {
  request.timeOut();
}

function tooLittleTime(): LeanNotSent {
  return new LeanNotSent(
    'LEAN_TIMEOUT',
    'Too little time is left before the deadline to learn the outcome; nothing was sent.',
    { retryable: true },
  );
}
