/** Called on cancellation. */
export type CancellationListener = (() => void) | { handleEvent(): void };

/** The part of `AbortSignal` that the Lean client uses. */
export interface CancellationSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
  addEventListener(type: 'abort', listener: CancellationListener, options: { readonly once: true }): void;
  removeEventListener(type: 'abort', listener: CancellationListener): void;
}

/** The options for `addEventListener`. */
export const once = { once: true } as const;

/** An `AbortController` and its signal in one. docs/performance.md has the cost of the platform's classes. */
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
    // The last listener takes the place of the removed one, because the order of listeners does not matter.
    const last = this.#listeners.pop();
    if (last !== undefined && last !== listener) this.#listeners[index] = last;
  }
}
