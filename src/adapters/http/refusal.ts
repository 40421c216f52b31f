import { AccessUnavailable } from '../../errors/access-errors.ts';
import { Forbidden, RateLimited, Unauthenticated } from '../../errors/gateway-errors.ts';
import { presentedError, type PresentedError } from '../../errors/presented-error.ts';

/**
 * The error response for a request that is refused before anything is done.
 * @param challenge as in `presentedError`
 * @returns undefined if the error is none of these refusals
 */
export function refusalOf(error: unknown, challenge = ''): PresentedError | undefined {
  const isRefusal =
    error instanceof Unauthenticated ||
    error instanceof Forbidden ||
    error instanceof RateLimited ||
    error instanceof AccessUnavailable;
  return isRefusal ? presentedError(error, challenge) : undefined;
}
