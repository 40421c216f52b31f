import type { Caller } from '../../../access/caller.ts';

/** The longest delay of a timer, in ms: about 24 days. */
const maxTimerMs = 2 ** 31 - 1;

/**
 * Calls back when the caller's access token expires. A token without an expiry never calls back.
 * @returns a function that cancels the callback
 */
export function onExpiry({ expiresAt = Infinity }: Caller, callback: () => void): () => void {
  if (expiresAt === Infinity) return () => undefined;
  let timer: NodeJS.Timeout;
  const startTimer = (): void => {
    const leftMs = expiresAt - Date.now();
    timer = (leftMs > maxTimerMs ? setTimeout(startTimer, maxTimerMs) : setTimeout(callback, leftMs)).unref();
  };
  startTimer();
  return () => {
    clearTimeout(timer);
  };
}
