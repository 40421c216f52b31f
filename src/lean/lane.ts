import {
  BrokenCircuitError,
  circuitBreaker,
  CircuitState,
  CountBreaker,
  handleWhenResult,
  type CircuitBreakerPolicy,
} from 'cockatiel';
import { LeanBadAnswer, LeanNotSent, LeanOutcomeUnknown, LeanUnreachable } from './errors.ts';
import { once, type GiveUpSignal } from './give-up.ts';
import type { HttpAnswer, SendOptions } from './transport.ts';

export interface LaneOptions {
  /** Exchanges in flight at once. */
  readonly concurrency: number;
  /** Exchanges that may wait for a place; beyond them it refuses at once. */
  readonly queue: number;
  /** How long an open breaker waits before it lets one exchange through as a probe. @default 1 s */
  readonly probeAfterMs?: number;
}

/** How busy a lane is. */
export interface LaneLoad {
  /** Exchanges in flight. */
  readonly busy: number;
  readonly max: number;
  /** Exchanges that wait for a place. */
  readonly waiting: number;
  /** Whether Lean is being left alone. */
  readonly open: boolean;
}

/** Of the last so many exchanges, at least `minimum`, more than half must fail for the breaker to open. */
const sample = { size: 20, minimum: 10, threshold: 0.5 };

/**
 * The way to Lean for one class of requests: so many at once, so many in line, and none at all for a while when most
 * have been failing. Classes have a lane each, so that one cannot take the other's place.
 */
export class Lane {
  readonly #breaker: CircuitBreakerPolicy;
  readonly #counts = new CountBreaker({
    size: sample.size,
    minimumNumberOfCalls: sample.minimum,
    threshold: sample.threshold,
  });
  readonly #queue: number;
  readonly #max: number;
  #busy = 0;
  /** Those in line; the first has waited longest. */
  readonly #line: Waiter[] = [];

  constructor({ concurrency, queue, probeAfterMs = 1000 }: LaneOptions) {
    this.#queue = queue;
    this.#max = concurrency;
    this.#breaker = circuitBreaker(
      handleWhenResult(result => (result as HttpAnswer).status >= 500).orWhen(
        error =>
          error instanceof LeanOutcomeUnknown ||
          error instanceof LeanUnreachable ||
          error instanceof ProbeUnanswered,
      ),
      {
        halfOpenAfter: probeAfterMs,
        breaker: this.#counts,
      },
    );
  }

  get load(): LaneLoad {
    return { busy: this.#busy, max: this.#max, waiting: this.#line.length, open: this.open };
  }

  /** Whether Lean is being left alone. */
  get open(): boolean {
    return this.#breaker.state !== CircuitState.Closed;
  }

  /**
   * Runs an exchange when there is room for it.
   * @throws LeanNotSent when there is no room, when Lean is being left alone, or when it took too long to get a place
   */
  run(exchange: () => Promise<HttpAnswer>, options: SendOptions): Promise<HttpAnswer> {
    if (options.signal?.aborted === true) return Promise.reject(options.signal.reason as Error);
    if (this.#breaker.state === CircuitState.HalfOpen) return Promise.reject(leftAlone());
    if (this.#busy >= this.#max) return this.#place(options).then(() => this.#through(exchange));
    this.#busy += 1;
    return this.#through(exchange);
  }

  /** In a place of its own, which is given back afterwards. Handlers take less than async functions: see `Attempts`. */
  #through(exchange: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
    if (this.#breaker.state !== CircuitState.Closed)
      return this.#probe(exchange).finally(() => {
        this.#leave();
      });
    return exchange().then(
      answer => {
        if (answer.status >= 500) return this.#judged(() => Promise.resolve(answer));
        // What goes well is only counted: the breaker's own way there costs each call several promises.
        this.#counts.success(CircuitState.Closed);
        this.#leave();
        return answer;
      },
      (error: unknown) => this.#judged(() => Promise.reject(error as Error)),
    );
  }

  /** Lets the breaker know of an exchange that did not go well; it ends as it did. */
  #judged(ended: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
    // By now Lean may be left alone because of others: then this one says nothing new.
    const judged = this.#breaker.state === CircuitState.Closed ? this.#breaker.execute(ended) : ended();
    return judged.finally(() => {
      this.#leave();
    });
  }

  async #probe(exchange: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
    // While one exchange probes, the others do not wait for what becomes of it.
    if (this.#breaker.state === CircuitState.HalfOpen) throw leftAlone();
    try {
      return await this.#breaker.execute(async () => {
        const probing = this.#breaker.state === CircuitState.HalfOpen;
        try {
          return await exchange();
        } catch (error) {
          throw probing && !(error instanceof LeanBadAnswer) ? new ProbeUnanswered(error) : error;
        }
      });
    } catch (error) {
      if (error instanceof BrokenCircuitError) throw leftAlone();
      throw error instanceof ProbeUnanswered ? error.cause : error;
    }
  }

  /** Hands a place on to whoever has waited longest for one. */
  #leave(): void {
    const next = this.#line.shift();
    if (next === undefined) this.#busy -= 1;
    else next.enter();
  }

  #place(options: SendOptions): Promise<void> {
    if (this.#line.length >= this.#queue) return Promise.reject(full());
    return new Promise((resolve, reject) => {
      this.#line.push(new Waiter(this.#line, options, resolve, reject));
    });
  }
}

/**
 * Somebody who waits for a place. Leaving the line and being let in are one step each: who has been told that nothing was
 * sent is never let in.
 */
class Waiter {
  readonly #line: Waiter[];
  readonly #signal: GiveUpSignal | undefined;
  readonly #timer: NodeJS.Timeout;
  readonly #resolve: () => void;
  readonly #reject: (reason: unknown) => void;

  constructor(
    line: Waiter[],
    { deadline, signal }: SendOptions,
    resolve: () => void,
    reject: (reason: unknown) => void,
  ) {
    this.#line = line;
    this.#signal = signal;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#timer = setTimeout(onDeadline, Math.max(0, deadline - performance.now()), this);
    signal?.addEventListener('abort', this, once);
  }

  enter(): void {
    this.#over();
    this.#resolve();
  }

  late(): void {
    this.#leave(full('LEAN_TIMEOUT'));
  }

  /** Of the signal: nobody wants it any more. */
  handleEvent(): void {
    this.#leave(this.#signal?.reason);
  }

  #leave(reason: unknown): void {
    this.#over();
    this.#line.splice(this.#line.indexOf(this), 1);
    this.#reject(reason);
  }

  #over(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this);
  }
}

function onDeadline(waiter: Waiter): void {
  waiter.late();
}

/** A probe that ended without an answer, as when its caller left, says nothing for Lean: the breaker stays open. */
class ProbeUnanswered extends Error {
  constructor(cause: unknown) {
    super('the probe ended without an answer', { cause });
  }
}

function full(code: 'LEAN_UNAVAILABLE' | 'LEAN_TIMEOUT' = 'LEAN_UNAVAILABLE'): LeanNotSent {
  return new LeanNotSent(code, 'Too many requests to Lean are waiting; nothing was sent.', {
    retryable: true,
  });
}

function leftAlone(): LeanNotSent {
  return new LeanNotSent(
    'LEAN_UNAVAILABLE',
    'Lean has been failing and is left alone for a moment; nothing was sent.',
    {
      retryable: true,
    },
  );
}
