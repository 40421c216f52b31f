import { LeanNotSent } from '../errors/lean-errors.ts';
import type { CancellationSignal } from './cancellation.ts';

/**
 * Waits for a promise, but not beyond the deadline. It is for work that precedes a request.
 * @param deadline on the clock of `performance.now()`
 * @throws LeanNotSent with `message` when the deadline passes first
 */
export function withDeadline<Value>(
  awaited: Promise<Value>,
  deadline: number,
  message: string,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => {
        reject(new LeanNotSent('LEAN_TIMEOUT', message, { retryable: true }));
      },
      Math.max(0, deadline - performance.now()),
    );
    awaited.finally(() => clearTimeout(timer)).then(resolve, reject);
  });
}

/** Resolves after `ms`; rejects with the signal's reason if the signal is aborted first. */
export function pause(ms: number, signal: CancellationSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted === true) onAbort();
  });
}
