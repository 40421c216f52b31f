import { AccessUnavailable } from '../../errors/access-errors.ts';
import { Forbidden, RateLimited, Unauthenticated } from '../../errors/gateway-errors.ts';
import { presentedError, type PresentedError } from '../../errors/presented-error.ts';

/**
 * The answer to a caller who is turned away before anything is done; undefined for an error of another kind.
 * @param challenge as `presentedError` has it
 */
export function refusalOf(error: unknown, challenge = ''): PresentedError | undefined {
  const isRefusal =
    error instanceof Unauthenticated ||
    error instanceof Forbidden ||
    error instanceof RateLimited ||
    error instanceof AccessUnavailable;
  return isRefusal ? presentedError(error, challenge) : undefined;
}
