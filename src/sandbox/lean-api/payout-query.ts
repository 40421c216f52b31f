import { Decimal } from '../decimal.ts';
import type { Instant } from '../instant.ts';
import { dateTime, type QueryParameters, wholeNumber } from './parameters.ts';
import type { Payout } from '../payout.ts';
import { invalidParameters } from './refusal.ts';

const defaultPageSize = 50;

/** The parsed parameters of the list. */
export interface PayoutQuery {
  readonly pageNumber: number;
  readonly pageSize: number;
  /** Undefined if there is no filter. */
  readonly matches: Filter | undefined;
}

type Filter = (payout: Payout, now: Instant) => boolean;

/** Parses the parameters of the list. All bounds are inclusive. Throws a Refusal if a value is invalid. */
export function parsePayoutQuery(parameters: QueryParameters, maxPageSize: number): PayoutQuery {
  const pageNumber = wholeNumber(parameters, 'page_number') ?? 0;
  const pageSize = wholeNumber(parameters, 'page_size') ?? defaultPageSize;
  if (pageSize === 0) throw invalidParameters('page_size must be at least 1');

  const filters: Filter[] = [];
  const amountMin = amount(parameters, 'amount_min');
  const amountMax = amount(parameters, 'amount_max');
  const from = dateTime(parameters, 'from');
  const to = dateTime(parameters, 'to');
  const fromUpdated = dateTime(parameters, 'from_updated_at');
  const toUpdated = dateTime(parameters, 'to_updated_at');
  if (from !== undefined) filters.push(({ facts }) => facts.createdAt >= from);
  if (to !== undefined) filters.push(({ facts }) => facts.createdAt <= to);
  if (amountMin !== undefined) filters.push(payout => payout.amount.compare(amountMin) >= 0);
  if (amountMax !== undefined) filters.push(payout => payout.amount.compare(amountMax) <= 0);
  if (fromUpdated !== undefined) filters.push((payout, now) => payout.at(now).currentStep.at >= fromUpdated);
  if (toUpdated !== undefined) filters.push((payout, now) => payout.at(now).currentStep.at <= toUpdated);

  return {
    pageNumber,
    pageSize: Math.min(pageSize, maxPageSize),
    matches: filters.length === 0 ? undefined : (payout, now) => filters.every(filter => filter(payout, now)),
  };
}

function amount(parameters: QueryParameters, name: string): Decimal | undefined {
  const text = parameters[name];
  if (text === undefined) return undefined;
  const value = Decimal.parse(text);
  if (value === undefined) throw invalidParameters(`${name} must be a number`);
  return value;
}
