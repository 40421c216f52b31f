import { pino, type Logger } from 'pino';
import { createGraphql, type GraphqlServer } from './adapters/graphql.ts';
import { graphiqlPage, type ExampleIds } from './adapters/graphiql/page.ts';
import { startHttpServer } from './adapters/http-server.ts';
import type { Config } from './config.ts';
import type { LeanClient, UpstreamCall } from './lean/client.ts';
import { connectLean } from './lean/connect.ts';
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
  const lean = connectLean(config.lean, {
    onCall: call => {
      log.debug(call, 'lean');
      options.onUpstreamCall?.(call);
    },
    onCertificateReplaced: () => {
      log.info('the client certificate for Lean has been replaced');
    },
    onCertificateProblem: ({ file, message }) => {
      log.warn(
        { file, problem: message },
        'the changed client certificate cannot be used; the former one stays',
      );
    },
  });
  const { client } = lean;
  const creation = new PayoutCreation(client, ({ idempotencyKey, error }) => {
    log.warn(
      { idempotencyKey, code: error?.code, lean: error?.details },
      'the outcome of a payout is unknown: the same key must be sent again',
    );
  });
  const graphql = createGraphql({
    schema,
    reads: new PayoutReads(client),
    lists: new PayoutLists(client),
    histories: new PayoutHistories(client, config.lean.historyKey),
    creation,
    introspection: config.introspection,
    log,
  });
  return {
    graphql,
    client,
    async close() {
      await creation.settled();
      await lean.close();
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
  // Has the access token fetched before the first caller waits for it.
  gateway.client.trouble();
  const server = await startHttpServer({
    host: config.host,
    port: config.port,
    graphql: gateway.graphql,
    graphiql: config.graphiql ? graphiqlPage(options.examples ?? placeholders) : undefined,
    trouble: () => gateway.client.trouble(),
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
