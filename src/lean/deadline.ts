import { LeanNotSent } from '../errors/lean-errors.ts';
import type { CancellationSignal } from './cancellation.ts';

/**
 * Waits for something that comes before anything is sent, but not beyond the deadline.
 * @param deadline on the clock of `performance.now()`
 * @throws LeanNotSent with `message` when the deadline passes
 */
export function beforeSending<Value>(
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

/** Resolves after `ms`; rejects with the signal's reason when it is aborted first. */
export function pause(ms: number, signal: CancellationSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', leave);
      resolve();
    }, ms);
    signal?.addEventListener('abort', leave, { once: true });
    if (signal?.aborted === true) leave();
  });
}
