import { Pool, errors, type Dispatcher } from 'undici';
import type { ClientCertificate } from './client-certificate.ts';
import { once, type GiveUpSignal } from './give-up.ts';
import { LeanBadAnswer, LeanNotSent, LeanOutcomeUnknown, LeanUnreachable } from './errors.ts';

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
  /** Aborting it gives the exchange up; the promise then rejects with the signal's reason. */
  readonly signal?: GiveUpSignal | undefined;
}

export interface Transport {
  /**
   * One HTTP exchange, never repeated.
   * @throws LeanNotSent when it is certain that not a byte of the request was written
   * @throws LeanOutcomeUnknown when the request may have arrived and no whole answer came back in time
   * @throws LeanBadAnswer when the answer is larger than any of Lean's can be
   */
  send(request: HttpRequest, options: SendOptions): Promise<HttpAnswer>;
  /** Shows another client certificate on connections from now on; exchanges under way keep theirs. */
  present(certificate: ClientCertificate): void;
  close(): Promise<void>;
}

export interface TransportOptions {
  /** `https://host[:port]` */
  readonly origin: string;
  /** Connections at once; requests beyond them wait in line. */
  readonly maxConcurrency: number;
  /** What connecting may take of a request's time. @default 10 s */
  readonly connectTimeoutMs?: number;
  /** For a server that asks for one (mutual TLS). */
  readonly certificate?: ClientCertificate | undefined;
  /** @default 16 MiB */
  readonly maxAnswerBytes?: number;
}

export function createTransport(options: TransportOptions): Transport {
  const { origin, maxConcurrency, connectTimeoutMs = 10_000, maxAnswerBytes = 16 * 1024 * 1024 } = options;
  const open = (certificate: ClientCertificate | undefined): Pool =>
    new Pool(origin, {
      connections: maxConcurrency,
      connect: { timeout: connectTimeoutMs, ...certificate },
      // One deadline rules the whole exchange; undici's own timers would only blur it.
      headersTimeout: 0,
      bodyTimeout: 0,
      allowH2: false,
    });
  let pool = open(options.certificate);
  const pools = new Set([pool]);
  return {
    send: (request, sendOptions) =>
      new Promise((resolve, reject) => {
        const exchange = new Exchange(resolve, reject, sendOptions, maxAnswerBytes);
        if (exchange.over) return;
        pool.dispatch(
          {
            method: request.method,
            path: request.target,
            headers: request.headers,
            body: request.body ?? null,
            // Never put on a connection that another answer is still coming through.
            idempotent: request.method === 'GET',
          },
          exchange,
        );
      }),
    present(certificate) {
      const former = pool;
      pool = open(certificate);
      pools.add(pool);
      void former.close().then(() => pools.delete(former));
    },
    close: async () => {
      await Promise.all([...pools].map(each => each.destroy()));
    },
  };
}

/**
 * The state of one exchange. undici calls `onRequestStart` when a connection stands and nothing has been written
 * yet: before that call nothing was sent, and refusing in it keeps it so. After it the request may have arrived,
 * whatever the error says (a reused socket that dies proves nothing).
 */
class Exchange implements Dispatcher.DispatchHandler {
  over = false;
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #headers: HttpAnswer['headers'] = {};
  #chunks: Buffer[] = [];
  #bytes = 0;
  readonly #resolve: (answer: HttpAnswer) => void;
  readonly #reject: (error: unknown) => void;
  readonly #signal: GiveUpSignal | undefined;
  readonly #maxBytes: number;
  readonly #timer: NodeJS.Timeout | undefined;

  constructor(
    resolve: (answer: HttpAnswer) => void,
    reject: (error: unknown) => void,
    { deadline, signal }: SendOptions,
    maxBytes: number,
  ) {
    this.#resolve = resolve;
    this.#reject = reject;
    this.#maxBytes = maxBytes;
    this.#signal = signal;
    if (signal?.aborted === true) {
      this.#fail(signal.reason);
      return;
    }
    const leftMs = deadline - performance.now();
    if (leftMs <= 0) {
      this.late();
      return;
    }
    signal?.addEventListener('abort', this, once);
    this.#timer = setTimeout(onDeadline, leftMs, this);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.over) controller.abort(new Error('given up before it was sent'));
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
    if (this.#bytes > this.#maxBytes) {
      this.#fail(
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

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.over) return;
    const timedOut = error instanceof errors.ConnectTimeoutError;
    this.#fail(
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
    this.#fail(
      this.#controller === undefined
        ? new LeanNotSent('LEAN_TIMEOUT', 'Lean could not be reached in time; nothing was sent.', {
            retryable: true,
          })
        : new LeanOutcomeUnknown('LEAN_TIMEOUT', 'Lean did not answer in time.', { retryable: true }),
    );
  }

  /** Of the signal: nobody wants it any more. */
  handleEvent(): void {
    this.#fail(this.#signal?.reason);
  }

  #fail(error: unknown): void {
    if (this.over) return;
    this.#settle();
    this.#reject(error);
    this.#controller?.abort(new Error('given up'));
  }

  #settle(): void {
    this.over = true;
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this);
  }
}

function onDeadline(exchange: Exchange): void {
  exchange.late();
}
