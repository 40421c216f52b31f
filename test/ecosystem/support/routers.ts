import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ApolloGateway, RemoteGraphQLDataSource } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { createGatewayRuntime } from '@graphql-hive/gateway-runtime';
import { unifiedGraphHandler } from '@graphql-hive/router-runtime';
import { startCommand } from '../../support/command-line.ts';
import { freePort } from '../../support/free-port.ts';
import { startServer } from '../../support/started-server.ts';
import { composeSupergraph, type ComposedSubgraph } from './composers.ts';

export interface RouterOptions {
  /** The secret that the router sends in `x-router-secret`. */
  readonly secret?: string;
  /** The time after which the router gives up a request to a subgraph, in ms. */
  readonly timeoutMs?: number;
  /** How often the router repeats a failed request to a subgraph. Only Hive Gateway repeats mutations. */
  readonly retries?: number;
}

export interface Router {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts a router on a free port, which forwards `authorization` to all subgraphs. */
export type StartRouter = (
  subgraphs: readonly ComposedSubgraph[],
  options?: RouterOptions,
) => Promise<Router>;

const defaultTimeoutMs = 20_000;

const startHive =
  (planner: 'JavaScript' | 'Rust'): StartRouter =>
  async (subgraphs, { secret, timeoutMs = defaultTimeoutMs, retries = 0 } = {}) => {
    const runtime = createGatewayRuntime({
      supergraph: composeSupergraph(subgraphs),
      logging: false,
      propagateHeaders: {
        fromClientToSubgraphs: ({ request }) => ({
          authorization: request.headers.get('authorization') ?? undefined,
          'x-router-secret': secret,
        }),
      },
      upstreamTimeout: timeoutMs,
      upstreamRetry: { maxRetries: retries, retryDelay: 1 },
      executionCancellation: true,
      upstreamCancellation: true,
      ...(planner === 'Rust' && { unifiedGraphHandler }),
    });
    const router = await startServer((request, response) => void runtime(request, response));
    return {
      url: `${router.url}/graphql`,
      async close() {
        await router.close();
        await runtime[Symbol.asyncDispose]();
      },
    };
  };

const startApolloGateway: StartRouter = async (subgraphs, { secret, timeoutMs = defaultTimeoutMs } = {}) => {
  const gateway = new ApolloGateway({
    supergraphSdl: composeSupergraph(subgraphs),
    buildService: ({ url }) =>
      new RemoteGraphQLDataSource<{ readonly authorization?: string | undefined }>({
        url: url ?? '',
        fetcher: (target, init) =>
          fetch(target, { ...(init as RequestInit), signal: AbortSignal.timeout(timeoutMs) }),
        willSendRequest({ request, context }) {
          if (context.authorization !== undefined)
            request.http?.headers.set('authorization', context.authorization);
          if (secret !== undefined) request.http?.headers.set('x-router-secret', secret);
        },
      }),
  });
  const server = new ApolloServer({ gateway });
  const { url } = await startStandaloneServer(server, {
    listen: { port: 0, host: '127.0.0.1' },
    context: ({ req }) => Promise.resolve({ authorization: req.headers.authorization }),
  });
  return { url, close: () => server.stop() };
};

/** Grafbase's program. Its package has it for Linux on x64 only. */
export const grafbase = fileURLToPath(
  new URL('../node_modules/@grafbase/cli-x86_64-unknown-linux-musl/grafbase', import.meta.url),
);

const startGrafbase: StartRouter = async (
  subgraphs,
  { secret, timeoutMs = defaultTimeoutMs, retries = 0 } = {},
) => {
  const folder = await mkdtemp(join(tmpdir(), 'lean-payouts-grafbase-'));
  for (const { name, sdl } of subgraphs) await writeFile(join(folder, `${name}.graphql`), sdl);
  const config = [
    `[gateway.retry]\nenabled = ${String(retries > 0)}`,
    '[[headers]]\nrule = "forward"\nname = "authorization"',
    ...(secret === undefined
      ? []
      : [`[[headers]]\nrule = "insert"\nname = "x-router-secret"\nvalue = "${secret}"`]),
    ...subgraphs.map(
      ({ name, url }) =>
        `[subgraphs.${name}]\nurl = "${url}"\nschema_path = "${name}.graphql"\ntimeout = "${String(timeoutMs)}ms"`,
    ),
  ];
  await writeFile(join(folder, 'grafbase.toml'), config.join('\n'));
  const address = `127.0.0.1:${String(await freePort())}`;
  const program = startCommand(`"${grafbase}" --home . dev --listen-address ${address}`, { cwd: folder });
  await program.waitFor(address);
  return {
    url: `http://${address}/graphql`,
    async close() {
      await program.stop('SIGKILL');
      await rm(folder, { recursive: true });
    },
  };
};

export const hasGrafbase = await access(grafbase).then(
  () => true,
  () => false,
);

/** The routers that run on this machine. */
export const routers: readonly (readonly [name: string, start: StartRouter])[] = [
  ['Apollo Gateway', startApolloGateway],
  ['Hive Gateway', startHive('JavaScript')],
  ['Hive Gateway with the Rust query planner', startHive('Rust')],
  ...(hasGrafbase ? [['Grafbase', startGrafbase] as const] : []),
];
