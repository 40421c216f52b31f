import { createServer } from 'node:http';
import { EnvelopArmorPlugin } from '@escape.tech/graphql-armor';
import { createInlineSigningKeyProvider, useJWT } from '@graphql-yoga/plugin-jwt';
import { usePrometheus } from '@graphql-yoga/plugin-prometheus';
import { createGraphQLError, createYoga, type Plugin } from 'graphql-yoga';
import { pino } from 'pino';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { createLoaders } from './loaders.ts';
import { schema } from './pothos-schema.ts';
import {
  audience,
  issuer,
  maxAliases,
  maxCost,
  maxDepth,
  maxTokens,
  readPublicKey,
  requestsPerMinute,
} from './protection.ts';

/*
 * Peer E with Yoga's own plugins for tokens and Prometheus, GraphQL Armor for the limits of a document, and pino, written
 * according to their documentation.
 */

interface Context {
  readonly jwt?: { readonly payload: { readonly sub?: string } };
}

/**
 * Yoga's documentation names `@envelop/rate-limiter`. It limits fields and not requests, so it visits the whole document
 * for each request, and it keeps the time of each request. rate-limiter-flexible, which our gateway uses too, costs less.
 */
function useRateLimit(): Plugin<Context> {
  const limiter = new RateLimiterMemory({ points: requestsPerMinute, duration: 60 });
  return {
    async onContextBuilding({ context }) {
      try {
        await limiter.consume(context.jwt?.payload.sub ?? '');
      } catch {
        throw createGraphQLError('Too many requests', { extensions: { http: { status: 429 } } });
      }
    },
  };
}

/** Logs a line for each request. */
function useRequestLog(): Plugin<object, Context> {
  const log = pino();
  const startTimes = new WeakMap<Request, number>();
  return {
    onRequest({ request }) {
      startTimes.set(request, performance.now());
    },
    onResponse({ request, response, serverContext }) {
      const startedAt = startTimes.get(request) ?? NaN;
      log.info(
        {
          method: request.method,
          path: new URL(request.url).pathname,
          status: response.status,
          durationMs: Math.round(performance.now() - startedAt),
          caller: serverContext.jwt?.payload.sub,
        },
        'request',
      );
    },
  };
}

const yoga = createYoga({
  schema,
  context: createLoaders,
  logging: false,
  plugins: [
    useRequestLog(),
    // One histogram, as in the other protected peer. By default the plugin also measures each phase of a request.
    usePrometheus({
      metrics: {
        graphql_yoga_http_duration: true,
        graphql_envelop_deprecated_field: false,
        graphql_envelop_request: false,
        graphql_envelop_request_duration: false,
        graphql_envelop_request_time_summary: false,
        graphql_envelop_phase_parse: false,
        graphql_envelop_phase_validate: false,
        graphql_envelop_phase_context: false,
        graphql_envelop_phase_execute: false,
        graphql_envelop_phase_subscribe: false,
        graphql_envelop_error_result: false,
        graphql_envelop_schema_change: false,
      },
    }),
    // The plugin has no cache, so the signature is verified for each request.
    useJWT({
      signingKeyProviders: [createInlineSigningKeyProvider(await readPublicKey())],
      tokenVerification: { algorithms: ['RS256'], issuer, audience },
    }),
    useRateLimit(),
    // Yoga caches the documents that it has validated, so the limits are checked once for each document.
    EnvelopArmorPlugin({
      maxTokens: { n: maxTokens },
      maxDepth: { n: maxDepth },
      maxAliases: { n: maxAliases },
      costLimit: { maxCost },
    }),
  ],
});
createServer(yoga).listen(0, '127.0.0.1');
