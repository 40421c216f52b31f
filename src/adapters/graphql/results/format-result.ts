import type { ExecutionResult, GraphQLError } from 'graphql';
import type { Logger } from 'pino';
import { withContractCode } from './coded-errors.ts';
import { logErrors } from './error-log.ts';

/**
 * Formats one result of a stream of results (WebSocket or server-sent events). Its errors get codes and are logged,
 * as in a plain response. The `http` extension is removed, because it is only meant for Yoga.
 */
export function formatResult(result: ExecutionResult, log: Logger): object {
  if (result.errors === undefined) return result;
  const errors = result.errors.map(withContractCode);
  logErrors(log, errors);
  return { ...result, errors: errors.map(withoutHttp) };
}

function withoutHttp(error: GraphQLError): object {
  const extensions = Object.fromEntries(Object.entries(error.extensions).filter(([name]) => name !== 'http'));
  return { ...error.toJSON(), extensions };
}
