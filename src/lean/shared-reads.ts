import { LeanOutcomeUnknown } from './errors.ts';
import { GiveUp, type GiveUpSignal } from './give-up.ts';

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
  read(key: string, wish: Wish, start: (signal: GiveUpSignal) => Promise<Answer>): Promise<Answer> {
    if (wish.signal?.aborted === true) return Promise.reject(wish.signal.reason as Error);
    const { deadline } = wish;
    let flight = this.#underWay[key];
    if (flight === undefined || flight.deadline - performance.now() < (deadline - performance.now()) / 2) {
      const started = new Flight<Answer>(deadline, () => {
        this.#land(key, started);
      });
      this.#underWay[key] = started;
      started.take(start(started.giveUp));
      flight = started;
    }
    return flight.join(wish);
  }

  /** Lets later readers start reads of their own: what is under way may not know yet what has just been written. */
  startAfresh(): void {
    this.#underWay = emptied();
  }

  /** Whoever asks from now on wants a read of its own. */
  #land(key: string, flight: Flight<Answer>): void {
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- keys come and go, as in a Map
    if (this.#underWay[key] === flight) delete this.#underWay[key];
  }
}

function emptied<Answer>(): Record<string, Flight<Answer>> {
  return Object.create(null) as Record<string, Flight<Answer>>;
}

interface Wish {
  /** On the clock of `performance.now()`. */
  readonly deadline: number;
  readonly signal?: GiveUpSignal | undefined;
}

/** A read that is under way, and those who wait for it. */
class Flight<Answer> {
  readonly giveUp = new GiveUp();
  /** When it gives up. */
  readonly deadline: number;
  readonly #land: () => void;
  #waiting: readonly Waiter<Answer>[] = [];

  /** @param land called once it is not to be joined any more */
  constructor(deadline: number, land: () => void) {
    this.deadline = deadline;
    this.#land = land;
  }

  take(answer: Promise<Answer>): void {
    answer.then(
      value => {
        for (const { resolve } of this.#landed()) resolve(value);
      },
      (error: unknown) => {
        for (const { reject } of this.#landed()) reject(error);
      },
    );
  }

  #landed(): readonly Waiter<Answer>[] {
    this.#land();
    for (const waiter of this.#waiting) waiter.stay();
    return this.#waiting;
  }

  join({ deadline, signal }: Wish): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const leave = (reason: unknown): void => {
        waiter.stay();
        reject(reason as Error);
        this.#waiting = this.#waiting.filter(other => other !== waiter);
        if (this.#waiting.length > 0) return;
        this.#land();
        this.giveUp.abort(reason);
      };
      const unwanted = (): void => {
        leave(signal?.reason);
      };
      const timer =
        deadline < this.deadline
          ? setTimeout(() => {
              leave(
                new LeanOutcomeUnknown('LEAN_TIMEOUT', 'Lean did not answer in time.', { retryable: true }),
              );
            }, deadline - performance.now())
          : undefined;
      signal?.addEventListener('abort', unwanted, { once: true });
      const waiter: Waiter<Answer> = {
        resolve,
        reject,
        stay() {
          clearTimeout(timer);
          signal?.removeEventListener('abort', unwanted);
        },
      };
      this.#waiting = [...this.#waiting, waiter];
    });
  }
}

interface Waiter<Answer> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
  /** It does not leave any more. */
  readonly stay: () => void;
}
