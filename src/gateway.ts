import { pino, type Logger } from 'pino';
import { createGraphql, type GraphqlServer } from './adapters/graphql.ts';
import { graphiqlPage, type ExampleIds } from './adapters/graphiql/page.ts';
import { startHttpServer } from './adapters/http-server.ts';
import type { Listener } from './adapters/listener.ts';
import { startMcpServer } from './adapters/mcp/http.ts';
import { startRestServer } from './adapters/rest.ts';
import type { Config } from './config.ts';
import { createCore, type Core, type CoreOptions } from './core.ts';
import { StoreUnavailable } from './payouts/errors.ts';
import { OperationCalls } from './payouts/operation-calls.ts';
import { PayoutHistories } from './payouts/history.ts';
import { listening } from './listening.ts';
import { schema } from './schema/index.ts';

export { parseConfig, ConfigError, type Config } from './config.ts';

export interface Gateway {
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

export type GatewayOptions = Partial<Pick<CoreOptions, 'log' | 'onUpstreamCall'>>;

/**
 * Wires the gateway; opens no port and calls nobody until it is asked something.
 * @throws ConfigError when the store cannot be used
 */
export function createGateway(
  config: Config,
  options: GatewayOptions = {},
): Gateway & { readonly core: Core } {
  const log = options.log ?? createLog(config);
  const core = createCore(config, { ...options, log });
  const graphql = createGraphql({
    schema,
    reads: core.reads,
    lists: core.lists,
    histories: new PayoutHistories(core.client, config.lean.historyKey),
    creation: core.creation,
    introspection: config.introspection,
    log,
  });
  return { graphql, core, close: () => core.close() };
}

/**
 * Wires the gateway, listens, and looks in the background for payouts whose outcome is unknown.
 * @throws ConfigError when the store cannot be used; one that cannot be reached may come back
 */
export async function startGateway(
  config: Config,
  options: GatewayOptions & { readonly examples?: ExampleIds } = {},
): Promise<RunningGateway> {
  const log = options.log ?? createLog(config);
  const gateway = createGateway(config, { ...options, log });
  const { client, outcomes } = gateway.core;
  try {
    await gateway.core.prepareStore();
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) {
      await gateway.close();
      throw error;
    }
  }
  // Has the access token fetched before the first caller waits for it.
  client.trouble();
  const { host } = config;
  const listeners: Listener[] = [];
  const listen = async (variable: string, starting: Promise<Listener>): Promise<string> => {
    const listener = await listening(variable, starting);
    listeners.push(listener);
    return listener.url;
  };
  const close = async (): Promise<void> => {
    await Promise.all(listeners.map(listener => listener.drain()));
    await gateway.close();
  };
  try {
    const url = await listen(
      'PORT',
      startHttpServer({
        host,
        port: config.port,
        graphql: gateway.graphql,
        graphiql: config.graphiql ? graphiqlPage(options.examples ?? placeholders) : undefined,
        trouble: () => client.trouble(),
        log,
      }),
    );
    const { restPort, mcpPort, requireIdempotencyKey: requireKey } = config;
    const calls = new OperationCalls({ ...gateway.core, requireKey });
    const restUrl =
      restPort === undefined
        ? undefined
        : await listen('REST_PORT', startRestServer({ host, port: restPort, calls, requireKey, log }));
    const mcpOptions = { host, calls, requireKey, writes: config.mcpWrites, log };
    const mcpUrl =
      mcpPort === undefined
        ? undefined
        : await listen('MCP_PORT', startMcpServer({ ...mcpOptions, port: mcpPort }));
    outcomes.start();
    return {
      graphql: gateway.graphql,
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

/** Where there is no sandbox to take ids from, GraphiQL's ready-made operations say what belongs there. */
const placeholders: ExampleIds = {
  payoutId: 'the id of a payout',
  accountId: 'the id of your source account',
  destinationId: 'the id of a destination',
  currency: 'AED',
};
