/** Called when something is given up; an object costs those who wait no closure. */
export type CancellationListener = (() => void) | { handleEvent(): void };

/** As much of an `AbortSignal` as those need who wait for an answer of Lean's. */
export interface CancellationSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
  addEventListener(type: 'abort', listener: CancellationListener, options: { readonly once: true }): void;
  removeEventListener(type: 'abort', listener: CancellationListener): void;
}

/** For `addEventListener`: an operation is given up once. */
export const once = { once: true } as const;

/**
 * Tells those who wait for something that nobody wants it any more. An `AbortController` would do, at a price that shows
 * where a page of payouts costs a hundred reads.
 */
export class Cancellation implements CancellationSignal {
  aborted = false;
  reason: unknown;
  #listeners: CancellationListener[] = [];

  abort(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners)
      if (typeof listener === 'function') listener();
      else listener.handleEvent();
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.reason;
  }

  addEventListener(_type: 'abort', listener: CancellationListener): void {
    this.#listeners.push(listener);
  }

  removeEventListener(_type: 'abort', listener: CancellationListener): void {
    const index = this.#listeners.indexOf(listener);
    if (index < 0) return;
    // In any order: the last one takes its place.
    const last = this.#listeners.pop();
    if (last !== undefined && last !== listener) this.#listeners[index] = last;
  }
}
