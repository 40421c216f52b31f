import { isUuid } from '../../payouts/values/ids.ts';

/** A segment of a route: it has at most two digits, while account numbers have many. */
const routeSegment = /^\.?[a-z_-]{0,40}(?:\.[a-z]{1,10})?\d{0,2}$/i;

/** No route has more segments. */
const maxSegments = 12;

/**
 * A path that is safe to log. A segment that is neither a route segment nor a UUID may be an account number, so it is
 * replaced by `…`.
 */
export function loggedPathOf(path: string): string {
  return path
    .split('/', maxSegments)
    .map(segment => (routeSegment.test(segment) || isUuid(segment) ? segment : '…'))
    .join('/');
}
