import {
  BrokenCircuitError,
  circuitBreaker,
  CircuitState,
  CountBreaker,
  handleWhenResult,
  type CircuitBreakerPolicy,
  type IBackoff,
} from 'cockatiel';
import { LeanBadAnswer, LeanNotSent, LeanOutcomeUnknown, LeanUnreachable } from '../errors/lean-errors.ts';
import type { HttpResponse, UpstreamRequest } from './upstream-request.ts';

export interface BulkheadOptions {
  /** Requests in flight at once. */
  readonly concurrency: number;
  /** Requests that may wait for a slot. Beyond them a request is refused at once. */
  readonly queue: number;
  /** How long an open circuit waits before it lets one request through as a probe. @default 1 s */
  readonly probeAfterMs?: number;
}

export interface BulkheadLoad {
  /** Requests in flight. */
  readonly busy: number;
  readonly max: number;
  /** Requests that wait for a slot. */
  readonly waiting: number;
  /** Whether the circuit is open or half-open. */
  readonly open: boolean;
}

/** The circuit opens when more than half (`threshold`) of the last `size` requests failed, if there were `minimum`. */
const failureWindow = { size: 20, minimum: 10, threshold: 0.5 };

/**
 * Limits the requests of one class that are in flight and in the queue, and refuses all of them for a while when most
 * have failed (circuit breaker). Each class has a bulkhead of its own, so that it cannot take another's slots.
 */
export class Bulkhead {
  readonly #breaker: CircuitBreakerPolicy;
  readonly #failures = new CountBreaker({
    size: failureWindow.size,
    minimumNumberOfCalls: failureWindow.minimum,
    threshold: failureWindow.threshold,
  });
  readonly #maxQueued: number;
  readonly #max: number;
  #busy = 0;
  /** The first entry has waited longest. */
  readonly #queue: QueueEntry[] = [];

  constructor({ concurrency, queue, probeAfterMs = 1000 }: BulkheadOptions) {
    this.#maxQueued = queue;
    this.#max = concurrency;
    this.#breaker = circuitBreaker(
      handleWhenResult(result => (result as HttpResponse).status >= 500).orWhen(
        error =>
          error instanceof LeanOutcomeUnknown ||
          error instanceof LeanUnreachable ||
          error instanceof ProbeUnanswered,
      ),
      {
        halfOpenAfter: new MonotonicWait(probeAfterMs),
        breaker: this.#failures,
      },
    );
  }

  get load(): BulkheadLoad {
    return { busy: this.#busy, max: this.#max, waiting: this.#queue.length, open: this.open };
  }

  /** Whether the circuit is open or half-open. */
  get open(): boolean {
    return this.#breaker.state !== CircuitState.Closed;
  }

  /**
   * Starts a request as soon as it has a slot, and returns its outcome. The outcome is a `LeanNotSent` also when the
   * queue is full, or the circuit is open.
   */
  async run(request: UpstreamRequest): Promise<HttpResponse> {
    const entry = new QueueEntry(request);
    if (this.#breaker.state === CircuitState.HalfOpen) request.fail(circuitOpen());
    else if (this.#busy < this.#max) {
      this.#busy += 1;
      this.#start(entry);
    } else if (this.#queue.length < this.#maxQueued) this.#queue.push(entry);
    else request.fail(queueFull());
    let succeeded = false;
    try {
      const response = await request.outcome;
      succeeded = entry.started && response.status < 500;
      return response;
    } finally {
      // The breaker's `execute` would do the same for a success (docs/performance.md).
      if (succeeded) this.#failures.success(CircuitState.Closed);
      else await this.#recordOutcome(entry);
      this.#release(entry);
    }
  }

  /** Starts an entry that has a slot. */
  #start(entry: QueueEntry): void {
    entry.hasSlot = true;
    if (this.#breaker.state === CircuitState.Closed) {
      entry.started = true;
      entry.request.start();
    } else entry.probe = this.#probe(entry.request);
  }

  /** Resolves when the breaker has recorded the outcome of a request that may have failed. */
  async #recordOutcome({ request, started, probe }: QueueEntry): Promise<void> {
    await probe;
    // If other failures have opened the circuit meanwhile, this one adds nothing.
    if (started && this.#breaker.state === CircuitState.Closed)
      await this.#breaker.execute(() => request.outcome).catch(() => undefined);
  }

  /** Runs a request as the probe of a circuit that is not closed, or refuses it if it may not be the probe. */
  async #probe(request: UpstreamRequest): Promise<void> {
    // Another request is the probe. This one is refused at once and does not wait for the outcome.
    if (this.#breaker.state === CircuitState.HalfOpen) {
      request.fail(circuitOpen());
      return;
    }
    const runProbe = async (): Promise<HttpResponse> => {
      const isProbe = this.#breaker.state === CircuitState.HalfOpen;
      request.start();
      try {
        return await request.outcome;
      } catch (error) {
        throw isProbe && !(error instanceof LeanBadAnswer) ? new ProbeUnanswered(error) : error;
      }
    };
    try {
      await this.#breaker.execute(runProbe);
    } catch (error) {
      // This has no effect on a request that was let through: its outcome is settled by now.
      if (error instanceof BrokenCircuitError) request.fail(circuitOpen());
    }
  }

  /** Takes a settled entry out of the queue, or hands its slot to the entry that has waited longest. */
  #release(entry: QueueEntry): void {
    if (!entry.hasSlot) {
      const index = this.#queue.indexOf(entry);
      if (index >= 0) this.#queue.splice(index, 1);
      return;
    }
    const next = this.#queue.shift();
    if (next === undefined) this.#busy -= 1;
    else this.#start(next);
  }
}

/**
 * The wait of an open circuit, from its creation on, by the monotonic clock. cockatiel compares `duration` with the time
 * that the wall clock has counted. If that clock were set back by hours, the circuit would stay open for hours.
 */
class MonotonicWait implements IBackoff<unknown> {
  readonly #ms: number;
  readonly #end: number;

  constructor(ms: number) {
    this.#ms = ms;
    this.#end = performance.now() + ms;
  }

  get duration(): number {
    return performance.now() < this.#end ? Infinity : -Infinity;
  }

  /** cockatiel calls it whenever the circuit opens. */
  next(): MonotonicWait {
    return new MonotonicWait(this.#ms);
  }
}

/** A request and its state in the bulkhead. */
class QueueEntry {
  readonly request: UpstreamRequest;
  hasSlot = false;
  /** Whether it was started while the circuit was closed. */
  started = false;
  /** Set if it has a slot while the circuit is not closed; resolves when the breaker has recorded the outcome. */
  probe: Promise<void> | undefined;

  constructor(request: UpstreamRequest) {
    this.request = request;
  }
}

/** A probe that ended without a response, even because its caller cancelled it, does not close the circuit. */
class ProbeUnanswered extends Error {
  constructor(cause: unknown) {
    super('the probe ended without a response', { cause });
  }
}

function queueFull(): LeanNotSent {
  return new LeanNotSent('LEAN_UNAVAILABLE', 'Too many requests to Lean are waiting; nothing was sent.', {
    retryable: true,
  });
}

function circuitOpen(): LeanNotSent {
  return new LeanNotSent(
    'LEAN_UNAVAILABLE',
    'Lean has been failing, so the gateway has paused its requests for a moment; nothing was sent.',
    {
      retryable: true,
    },
  );
}
