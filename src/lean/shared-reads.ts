import type { CallBudget, Payer } from './call-budget.ts';
import { LeanOutcomeUnknown } from '../errors/lean-errors.ts';
import { Cancellation, once, type CancellationSignal } from './cancellation.ts';
import type { Callbacks } from './callbacks.ts';
import { eventLoop } from '../scheduling/event-loop-batcher.ts';

/**
 * Identical reads that are wanted while one is under way share it: one call, one answer, however many operations
 * wait. Nothing is kept once the answer is in.
 */
export class SharedReads<Answer> {
  /**
   * An object and no Map: of a Map that much goes through, tables that it has outgrown lead to each other and to what
   * was in them, so that most of it outlives the young generation of the heap.
   */
  #underWay = emptied<Answer>();

  /**
   * The answer of `start`, or of the same read already under way. Each caller leaves by its own signal; the read
   * itself is cancelled when the last one has left, and nobody waits beyond their own deadline. A read that must end
   * much earlier than the caller's own deadline is not joined: it would give up while the caller still has time.
   */
  read(key: string, wish: ReadRequest, start: (flight: CancellableRead<Answer>) => void): Promise<Answer> {
    if (wish.signal?.aborted === true) return Promise.reject(wish.signal.reason as Error);
    const { deadline } = wish;
    const now = performance.now();
    const known = this.#underWay[key];
    if (known !== undefined && known.deadline - now >= (deadline - now) / 2) return known.join(wish);
    const flight = new InFlightRead<Answer>(key, deadline, this);
    this.#underWay[key] = flight;
    const answer = flight.join(wish);
    try {
      start(flight);
    } catch (error) {
      flight.failed(error);
    }
    return answer;
  }

  /** Lets later readers start reads of their own: what is under way may not know yet what has just been written. */
  startAfresh(): void {
    this.#underWay = emptied();
  }

  /** Whoever asks from now on wants a read of its own. */
  settle(flight: InFlightRead<Answer>): void {
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- keys come and go, as in a Map
    if (this.#underWay[flight.key] === flight) delete this.#underWay[flight.key];
  }
}

function emptied<Answer>(): Record<string, InFlightRead<Answer>> {
  return Object.create(null) as Record<string, InFlightRead<Answer>>;
}

interface ReadRequest {
  /** On the clock of `performance.now()`. */
  readonly deadline: number;
  readonly signal?: CancellationSignal | undefined;
  /** The budget of the caller's operation; without it the calls are not limited. */
  readonly budget?: CallBudget | undefined;
}

/** A read in flight: its receiver, the budget of its calls, and the signal that cancels it. */
export interface CancellableRead<Answer> extends Callbacks<Answer>, Payer {
  readonly giveUp: CancellationSignal;
}

/** A read that is under way, and those who wait for it. */
class InFlightRead<Answer> implements CancellableRead<Answer> {
  readonly giveUp = new Cancellation();
  readonly key: string;
  /** When it gives up. */
  readonly deadline: number;
  readonly #reads: SharedReads<Answer>;
  #waiting: Subscriber<Answer>[] = [];

  constructor(key: string, deadline: number, reads: SharedReads<Answer>) {
    this.key = key;
    this.deadline = deadline;
    this.#reads = reads;
  }

  /** A call counts for the first waiting reader that has calls left. */
  get budget(): CallBudget | undefined {
    const budgets = this.#waiting.map(({ budget }) => budget);
    if (budgets.includes(undefined)) return undefined;
    return budgets.find(budget => budget?.left) ?? budgets[0];
  }

  answered(answer: Answer): void {
    this.#land(({ resolve }) => {
      resolve(answer);
    });
  }

  failed(error: unknown): void {
    this.#land(({ reject }) => {
      reject(error);
    });
  }

  /** Each reader is told in a turn of its own, because hundreds may wait, and each starts work with the answer. */
  #land(tell: (waiter: Subscriber<Answer>) => void): void {
    this.#reads.settle(this);
    for (const waiter of this.#waiting) {
      waiter.stay();
      eventLoop.run(this, () => {
        tell(waiter);
      });
    }
  }

  join(wish: ReadRequest): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(new Subscriber(this, wish, resolve, reject));
    });
  }

  /** Without the last one who waited it is given up. */
  leave(waiter: Subscriber<Answer>, reason: unknown): void {
    this.#waiting = this.#waiting.filter(other => other !== waiter);
    if (this.#waiting.length > 0) return;
    this.#reads.settle(this);
    this.giveUp.abort(reason);
  }
}

/** Somebody who waits for a read: until the answer is in, their own deadline has come, or they do not want it any more. */
class Subscriber<Answer> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
  readonly budget: CallBudget | undefined;
  readonly #flight: InFlightRead<Answer>;
  readonly #signal: CancellationSignal | undefined;
  readonly #timer: NodeJS.Timeout | undefined;

  constructor(
    flight: InFlightRead<Answer>,
    { deadline, signal, budget }: ReadRequest,
    resolve: (answer: Answer) => void,
    reject: (error: unknown) => void,
  ) {
    this.resolve = resolve;
    this.reject = reject;
    this.budget = budget;
    this.#flight = flight;
    this.#signal = signal;
    signal?.addEventListener('abort', this, once);
    if (deadline < flight.deadline)
      this.#timer = setTimeout(() => {
        this.#leave(
          new LeanOutcomeUnknown('LEAN_TIMEOUT', 'Lean did not answer in time.', { retryable: true }),
        );
      }, deadline - performance.now());
  }

  /** It does not leave any more. */
  stay(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this);
  }

  /** Of the signal. */
  handleEvent(): void {
    this.#leave(this.#signal?.reason);
  }

  #leave(reason: unknown): void {
    this.stay();
    this.reject(reason);
    this.#flight.leave(this, reason);
  }
}
