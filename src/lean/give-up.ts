/** As much of an `AbortSignal` as those need who wait for an answer of Lean's. */
export interface GiveUpSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
  addEventListener(type: 'abort', listener: () => void, options: { readonly once: true }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/**
 * Gives up a read that nobody waits for any more. An `AbortController` would do, at a price that shows where a page of
 * payouts costs a hundred reads.
 */
export class GiveUp implements GiveUpSignal {
  aborted = false;
  reason: unknown;
  #listeners: readonly (() => void)[] = [];

  abort(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener();
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.reason;
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners = [...this.#listeners, listener];
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners = this.#listeners.filter(each => each !== listener);
  }
}
