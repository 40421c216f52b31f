import type { EnvironmentReader } from './environment-reader.ts';

/** How callers are authenticated. */
export type AuthConfig =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'jwt';
      readonly jwksUrl: URL;
      /** The `iss` claims that access tokens may have. */
      readonly issuers: readonly string[];
      /** The `aud` claims, one of which access tokens must have. */
      readonly audiences: readonly string[];
    };

/** The configuration of the HTTP, GraphQL, REST and MCP servers. */
export interface ServerConfig {
  readonly host: string;
  /** 0 selects any free port. */
  readonly port: number;
  /** How long an HTTP connection may be idle before it is closed, in ms. */
  readonly keepAliveMs: number;
  /** Undefined if the REST routes are switched off. */
  readonly restPort: number | undefined;
  /** Undefined if MCP is switched off. */
  readonly mcpPort: number | undefined;
  /** Whether MCP offers the tool that creates payouts. */
  readonly mcpWrites: boolean;
  /** Whether REST and MCP reject a payout without an idempotency key. Otherwise the gateway generates one. */
  readonly requireIdempotencyKey: boolean;
  readonly auth: AuthConfig;
  /**
   * Secrets that only the federation router knows. There are several while one is replaced. If there are none, every
   * caller may send the router's queries.
   */
  readonly routerSecrets: readonly string[];
  /** Whether the subgraph's SDL has the directives of Apollo Federation that name the scopes of fields. */
  readonly authDirectives: boolean;
  /** Whether account numbers and IBANs are masked for callers without the scope to see them. */
  readonly maskIban: boolean;
  /** The most Lean calls that one operation may cost. */
  readonly maxUpstreamCalls: number;
  /** The same for a request with the router secret. */
  readonly routerMaxUpstreamCalls: number;
  /** Requests that a caller may send in a minute; undefined for no limit. */
  readonly requestsPerMinute: number | undefined;
  /** Operations that a caller may name by their hash; undefined for none. */
  readonly persistedOperations: { readonly mode: 'allow' | 'only'; readonly file: string } | undefined;
  /** Origins whose web pages may call the gateway. */
  readonly corsOrigins: readonly string[];
  /** Secrets that Lean signs its webhooks with. There are several while one is replaced, and none without webhooks. */
  readonly webhookSecrets: readonly string[];
  /** Whether calls to Lean carry the trace context, if traces are exported. */
  readonly traceContextToLean: boolean;
  /** The public URL of `/mcp`; undefined to use the URL that the MCP client called. */
  readonly mcpPublicUrl: URL | undefined;
  /** Whether hot operations skip Yoga. */
  readonly fastPath: boolean;
  readonly graphiql: boolean;
  readonly introspection: boolean;
  readonly logLevel: string;
}

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/** Reads the configuration of the servers. */
export function readServer(reader: EnvironmentReader): ServerConfig {
  return {
    host: reader.raw('HOST') ?? '',
    port: reader.integer('PORT', 0, 65_535),
    keepAliveMs: reader.integer('HTTP_KEEP_ALIVE_MS', 1000, 3_600_000),
    restPort: reader.port('REST_PORT'),
    mcpPort: reader.port('MCP_PORT'),
    ...readToolSettings(reader),
    auth: readAuth(reader),
    routerSecrets: reader.secrets('ROUTER_SECRET'),
    authDirectives: reader.flag('FEDERATION_AUTH_DIRECTIVES'),
    maskIban: reader.flag('MASK_IBAN'),
    maxUpstreamCalls: readMaxUpstreamCalls(reader),
    routerMaxUpstreamCalls: reader.integer('ROUTER_MAX_UPSTREAM_CALLS', 1, 1_000_000),
    requestsPerMinute: reader.optionalInteger('RATE_LIMIT_REQUESTS', 1, 100_000_000),
    persistedOperations: readPersistedOperations(reader),
    corsOrigins: readCorsOrigins(reader),
    webhookSecrets: reader.secrets('LEAN_WEBHOOK_SECRET'),
    traceContextToLean: reader.flag('LEAN_TRACE_CONTEXT'),
    mcpPublicUrl: reader.optionalUrl('MCP_PUBLIC_URL'),
    fastPath: reader.flag('FAST_PATH'),
    graphiql: reader.flag('GRAPHIQL'),
    introspection: reader.flag('INTROSPECTION'),
    logLevel: reader.choice('LOG_LEVEL', logLevels),
  };
}

/** The settings of the MCP server on standard input and output. It has one caller and no port. */
export type StdioServerConfig = Pick<
  ServerConfig,
  'mcpWrites' | 'requireIdempotencyKey' | 'maskIban' | 'maxUpstreamCalls' | 'logLevel'
>;

/** Reads the settings of the MCP server on standard input and output. */
export function readStdioServer(reader: EnvironmentReader): StdioServerConfig {
  return {
    ...readToolSettings(reader),
    maxUpstreamCalls: readMaxUpstreamCalls(reader),
    maskIban: reader.flag('MASK_IBAN'),
    logLevel: reader.choice('LOG_LEVEL', logLevels),
  };
}

function readToolSettings(
  reader: EnvironmentReader,
): Pick<ServerConfig, 'mcpWrites' | 'requireIdempotencyKey'> {
  return {
    mcpWrites: reader.flag('MCP_WRITES'),
    requireIdempotencyKey: reader.flag('REQUIRE_IDEMPOTENCY_KEY'),
  };
}

function readMaxUpstreamCalls(reader: EnvironmentReader): number {
  return reader.integer('MAX_UPSTREAM_CALLS', 1, 1_000_000);
}

function readAuth(reader: EnvironmentReader): AuthConfig {
  const kind = reader.choice('AUTH', ['jwt', 'none']);
  // `choice` returns `jwt` for a wrong value as well. The settings of `jwt` are read only if AUTH is really `jwt`, so
  // that for a wrong value nothing but AUTH is reported.
  if (kind === 'none' || reader.raw('AUTH') !== kind) return { kind: 'none' };
  return {
    kind: 'jwt',
    jwksUrl: reader.url(
      'AUTH_JWKS_URL',
      'the http(s) URL of the keys that access tokens are signed with (JWKS)',
    ),
    issuers: reader.requiredList(
      'AUTH_ISSUER',
      'the exact iss claim of access tokens; several are separated by commas',
    ),
    audiences: reader.requiredList(
      'AUTH_AUDIENCE',
      'the aud claim of access tokens for this gateway; several are separated by commas',
    ),
  };
}

function readPersistedOperations(reader: EnvironmentReader): ServerConfig['persistedOperations'] {
  const mode = reader.choice('PERSISTED_OPERATIONS', ['off', 'allow', 'only']);
  if (mode === 'off') return undefined;
  return {
    mode,
    file: reader.required('PERSISTED_OPERATIONS_FILE', 'a JSON file of documents by their sha256: hash'),
  };
}

/** Reads origins as browsers send them: scheme, host and port, and nothing after them. */
function readCorsOrigins(reader: EnvironmentReader): readonly string[] {
  const origins = reader.list('CORS_ORIGINS');
  if (origins.some(origin => !/^https?:/.test(origin) || URL.parse(origin)?.origin !== origin))
    reader.reject('CORS_ORIGINS', 'comma-separated origins, such as https://app.example.com');
  return origins;
}
