import type { Logger } from 'pino';
import { graphiqlPage, type ExampleIds } from '../adapters/graphiql/page.ts';
import { graphqlSocket, type GraphqlSocket } from '../adapters/graphql/websocket/socket.ts';
import { startHttpServer } from '../adapters/http/http-server.ts';
import type { CommonListenerOptions, Listener } from '../adapters/http/listener.ts';
import { handleWebhook } from '../adapters/http/webhook.ts';
import { startRestServer } from '../adapters/rest/server.ts';
import type { Config } from '../config/config.ts';
import { listensOnLoopback } from '../config/loopback.ts';
import { OperationCalls } from '../operations/operation-calls.ts';
import { waitUntilListening } from '../process/listening.ts';
import type { WiredGateway } from './wired-gateway.ts';

export interface ListenersOptions {
  readonly config: Config;
  readonly log: Logger;
  /** Ids for the example operations of GraphiQL. @default placeholders */
  readonly examples: ExampleIds | undefined;
}

export interface ListenerUrls {
  /** The URL of GraphQL, such as `http://127.0.0.1:4000/graphql`. */
  readonly url: string;
  /** The base URL of the REST routes, such as `http://127.0.0.1:8080`; undefined if REST is switched off. */
  readonly restUrl: string | undefined;
  /** The URL of MCP, such as `http://127.0.0.1:9090/mcp`; undefined if MCP is switched off. */
  readonly mcpUrl: string | undefined;
}

/** The listeners of a gateway: GraphQL over HTTP and WebSocket, REST and MCP. */
export class Listeners {
  readonly #gateway: WiredGateway;
  readonly #options: ListenersOptions;
  readonly #common: Omit<CommonListenerOptions, 'port'>;
  readonly #socket: GraphqlSocket;
  readonly #started: Listener[] = [];

  constructor(gateway: WiredGateway, options: ListenersOptions) {
    this.#gateway = gateway;
    this.#options = options;
    const { config, log } = options;
    const { host, auth, corsOrigins, keepAliveMs } = config;
    const { graphql, authenticator, persisted, connections, metrics, tracing } = gateway;
    const onRequest = metrics.recordRequest.bind(metrics);
    this.#common = {
      host,
      log,
      keepAliveMs,
      corsOrigins,
      ownHostOnly: auth.kind === 'none' && listensOnLoopback(host),
      tracing,
      connections,
      onRequest,
    };
    this.#socket = graphqlSocket({
      graphql,
      authenticator,
      persisted,
      corsOrigins,
      connections,
      log,
      onRequest,
    });
  }

  /**
   * Starts all listeners. If it throws, some of them may be listening: `close` closes them.
   * @throws ConfigError when a port or the host cannot be used
   */
  async start(): Promise<ListenerUrls> {
    const url = await this.#listen('PORT', this.#startGraphql());
    const { requireIdempotencyKey: requireKey, maskIban, maxUpstreamCalls } = this.#options.config;
    const { core, authenticator } = this.#gateway;
    const calls = new OperationCalls({ ...core, requireKey, maskIban, maxUpstreamCalls });
    const shared = { ...this.#common, calls, authenticator, requireKey };
    const { auth, restPort, mcpPort, mcpPublicUrl: publicUrl, mcpWrites: writes } = this.#options.config;
    const openApi = { requireKey, requiresToken: auth.kind === 'jwt' };
    const restUrl =
      restPort === undefined
        ? undefined
        : await this.#listen('REST_PORT', startRestServer({ ...shared, port: restPort, openApi }));
    const resource = auth.kind === 'jwt' ? { issuers: auth.issuers, publicUrl } : undefined;
    const mcpUrl =
      mcpPort === undefined
        ? undefined
        : await this.#listen(
            'MCP_PORT',
            // Imported dynamically, because the MCP SDK takes some 40 MiB of memory.
            import('../adapters/mcp/http.ts').then(({ startMcpServer }) =>
              startMcpServer({ ...shared, port: mcpPort, writes, resource }),
            ),
          );
    return {
      url: `${url}/graphql`,
      restUrl,
      mcpUrl: mcpUrl === undefined ? undefined : `${mcpUrl}/mcp`,
    };
  }

  /**
   * Ends the subscriptions, which would never end by themselves, and drains the listeners. All listen until the last
   * request in flight has ended, so that `/ready` and `/metrics` answer for as long as there is work.
   */
  async close(): Promise<void> {
    const drained = Promise.all(this.#started.map(listener => listener.drain()));
    // WebSockets come first. A subscription that ended before its connection would count as complete for the client.
    await this.#socket.close();
    await this.#gateway.updatePipeline?.endSubscriptions();
    await drained;
    await Promise.all(this.#started.map(listener => listener.close()));
  }

  #startGraphql(): Promise<Listener> {
    const { config, examples } = this.#options;
    const { endpoint, metrics, unhealthyReason, updatePipeline } = this.#gateway;
    return startHttpServer({
      ...this.#common,
      port: config.port,
      graphql: endpoint,
      graphiql: config.graphiql ? graphiqlPage(examples) : undefined,
      unhealthyReason,
      metrics,
      socket: this.#socket,
      webhook:
        updatePipeline &&
        (async context => {
          metrics.countWebhooks(await handleWebhook(context, updatePipeline.receiver));
        }),
    });
  }

  async #listen(variable: string, starting: Promise<Listener>): Promise<string> {
    const listener = await waitUntilListening(variable, starting);
    this.#started.push(listener);
    return listener.url;
  }
}
