import { pino, type Logger } from 'pino';
import { createGraphql, type GraphqlServer } from './adapters/graphql.ts';
import { graphiqlPage, type ExampleIds } from './adapters/graphiql/page.ts';
import { startHttpServer } from './adapters/http-server.ts';
import type { Config } from './config.ts';
import { clientCredentialsToken, readyToken, type AccessTokenSource } from './lean/access-token.ts';
import { LeanClient, type UpstreamCall } from './lean/client.ts';
import { createTransport } from './lean/transport.ts';
import { PayoutCreation } from './payouts/create.ts';
import { PayoutHistories } from './payouts/history.ts';
import { PayoutLists } from './payouts/payout-list.ts';
import { PayoutReads } from './payouts/payout-reads.ts';
import { schema } from './schema/index.ts';

export { parseConfig, ConfigError, type Config } from './config.ts';

export interface Gateway {
  readonly graphql: GraphqlServer;
  /** Lets a payout that is being created come to its end, then lets go of Lean. */
  close(): Promise<void>;
}

export interface RunningGateway extends Gateway {
  /** Address of GraphQL, such as `http://127.0.0.1:4000/graphql`. */
  readonly url: string;
}

export interface GatewayOptions {
  readonly log?: Logger;
  readonly onUpstreamCall?: (call: UpstreamCall) => void;
}

/** Wires the gateway; opens no port and calls nobody until it is asked something. */
export function createGateway(
  config: Config,
  options: GatewayOptions = {},
): Gateway & { readonly client: LeanClient } {
  const log = options.log ?? createLog(config);
  const { baseUrl, timeoutMs, maxConcurrency, historyKey } = config.lean;
  const transport = createTransport({ origin: baseUrl.origin, maxConcurrency });
  const { token, closeToken } = tokenSource(config);
  const client = new LeanClient({
    transport,
    token,
    basePath: baseUrl.pathname.replace(/\/+$/, ''),
    timeoutMs,
    onCall: call => {
      log.debug(call, 'lean');
      options.onUpstreamCall?.(call);
    },
  });
  const creation = new PayoutCreation(client);
  const graphql = createGraphql({
    schema,
    reads: new PayoutReads(client),
    lists: new PayoutLists(client),
    histories: new PayoutHistories(client, historyKey),
    creation,
    introspection: config.introspection,
    log,
  });
  return {
    graphql,
    client,
    async close() {
      await creation.settled();
      await Promise.all([transport.close(), closeToken()]);
    },
  };
}

/** Wires the gateway and listens. */
export async function startGateway(
  config: Config,
  options: GatewayOptions & { readonly examples?: ExampleIds } = {},
): Promise<RunningGateway> {
  const log = options.log ?? createLog(config);
  const gateway = createGateway(config, { ...options, log });
  const server = await startHttpServer({
    host: config.host,
    port: config.port,
    graphql: gateway.graphql,
    graphiql: config.graphiql ? graphiqlPage(options.examples ?? placeholders) : undefined,
    isReady: () => gateway.client.usable,
    log,
  });
  return {
    graphql: gateway.graphql,
    url: `${server.url}/graphql`,
    async close() {
      await server.drain();
      await gateway.close();
    },
  };
}

export function createLog(config: Config): Logger {
  return pino({ level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime });
}

/** Where there is no sandbox to take ids from, GraphiQL's ready-made operations say what belongs there. */
const placeholders: ExampleIds = {
  payoutId: 'the id of a payout',
  accountId: 'the id of your source account',
  destinationId: 'the id of a destination',
  currency: 'AED',
};

function tokenSource({ lean: { credentials } }: Config): {
  token: AccessTokenSource;
  closeToken: () => Promise<void>;
} {
  if ('token' in credentials)
    return { token: readyToken(credentials.token), closeToken: () => Promise.resolve() };
  const { tokenUrl, ...rest } = credentials;
  const transport = createTransport({ origin: tokenUrl.origin, maxConcurrency: 1 });
  return {
    token: clientCredentialsToken(transport, { ...rest, tokenPath: tokenUrl.pathname }),
    closeToken: () => transport.close(),
  };
}
