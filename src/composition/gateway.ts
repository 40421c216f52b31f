import { pino, type Logger } from 'pino';
import type { Authenticator } from '../access/authenticator.ts';
import type { PersistedOperations } from '../adapters/graphql/persisted-operations.ts';
import { persistedFrom } from './persisted-operations.ts';
import type { GraphqlEndpoint } from '../adapters/graphql/endpoint.ts';
import { createGraphql } from '../adapters/graphql/server.ts';
import type { GraphqlServer } from '../adapters/graphql/graphql-server.ts';
import { graphqlSocket } from '../adapters/graphql/socket.ts';
import { Subscriptions } from '../adapters/graphql/subscriptions.ts';
import { graphiqlPage, type ExampleIds } from '../adapters/graphiql/page.ts';
import { Connections } from '../adapters/http/connections.ts';
import { startHttpServer } from '../adapters/http/http-server.ts';
import type { Listener } from '../adapters/http/listener.ts';
import { Metrics } from '../adapters/observability/metrics.ts';
import { countLeanCall } from '../adapters/observability/request-report.ts';
import { startRestServer } from '../adapters/rest/server.ts';
import { Tracing } from '../adapters/observability/tracing.ts';
import { answerWebhook } from '../adapters/http/webhook.ts';
import { accessFrom, type Access } from './access.ts';
import type { Config } from '../config/config.ts';
import { createCore, type Core, type CoreOptions } from './core.ts';
import { listening } from '../process/listening.ts';
import { StoreUnavailable } from '../errors/gateway-errors.ts';
import { OperationCalls } from '../operations/operation-calls.ts';
import { PayoutHistories } from '../payouts/history.ts';
import { schema } from '../schema/index.ts';
import { liveFrom, updatesOf } from './live-updates.ts';
import type { UpdatePipeline } from '../webhooks/update-pipeline.ts';

export { parseConfig, type Config } from '../config/config.ts';
export { ConfigError } from '../errors/config-error.ts';

export interface Gateway {
  /** What answers requests that come by no port of the gateway's. */
  readonly graphql: GraphqlServer;
  /** Lets a payout that is being created come to its end, then lets go of Lean and of the store. */
  close(): Promise<void>;
}

export interface RunningGateway extends Gateway {
  /** Address of GraphQL, such as `http://127.0.0.1:4000/graphql`. */
  readonly url: string;
  /** Root of the REST routes, such as `http://127.0.0.1:8080`; undefined where they are switched off. */
  readonly restUrl: string | undefined;
  /** Address of MCP, such as `http://127.0.0.1:9090/mcp`; undefined where it is switched off. */
  readonly mcpUrl: string | undefined;
}

export type GatewayOptions = Partial<Pick<CoreOptions, 'log' | 'onUpstreamCall'>> & {
  /** Whether traces are exported. @default false */
  readonly traces?: boolean;
  /** How often what was received is compared with what Lean has, in ms. @default 3 min */
  readonly compareEveryMs?: number;
  /** How often a document is asked for before it is known, and answered without Yoga; Infinity has none known. @default 10 */
  readonly hotAfter?: number;
};

interface Wired extends Gateway {
  readonly endpoint: GraphqlEndpoint;
  readonly core: Core;
  readonly authenticator: Authenticator;
  readonly metrics: Metrics;
  readonly connections: Connections;
  /** Undefined where Lean sends no webhooks. */
  readonly live: UpdatePipeline | undefined;
  readonly persisted: PersistedOperations | undefined;
  readonly tracing: Tracing | undefined;
  readonly callers: Access;
  /** What keeps requests from being served, as far as is known; undefined when nothing does. */
  trouble(): string | undefined;
}

/**
 * Wires the gateway; opens no port and calls nobody until it is asked something.
 * @throws ConfigError when the store or the manifest of operations cannot be used
 */
export function createGateway(config: Config, options: GatewayOptions = {}): Wired {
  const log = options.log ?? createLog(config);
  const persisted = persistedFrom(config);
  const tracing = options.traces === true ? new Tracing({ toLean: config.traceContextToLean }) : undefined;
  const core = createCore(config, {
    log,
    ...(tracing !== undefined && { trace: attempt => tracing.attempt(attempt) }),
    onUpstreamCall: call => {
      metrics.upstreamCall(call);
      countLeanCall();
      options.onUpstreamCall?.(call);
    },
    onPayouts: (end, count) => {
      metrics.payouts(end, count);
    },
    onSecondPayment: () => {
      metrics.secondPayment();
    },
    onFinding: finding => {
      metrics.finding(finding);
    },
    onCreated: intentIds => live?.follow(intentIds),
  });
  const callers = accessFrom(config, core, log);
  const { authenticator } = callers;
  const trouble = (): string | undefined => callers.unhealthyReason() ?? core.client.unhealthyReason();
  const histories = new PayoutHistories(core.client, config.lean.historyKey);
  const { reads, rows, knownRows, recorded } = core;
  const sources = { reads, histories, rows, knownRows, recorded };
  const { compareEveryMs } = options;
  const live = liveFrom(config, { core, histories, metrics: () => metrics, log, compareEveryMs });
  const subscriptions = new Subscriptions();
  const connections = new Connections(why => {
    metrics.connectionEnded(why);
  });
  const metrics = new Metrics({
    load: () => core.client.load,
    ready: () => trouble() === undefined,
    subscriptions: () => subscriptions.count,
    connections: () => connections,
    clocks: () => core.loop.clockDifferences,
    attention: () =>
      core.operator.attention().catch((error: unknown) => {
        if (error instanceof StoreUnavailable) return undefined;
        throw error;
      }),
  });
  const { yoga: graphql, endpoint } = createGraphql({
    ...config,
    hotAfter: config.fastPath ? options.hotAfter : Infinity,
    schema,
    sources,
    lists: core.lists,
    updates: updatesOf(live, core, {
      sources,
      subscriptions,
      maxUpstreamCalls: config.maxUpstreamCalls,
    }),
    subscriptions,
    creation: core.creation,
    authenticator,
    persisted,
    tracing,
    log,
  });
  return {
    graphql,
    endpoint,
    core,
    authenticator,
    metrics,
    connections,
    live,
    persisted,
    tracing,
    callers,
    trouble,
    async close() {
      callers.stop();
      await live?.stop();
      await core.close();
    },
  };
}

/**
 * Wires the gateway, listens, and looks in the background for payouts whose outcome is unknown.
 * @throws ConfigError when the store or the manifest of operations cannot be used; a store that cannot be reached, and
 *   keys of access tokens that cannot be had, may come
 */
export async function startGateway(
  config: Config,
  options: GatewayOptions & { readonly examples?: ExampleIds } = {},
): Promise<RunningGateway> {
  const log = options.log ?? createLog(config);
  const gateway = createGateway(config, { ...options, log });
  const { core, authenticator, live, metrics, connections, persisted, tracing, trouble } = gateway;
  try {
    await core.prepareStore();
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) {
      await gateway.close();
      throw error;
    }
  }
  await gateway.callers.start();
  // Has the access token fetched before the first caller waits for it.
  core.client.unhealthyReason();
  const { auth, corsOrigins, restPort, mcpPort, requireIdempotencyKey: requireKey } = config;
  const listeners: Listener[] = [];
  const listen = async (variable: string, starting: Promise<Listener>): Promise<string> => {
    const listener = await listening(variable, starting);
    listeners.push(listener);
    return listener.url;
  };
  const { graphql, endpoint } = gateway;
  const onRequest = metrics.request.bind(metrics);
  const socket = graphqlSocket({
    graphql,
    authenticator,
    persisted,
    corsOrigins,
    connections,
    log,
    onRequest,
  });
  const close = async (): Promise<void> => {
    // Who listens would listen for ever.
    await Promise.all([live?.endSubscriptions(), socket.close()]);
    await Promise.all(listeners.map(listener => listener.drain()));
    await gateway.close();
  };
  const basics = {
    host: config.host,
    log,
    corsOrigins,
    ownHostOnly: auth.kind === 'none' && /^(?:127\.|localhost$|::1$)/.test(config.host),
    tracing,
    connections,
    onRequest,
  };
  try {
    const graphiql = config.graphiql ? graphiqlPage(options.examples) : undefined;
    const url = await listen(
      'PORT',
      startHttpServer({
        ...basics,
        port: config.port,
        graphql: endpoint,
        graphiql,
        trouble,
        metrics,
        socket,
        webhook:
          live &&
          (async exchange => {
            metrics.webhooks(await answerWebhook(exchange, live.receiver));
          }),
      }),
    );
    const calls = new OperationCalls({
      ...core,
      requireKey,
      maskIban: config.maskIban,
      maxUpstreamCalls: config.maxUpstreamCalls,
    });
    const offered = { ...basics, calls, authenticator, requireKey };
    const restUrl =
      restPort === undefined
        ? undefined
        : await listen(
            'REST_PORT',
            startRestServer({
              ...offered,
              port: restPort,
              described: { requireKey, wantsToken: auth.kind === 'jwt' },
            }),
          );
    const resource =
      auth.kind === 'jwt' ? { issuer: auth.issuer, publicUrl: config.mcpPublicUrl } : undefined;
    const mcpUrl =
      mcpPort === undefined
        ? undefined
        : await listen(
            'MCP_PORT',
            // Some 40 MiB that are not taken where it is switched off.
            import('../adapters/mcp/http.ts').then(({ startMcpServer }) =>
              startMcpServer({ ...offered, port: mcpPort, writes: config.mcpWrites, resource }),
            ),
          );
    core.loop.start();
    await live?.start();
    return {
      graphql,
      url: `${url}/graphql`,
      restUrl,
      mcpUrl: mcpUrl === undefined ? undefined : `${mcpUrl}/mcp`,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

export function createLog(config: Pick<Config, 'logLevel'>): Logger {
  return pino({ level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime });
}
