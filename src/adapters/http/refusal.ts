import { describeCode } from '../../errors/error-codes.ts';
import { presentedError, type PresentedError } from '../../errors/presented-error.ts';

/**
 * The error response for a request that is refused before anything is done.
 * @param challenge as in `presentedError`
 * @returns undefined if the error is no such refusal
 */
export function refusalOf(error: unknown, challenge = ''): PresentedError | undefined {
  const presented = presentedError(error, challenge);
  return presented !== undefined && describeCode(presented.code).refusesRequest === true
    ? presented
    : undefined;
}
