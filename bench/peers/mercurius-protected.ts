import { costLimitRule } from '@escape.tech/graphql-armor-cost-limit';
import { maxAliasesRule } from '@escape.tech/graphql-armor-max-aliases';
import { fastifyJwt } from '@fastify/jwt';
import { fastifyRateLimit } from '@fastify/rate-limit';
import { mercuriusFederationPlugin } from '@mercuriusjs/federation';
import { fastify, LogController } from 'fastify';
import { Histogram, register } from 'prom-client';
import { api } from './mercurius-api.ts';
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
 * Mercurius on Fastify with Fastify's own plugins for tokens and rate limits, Mercurius' limit of the depth, the rules of
 * GraphQL Armor for aliases and cost, Fastify's log and prom-client, written according to their documentation.
 */

const seconds = new Histogram({
  name: 'http_request_duration_seconds',
  help: 'The duration of requests',
  labelNames: ['method', 'route', 'status'],
});

// Fastify logs two lines for each request. Our gateway logs one, so Fastify's are replaced by one.
const app = fastify({
  logger: true,
  logController: new LogController({ disableRequestLogging: true }),
});
app.get('/metrics', async (_request, reply) =>
  reply.type(register.contentType).send(await register.metrics()),
);

await app.register(async scope => {
  scope.addHook('onResponse', async (request, reply) => {
    const { method, url, user } = request;
    const { statusCode: status, elapsedTime } = reply;
    seconds.observe({ method, route: request.routeOptions.url ?? '', status }, elapsedTime / 1000);
    request.log.info(
      { method, path: url, status, durationMs: Math.round(elapsedTime), caller: user?.sub },
      'request',
    );
  });
  await scope.register(fastifyJwt, {
    secret: { public: await readPublicKey() },
    // With `cache` the signature of a token is verified once.
    verify: { algorithms: ['RS256'], allowedIss: issuer, allowedAud: audience, cache: true },
  });
  scope.addHook('onRequest', request => request.jwtVerify());
  await scope.register(fastifyRateLimit, {
    // The caller is known only after the token was verified.
    hook: 'preHandler',
    keyGenerator: request => request.user.sub,
    max: requestsPerMinute,
    timeWindow: '1 minute',
  });
  await scope.register(mercuriusFederationPlugin, {
    ...api,
    graphql: { parseOptions: { maxTokens } },
    queryDepth: maxDepth,
    // Mercurius caches documents that it has validated, so the rules run once for each document.
    validationRules: [maxAliasesRule({ n: maxAliases }), costLimitRule({ maxCost })],
  });
});
await app.listen({ port: 0, host: '127.0.0.1' });

declare module '@fastify/jwt' {
  interface FastifyJWT {
    payload: { readonly sub: string };
    user: { readonly sub: string };
  }
}
