import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../src/config/config.ts';
import { startIssuer } from '../test/support/issuer.ts';
import { startProcess, type ServerProcess } from './processes.ts';

export const ours = 'ours, READ_CACHE_MB=0';
export const peerE = 'E: Yoga, Pothos';
const protectedPeerE = 'E, protected';
const protectedMercurius = 'Mercurius, protected';
export const bare = 'bare';

/**
 * Our gateway, with the variables that differ. Without its read cache it makes the same Lean calls as the other servers.
 * The workloads ask for the same payouts again and again, so as shipped, with its cache, only the list is read.
 */
const gateways = {
  [ours]: { READ_CACHE_MB: '0' },
  'ours, as shipped': {},
  'ours, FAST_PATH=off': { READ_CACHE_MB: '0', FAST_PATH: 'off' },
} as const;

/**
 * The servers that our gateway is compared with: three with the same fields, two of them also with the protection that
 * their documentation offers, and one without GraphQL as the minimum.
 */
const peers = {
  [peerE]: { file: 'peers/yoga.ts', path: '/graphql' },
  [protectedPeerE]: { file: 'peers/yoga-protected.ts', path: '/graphql' },
  'Apollo Server': { file: 'peers/apollo.ts', path: '/' },
  Mercurius: { file: 'peers/mercurius.ts', path: '/graphql' },
  [protectedMercurius]: { file: 'peers/mercurius-protected.ts', path: '/graphql' },
  [bare]: { file: 'peers/bare.ts', path: '/' },
} as const;

type GatewayName = keyof typeof gateways;
type PeerName = keyof typeof peers;
export type ServerName = GatewayName | PeerName;
export const allServers: readonly ServerName[] = [
  ...(Object.keys(gateways) as GatewayName[]),
  ...(Object.keys(peers) as PeerName[]),
];
/** The peers that check tokens and limits, measure and log, as our gateway does. */
export const protectedPeers: readonly ServerName[] = [protectedPeerE, protectedMercurius];

export interface Servers {
  /** In the order of the names. */
  readonly running: ReadonlyMap<ServerName, ServerProcess>;
  /** An access token for each caller, valid for all workloads. Our gateway and the protected peers check them. */
  readonly tokens: readonly string[];
  /** The number of Lean calls so far. */
  leanCalls(): Promise<number>;
  stop(): Promise<void>;
}

const callers = 50;

/** What all servers need: a Lean, and the issuer of the access tokens. */
export interface Surroundings {
  readonly leanUrl: string;
  /** The variables that name the issuer and its keys. */
  readonly issuerEnv: Environment;
  readonly tokens: Servers['tokens'];
  leanCalls(): Promise<number>;
  /**
   * Starts our gateway with production settings and an empty store.
   * @param file its program, relative to this folder, or absolute
   * @param variables settings that differ
   */
  startGateway(file: string, variables: Readonly<Record<string, string>>): Promise<ServerProcess>;
  stop(): Promise<void>;
}

/** Starts a Lean and an issuer of access tokens, and no server yet. */
export async function startSurroundings(): Promise<Surroundings> {
  const folder = await mkdtemp(join(tmpdir(), 'lean-payouts-bench-'));
  const issuer = await startIssuer();
  const lean = await startProcess('fast-lean.ts', { env: production });
  const tokens = Array.from({ length: callers }, (_, caller) =>
    issuer.token(
      { sub: `caller-${String(caller)}`, scope: 'payouts:read payouts:create' },
      { lifetime: '1d' },
    ),
  );
  return {
    leanUrl: lean.url,
    issuerEnv: issuer.env,
    tokens: await Promise.all(tokens),
    leanCalls: async () => Number(await lean.ask('calls')),
    startGateway: async (file, variables) =>
      startProcess(file, {
        flags: nodeFlags(),
        path: '/graphql',
        output: 'quiet',
        env: {
          ...production,
          ...issuer.env,
          ...settings,
          ...variables,
          LEAN_BASE_URL: lean.url,
          DATA_DIR: await mkdtemp(join(folder, 'data-')),
          // Otherwise, with a new store, the gateway would look for each payout at Lean before it sends it.
          PAYOUT_RESEND_AFTER_MS: '1',
        },
      }),
    async stop() {
      await lean.stop();
      await issuer.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** Starts servers in front of one Lean. Our gateway runs with production settings. */
export async function startServers(names: readonly ServerName[]): Promise<Servers> {
  const surroundings = await startSurroundings();
  const { leanUrl, issuerEnv, tokens, leanCalls } = surroundings;
  const startPeer = (name: PeerName): Promise<ServerProcess> => {
    const { file, path } = peers[name];
    const env = { ...production, ...issuerEnv, ...rateLimits };
    return startProcess(file, { path, output: 'quiet', env, args: [leanUrl] });
  };
  const startGateway = (name: GatewayName): Promise<ServerProcess> =>
    surroundings.startGateway('../dist/main.js', gateways[name]);
  const started = names.map(
    async name =>
      [
        name,
        await (name in gateways ? startGateway(name as GatewayName) : startPeer(name as PeerName)),
      ] as const,
  );
  const running = new Map<ServerName, ServerProcess>(await Promise.all(started));
  return {
    running,
    tokens,
    leanCalls,
    async stop() {
      for (const server of running.values()) await server.stop();
      await surroundings.stop();
    },
  };
}

/** With a compile cache, which only tests use, servers start in less time. */
const production = {
  PATH: process.env['PATH'],
  NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
  NODE_ENV: 'production',
};

/** The rate limits are enforced, but too high to be reached. */
const rateLimits = { RATE_LIMIT_REQUESTS: '100000000', RATE_LIMIT_PAYOUTS: '100000000' } as const;

/** All features are on. */
const settings = {
  LEAN_API_TOKEN: 'token',
  PORT: '0',
  REST_PORT: 'off',
  MCP_PORT: 'off',
  ...rateLimits,
  LOG_LEVEL: 'info',
} as const;

/** The options that `npm start` passes to Node. */
export function nodeFlags(): string[] {
  const { scripts } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    readonly scripts: { readonly start: string };
  };
  return scripts.start.split(' ').filter(word => word.startsWith('--'));
}
