/** Whether a host name or address, in the form of `URL.hostname`, is this machine. */
export function isLoopback(hostname: string): boolean {
  return /^(?:127(?:\.\d{1,3}){3}|0\.0\.0\.0|localhost|\[?::1\]?)$/.test(hostname);
}
