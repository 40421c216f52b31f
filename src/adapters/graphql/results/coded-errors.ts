import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Logger } from 'pino';
import { errorForCaller, failureBehind } from '../../../schema/errors.ts';
import { bodyTooLargeMessage } from '../../http/body.ts';
import { maxRouterBodyBytes } from '../request/exact-request.ts';
import { logErrors } from './error-log.ts';
import type { RequestContext } from '../request-context.ts';
import { shorten, withArgumentPath } from '../checks/input-errors.ts';

/**
 * Yoga's mask for errors. A failure with a code of `errors/error-codes.ts` becomes an error with this code and the
 * failure's message. Any other failure is a bug. The caller gets only the given message and `INTERNAL_SERVER_ERROR`.
 */
export function maskError(error: unknown, message: string): GraphQLError {
  const failure = failureBehind(error);
  if (error instanceof GraphQLError) {
    if (failure instanceof GraphQLError) return error;
    const callerError = errorForCaller(failure);
    return withChanges(error, {
      message: callerError?.message ?? message,
      // For the log, which reads the error later. `toJSON` does not include it.
      originalError: failure instanceof Error ? failure : new Error(String(failure)),
      extensions: callerError?.extensions ?? { code: 'INTERNAL_SERVER_ERROR' },
    });
  }
  return new GraphQLError(message, {
    extensions: { code: 'INTERNAL_SERVER_ERROR', http: { status: 500 } },
    ...(failure instanceof Error && { originalError: failure }),
  });
}

/** The most errors in the response to a request that was not executed. */
export const maxErrors = 10;

/**
 * Gives every error a code of `errors/error-codes.ts`, and logs each kind of failure once for each request.
 * @param names whether messages may contain names from the schema that the caller did not send
 */
export function useCodedErrors(log: Logger, names: boolean): Plugin {
  return {
    onParse:
      () =>
      ({ result, replaceParseResult }) => {
        const error =
          result instanceof RangeError ? new GraphQLError('The document is nested too deeply.') : result;
        if (error instanceof GraphQLError && error.extensions['code'] === undefined)
          replaceParseResult(withCode(error, 'GRAPHQL_PARSE_FAILED') as never);
      },
    onValidate({ params }) {
      return ({ result, setResult }) => {
        if (result.length > 0)
          setResult(
            result.slice(0, maxErrors).map(error => {
              const withPath = withArgumentPath(error, {
                document: params.documentAST,
                schema: params.schema,
                names,
              });
              const { code = 'GRAPHQL_VALIDATION_FAILED' } = withPath.extensions;
              return withCode(withPath, String(code));
            }),
          );
      };
    },
    onResultProcess({ result, setResult, serverContext }) {
      if (Array.isArray(result) || Symbol.asyncIterator in result || result.errors === undefined) return;
      // A result without `data` was not executed: application/graphql-response+json requires the status 4xx for it.
      const errors =
        'data' in result
          ? result.errors.map(withContractCode)
          : result.errors.slice(0, maxErrors).map(withContractCode).map(asRequestError);
      setResult({ ...result, errors });
      const request = serverContext as Partial<RequestContext> | undefined;
      logErrors(request?.log ?? log, errors);
    },
  };
}

/** Codes that Yoga sets for malformed requests and unknown operation names. They are not in `errors/error-codes.ts`. */
const yogaCodes: ReadonlySet<unknown> = new Set([
  'BAD_REQUEST',
  'REQUEST_ENTITY_TOO_LARGE',
  'OPERATION_RESOLUTION_FAILURE',
  undefined,
]);

/** Replaces Yoga's own code, or a missing one, by a code of `errors/error-codes.ts`. */
export function withContractCode(error: GraphQLError): GraphQLError {
  const { code } = error.extensions;
  if (!yogaCodes.has(code)) return error;
  const { extensions } = error;
  // Yoga's message does not include the limit. Yoga has only the limit of the router.
  const described =
    code === 'REQUEST_ENTITY_TOO_LARGE'
      ? new GraphQLError(bodyTooLargeMessage(maxRouterBodyBytes), { extensions })
      : error;
  return withCode(described, 'BAD_USER_INPUT');
}

/** Sets the status 400, unless the error has another status or is a bug. */
function asRequestError(error: GraphQLError): GraphQLError {
  return 'http' in error.extensions || error.extensions['code'] === 'INTERNAL_SERVER_ERROR'
    ? error
    : withExtensions(error, { http: { spec: true, status: 400 } });
}

function withCode(error: GraphQLError, code: string): GraphQLError {
  return withExtensions(error, { code });
}

function withExtensions(error: GraphQLError, extensions: Record<string, unknown>): GraphQLError {
  return withChanges(error, {
    message: shorten(error.message),
    extensions: { ...error.extensions, ...extensions },
  });
}

interface Changes {
  readonly message: string;
  readonly extensions: Record<string, unknown>;
  readonly originalError?: Error;
}

/** A copy of an error with the same path and locations. */
function withChanges(error: GraphQLError, { message, ...changes }: Changes): GraphQLError {
  const { nodes, source, positions, path } = error;
  return new GraphQLError(message, {
    ...(nodes !== undefined && { nodes }),
    ...(source !== undefined && { source }),
    ...(positions !== undefined && { positions }),
    ...(path !== undefined && { path }),
    ...changes,
  });
}
