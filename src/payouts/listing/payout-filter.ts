import type { LeanListQuery } from '../../lean/client.ts';
import { compareDecimals, type Decimal } from '../values/decimal.ts';
import { BadInput } from '../../errors/gateway-errors.ts';
import { compareInstants, type Instant } from '../values/instant.ts';

type Maybe<T> = T | null | undefined;

/** Which payouts a list holds; all bounds are inclusive. */
export interface PayoutFilter {
  readonly amount?: Maybe<{ readonly min?: Maybe<Decimal>; readonly max?: Maybe<Decimal> }>;
  readonly createdAt?: Maybe<{ readonly from?: Maybe<Instant>; readonly to?: Maybe<Instant> }>;
  readonly updatedAt?: Maybe<{ readonly from?: Maybe<Instant>; readonly to?: Maybe<Instant> }>;
}

export type FilterQuery = Omit<LeanListQuery, 'page_number' | 'page_size'>;

/**
 * The filter as Lean's query parameters, letter by letter as the caller wrote its values.
 * @throws BadInput for a range that cannot hold anything
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

/** The query less the rows created after `asOf`. */
export function upTo(query: FilterQuery, asOf: Instant | null): FilterQuery {
  if (asOf === null) return query;
  const to = query.to as Instant | undefined;
  return to !== undefined && compareInstants(to, asOf) <= 0 ? query : { ...query, to: asOf };
}
