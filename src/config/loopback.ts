/** Whether a host name or address, as `URL.hostname` has it, leads to this very machine. */
export function isLoopback(hostname: string): boolean {
  return /^(?:127(?:\.\d{1,3}){3}|0\.0\.0\.0|localhost|\[?::1\]?)$/.test(hostname);
}
