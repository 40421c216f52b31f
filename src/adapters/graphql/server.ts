import { blockFieldSuggestionsPlugin } from '@escape.tech/graphql-armor-block-field-suggestions';
import { assertValidSchema, type ExecutionArgs, type GraphQLSchema, type ValidationRule } from 'graphql';
import { createYoga, type Plugin, type YogaInitialContext } from 'graphql-yoga';
import type { Logger } from 'pino';
import type { Authenticator } from '../../access/authenticator.ts';
import { CallBudget } from '../../lean/call-budget.ts';
import { Loaders, type PayoutSources, type TraceLoad } from '../../loaders/loaders.ts';
import { PayoutLookup } from '../../loaders/payout-lookup.ts';
import type { PayoutCreation } from '../../payouts/creation/payout-creation.ts';
import { isMaskedFor } from '../../access/masking.ts';
import type { PayoutLists } from '../../payouts/listing/payout-list.ts';
import type { GraphContext, Updates } from '../../schema/context.ts';
import type { Tracing } from '../observability/tracing.ts';
import { authContextOf, useAuthentication } from './authentication.ts';
import { maskError, useCodedErrors } from './results/coded-errors.ts';
import { GraphqlEndpoint } from './endpoint.ts';
import { noDocumentCache, useDocumentCaches } from './documents/cached-documents.ts';
import { useEventStream } from './subscriptions/event-stream.ts';
import { maxRouterBodyBytes, useExactRequests } from './request/exact-request.ts';
import { FastPath, type FastPathOptions } from './fast-path/fast-path.ts';
import type { CallLimits } from './checks/operation-policy.ts';
import { preExecutionChecks, usePreExecutionChecks } from './checks/pre-execution-checks.ts';
import { useOperationLimits } from './documents/operation-limits.ts';
import { useOutcome } from './checks/operation-report.ts';
import { useOperationNames } from './request/operation-name.ts';
import { usePersistedOperations, type PersistedOperations } from './request/persisted-operations.ts';
import type { RequestContext } from './request-context.ts';
import { useSubscribedRequests } from './subscriptions/subscribed-request.ts';
import type { Subscriptions } from './subscriptions/subscriptions.ts';
import { validationRules } from './documents/validation-rules.ts';
import { tracedExecution } from './traced-execution.ts';
import type { GraphqlServer } from './graphql-server.ts';

export interface GraphqlOptions extends CallLimits {
  readonly schema: GraphQLSchema;
  readonly lists: PayoutLists;
  readonly sources: PayoutSources;
  readonly creation: PayoutCreation;
  readonly updates: Updates;
  readonly subscriptions: Subscriptions;
  readonly authenticator: Authenticator;
  readonly introspection: boolean;
  /** Undefined if the gateway has no persisted operations. */
  readonly persisted?: PersistedOperations | undefined;
  /** Whether account numbers and IBANs are masked for callers who lack the scope to see them. */
  readonly maskIban: boolean;
  /** Whether the subgraph's SDL has the directives of Apollo Federation that name the scopes of fields. */
  readonly authDirectives: boolean;
  /** Undefined if no traces are exported. */
  readonly tracing?: Tracing | undefined;
  /** The logger for requests without a logger of their own. */
  readonly log: Logger;
  /** The number of requests for an operation before it takes the fast path; Infinity for never. @default 10 */
  readonly hotAfter?: number | undefined;
}

/** The GraphQL server. */
export interface Graphql {
  /** Serves GraphQL over HTTP. */
  readonly endpoint: GraphqlEndpoint;
  /** Executes operations of other transports, such as WebSocket. */
  readonly yoga: GraphqlServer;
}

/**
 * Creates the GraphQL server for `/graphql`. It accepts queries by GET and POST, and mutations by POST only. Every
 * optional feature of Yoga is off.
 */
export function createGraphql(options: GraphqlOptions): Graphql {
  const {
    schema,
    authenticator,
    introspection,
    persisted,
    maxUpstreamCalls,
    routerMaxUpstreamCalls,
    tracing,
    hotAfter = 10,
  } = options;
  // Validates the schema now, so that the first request does not wait for it.
  assertValidSchema(schema);
  const checks = preExecutionChecks({
    maxUpstreamCalls,
    routerMaxUpstreamCalls,
    manifest: persisted?.documents,
    names: introspection,
  });
  const contextFor = contextFactory(options);
  const yoga = createYoga<RequestContext, GraphContext>({
    schema,
    graphqlEndpoint: '/graphql',
    context: ({ request, ...rest }: YogaInitialContext & RequestContext): GraphContext =>
      contextFor(authContextOf(rest), rest.signal ?? request.signal),
    plugins: [
      useAuthentication(authenticator),
      useExactRequests(),
      usePersistedOperations(persisted),
      useOperationLimits(introspection),
      useValidationRules(validationRules(introspection)),
      usePreExecutionChecks(checks),
      useSubscribedRequests(options.subscriptions),
      useEventStream(options.log),
      useCodedErrors(options.log, introspection),
      useOutcome(),
      ...(tracing === undefined ? [] : [useTracedExecution(tracing)]),
      useFastPathResult(),
      ...(introspection ? [] : [blockFieldSuggestionsPlugin({ mask: '' })]),
      useDocumentCaches(),
      useOperationNames(),
    ],
    parserAndValidationCache: {
      documentCache: noDocumentCache,
      errorCache: noDocumentCache,
      validationCache: true,
    },
    extraParamNames: ['documentId'],
    maskedErrors: { maskError },
    // Requests of other callers are limited further (`maxBodyBytesFor`).
    maxRequestBodySize: maxRouterBodyBytes,
    multipart: false,
    batching: false,
    cors: false,
    graphiql: false,
    landingPage: false,
    logging: false,
  });
  const fastPath = new FastPath({ yoga, schema, checks, persisted, tracing, contextFor, hotAfter });
  return { endpoint: new GraphqlEndpoint({ yoga, authenticator, fastPath }), yoga };
}

/** Makes a function that creates the resolvers' context for one request. */
function contextFactory(options: GraphqlOptions): FastPathOptions['contextFor'] {
  const { sources, lists, creation, updates, maskIban, authDirectives, tracing } = options;
  const traceLoad: TraceLoad | undefined = tracing && ((...load) => tracing.inSpan(...load));
  return ({ caller, isRouter }, signal) => {
    const budget = new CallBudget(isRouter ? options.routerMaxUpstreamCalls : options.maxUpstreamCalls);
    // Captured before any read, so that no data in the response is older than this cursor.
    const updatesCursor = updates.captureCursor();
    return {
      payouts: new PayoutLookup(new Loaders(sources, { signal, budget }, traceLoad)),
      budget,
      updates,
      updatesCursor,
      lists,
      creation,
      caller,
      masksAccounts: isMaskedFor(caller, maskIban),
      authDirectives,
      signal,
    };
  };
}

function useTracedExecution(tracing: Tracing): Plugin<RequestContext> {
  return {
    onExecute({ executeFn, setExecuteFn }) {
      setExecuteFn((args: ExecutionArgs) => tracedExecution(tracing, args, executeFn));
    },
  };
}

/** Returns the result of the fast path, if there is one, instead of executing the operation again. */
function useFastPathResult(): Plugin<RequestContext> {
  return {
    onExecute({ args, setExecuteFn }) {
      const { fastPathResult } = args.contextValue as RequestContext;
      if (fastPathResult !== undefined) setExecuteFn(fastPathResult);
    },
  };
}

/** Adds validation rules to those of the specification, for all transports. */
function useValidationRules(rules: readonly ValidationRule[]): Plugin {
  return {
    onValidate({ addValidationRule }) {
      for (const rule of rules) addValidationRule(rule);
    },
  };
}
