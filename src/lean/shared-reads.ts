/**
 * Identical reads that are wanted while one is under way share it: one call, one answer, however many operations
 * wait. Nothing is kept once the answer is in, so nobody reads something older than their own question.
 */
export class SharedReads<Answer> {
  readonly #underWay = new Map<string, Flight<Answer>>();

  /**
   * The answer of `start`, or of the same read already under way. Each caller leaves by its own signal; the read
   * itself is cancelled when the last one has left. A read that must end much earlier than the caller's own deadline
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
    return signal === undefined ? flight.answer : this.#leavable(key, flight, signal);
  }

  #leavable(key: string, flight: Flight<Answer>, signal: AbortSignal): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        reject(signal.reason);
        flight.waiting -= 1;
        if (flight.waiting > 0) return;
        // Whoever asks from now on wants a read of its own, not the cancelled one.
        if (this.#underWay.get(key) === flight) this.#underWay.delete(key);
        flight.controller.abort(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
      const stay = (): void => {
        signal.removeEventListener('abort', leave);
      };
      flight.answer.then(
        answer => {
          stay();
          resolve(answer);
        },
        (error: unknown) => {
          stay();
          reject(error);
        },
      );
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
