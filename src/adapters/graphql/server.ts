import { blockFieldSuggestionsPlugin } from '@escape.tech/graphql-armor-block-field-suggestions';
import { useDisableIntrospection } from '@graphql-yoga/plugin-disable-introspection';
import { getOperationAST, type ExecutionArgs, type GraphQLError, type GraphQLSchema } from 'graphql';
import { createYoga, type Plugin, type YogaInitialContext, type YogaServerInstance } from 'graphql-yoga';
import type { Logger } from 'pino';
import type { Door } from '../../access/door.ts';
import { Loaders, type TraceLoad } from '../../loaders/loaders.ts';
import type { PayoutCreation } from '../../payouts/create.ts';
import type { PayoutHistories } from '../../payouts/history.ts';
import { masksFor } from '../../payouts/masking.ts';
import type { PayoutLists } from '../../payouts/payout-list.ts';
import type { PayoutReads } from '../../payouts/payout-reads.ts';
import type { GraphContext, Updates } from '../../schema/context.ts';
import type { Tracing } from '../tracing.ts';
import { admitted, useDoor } from './admission.ts';
import { maskError, useCodedErrors, useFewVariableErrors } from './coded-errors.ts';
import { useEventStream } from './event-stream.ts';
import { useExactRequests } from './exact-request.ts';
import { onePaymentRule } from './one-payment-rule.ts';
import { useOperationLimits } from './operation-limits.ts';
import { useOperationPolicy } from './operation-policy.ts';
import { useOperationName, useOutcome } from './operation-report.ts';
import { usePersistedOperations, type PersistedOperations } from './persisted-operations.ts';
import type { RequestContext } from './request-context.ts';

export interface GraphqlOptions {
  readonly schema: GraphQLSchema;
  readonly reads: PayoutReads;
  readonly lists: PayoutLists;
  readonly histories: PayoutHistories;
  readonly creation: PayoutCreation;
  readonly updates: Updates;
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
}

export type GraphqlServer = YogaServerInstance<RequestContext, GraphContext>;

const maxBodyBytes = 64 * 1024;

/** GraphQL over HTTP at `/graphql`: queries by GET and POST, mutations by POST. Nothing is open that need not be. */
export function createGraphql(options: GraphqlOptions): GraphqlServer {
  const { reads, histories, lists, creation, introspection, persisted, maskIban, tracing } = options;
  const traceLoad: TraceLoad | undefined = tracing && ((...load) => tracing.work(...load));
  const mask = (error: unknown, message = 'Unexpected error.'): GraphQLError =>
    maskError(error, message, introspection);
  return createYoga<RequestContext, GraphContext>({
    schema: options.schema,
    graphqlEndpoint: '/graphql',
    context: ({ request, ...rest }: YogaInitialContext & RequestContext): GraphContext => {
      const { caller } = admitted(rest);
      const signal = rest.signal ?? request.signal;
      const freshLoaders = (): Loaders => new Loaders(reads, histories, { signal }, traceLoad);
      return {
        loaders: freshLoaders(),
        freshLoaders,
        updates: options.updates,
        lists,
        creation,
        caller,
        masksAccounts: masksFor(caller, maskIban),
        signal,
      };
    },
    plugins: [
      useDoor(options.door),
      useExactRequests(),
      usePersistedOperations(persisted),
      useOperationLimits(introspection),
      useOnePaymentRule(),
      useOperationName(persisted?.documents),
      useOperationPolicy(options.maxUpstreamCalls),
      useEventStream(options.log),
      useFewVariableErrors(mask),
      useCodedErrors(options.log),
      useOutcome(),
      ...(tracing === undefined ? [] : [useTracedExecution(tracing)]),
      ...(introspection ? [] : [useDisableIntrospection(), blockFieldSuggestionsPlugin({ mask: '' })]),
    ],
    extraParamNames: ['documentId'],
    maskedErrors: { maskError: mask },
    maxRequestBodySize: maxBodyBytes,
    multipart: false,
    batching: false,
    cors: false,
    graphiql: false,
    landingPage: false,
    logging: false,
  });
}

function useTracedExecution(tracing: Tracing): Plugin<RequestContext> {
  return {
    onExecute({ executeFn, setExecuteFn }) {
      setExecuteFn((args: ExecutionArgs) => {
        const operation = getOperationAST(args.document, args.operationName);
        const { name, operation: type = 'none' } = operation ?? {};
        const attributes = { 'graphql.operation.type': type, 'graphql.operation.name': name?.value ?? '' };
        return tracing.work(`graphql ${type}`, attributes, () => executeFn(args) as unknown);
      });
    },
  };
}

function useOnePaymentRule(): Plugin {
  return {
    onValidate({ addValidationRule }) {
      addValidationRule(onePaymentRule);
    },
  };
}
