import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Logger } from 'pino';
import { errorForCaller, failureBehind } from '../../schema/errors.ts';
import { tooLarge } from '../http/body.ts';
import { maxBodyBytes } from './exact-request.ts';
import type { RequestContext } from './request-context.ts';
import { namingArgument, shortened } from './input-errors.ts';

/** Only failures that have a name reach the caller; anything else is a bug and says nothing. */
export function maskError(error: unknown, message: string): GraphQLError {
  const failure = failureBehind(error);
  if (error instanceof GraphQLError) {
    if (failure instanceof GraphQLError) return error;
    const { nodes, source, positions, path } = error;
    const known = errorForCaller(failure);
    return new GraphQLError(known?.message ?? message, {
      ...(nodes !== undefined && { nodes }),
      ...(source !== undefined && { source }),
      ...(positions !== undefined && { positions }),
      ...(path !== undefined && { path }),
      // Kept for the log, which sees the error after this; it is not part of what is sent.
      originalError: failure instanceof Error ? failure : new Error(String(failure)),
      extensions: known?.extensions ?? { code: 'INTERNAL_SERVER_ERROR' },
    });
  }
  return new GraphQLError(message, {
    extensions: { code: 'INTERNAL_SERVER_ERROR', http: { status: 500 } },
    ...(failure instanceof Error && { originalError: failure }),
  });
}

/** Errors that a request is told of, when nothing was executed: what is wrong everywhere need not be said everywhere. */
export const mostErrors = 10;

/** Every error carries a code of the contract, and every kind of failure leaves one line in the log of its request. */
export function useCodedErrors(log: Logger): Plugin {
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
            result.slice(0, mostErrors).map(error => {
              const named = namingArgument(error, params.documentAST);
              const { code = 'GRAPHQL_VALIDATION_FAILED' } = named.extensions;
              return withCode(named, String(code));
            }),
          );
      };
    },
    onResultProcess({ result, setResult, serverContext }) {
      if (Array.isArray(result) || Symbol.asyncIterator in result || result.errors === undefined) return;
      // Without `data` nothing was executed, which callers of application/graphql-response+json are told by a 4xx.
      const executed = 'data' in result;
      const errors = executed
        ? result.errors.map(coded)
        : result.errors.slice(0, mostErrors).map(coded).map(asRequestError);
      setResult({ ...result, errors });
      const request = serverContext as Partial<RequestContext> | undefined;
      logErrors(request?.log ?? log, errors);
    },
  };
}

/** Codes of Yoga's own, for requests that are not GraphQL over HTTP, or that name no operation to run. */
const yogaCodes: ReadonlySet<unknown> = new Set([
  'BAD_REQUEST',
  'REQUEST_ENTITY_TOO_LARGE',
  'OPERATION_RESOLUTION_FAILURE',
  undefined,
]);

/** With a code of the contract. */
export function coded(error: GraphQLError): GraphQLError {
  const { code } = error.extensions;
  if (!yogaCodes.has(code)) return error;
  // Yoga's message does not say how large a body may be.
  const { extensions } = error;
  const told =
    code === 'REQUEST_ENTITY_TOO_LARGE' ? new GraphQLError(tooLarge(maxBodyBytes), { extensions }) : error;
  return withCode(told, 'BAD_USER_INPUT');
}

function asRequestError(error: GraphQLError): GraphQLError {
  return 'http' in error.extensions || error.extensions['code'] === 'INTERNAL_SERVER_ERROR'
    ? error
    : withExtensions(error, { http: { spec: true, status: 400 } });
}

function withCode(error: GraphQLError, code: string): GraphQLError {
  return withExtensions(error, { code });
}

function withExtensions(error: GraphQLError, extensions: Record<string, unknown>): GraphQLError {
  const { nodes, source, positions, path } = error;
  return new GraphQLError(shortened(error.message), {
    ...(nodes !== undefined && { nodes }),
    ...(source !== undefined && { source }),
    ...(positions !== undefined && { positions }),
    ...(path !== undefined && { path }),
    extensions: { ...error.extensions, ...extensions },
  });
}

/**
 * Failures of Lean's are one readable line for each kind, however many fields they cost; bugs come with their stack.
 * What callers got wrong is their business.
 */
export function logErrors(log: Logger, errors: readonly GraphQLError[]): void {
  // Reads that were given up because their caller had gone are no failures, and nobody is there to be told.
  const failures = errors.filter(({ originalError }) => !isHangUp(originalError));
  const kinds = Map.groupBy(failures, error => `${codeOf(error)} ${error.message}`);
  for (const [first, ...more] of kinds.values()) {
    if (first === undefined) continue;
    const code = codeOf(first);
    const where = { code, path: first.path?.join('.'), fields: more.length + 1 };
    if (code === 'INTERNAL_SERVER_ERROR')
      for (const error of [first, ...more])
        log.error({ ...where, err: error.originalError ?? error }, 'unexpected error');
    else if (code.startsWith('LEAN_'))
      log.warn(
        { ...where, lean: first.extensions['lean'], cause: causeOf(first.originalError) },
        first.message,
      );
    else if (code === 'PAYOUT_STORE_UNAVAILABLE')
      log.error({ ...where, cause: causeOf(first.originalError) }, first.message);
  }
}

/** A caller who left, before or after the whole request was in. */
function isHangUp(error: Error | undefined | null): boolean {
  return (
    error?.name === 'AbortError' ||
    (error?.message === 'aborted' && 'code' in error && error.code === 'ECONNRESET')
  );
}

function codeOf(error: GraphQLError): string {
  return String(error.extensions['code']);
}

/** What the network said, such as `ECONNREFUSED`. */
function causeOf(error: Error | undefined | null): string | undefined {
  const cause = error?.cause;
  if (!(cause instanceof Error)) return undefined;
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name;
}
