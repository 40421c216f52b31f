import { ConfigError } from '../errors/config-error.ts';
import { EnvironmentReader, type Environment } from './environment-reader.ts';
import { certificateFrom, credentialsFrom, resendAfterFrom } from './lean-config.ts';
import type { LeanConnection } from '../lean/connect.ts';
import { defaultDelayMs, type ResendSetting } from '../payouts/creation/resend-rule.ts';
import type { HistoryKey } from '../payouts/history.ts';
import type { StoreConfig } from '../store/open.ts';

export type { Environment } from './environment-reader.ts';

/** What the payouts core needs: the way to Lean, and where payouts are recorded. */
export interface CoreConfig {
  readonly lean: LeanConnection & {
    /** Which id Lean's history path takes. */
    readonly historyKey: HistoryKey | 'auto';
  };
  readonly store: StoreConfig;
  /** How long after its last send a payout that Lean may have taken is only looked for, in ms. */
  readonly resendAfter: ResendSetting;
  /** Memory for rows of Lean's list that were read, in bytes; 0 for none. */
  readonly readCacheBytes: number;
  /** How long finished payout records are kept. */
  readonly retentionDays: number;
  /** Payouts that each caller may make in a minute; undefined for as many as they like. */
  readonly payoutsPerMinute: number | undefined;
}

/** How callers are told apart. */
export type AuthConfig =
  | { readonly kind: 'none' }
  | { readonly kind: 'jwt'; readonly jwksUrl: URL; readonly issuer: string; readonly audience: string };

/** Everything that can be set from outside, checked. */
export interface Config extends CoreConfig {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Undefined where the REST routes are switched off. */
  readonly restPort: number | undefined;
  /** Undefined where MCP is switched off. */
  readonly mcpPort: number | undefined;
  /** Whether MCP has the tool that moves money. */
  readonly mcpWrites: boolean;
  /** Whether REST and MCP refuse a payout without an idempotency key; otherwise one is made up. */
  readonly requireIdempotencyKey: boolean;
  readonly auth: AuthConfig;
  /** What only the router knows; undefined where anyone who may query may ask what routers ask. */
  readonly routerSecret: string | undefined;
  /** Whether account numbers and IBANs are masked for callers without the scope to see them. */
  readonly maskIban: boolean;
  /** Lean calls that one operation may cost at worst. */
  readonly maxUpstreamCalls: number;
  /** Requests that each caller may send in a minute; undefined for as many as they like. */
  readonly requestsPerMinute: number | undefined;
  /** Operations that may be named by their hash; undefined for none. */
  readonly persistedOperations: { readonly mode: 'allow' | 'only'; readonly file: string } | undefined;
  /** Origins whose pages may call. */
  readonly corsOrigins: readonly string[];
  /** What Lean signs its webhooks with, several while one is replaced; none where there are no webhooks. */
  readonly webhookSecrets: readonly string[];
  /** Whether Lean is told which trace a call belongs to, where traces are exported. */
  readonly traceContextToLean: boolean;
  /** Address by which MCP clients reach `/mcp`; undefined for what they call it by. */
  readonly mcpPublicUrl: URL | undefined;
  /** Whether operations that are asked for often are answered without Yoga. */
  readonly fastPath: boolean;
  readonly graphiql: boolean;
  readonly introspection: boolean;
  readonly logLevel: string;
}

/** What counts where a variable is not set. */
const defaults: Environment = {
  LEAN_BASE_URL: 'https://api2.leantech.me',
  LEAN_TOKEN_URL: 'https://auth.leantech.me/oauth2/token',
  LEAN_SCOPE: 'api',
  LEAN_HISTORY_KEY: 'auto',
  LEAN_TIMEOUT_MS: '10000',
  PAYOUT_RESEND_AFTER_MS: String(defaultDelayMs),
  LEAN_MAX_CONCURRENCY: '64',
  READ_CACHE_MB: '32',
  DATA_DIR: './data',
  IDEMPOTENCY_RETENTION_DAYS: '90',
  HOST: '127.0.0.1',
  PORT: '4000',
  REST_PORT: '8080',
  MCP_PORT: '9090',
  REQUIRE_IDEMPOTENCY_KEY: 'on',
  MCP_WRITES: 'on',
  PERSISTED_OPERATIONS: 'off',
  MAX_UPSTREAM_CALLS: '250',
  MASK_IBAN: 'off',
  LEAN_TRACE_CONTEXT: 'off',
  FAST_PATH: 'on',
  GRAPHIQL: 'off',
  INTROSPECTION: 'off',
  LOG_LEVEL: 'info',
};

/** What `npm run dev` takes where nothing is set: everything open, on this machine only. */
export const developmentDefaults: Environment = {
  AUTH: 'none',
  GRAPHIQL: 'on',
  INTROSPECTION: 'on',
  LOG_LEVEL: 'warn',
};

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/**
 * Reads and checks the environment.
 * @throws ConfigError with a line for every problem: variable, what was wrong, what is accepted
 */
export function parseConfig(env: Environment, preset: Environment = {}): Config {
  return checked(new EnvironmentReader(env, preset, defaults), reader => ({
    ...coreFrom(reader),
    host: reader.raw('HOST') ?? '',
    port: reader.integer('PORT', 0, 65_535),
    restPort: reader.port('REST_PORT'),
    mcpPort: reader.port('MCP_PORT'),
    ...toolsFrom(reader),
    auth: authFrom(reader),
    routerSecret: reader.secret('ROUTER_SECRET'),
    maskIban: reader.choice('MASK_IBAN', ['on', 'off']) === 'on',
    maxUpstreamCalls: upstreamCallsFrom(reader),
    requestsPerMinute: reader.optionalInteger('RATE_LIMIT_REQUESTS', 1, 100_000_000),
    persistedOperations: persistedOperationsFrom(reader),
    corsOrigins: originsFrom(reader),
    webhookSecrets: secretsFrom(reader),
    traceContextToLean: reader.choice('LEAN_TRACE_CONTEXT', ['on', 'off']) === 'on',
    mcpPublicUrl: reader.optionalUrl('MCP_PUBLIC_URL'),
    fastPath: reader.choice('FAST_PATH', ['on', 'off']) === 'on',
    graphiql: reader.choice('GRAPHIQL', ['on', 'off']) === 'on',
    introspection: reader.choice('INTROSPECTION', ['on', 'off']) === 'on',
    logLevel: reader.choice('LOG_LEVEL', logLevels),
  }));
}

/**
 * Only what the payouts core needs, for commands that serve nobody.
 * @throws ConfigError
 */
export function parseCoreConfig(env: Environment): CoreConfig {
  return checked(new EnvironmentReader(env, defaults), coreFrom);
}

/** What the tools need that one agent runs for itself: it is the caller, and there is no port. */
export type StdioConfig = CoreConfig &
  Pick<Config, 'mcpWrites' | 'requireIdempotencyKey' | 'maskIban' | 'maxUpstreamCalls' | 'logLevel'>;

function upstreamCallsFrom(reader: EnvironmentReader): number {
  return reader.integer('MAX_UPSTREAM_CALLS', 1, 1_000_000);
}

/**
 * Only what the tools need by standard input and output.
 * @throws ConfigError
 */
export function parseStdioConfig(env: Environment): StdioConfig {
  return checked(new EnvironmentReader(env, defaults), reader => ({
    ...coreFrom(reader),
    ...toolsFrom(reader),
    maxUpstreamCalls: upstreamCallsFrom(reader),
    maskIban: reader.choice('MASK_IBAN', ['on', 'off']) === 'on',
    logLevel: reader.choice('LOG_LEVEL', logLevels),
  }));
}

/**
 * Only where payouts are recorded.
 * @throws ConfigError
 */
export function parseStoreConfig(env: Environment): StoreConfig {
  return checked(new EnvironmentReader(env, defaults), storeFrom);
}

function checked<Value>(reader: EnvironmentReader, read: (reader: EnvironmentReader) => Value): Value {
  const value = read(reader);
  if (reader.problems.length > 0) throw new ConfigError(reader.problems);
  return value;
}

function coreFrom(reader: EnvironmentReader): CoreConfig {
  const baseUrl = reader.url('LEAN_BASE_URL');
  const timeoutMs = reader.integer('LEAN_TIMEOUT_MS', 100, 300_000);
  return {
    lean: {
      baseUrl,
      credentials: credentialsFrom(reader),
      certificate: certificateFrom(reader),
      historyKey: reader.choice('LEAN_HISTORY_KEY', ['auto', 'payment_id', 'payment_intent_id']),
      timeoutMs,
      maxConcurrency: reader.integer('LEAN_MAX_CONCURRENCY', 2, 10_000),
    },
    store: storeFrom(reader),
    resendAfter: resendAfterFrom(reader, { baseUrl, timeoutMs }),
    readCacheBytes: reader.integer('READ_CACHE_MB', 0, 65_536) * 2 ** 20,
    retentionDays: reader.integer('IDEMPOTENCY_RETENTION_DAYS', 1, 36_500),
    payoutsPerMinute: reader.optionalInteger('RATE_LIMIT_PAYOUTS', 1, 100_000_000),
  };
}

function authFrom(reader: EnvironmentReader): AuthConfig {
  if (reader.choice('AUTH', ['jwt', 'none']) !== 'jwt' || reader.raw('AUTH') !== 'jwt')
    return { kind: 'none' };
  const jwksUrl = reader.raw('AUTH_JWKS_URL');
  return {
    kind: 'jwt',
    jwksUrl:
      jwksUrl === undefined
        ? (reader.wrong(
            'AUTH_JWKS_URL',
            'the http(s) URL of the keys that access tokens are signed with (JWKS)',
          ) ?? new URL('http://invalid.invalid'))
        : reader.url('AUTH_JWKS_URL'),
    issuer: reader.required('AUTH_ISSUER', 'the iss of access tokens, letter by letter'),
    audience: reader.required('AUTH_AUDIENCE', 'the aud that access tokens for this gateway have'),
  };
}

function persistedOperationsFrom(reader: EnvironmentReader): Config['persistedOperations'] {
  const mode = reader.choice('PERSISTED_OPERATIONS', ['off', 'allow', 'only']);
  if (mode === 'off') return undefined;
  return {
    mode,
    file: reader.required('PERSISTED_OPERATIONS_FILE', 'a JSON file of documents by their sha256: hash'),
  };
}

function secretsFrom(reader: EnvironmentReader): readonly string[] {
  const given = reader.secret('LEAN_WEBHOOK_SECRET');
  return (given ?? '').split(',').filter(secret => secret !== '');
}

/** As browsers write them: scheme, host and port, and nothing behind. */
function originsFrom(reader: EnvironmentReader): readonly string[] {
  const origins = (reader.raw('CORS_ORIGINS') ?? '').split(',').map(origin => origin.trim());
  const given = origins.filter(origin => origin !== '');
  if (given.some(origin => !/^https?:$/.test(schemeOf(origin)) || new URL(origin).origin !== origin))
    reader.wrong('CORS_ORIGINS', 'origins with a comma between, such as https://app.example.com');
  return given;
}

function schemeOf(url: string): string {
  return URL.canParse(url) ? new URL(url).protocol : '';
}

function toolsFrom(reader: EnvironmentReader): Pick<Config, 'mcpWrites' | 'requireIdempotencyKey'> {
  return {
    mcpWrites: reader.choice('MCP_WRITES', ['on', 'off']) === 'on',
    requireIdempotencyKey: reader.choice('REQUIRE_IDEMPOTENCY_KEY', ['on', 'off']) === 'on',
  };
}

function storeFrom(reader: EnvironmentReader): StoreConfig {
  const url = reader.raw('DATABASE_URL');
  if (url === undefined) return { folder: reader.raw('DATA_DIR') ?? '' };
  if (!URL.canParse(url) || !/^postgres(?:ql)?:$/.test(new URL(url).protocol))
    reader.wrong('DATABASE_URL', 'postgres://user:password@host:port/database');
  return { url };
}
