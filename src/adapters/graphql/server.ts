import { blockFieldSuggestionsPlugin } from '@escape.tech/graphql-armor-block-field-suggestions';
import {
  assertValidSchema,
  NoSchemaIntrospectionCustomRule,
  type ExecutionArgs,
  type GraphQLSchema,
  type ValidationRule,
} from 'graphql';
import { createYoga, type Plugin, type YogaInitialContext } from 'graphql-yoga';
import type { Logger } from 'pino';
import type { AuthContext, Authenticator } from '../../access/authenticator.ts';
import { CallBudget } from '../../lean/call-budget.ts';
import type { CancellationSignal } from '../../lean/cancellation.ts';
import { Loaders, type PayoutSources, type TraceLoad } from '../../loaders/loaders.ts';
import { PayoutLookup } from '../../loaders/payout-lookup.ts';
import type { PayoutCreation } from '../../payouts/creation/payout-creation.ts';
import { masksFor } from '../../access/masking.ts';
import type { PayoutLists } from '../../payouts/listing/payout-list.ts';
import type { GraphContext, Updates } from '../../schema/context.ts';
import type { Tracing } from '../observability/tracing.ts';
import { authContextOf, useAuthentication } from './authentication.ts';
import { maskError, useCodedErrors } from './coded-errors.ts';
import { GraphqlEndpoint } from './endpoint.ts';
import { documentCaches } from './document-cache.ts';
import { useEventStream } from './event-stream.ts';
import { maxBodyBytes, useExactRequests } from './exact-request.ts';
import { onePaymentRule } from './one-payment-rule.ts';
import { preExecutionChecks, usePreExecutionChecks } from './pre-execution-checks.ts';
import { useOperationLimits } from './operation-limits.ts';
import { useOutcome } from './operation-report.ts';
import { usePersistedOperations, type PersistedOperations } from './persisted-operations.ts';
import type { RequestContext } from './request-context.ts';
import { useSubscribedRequests } from './subscribed-request.ts';
import type { Subscriptions } from './subscriptions.ts';
import { variableNamesRule } from './variable-names-rule.ts';
import { tracedExecution } from './traced-execution.ts';
import type { GraphqlServer } from './graphql-server.ts';

export interface GraphqlOptions {
  readonly schema: GraphQLSchema;
  readonly lists: PayoutLists;
  readonly sources: PayoutSources;
  readonly creation: PayoutCreation;
  readonly updates: Updates;
  readonly subscriptions: Subscriptions;
  /** Lets callers in. */
  readonly authenticator: Authenticator;
  readonly introspection: boolean;
  /** None without it. */
  readonly persisted?: PersistedOperations | undefined;
  /** Lean calls that one operation may cost at worst. */
  readonly maxUpstreamCalls: number;
  /** Whether account numbers and IBANs are masked for callers without the scope to see them. */
  readonly maskIban: boolean;
  /** Undefined where no traces are exported. */
  readonly tracing?: Tracing | undefined;
  /** For requests that bring no log of their own. */
  readonly log: Logger;
  /** How often a document is asked for before it is known. @default 10 */
  readonly hotAfter?: number | undefined;
}

/** GraphQL, served at an endpoint, and to whoever brings a connection of another kind. */
export interface Graphql {
  readonly endpoint: GraphqlEndpoint;
  readonly yoga: GraphqlServer;
}

/** GraphQL over HTTP at `/graphql`: queries by GET and POST, mutations by POST. Nothing is open that need not be. */
export function createGraphql(options: GraphqlOptions): Graphql {
  const {
    schema,
    authenticator,
    introspection,
    persisted,
    maxUpstreamCalls,
    tracing,
    hotAfter = 10,
  } = options;
  // Without this, the first request would validate the schema and wait for it.
  assertValidSchema(schema);
  const gate = preExecutionChecks({
    maxUpstreamCalls,
    manifest: persisted?.documents,
    suggestions: introspection,
  });
  const contextFor = contexts(options);
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
      useValidationRules(
        onePaymentRule,
        variableNamesRule,
        ...(introspection ? [] : [NoSchemaIntrospectionCustomRule]),
      ),
      usePreExecutionChecks(gate),
      useSubscribedRequests(options.subscriptions),
      useEventStream(options.log),
      useCodedErrors(options.log),
      useOutcome(),
      ...(tracing === undefined ? [] : [useTracedExecution(tracing)]),
      useExecuted(),
      ...(introspection ? [] : [blockFieldSuggestionsPlugin({ mask: '' })]),
    ],
    parserAndValidationCache: documentCaches(),
    extraParamNames: ['documentId'],
    maskedErrors: { maskError },
    maxRequestBodySize: maxBodyBytes,
    multipart: false,
    batching: false,
    cors: false,
    graphiql: false,
    landingPage: false,
    logging: false,
  });
  const endpoint = new GraphqlEndpoint({
    yoga,
    schema,
    authenticator,
    gate,
    persisted,
    tracing,
    contextFor,
    hotAfter,
  });
  return { endpoint, yoga };
}

/** Makes what resolvers may use, afresh for each request. */
function contexts(
  options: GraphqlOptions,
): (admission: AuthContext, signal: CancellationSignal) => GraphContext {
  const { sources, lists, creation, updates, maskIban, maxUpstreamCalls, tracing } = options;
  const traceLoad: TraceLoad | undefined = tracing && ((...load) => tracing.work(...load));
  return ({ caller }, signal) => {
    const budget = new CallBudget(maxUpstreamCalls);
    // Taken before any read, so that nothing in the answer is older than this cursor.
    const updatesCursor = updates.standing();
    return {
      payouts: new PayoutLookup(new Loaders(sources, { signal, budget }, traceLoad)),
      budget,
      updates,
      updatesCursor,
      lists,
      creation,
      caller,
      masksAccounts: masksFor(caller, maskIban),
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

/** Tells of what has been executed before: nothing is executed twice. */
function useExecuted(): Plugin<RequestContext> {
  return {
    onExecute({ args, setExecuteFn }) {
      const { executed } = args.contextValue as RequestContext;
      if (executed !== undefined) setExecuteFn(executed);
    },
  };
}

/** Holds documents to more than the specification does, whatever kind of connection they come by. */
function useValidationRules(...rules: readonly ValidationRule[]): Plugin {
  return {
    onValidate({ addValidationRule }) {
      for (const rule of rules) addValidationRule(rule);
    },
  };
}
