import type { IncomingMessage } from 'node:http';

/** Requests that are being served. */
export class InFlightRequests {
  /** An object and no Map, for the sake of the heap: see `lean/shared-reads.ts`. */
  readonly #requests = Object.create(null) as Record<number, IncomingMessage>;
  #begun = 0;
  #ended = 0;
  #none: PromiseWithResolvers<void> | undefined;

  /** @returns what is to be called, once, when it has been served */
  begin(request: IncomingMessage): () => void {
    const number = this.#begun;
    this.#begun += 1;
    this.#requests[number] = request;
    return () => {
      // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- numbers come and go
      delete this.#requests[number];
      this.#ended += 1;
      if (this.#ended === this.#begun) this.#none?.resolve();
    };
  }

  /** Resolves when none is left; ends those that have not come in whole, for they have started nothing, and may never. */
  async end(): Promise<void> {
    for (const request of Object.values(this.#requests)) if (!request.complete) request.socket.destroy();
    while (this.#ended < this.#begun) {
      this.#none ??= Promise.withResolvers();
      await this.#none.promise;
      this.#none = undefined;
    }
  }
}
