import { describeCode } from '../../errors/error-codes.ts';
import { presentedError, type PresentedError } from '../../errors/presented-error.ts';

/** The refusal of a request while the gateway is stopping. Another instance can serve it, or this one after a restart. */
export const stoppingRefusal: PresentedError = {
  code: 'LEAN_UNAVAILABLE',
  message: 'The gateway is stopping; nothing was done. Send it again.',
  status: 503,
  headers: { 'retry-after': '1' },
  details: { retryable: true, retryAfterSeconds: 1 },
};

/** The error response after a bug. It says nothing about the bug. */
export const unexpectedError: PresentedError = {
  code: 'INTERNAL_SERVER_ERROR',
  message: 'Unexpected error.',
  status: 500,
  headers: {},
  details: {},
};

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
