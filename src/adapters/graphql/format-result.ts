import type { GraphQLError } from 'graphql';
import { type ExecutionResult } from 'graphql';
import type { Logger } from 'pino';
import { coded, logErrors } from './coded-errors.ts';

/**
 * A result that goes out on a connection that many go out on: its errors are coded and logged as those of a request
 * are, and less of what they say to the server alone.
 */
export function formatResult(result: ExecutionResult, log: Logger): object {
  if (result.errors === undefined) return result;
  const errors = result.errors.map(coded);
  logErrors(log, errors);
  return { ...result, errors: errors.map(withoutHttp) };
}

function withoutHttp(error: GraphQLError): object {
  const extensions = Object.fromEntries(Object.entries(error.extensions).filter(([name]) => name !== 'http'));
  return { ...error.toJSON(), extensions };
}
