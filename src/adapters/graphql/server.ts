import { blockFieldSuggestionsPlugin } from '@escape.tech/graphql-armor-block-field-suggestions';
import {
  assertValidSchema,
  NoSchemaIntrospectionCustomRule,
  type ExecutionArgs,
  type GraphQLSchema,
  type ValidationRule,
} from 'graphql';
import { createYoga, type Plugin, type YogaInitialContext, type YogaServerInstance } from 'graphql-yoga';
import type { Logger } from 'pino';
import type { Admission, Door } from '../../access/door.ts';
import { CallBudget } from '../../lean/call-budget.ts';
import type { GiveUpSignal } from '../../lean/give-up.ts';
import { Loaders, type PayoutSources, type TraceLoad } from '../../loaders/loaders.ts';
import { PayoutLookup } from '../../loaders/payout-lookup.ts';
import type { PayoutCreation } from '../../payouts/creation/payout-creation.ts';
import { masksFor } from '../../payouts/masking.ts';
import type { PayoutLists } from '../../payouts/payout-list.ts';
import type { GraphContext, Updates } from '../../schema/context.ts';
import type { Tracing } from '../tracing.ts';
import { admitted, useDoor } from './admission.ts';
import { maskError, useCodedErrors } from './coded-errors.ts';
import { GraphqlEndpoint } from './endpoint.ts';
import { documentCaches } from './document-cache.ts';
import { useEventStream } from './event-stream.ts';
import { maxBodyBytes, useExactRequests } from './exact-request.ts';
import { onePaymentRule } from './one-payment-rule.ts';
import { operationGate, useOperationGate } from './operation-gate.ts';
import { useOperationLimits } from './operation-limits.ts';
import { useOutcome } from './operation-report.ts';
import { usePersistedOperations, type PersistedOperations } from './persisted-operations.ts';
import type { RequestContext } from './request-context.ts';
import { useSubscribedRequests } from './subscribed-request.ts';
import type { Subscriptions } from './subscriptions.ts';
import { variableNamesRule } from './variable-names-rule.ts';
import { tracedExecution } from './traced-execution.ts';

export interface GraphqlOptions {
  readonly schema: GraphQLSchema;
  readonly lists: PayoutLists;
  readonly sources: PayoutSources;
  readonly creation: PayoutCreation;
  readonly updates: Updates;
  readonly subscriptions: Subscriptions;
  /** Lets callers in. */
  readonly door: Door;
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
  readonly knownAfter?: number | undefined;
}

/** GraphQL, served at an endpoint, and to whoever brings a connection of another kind. */
export interface Graphql {
  readonly endpoint: GraphqlEndpoint;
  readonly yoga: GraphqlServer;
}

export type GraphqlServer = YogaServerInstance<RequestContext, GraphContext>;

/** GraphQL over HTTP at `/graphql`: queries by GET and POST, mutations by POST. Nothing is open that need not be. */
export function createGraphql(options: GraphqlOptions): Graphql {
  const { schema, door, introspection, persisted, maxUpstreamCalls, tracing, knownAfter = 10 } = options;
  // Without this, the first request would validate the schema and wait for it.
  assertValidSchema(schema);
  const gate = operationGate({
    maxUpstreamCalls,
    manifest: persisted?.documents,
    suggestions: introspection,
  });
  const contextFor = contexts(options);
  const yoga = createYoga<RequestContext, GraphContext>({
    schema,
    graphqlEndpoint: '/graphql',
    context: ({ request, ...rest }: YogaInitialContext & RequestContext): GraphContext =>
      contextFor(admitted(rest), rest.signal ?? request.signal),
    plugins: [
      useDoor(door),
      useExactRequests(),
      usePersistedOperations(persisted),
      useOperationLimits(introspection),
      useValidationRules(
        onePaymentRule,
        variableNamesRule,
        ...(introspection ? [] : [NoSchemaIntrospectionCustomRule]),
      ),
      useOperationGate(gate),
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
    door,
    gate,
    persisted,
    tracing,
    contextFor,
    knownAfter,
  });
  return { endpoint, yoga };
}

/** Makes what resolvers may use, afresh for each request. */
function contexts(options: GraphqlOptions): (admission: Admission, signal: GiveUpSignal) => GraphContext {
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
