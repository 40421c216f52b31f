import {
  RateLimiterMemory,
  RateLimiterPostgres,
  RateLimiterRes,
  type RateLimiterAbstract,
} from 'rate-limiter-flexible';
import { RateLimited } from '../errors/gateway-errors.ts';

/** So many per caller and minute; undefined for as many as they like. */
export type PerMinute = number | undefined;

/** Runs a statement of PostgreSQL's, with values for `$1`, `$2`, … */
export type Query = (sql: string, values: readonly (string | number | null)[]) => Promise<readonly object[]>;

/** The table in which gateways that share a database count together; `migrations.ts` makes it. */
const table = 'lean_payout_rate_limits';

export interface RateLimit {
  /**
   * Counts `units` of a caller's; what is refused counts too, until the minute is over.
   * @throws RateLimited when that is more than is left of the minute
   */
  take(subject: string, units?: number): Promise<void>;
}

/**
 * A limit per caller in windows of a minute. With `query` it counts in PostgreSQL, together with all other gateways
 * on it; while that cannot be reached each of them counts for itself.
 * @param noun what is counted, in the plural, for messages
 */
export function rateLimit(
  noun: string,
  perMinute: PerMinute,
  query: Query | undefined,
): RateLimit | undefined {
  if (perMinute === undefined) return undefined;
  const options = { points: perMinute, duration: 60, keyPrefix: noun };
  const memory = new RateLimiterMemory(options);
  const limiter: RateLimiterAbstract =
    query === undefined
      ? memory
      : new RateLimiterPostgres({
          ...options,
          storeClient: { query: clientQuery(query) },
          storeType: 'client',
          tableName: table,
          tableCreated: true,
          insuranceLimiter: memory,
          // Who has been refused is told so again without the database, until the minute is over.
          inMemoryBlockOnConsumed: perMinute,
        });
  return {
    async take(subject, units = 1) {
      if (units > perMinute)
        throw new RateLimited(
          `${String(units)} ${noun} at once are more than the ${String(perMinute)} a minute that each caller may have.`,
        );
      try {
        await limiter.consume(subject, units);
      } catch (error) {
        if (!(error instanceof RateLimiterRes)) throw error;
        const seconds = Math.max(1, Math.ceil(error.msBeforeNext / 1000));
        throw new RateLimited(`Each caller may have ${String(perMinute)} ${noun} a minute.`, seconds);
      }
    },
  };
}

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
