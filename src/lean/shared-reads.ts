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
   * itself is cancelled when the last one has left, and nobody waits beyond their own deadline. A read that must end much earlier than the caller's own deadline
   * is not joined: it would give up while the caller still has time.
   */
  read(
    key: string,
    { deadline, signal }: { readonly deadline: number; readonly signal?: AbortSignal | undefined },
    start: (signal: GiveUpSignal) => Promise<Answer>,
  ): Promise<Answer> {
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    let flight = this.#underWay[key];
    const now = performance.now();
    if (flight === undefined || flight.deadline - now < (deadline - now) / 2) {
      const giveUp = new GiveUp();
      const started: Flight<Answer> = { giveUp, deadline, waiting: 0, answer: start(giveUp) };
      this.#underWay[key] = started;
      const landed = (): void => {
        this.#land(key, started);
      };
      started.answer.then(landed, landed);
      flight = started;
    }
    flight.waiting += 1;
    const early = deadline < flight.deadline;
    if (signal === undefined && !early) return flight.answer;
    return this.#leavable(key, flight, signal, early ? deadline : undefined);
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

  #leavable(
    key: string,
    flight: Flight<Answer>,
    signal: AbortSignal | undefined,
    deadline: number | undefined,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const leave = (reason: unknown): void => {
        stay();
        reject(reason);
        flight.waiting -= 1;
        if (flight.waiting > 0) return;
        this.#land(key, flight);
        flight.giveUp.abort(reason);
      };
      const unwanted = (): void => {
        leave(signal?.reason);
      };
      const late = (): void => {
        leave(new LeanOutcomeUnknown('LEAN_TIMEOUT', 'Lean did not answer in time.', { retryable: true }));
      };
      const timer =
        deadline === undefined ? undefined : setTimeout(late, Math.max(0, deadline - performance.now()));
      signal?.addEventListener('abort', unwanted, { once: true });
      const stay = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', unwanted);
      };
      flight.answer.then(
        answer => {
          stay();
          resolve(answer);
        },
        (error: unknown) => {
          stay();
          reject(error as Error);
        },
      );
    });
  }
}

function emptied<Answer>(): Record<string, Flight<Answer>> {
  return Object.create(null) as Record<string, Flight<Answer>>;
}

interface Flight<Answer> {
  readonly giveUp: GiveUp;
  /** When it gives up, on the clock of `performance.now()`. */
  readonly deadline: number;
  readonly answer: Promise<Answer>;
  waiting: number;
}
