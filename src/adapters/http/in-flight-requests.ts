import type { IncomingMessage } from 'node:http';

/** Tracks the requests that are being served. */
export class InFlightRequests {
  readonly #requests = new Set<IncomingMessage>();
  #drained: PromiseWithResolvers<void> | undefined;

  /** @returns a function to call once, when the request has been served */
  begin(request: IncomingMessage): () => void {
    this.#requests.add(request);
    return () => {
      this.#requests.delete(request);
      if (this.#requests.size === 0) this.#drained?.resolve();
    };
  }

  /**
   * Resolves when no request is in flight. Closes the connections of incomplete requests: they have started no work,
   * and may never become complete.
   */
  async drain(): Promise<void> {
    for (const request of this.#requests) if (!request.complete) request.socket.destroy();
    while (this.#requests.size > 0) {
      this.#drained ??= Promise.withResolvers();
      await this.#drained.promise;
      this.#drained = undefined;
    }
  }
}
