import type { IncomingMessage } from 'node:http';
import type { PresentedError } from '../../errors/presented-error.ts';

/**
 * Creates a check of the Host header. The check returns undefined for an acceptable host.
 * @param ownHostOnly whether only names and addresses of the loopback interface are accepted
 */
export function hostCheck(ownHostOnly: boolean): (request: IncomingMessage) => PresentedError | undefined {
  // Nearly all requests have the same Host header, so the last result is cached.
  let last: { readonly host: string; readonly problem: PresentedError | undefined } | undefined;
  return ({ headers: { host = 'localhost' } }) => {
    if (last?.host !== host) last = { host, problem: checkHost(host, ownHostOnly) };
    return last.problem;
  };
}

function checkHost(host: string, ownHostOnly: boolean): PresentedError | undefined {
  const address = URL.parse(`http://${host}`);
  if (address === null)
    return refusal(
      400,
      'The Host header is not a valid host; accepted: a name or an address, such as localhost:4000.',
    );
  // Only names and addresses of the loopback interface are accepted.
  if (!ownHostOnly || /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(address.hostname)) return undefined;
  return refusal(
    403,
    'The Host header does not name this machine; accepted: localhost, 127.0.0.1 and [::1].',
  );
}

function refusal(status: number, message: string): PresentedError {
  return { code: 'BAD_USER_INPUT', status, message, headers: {}, details: {} };
}
