import type { EnvironmentReader } from './environment-reader.ts';
import { readCertificate, readCredentials, readResendAfter } from './lean-config.ts';
import type { LeanConnection } from '../lean/connect.ts';
import type { ResendSetting } from '../payouts/creation/resend-rule.ts';
import type { HistoryKey } from '../payouts/history.ts';
import { StoreConfigError } from '../store/database.ts';
import { checkDatabaseUrl, type StoreConfig } from '../store/open.ts';

/** The configuration of the payouts core: the connection to Lean, and the store. */
export interface CoreConfig {
  readonly lean: LeanConnection & {
    /** The id that Lean's history call expects; `auto` to discover it. */
    readonly historyKey: HistoryKey | 'auto';
  };
  readonly store: StoreConfig;
  /** The resend delay in ms, 0, or never. The core does not send a payout again before it has passed. */
  readonly resendAfter: ResendSetting;
  /** Memory for cached rows of Lean's list, in bytes; 0 for no cache. */
  readonly readCacheBytes: number;
  /** How long settled payout records are kept, in days. */
  readonly retentionDays: number;
  /** Payouts that a caller may create in a minute; undefined for no limit. */
  readonly payoutsPerMinute: number | undefined;
}

/** Reads the configuration of the core. */
export function readCore(reader: EnvironmentReader): CoreConfig {
  const baseUrl = reader.url('LEAN_BASE_URL');
  const timeoutMs = reader.integer('LEAN_TIMEOUT_MS', 100, 300_000);
  return {
    lean: {
      baseUrl,
      credentials: readCredentials(reader),
      certificate: readCertificate(reader),
      historyKey: reader.choice('LEAN_HISTORY_KEY', ['auto', 'payment_id', 'payment_intent_id']),
      timeoutMs,
      maxConcurrency: reader.integer('LEAN_MAX_CONCURRENCY', 2, 10_000),
    },
    store: readStore(reader),
    resendAfter: readResendAfter(reader, { baseUrl, timeoutMs }),
    readCacheBytes: reader.integer('READ_CACHE_MB', 0, 65_536) * 2 ** 20,
    retentionDays: reader.integer('IDEMPOTENCY_RETENTION_DAYS', 1, 36_500),
    payoutsPerMinute: reader.optionalInteger('RATE_LIMIT_PAYOUTS', 1, 100_000_000),
  };
}

/** Reads where payouts are recorded. */
export function readStore(reader: EnvironmentReader): StoreConfig {
  const url = reader.raw('DATABASE_URL');
  // At least two, so that a slow statement does not block all others.
  const poolSize = reader.integer('DATABASE_POOL_SIZE', 2, 1000);
  if (url === undefined) return { folder: reader.raw('DATA_DIR') ?? '' };
  try {
    checkDatabaseUrl(url);
  } catch (error) {
    if (!(error instanceof StoreConfigError)) throw error;
    reader.problems.push(`${error.variable}: ${error.message}`);
  }
  return { url, poolSize };
}
