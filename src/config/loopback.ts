/**
 * Whether a host name or address, in the form of `URL.hostname`, is this machine as the target of a connection. That
 * includes 0.0.0.0.
 */
export function isLoopback(hostname: string): boolean {
  return /^(?:127(?:\.\d{1,3}){3}|0\.0\.0\.0|localhost|\[?::1\]?)$/.test(hostname);
}

/** Whether a server that listens on a host can be reached only from this machine. */
export function listensOnLoopback(host: string): boolean {
  // The URL parser normalizes other spellings, such as 127.1 and LOCALHOST.
  const hostname = URL.parse(`http://${host.includes(':') ? `[${host}]` : host}`)?.hostname ?? '';
  // To listen on 0.0.0.0 means to listen on all addresses.
  return isLoopback(hostname) && hostname !== '0.0.0.0';
}
