import { blockFieldSuggestionsPlugin } from '@escape.tech/graphql-armor-block-field-suggestions';
import { useDisableIntrospection } from '@graphql-yoga/plugin-disable-introspection';
import type { GraphQLSchema } from 'graphql';
import { createYoga, type Plugin, type YogaInitialContext, type YogaServerInstance } from 'graphql-yoga';
import type { Logger } from 'pino';
import { Loaders } from '../loaders/loaders.ts';
import type { PayoutCreation } from '../payouts/create.ts';
import type { PayoutHistories } from '../payouts/history.ts';
import type { PayoutLists } from '../payouts/payout-list.ts';
import type { PayoutReads } from '../payouts/payout-reads.ts';
import type { GraphContext } from '../schema/context.ts';
import { maskError, useCodedErrors, type RequestContext } from './coded-errors.ts';
import { useExactRequests } from './exact-request.ts';
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

export type GraphqlServer = YogaServerInstance<RequestContext, GraphContext>;

/** Nobody is authenticated, so all callers are one. */
const anybody = '';

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
      caller: anybody,
      signal: request.signal,
    }),
    plugins: [
      useExactRequests(),
      useOnePaymentRule(),
      useCodedErrors(options.log),
      ...(introspection ? [] : [useDisableIntrospection(), blockFieldSuggestionsPlugin({ mask: '' })]),
    ],
    maskedErrors: { maskError: (error, message) => maskError(error, message, introspection) },
    maxRequestBodySize: maxBodyBytes,
    multipart: false,
    batching: false,
    cors: false,
    graphiql: false,
    landingPage: false,
    logging: false,
  });
}

function useOnePaymentRule(): Plugin {
  return {
    onValidate({ addValidationRule }) {
      addValidationRule(onePaymentRule);
    },
  };
}
