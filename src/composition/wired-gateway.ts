import type { Authenticator } from '../access/authenticator.ts';
import type { GraphqlEndpoint } from '../adapters/graphql/endpoint.ts';
import type { GraphqlServer } from '../adapters/graphql/graphql-server.ts';
import type { PersistedOperations } from '../adapters/graphql/request/persisted-operations.ts';
import { createGraphql } from '../adapters/graphql/server.ts';
import { Subscriptions } from '../adapters/graphql/subscriptions/subscriptions.ts';
import { Connections } from '../adapters/http/connections.ts';
import { Metrics } from '../adapters/observability/metrics.ts';
import { countLeanCall } from '../adapters/observability/request-report.ts';
import { Tracing } from '../adapters/observability/tracing.ts';
import type { Config } from '../config/config.ts';
import { StoreUnavailable } from '../errors/gateway-errors.ts';
import { PayoutHistories } from '../payouts/history.ts';
import { schema } from '../schema/index.ts';
import type { UpdatePipeline } from '../webhooks/update-pipeline.ts';
import { createAccess, type Access } from './access.ts';
import { createCore, type Core, type CoreOptions } from './core.ts';
import { createUpdatePipeline, createUpdates } from './live-updates.ts';
import { createLog } from './log.ts';
import { loadPersistedOperations } from './persisted-operations.ts';

export interface Gateway {
  /** Answers GraphQL requests that arrive in another way than through the gateway's listeners. */
  readonly graphql: GraphqlServer;
  /** Waits until the payouts in flight are created, then closes the connections to Lean and to the store. */
  close(): Promise<void>;
}

export type GatewayOptions = Partial<Pick<CoreOptions, 'log' | 'onUpstreamCall'>> & {
  /** Whether traces are exported. @default false */
  readonly traces?: boolean;
  /** The interval between two backfills of missed webhooks, in ms. @default 3 min */
  readonly backfillIntervalMs?: number;
  /**
   * The number of requests after which a document becomes a hot operation, which the fast path answers without Yoga.
   * Infinity switches the fast path off. @default 10
   */
  readonly hotAfter?: number;
};

/** A gateway whose parts are connected, and which has no listeners yet. */
export interface WiredGateway extends Gateway {
  readonly endpoint: GraphqlEndpoint;
  readonly core: Core;
  readonly authenticator: Authenticator;
  readonly metrics: Metrics;
  readonly connections: Connections;
  /** Undefined if Lean's webhooks are not configured. */
  readonly updatePipeline: UpdatePipeline | undefined;
  readonly persisted: PersistedOperations | undefined;
  readonly tracing: Tracing | undefined;
  readonly access: Access;
  /** Why requests cannot be served, as far as the gateway knows without calling anybody; undefined if they can. */
  unhealthyReason(): string | undefined;
}

/**
 * Connects the parts of the gateway. It opens no port and sends no request.
 * @throws ConfigError when the store or the manifest of persisted operations cannot be used
 */
export function createGateway(config: Config, options: GatewayOptions = {}): WiredGateway {
  const log = options.log ?? createLog(config);
  const persisted = loadPersistedOperations(config);
  const tracing =
    options.traces === true ? new Tracing({ propagateToLean: config.traceContextToLean }) : undefined;
  const core = createCore(config, {
    log,
    ...(tracing !== undefined && { trace: attempt => tracing.traceAttempt(attempt) }),
    onUpstreamCall: call => {
      metrics.recordUpstreamCall(call);
      countLeanCall();
      options.onUpstreamCall?.(call);
    },
    onPayouts: (state, count) => {
      metrics.countPayouts(state, count);
    },
    onSecondPayment: () => {
      metrics.countSecondPayment();
    },
    onFinding: finding => {
      metrics.countFinding(finding);
    },
    onCreated: intentIds => {
      for (const intentId of intentIds) core.details.drop(intentId);
      updatePipeline?.followNewPayouts();
    },
  });
  const access = createAccess(config, core, log);
  const { authenticator } = access;
  const unhealthyReason = (): string | undefined => {
    // Monitoring asks regularly, so a gateway without other traffic finds out that Lean is back.
    core.client.warmUp();
    return access.unhealthyReason() ?? core.client.unhealthyReason() ?? core.storeProblem();
  };
  const histories = new PayoutHistories(core.client, config.lean.historyKey);
  const { reads, rows, rowCache, details, recorded } = core;
  const sources = { reads, histories, rows, rowCache, details, recorded };
  const { backfillIntervalMs } = options;
  const updatePipeline = createUpdatePipeline(config, {
    core,
    histories,
    metrics: () => metrics,
    log,
    backfillIntervalMs,
  });
  const subscriptions = new Subscriptions();
  const connections = new Connections(reason => {
    metrics.countConnectionEnd(reason);
  });
  const metrics = new Metrics({
    load: () => core.client.load,
    detailCache: () => core.details.statistics,
    ready: () => unhealthyReason() === undefined,
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
    updates: createUpdates(updatePipeline, core, {
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
    updatePipeline,
    persisted,
    tracing,
    access,
    unhealthyReason,
    async close() {
      access.stop();
      await updatePipeline?.stop();
      await core.close();
    },
  };
}
