import type { Caller } from '../../access/caller.ts';

/** The longest time that a timer can be set for, in ms. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * Calls back when the caller's access token expires. One that is good for longer than a timer can be set for (24 days)
 * does not expire as far as connections are concerned.
 * @returns what cancels it
 */
export function onExpiry({ expiresAt = Infinity }: Caller, callback: () => void): () => void {
  const leftMs = expiresAt - Date.now();
  if (leftMs > longestTimerMs) return () => undefined;
  const timer = setTimeout(callback, leftMs).unref();
  return () => {
    clearTimeout(timer);
  };
}
