import { defaultDelayMs } from '../payouts/creation/resend-rule.ts';
import { defaultPoolSize } from '../store/postgres.ts';
import type { Environment } from './environment-reader.ts';

/** The values of variables that are not set. */
export const defaults: Environment = {
  LEAN_BASE_URL: 'https://api2.leantech.me',
  LEAN_TOKEN_URL: 'https://auth.leantech.me/oauth2/token',
  LEAN_SCOPE: 'api',
  LEAN_HISTORY_KEY: 'auto',
  LEAN_TIMEOUT_MS: '10000',
  PAYOUT_RESEND_AFTER_MS: String(defaultDelayMs),
  LEAN_MAX_CONCURRENCY: '64',
  READ_CACHE_MB: '32',
  DATABASE_POOL_SIZE: String(defaultPoolSize),
  DATA_DIR: './data',
  IDEMPOTENCY_RETENTION_DAYS: '90',
  HOST: '127.0.0.1',
  PORT: '4000',
  HTTP_KEEP_ALIVE_MS: '75000',
  REST_PORT: '8080',
  MCP_PORT: '9090',
  REQUIRE_IDEMPOTENCY_KEY: 'on',
  MCP_WRITES: 'on',
  PERSISTED_OPERATIONS: 'off',
  MAX_UPSTREAM_CALLS: '250',
  ROUTER_MAX_UPSTREAM_CALLS: '1000',
  FEDERATION_AUTH_DIRECTIVES: 'off',
  MASK_IBAN: 'off',
  LEAN_TRACE_CONTEXT: 'off',
  FAST_PATH: 'on',
  GRAPHIQL: 'off',
  INTROSPECTION: 'off',
  LOG_LEVEL: 'info',
};

/** The values of variables that are not set under `npm run dev`: everything is open, on this machine only. */
export const developmentDefaults: Environment = {
  AUTH: 'none',
  GRAPHIQL: 'on',
  INTROSPECTION: 'on',
  LOG_LEVEL: 'warn',
};
