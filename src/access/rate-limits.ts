import {
  RateLimiterMemory,
  RateLimiterPostgres,
  RateLimiterRes,
  type RateLimiterAbstract,
} from 'rate-limiter-flexible';
import { RateLimited } from '../errors/gateway-errors.ts';

/** A limit per caller and minute; undefined means no limit. */
export type PerMinute = number | undefined;

/** Runs a PostgreSQL statement with values for `$1`, `$2`, … */
export type Query = (sql: string, values: readonly (string | number | null)[]) => Promise<readonly object[]>;

/** The table in which all gateways on one database count together. `store/schema.ts` creates it. */
const tableName = 'lean_payout_rate_limits';

const windowSeconds = 60;

/**
 * A longer wait for the next window, in ms, comes from a wrong clock. It is more than a window, because the clocks of the
 * gateways on one database differ.
 */
const maxWaitMs = 2 * windowSeconds * 1000;

export interface RateLimit {
  /**
   * Counts `units` for a caller. Refused units count as well until the minute ends, except those of a
   * request that alone exceeds the limit.
   * @throws RateLimited when the caller exceeds its limit for this minute
   */
  take(subject: string, units?: number): Promise<void>;
}

/**
 * Creates a limit per caller in fixed windows of a minute. With `query` all gateways on one PostgreSQL database count
 * together; while the database is unreachable, each gateway counts for itself.
 * @param noun the counted thing in the plural, for messages and as key prefix
 */
export function createRateLimit(
  noun: string,
  perMinute: PerMinute,
  query: Query | undefined,
): RateLimit | undefined {
  if (perMinute === undefined) return undefined;
  const options = { points: perMinute, duration: windowSeconds, keyPrefix: noun };
  const limit = `${String(perMinute)} ${perMinute === 1 ? noun.replace(/s$/, '') : noun} per minute for each caller`;
  const memory = new RateLimiterMemory(options);
  const limiter: RateLimiterAbstract =
    query === undefined
      ? memory
      : new RateLimiterPostgres({
          ...options,
          storeClient: { query: clientQuery(query) },
          storeType: 'client',
          tableName,
          tableCreated: true,
          insuranceLimiter: memory,
          // A caller that has been refused is refused again without asking the database, until the minute ends.
          inMemoryBlockOnConsumed: perMinute,
        });
  return {
    async take(subject, units = 1) {
      if (units > perMinute)
        throw new RateLimited(`${String(units)} ${noun} at once exceed the limit of ${limit}.`);
      let refusal = await refusalOf(limiter, subject, units);
      if (refusal !== undefined && refusal.msBeforeNext > maxWaitMs) {
        // A clock that was wrong or has been set back would extend the window by hours.
        await limiter.delete(subject);
        refusal = await refusalOf(limiter, subject, units);
      }
      if (refusal === undefined) return;
      const seconds = Math.max(1, Math.ceil(refusal.msBeforeNext / 1000));
      throw new RateLimited(`The limit is ${limit}.`, seconds);
    },
  };
}

/** Counts units for a caller. Undefined if it stays within its limit. */
async function refusalOf(
  limiter: RateLimiterAbstract,
  subject: string,
  units: number,
): Promise<RateLimiterRes | undefined> {
  try {
    await limiter.consume(subject, units);
    return undefined;
  } catch (error) {
    if (error instanceof RateLimiterRes) return error;
    throw error;
  }
}

/** Adapts `query` to the interface of a `pg` client. */
function clientQuery(query: Query) {
  return async ({
    text,
    values = [],
  }: {
    readonly text: string;
    readonly values?: (string | number | null)[];
  }) => {
    const rows = await query(text, values);
    return { rows, rowCount: rows.length };
  };
}
