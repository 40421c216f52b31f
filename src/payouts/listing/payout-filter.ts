import type { LeanListQuery } from '../../lean/client.ts';
import { compareDecimals, type Decimal } from '../values/decimal.ts';
import { BadInput } from '../../errors/gateway-errors.ts';
import { compareInstants, type Instant } from '../values/instant.ts';

/** A value that a caller may leave out or send as null. */
export type Maybe<T> = T | null | undefined;

/** The conditions on a list's payouts. All bounds are inclusive. */
export interface PayoutFilter {
  readonly amount?: Maybe<{ readonly min?: Maybe<Decimal>; readonly max?: Maybe<Decimal> }>;
  readonly createdAt?: Maybe<{ readonly from?: Maybe<Instant>; readonly to?: Maybe<Instant> }>;
  readonly updatedAt?: Maybe<{ readonly from?: Maybe<Instant>; readonly to?: Maybe<Instant> }>;
}

/** Lean's query parameters for a list, without the page. */
export type FilterQuery = Omit<LeanListQuery, 'page_number' | 'page_size'>;

/**
 * The filter as Lean's query parameters. Amounts and times keep all their digits.
 * @throws BadInput naming the range whose lower bound is above its upper bound
 */
export function filterQuery(filter: PayoutFilter): FilterQuery {
  const { amount, createdAt, updatedAt } = filter;
  if (amount?.min != null && amount.max != null && compareDecimals(amount.min, amount.max) > 0)
    throw new BadInput('filter.amount', 'min is above max.');
  if (createdAt?.from != null && createdAt.to != null && compareInstants(createdAt.from, createdAt.to) > 0)
    throw new BadInput('filter.createdAt', 'from is after to.');
  if (updatedAt?.from != null && updatedAt.to != null && compareInstants(updatedAt.from, updatedAt.to) > 0)
    throw new BadInput('filter.updatedAt', 'from is after to.');
  return {
    amount_min: amount?.min ?? undefined,
    amount_max: amount?.max ?? undefined,
    from: createdAt?.from ?? undefined,
    to: createdAt?.to ?? undefined,
    from_updated_at: updatedAt?.from ?? undefined,
    to_updated_at: updatedAt?.to ?? undefined,
  };
}

/** The query, limited to rows that were created up to the snapshot time. An earlier upper bound of the query stays. */
export function upToSnapshot(query: FilterQuery, snapshotTime: Instant | null): FilterQuery {
  if (snapshotTime === null) return query;
  const to = query.to as Instant | undefined;
  return to !== undefined && compareInstants(to, snapshotTime) <= 0 ? query : { ...query, to: snapshotTime };
}
