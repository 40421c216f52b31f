import type { IncomingMessage } from 'node:http';

/** Tracks the requests that are being served. */
export class InFlightRequests {
  /** A plain object, because a Map would keep old entries alive in the heap: see `lean/shared-reads.ts`. */
  readonly #requests = Object.create(null) as Record<number, IncomingMessage>;
  #begun = 0;
  #ended = 0;
  #drained: PromiseWithResolvers<void> | undefined;

  /** @returns a function to call once, when the request has been served */
  begin(request: IncomingMessage): () => void {
    const number = this.#begun;
    this.#begun += 1;
    this.#requests[number] = request;
    return () => {
      // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- the keys are numbers
      delete this.#requests[number];
      this.#ended += 1;
      if (this.#ended === this.#begun) this.#drained?.resolve();
    };
  }

  /**
   * Resolves when no request is in flight. Closes the connections of incomplete requests: they have started no work,
   * and may never become complete.
   */
  async drain(): Promise<void> {
    for (const request of Object.values(this.#requests)) if (!request.complete) request.socket.destroy();
    while (this.#ended < this.#begun) {
      this.#drained ??= Promise.withResolvers();
      await this.#drained.promise;
      this.#drained = undefined;
    }
  }
}
