import { LeanOutcomeUnknown } from './errors.ts';

/**
 * Identical reads that are wanted while one is under way share it: one call, one answer, however many operations
 * wait. Nothing is kept once the answer is in.
 */
export class SharedReads<Answer> {
  readonly #underWay = new Map<string, Flight<Answer>>();

  /**
   * The answer of `start`, or of the same read already under way. Each caller leaves by its own signal; the read
   * itself is cancelled when the last one has left, and nobody waits beyond their own deadline. A read that must end much earlier than the caller's own deadline
   * is not joined: it would give up while the caller still has time.
   */
  read(
    key: string,
    { deadline, signal }: { readonly deadline: number; readonly signal?: AbortSignal | undefined },
    start: (signal: AbortSignal) => Promise<Answer>,
  ): Promise<Answer> {
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    let flight = this.#underWay.get(key);
    const now = performance.now();
    if (flight === undefined || flight.deadline - now < (deadline - now) / 2) {
      const controller = new AbortController();
      const started: Flight<Answer> = { controller, deadline, waiting: 0, answer: start(controller.signal) };
      this.#underWay.set(key, started);
      const landed = (): void => {
        if (this.#underWay.get(key) === started) this.#underWay.delete(key);
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
    this.#underWay.clear();
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
        // Whoever asks from now on wants a read of its own, not the cancelled one.
        if (this.#underWay.get(key) === flight) this.#underWay.delete(key);
        flight.controller.abort(reason);
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
      flight.answer.finally(stay).then(resolve, reject);
    });
  }
}

interface Flight<Answer> {
  readonly controller: AbortController;
  /** When it gives up, on the clock of `performance.now()`. */
  readonly deadline: number;
  readonly answer: Promise<Answer>;
  waiting: number;
}
