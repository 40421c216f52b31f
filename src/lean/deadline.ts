import { LeanNotSent } from './errors.ts';

/**
 * Waits for something that comes before anything is sent, such as a place in line, but not beyond the deadline nor
 * beyond the caller's interest.
 * @throws LeanNotSent with `message` when the deadline passes; the signal's reason when it is aborted
 */
export function beforeSending<Value>(
  awaited: Promise<Value>,
  { deadline, signal }: { readonly deadline: number; readonly signal?: AbortSignal | undefined },
  message: string,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      reject(new LeanNotSent('LEAN_TIMEOUT', message, { retryable: true }));
    };
    const leave = (): void => {
      reject(signal?.reason);
    };
    const timer = setTimeout(giveUp, Math.max(0, deadline - performance.now()));
    signal?.addEventListener('abort', leave, { once: true });
    const settled = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', leave);
    };
    awaited.finally(settled).then(resolve, reject);
  });
}

/** Resolves after `ms`; rejects with the signal's reason when it is aborted first. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
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
