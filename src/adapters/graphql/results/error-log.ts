import type { GraphQLError } from 'graphql';
import type { Logger } from 'pino';
import { causeOf } from '../../../errors/cause-of.ts';

/**
 * Logs failures of Lean, of the store and of the gateway itself. Failures with the same code and message become one
 * line with the number of fields; each bug gets its own line with a stack. Errors of the caller are not logged.
 */
export function logErrors(log: Logger, errors: readonly GraphQLError[]): void {
  // A read that was cancelled because the caller had disconnected is not a failure.
  const failures = errors.filter(({ originalError }) => !isDisconnect(originalError));
  const kinds = Map.groupBy(failures, error => `${codeOf(error)} ${error.message}`);
  for (const [first, ...more] of kinds.values()) {
    if (first === undefined) continue;
    const code = codeOf(first);
    const details = { code, path: first.path?.join('.'), fields: more.length + 1 };
    if (code === 'INTERNAL_SERVER_ERROR')
      for (const error of [first, ...more])
        log.error({ ...details, err: error.originalError ?? error }, 'unexpected error');
    else if (code.startsWith('LEAN_'))
      log.warn(
        { ...details, lean: first.extensions['lean'], cause: causeOf(first.originalError) },
        first.message,
      );
    else if (code === 'PAYOUT_STORE_UNAVAILABLE')
      log.error({ ...details, cause: causeOf(first.originalError) }, first.message);
  }
}

/** Whether the caller disconnected, before or after the whole request had arrived. */
function isDisconnect(error: Error | undefined | null): boolean {
  return (
    error?.name === 'AbortError' ||
    (error?.message === 'aborted' && 'code' in error && error.code === 'ECONNRESET')
  );
}

function codeOf(error: GraphQLError): string {
  return String(error.extensions['code']);
}
