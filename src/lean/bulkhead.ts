import {
  BrokenCircuitError,
  circuitBreaker,
  CircuitState,
  CountBreaker,
  handleWhenResult,
  type CircuitBreakerPolicy,
} from 'cockatiel';
import { LeanBadAnswer, LeanNotSent, LeanOutcomeUnknown, LeanUnreachable } from '../errors/lean-errors.ts';
import type { Callbacks } from './callbacks.ts';
import type { UpstreamRequest, HttpAnswer } from './upstream-request.ts';

export interface BulkheadOptions {
  /** Exchanges in flight at once. */
  readonly concurrency: number;
  /** Exchanges that may wait for a place; beyond them it refuses at once. */
  readonly queue: number;
  /** How long an open breaker waits before it lets one exchange through as a probe. @default 1 s */
  readonly probeAfterMs?: number;
}

/** How busy a lane is. */
export interface BulkheadLoad {
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
export class Bulkhead {
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
  readonly #line: QueueEntry[] = [];

  constructor({ concurrency, queue, probeAfterMs = 1000 }: BulkheadOptions) {
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

  get load(): BulkheadLoad {
    return { busy: this.#busy, max: this.#max, waiting: this.#line.length, open: this.open };
  }

  /** Whether Lean is being left alone. */
  get open(): boolean {
    return this.#breaker.state !== CircuitState.Closed;
  }

  /**
   * Starts an exchange when there is room for it. The receiver is told how it ended: with `LeanNotSent` also when there
   * is no room, or when Lean is being left alone.
   */
  run(exchange: UpstreamRequest, receiver: Callbacks<HttpAnswer>): void {
    const passage = new QueueEntry(exchange);
    if (this.#breaker.state === CircuitState.HalfOpen) exchange.fail(circuitOpen());
    else if (this.#busy < this.#max) {
      this.#busy += 1;
      this.#enter(passage);
    } else if (this.#line.length < this.#queue) this.#line.push(passage);
    else exchange.fail(full());
    exchange.ended.then(
      answer => {
        if (passage.started && answer.status < 500) {
          // What goes well is only counted: the breaker's own way there costs each call several promises.
          this.#counts.success(CircuitState.Closed);
          this.#leave(passage);
          receiver.answered(answer);
        } else
          void this.#judged(passage).then(() => {
            this.#leave(passage);
            receiver.answered(answer);
          });
      },
      (error: unknown) => {
        void this.#judged(passage).then(() => {
          this.#leave(passage);
          receiver.failed(error);
        });
      },
    );
  }

  #enter(passage: QueueEntry): void {
    passage.placed = true;
    if (this.#breaker.state === CircuitState.Closed) {
      passage.started = true;
      passage.exchange.start();
    } else passage.probed = this.#probe(passage.exchange);
  }

  /** Resolves when the breaker knows of an exchange that did not go well. */
  async #judged({ exchange, started, probed }: QueueEntry): Promise<void> {
    await probed;
    // By now Lean may be left alone because of others: then this one says nothing new.
    if (started && this.#breaker.state === CircuitState.Closed)
      await this.#breaker.execute(() => exchange.ended).catch(() => undefined);
  }

  async #probe(exchange: UpstreamRequest): Promise<void> {
    // While one exchange probes, the others do not wait for what becomes of it.
    if (this.#breaker.state === CircuitState.HalfOpen) {
      exchange.fail(circuitOpen());
      return;
    }
    const probing = async (): Promise<HttpAnswer> => {
      const isProbe = this.#breaker.state === CircuitState.HalfOpen;
      exchange.start();
      try {
        return await exchange.ended;
      } catch (error) {
        throw isProbe && !(error instanceof LeanBadAnswer) ? new ProbeUnanswered(error) : error;
      }
    };
    try {
      await this.#breaker.execute(probing);
    } catch (error) {
      // Of an exchange that was let through this changes nothing.
      if (error instanceof BrokenCircuitError) exchange.fail(circuitOpen());
    }
  }

  /** Hands a place on to whoever has waited longest for one; who has none leaves the line. */
  #leave(passage: QueueEntry): void {
    if (!passage.placed) {
      const index = this.#line.indexOf(passage);
      if (index >= 0) this.#line.splice(index, 1);
      return;
    }
    const next = this.#line.shift();
    if (next === undefined) this.#busy -= 1;
    else this.#enter(next);
  }
}

/** An exchange on its way through a lane. */
class QueueEntry {
  readonly exchange: UpstreamRequest;
  /** Whether it has a place. */
  placed = false;
  /** Whether it was started as one of many. */
  started = false;
  /** Otherwise it may be what finds out whether Lean is well again: when the breaker knows how that ended. */
  probed: Promise<void> | undefined;

  constructor(exchange: UpstreamRequest) {
    this.exchange = exchange;
  }
}

/** A probe that ended without an answer, as when its caller left, says nothing for Lean: the breaker stays open. */
class ProbeUnanswered extends Error {
  constructor(cause: unknown) {
    super('the probe ended without an answer', { cause });
  }
}

function full(): LeanNotSent {
  return new LeanNotSent('LEAN_UNAVAILABLE', 'Too many requests to Lean are waiting; nothing was sent.', {
    retryable: true,
  });
}

function circuitOpen(): LeanNotSent {
  return new LeanNotSent(
    'LEAN_UNAVAILABLE',
    'Lean has been failing and is left alone for a moment; nothing was sent.',
    {
      retryable: true,
    },
  );
}
