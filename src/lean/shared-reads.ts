import type { BudgetSource, CallBudget } from './call-budget.ts';
import { LeanCallsUsedUp, LeanOutcomeUnknown } from '../errors/lean-errors.ts';
import { Cancellation, once, type CancellationSignal } from './cancellation.ts';
import { eventLoopBatcher } from '../scheduling/event-loop-batcher.ts';

/**
 * How long callers may join a read after it began, in ms. Its answer may be so much older than the caller's request, and
 * older than what the caller has read meanwhile.
 */
const joinableMs = 1000;

/**
 * Single-flight for reads: identical reads that begin at about the same time share one call and its answer, however many
 * operations wait. Nothing is cached after the answer.
 */
export class SharedReads<Answer> {
  /** By key. */
  readonly #inFlight = new Map<string, InFlightRead<Answer>>();

  /**
   * The answer of `start`, or of the same read in flight. Each caller stops waiting at its own deadline, or when its
   * own signal is aborted. The read itself is cancelled when no caller is left. A caller does not join a read that began
   * more than a second ago, nor one that ends much earlier than its own deadline, because that read may time out while
   * the caller still has time. A caller without calls left can join a read, but not begin one.
   */
  read(
    key: string,
    request: ReadRequest,
    start: (read: CancellableRead) => Promise<Answer>,
  ): Promise<Answer> {
    if (request.signal?.aborted === true) return Promise.reject(request.signal.reason as Error);
    const { deadline, budget } = request;
    const now = performance.now();
    const inFlight = this.#inFlight.get(key);
    if (
      inFlight !== undefined &&
      now - inFlight.startedAt <= joinableMs &&
      inFlight.deadline - now >= (deadline - now) / 2
    )
      return inFlight.subscribe(request);
    // This read could make no call. If it were shared, a caller with calls left could join it and get its error.
    if (budget?.hasCallsLeft === false) return Promise.reject(new LeanCallsUsedUp(budget.max));
    const read = new InFlightRead<Answer>(key, deadline, this);
    this.#inFlight.set(key, read);
    const answer = read.subscribe(request);
    void read.run(start);
    return answer;
  }

  /** Later callers do not join the reads in flight, whose answers may lack what has just been written. */
  stopSharing(): void {
    this.#inFlight.clear();
  }

  /** Later callers do not join this read. */
  remove(read: InFlightRead<Answer>): void {
    if (this.#inFlight.get(read.key) === read) this.#inFlight.delete(read.key);
  }
}

interface ReadRequest {
  /** On the clock of `performance.now()`. */
  readonly deadline: number;
  readonly signal?: CancellationSignal | undefined;
  /** The budget of the caller's operation. Without it the calls are not limited. */
  readonly budget?: CallBudget | undefined;
}

/** A read in flight as `start` needs it: the budget of its calls, and its cancellation. */
export interface CancellableRead extends BudgetSource {
  readonly cancellation: CancellationSignal;
}

/** A read in flight and its subscribers. */
class InFlightRead<Answer> implements CancellableRead {
  readonly cancellation = new Cancellation();
  readonly key: string;
  readonly deadline: number;
  /** On the clock of `performance.now()`. */
  readonly startedAt = performance.now();
  readonly #reads: SharedReads<Answer>;
  #subscribers: Subscriber<Answer>[] = [];

  constructor(key: string, deadline: number, reads: SharedReads<Answer>) {
    this.key = key;
    this.deadline = deadline;
    this.#reads = reads;
  }

  /** The budget of the first subscriber with calls left; undefined (no limit) if one subscriber has no budget. */
  get budget(): CallBudget | undefined {
    const budgets = this.#subscribers.map(({ budget }) => budget);
    if (budgets.includes(undefined)) return undefined;
    return budgets.find(budget => budget?.hasCallsLeft) ?? budgets[0];
  }

  /** Starts the read, and settles the subscribers with its outcome. */
  async run(start: (read: CancellableRead) => Promise<Answer>): Promise<void> {
    try {
      const answer = await start(this);
      this.#settle(({ resolve }) => {
        resolve(answer);
      });
    } catch (error) {
      this.#settle(({ reject }) => {
        reject(error);
      });
    }
  }

  /**
   * Settles each subscriber in a task of its own: there may be hundreds, and each continues with the answer.
   *
   * The read lets go of its subscribers, and so of their answers. It has often survived two young collections by now, and
   * whatever it refers to would then survive as well, until the next full collection. That made a page of 50 payouts cost
   * half as much again.
   */
  #settle(settle: (subscriber: Subscriber<Answer>) => void): void {
    this.#reads.remove(this);
    const subscribers = this.#subscribers;
    this.#subscribers = [];
    for (const subscriber of subscribers) {
      subscriber.stopListening();
      eventLoopBatcher.run(this, () => {
        settle(subscriber);
      });
    }
  }

  subscribe(request: ReadRequest): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#subscribers.push(new Subscriber(this, request, resolve, reject));
    });
  }

  /** Removes a subscriber, and cancels the read after the last one. */
  unsubscribe(subscriber: Subscriber<Answer>, reason: unknown): void {
    this.#subscribers = this.#subscribers.filter(other => other !== subscriber);
    if (this.#subscribers.length > 0) return;
    this.#reads.remove(this);
    this.cancellation.abort(reason);
  }
}

/** A caller that waits for a read, until the answer comes, its own deadline passes, or its signal is aborted. */
class Subscriber<Answer> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
  readonly budget: CallBudget | undefined;
  readonly #read: InFlightRead<Answer>;
  readonly #signal: CancellationSignal | undefined;
  readonly #timer: NodeJS.Timeout | undefined;

  constructor(
    read: InFlightRead<Answer>,
    { deadline, signal, budget }: ReadRequest,
    resolve: (answer: Answer) => void,
    reject: (error: unknown) => void,
  ) {
    this.resolve = resolve;
    this.reject = reject;
    this.budget = budget;
    this.#read = read;
    this.#signal = signal;
    signal?.addEventListener('abort', this, once);
    if (deadline < read.deadline)
      this.#timer = setTimeout(() => {
        this.#leave(
          new LeanOutcomeUnknown('LEAN_TIMEOUT', 'Lean did not answer in time.', { retryable: true }),
        );
      }, deadline - performance.now());
  }

  /** Removes the timer and the listener, so that neither the deadline nor the signal ends the wait. */
  stopListening(): void {
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this);
  }

  /** The signal's listener. */
  handleEvent(): void {
    this.#leave(this.#signal?.reason);
  }

  #leave(reason: unknown): void {
    this.stopListening();
    this.reject(reason);
    this.#read.unsubscribe(this, reason);
  }
}
