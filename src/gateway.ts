import { pino, type Logger } from 'pino';
import { createGraphql, type GraphqlServer } from './adapters/graphql.ts';
import { graphiqlPage, type ExampleIds } from './adapters/graphiql/page.ts';
import { startHttpServer } from './adapters/http-server.ts';
import type { Config } from './config.ts';
import { createCore, type Core, type CoreOptions } from './core.ts';
import { StoreUnavailable } from './payouts/errors.ts';
import { PayoutHistories } from './payouts/history.ts';
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
  const server = await startHttpServer({
    host: config.host,
    port: config.port,
    graphql: gateway.graphql,
    graphiql: config.graphiql ? graphiqlPage(options.examples ?? placeholders) : undefined,
    trouble: () => client.trouble(),
    log,
  }).catch(async (error: unknown) => {
    await gateway.close();
    throw error;
  });
  outcomes.start();
  return {
    graphql: gateway.graphql,
    url: `${server.url}/graphql`,
    async close() {
      await server.drain();
      await gateway.close();
    },
  };
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
