import type { IncomingMessage } from 'node:http';

/** The response to a request with a Host header that is not accepted. */
export interface HostProblem {
  readonly status: number;
  readonly problem: string;
}

/**
 * Creates a check of the Host header. The check returns undefined for an acceptable host.
 * @param ownHostOnly whether only names and addresses of the loopback interface are accepted
 */
export function hostCheck(ownHostOnly: boolean): (request: IncomingMessage) => HostProblem | undefined {
  // Nearly all requests have the same Host header, so the last result is cached.
  let last: { readonly host: string; readonly problem: HostProblem | undefined } | undefined;
  return ({ headers: { host = 'localhost' } }) => {
    if (last?.host !== host) last = { host, problem: checkHost(host, ownHostOnly) };
    return last.problem;
  };
}

function checkHost(host: string, ownHostOnly: boolean): HostProblem | undefined {
  const address = URL.parse(`http://${host}`);
  if (address === null) return { status: 400, problem: 'the Host header is not a valid host' };
  // Only names and addresses of the loopback interface are accepted.
  if (!ownHostOnly || /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(address.hostname)) return undefined;
  return { status: 403, problem: 'the Host header does not name this machine' };
}
