import type { Caller } from '../../access/caller.ts';

/** The longest delay of a timer, in ms: about 24 days. */
const maxTimerMs = 2 ** 31 - 1;

/**
 * Calls back when the caller's access token expires. A token that is valid for longer than the longest timer (24
 * days) never calls back.
 * @returns a function that cancels the callback
 */
export function onExpiry({ expiresAt = Infinity }: Caller, callback: () => void): () => void {
  const leftMs = expiresAt - Date.now();
  if (leftMs > maxTimerMs) return () => undefined;
  const timer = setTimeout(callback, leftMs).unref();
  return () => {
    clearTimeout(timer);
  };
}
