import { Decimal } from '../decimal.ts';
import type { Instant } from '../instant.ts';
import { moment, type Parameters, wholeNumber } from './parameters.ts';
import type { Payout } from '../payout.ts';
import { invalidParameters } from './refusal.ts';

const defaultPageSize = 50;

/** What the list was asked for. */
export interface PayoutQuery {
  readonly pageNumber: number;
  readonly pageSize: number;
  /** Undefined when nothing is filtered out. */
  readonly keeps: ((payout: Payout, now: Instant) => boolean) | undefined;
}

type Rule = (payout: Payout, now: Instant) => boolean;

/** Reads the list's parameters; all bounds are inclusive. Throws a Refusal on a value that is not what it should be. */
export function parsePayoutQuery(parameters: Parameters, maxPageSize: number): PayoutQuery {
  const pageNumber = wholeNumber(parameters, 'page_number') ?? 0;
  const pageSize = wholeNumber(parameters, 'page_size') ?? defaultPageSize;
  if (pageSize === 0) throw invalidParameters('page_size must be at least 1');

  const rules: Rule[] = [];
  const amountMin = amount(parameters, 'amount_min');
  const amountMax = amount(parameters, 'amount_max');
  const from = moment(parameters, 'from');
  const to = moment(parameters, 'to');
  const fromUpdated = moment(parameters, 'from_updated_at');
  const toUpdated = moment(parameters, 'to_updated_at');
  if (from !== undefined) rules.push(({ facts }) => facts.createdAt >= from);
  if (to !== undefined) rules.push(({ facts }) => facts.createdAt <= to);
  if (amountMin !== undefined) rules.push(payout => payout.amount.compare(amountMin) >= 0);
  if (amountMax !== undefined) rules.push(payout => payout.amount.compare(amountMax) <= 0);
  if (fromUpdated !== undefined) rules.push((payout, now) => payout.at(now).current.at >= fromUpdated);
  if (toUpdated !== undefined) rules.push((payout, now) => payout.at(now).current.at <= toUpdated);

  return {
    pageNumber,
    pageSize: Math.min(pageSize, maxPageSize),
    keeps: rules.length === 0 ? undefined : (payout, now) => rules.every(rule => rule(payout, now)),
  };
}

function amount(parameters: Parameters, name: string): Decimal | undefined {
  const text = parameters[name];
  if (text === undefined) return undefined;
  const value = Decimal.parse(text);
  if (value === undefined) throw invalidParameters(`${name} must be a number`);
  return value;
}
