import { blockFieldSuggestionsPlugin } from '@escape.tech/graphql-armor-block-field-suggestions';
import { useDisableIntrospection } from '@graphql-yoga/plugin-disable-introspection';
import { GraphQLError, type GraphQLSchema } from 'graphql';
import { createYoga, type Plugin, type YogaInitialContext, type YogaServerInstance } from 'graphql-yoga';
import type { Logger } from 'pino';
import { Loaders } from '../loaders/loaders.ts';
import type { PayoutCreation } from '../payouts/create.ts';
import type { PayoutHistories } from '../payouts/history.ts';
import type { PayoutLists } from '../payouts/payout-list.ts';
import type { PayoutReads } from '../payouts/payout-reads.ts';
import type { GraphContext } from '../schema/context.ts';
import { errorForCaller, failureBehind } from '../schema/errors.ts';
import { useExactRequests } from './exact-request.ts';
import { namingArgument, variableErrorExtensions } from './input-errors.ts';
import { onePaymentRule } from './one-payment-rule.ts';

export interface GraphqlOptions {
  readonly schema: GraphQLSchema;
  readonly reads: PayoutReads;
  readonly lists: PayoutLists;
  readonly histories: PayoutHistories;
  readonly creation: PayoutCreation;
  readonly introspection: boolean;
  /** For requests that bring no log of their own. */
  readonly log: Logger;
}

/** What the server knows of a request before GraphQL does. */
export interface RequestContext {
  /** Names the request in every line. */
  readonly log: Logger;
}

export type GraphqlServer = YogaServerInstance<RequestContext, GraphContext>;

const maxBodyBytes = 64 * 1024;

/** GraphQL over HTTP at `/graphql`: queries by GET and POST, mutations by POST. Nothing is open that need not be. */
export function createGraphql(options: GraphqlOptions): GraphqlServer {
  const { reads, histories, lists, creation, introspection } = options;
  return createYoga<RequestContext, GraphContext>({
    schema: options.schema,
    graphqlEndpoint: '/graphql',
    context: ({ request }: YogaInitialContext): GraphContext => ({
      loaders: new Loaders(reads, histories, { signal: request.signal }),
      lists,
      creation,
      signal: request.signal,
    }),
    plugins: [
      useExactRequests(),
      useOwnRules(),
      useCodedErrors(options.log),
      ...(introspection ? [] : [useDisableIntrospection(), blockFieldSuggestionsPlugin({ mask: '' })]),
    ],
    maskedErrors: { maskError: (error, message) => maskError(error, message) },
    maxRequestBodySize: maxBodyBytes,
    multipart: false,
    batching: false,
    cors: false,
    graphiql: false,
    landingPage: false,
    logging: false,
  });
}

/** Only failures that have a name reach the caller; anything else is a bug and says nothing. */
function maskError(error: unknown, message: string): GraphQLError {
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

function useOwnRules(): Plugin {
  return {
    onValidate({ addValidationRule, params }) {
      addValidationRule(onePaymentRule);
      return ({ result, setResult }) => {
        if (result.length > 0)
          setResult(
            result.map(error => {
              const named = namingArgument(error, params.documentAST);
              return named.extensions['code'] === undefined
                ? withCode(named, 'GRAPHQL_VALIDATION_FAILED')
                : named;
            }),
          );
      };
    },
    onParse:
      () =>
      ({ result, replaceParseResult }) => {
        if (result instanceof GraphQLError)
          replaceParseResult(withCode(result, 'GRAPHQL_PARSE_FAILED') as never);
      },
  };
}

/** Every error carries a code of the contract, and every failure leaves a line in the log. */
function useCodedErrors(log: Logger): Plugin {
  return {
    onResultProcess({ result, setResult, serverContext }) {
      if (Array.isArray(result) || Symbol.asyncIterator in result || result.errors === undefined) return;
      const errors = result.errors.map(coded);
      setResult({ ...result, errors });
      const request = serverContext as Partial<RequestContext> | undefined;
      for (const error of errors) logError(request?.log ?? log, error);
    },
  };
}

/** Codes of Yoga's own, for requests that are not GraphQL over HTTP. */
const yogaCodes: ReadonlySet<unknown> = new Set(['BAD_REQUEST', 'REQUEST_ENTITY_TOO_LARGE', undefined]);

function coded(error: GraphQLError): GraphQLError {
  const variable = variableErrorExtensions(error);
  if (variable !== undefined) return new GraphQLError(error.message, { extensions: variable });
  const { code } = error.extensions;
  return yogaCodes.has(code) ? withCode(error, 'BAD_USER_INPUT') : error;
}

function withCode(error: GraphQLError, code: string): GraphQLError {
  const { nodes, source, positions } = error;
  return new GraphQLError(error.message, {
    ...(nodes !== undefined && { nodes }),
    ...(source !== undefined && { source }),
    ...(positions !== undefined && { positions }),
    extensions: { ...error.extensions, code },
  });
}

/** Failures of Lean's are one readable line; bugs come with their stack. What callers got wrong is their business. */
function logError(log: Logger, error: GraphQLError): void {
  const code = String(error.extensions['code']);
  const path = error.path?.join('.');
  if (code === 'INTERNAL_SERVER_ERROR')
    log.error({ code, path, err: error.originalError ?? error }, 'unexpected error');
  else if (code.startsWith('LEAN_'))
    log.warn(
      { code, path, lean: error.extensions['lean'], cause: causeOf(error.originalError) },
      error.message,
    );
}

/** What the network said, such as `ECONNREFUSED`. */
function causeOf(error: Error | undefined | null): string | undefined {
  const cause = error?.cause;
  if (!(cause instanceof Error)) return undefined;
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name;
}
