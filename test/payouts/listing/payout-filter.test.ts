import { describe, expect, it } from 'vitest';
import type { Decimal } from '../../../src/payouts/values/decimal.ts';
import { BadInput } from '../../../src/errors/gateway-errors.ts';
import type { Instant } from '../../../src/payouts/values/instant.ts';
import { filterQuery, upToSnapshot } from '../../../src/payouts/listing/payout-filter.ts';

const decimal = (text: string): Decimal => text as Decimal;
const instant = (text: string): Instant => text as Instant;
const early = instant('2026-03-01T00:00:00Z');
const late = instant('2026-03-02T00:00:00.000001Z');

describe('filterQuery', () => {
  it('keeps all digits of the values', () => {
    expect(
      filterQuery({
        amount: { min: decimal('1.50'), max: decimal('100000000000000000.10') },
        createdAt: { from: early, to: late },
        updatedAt: { from: late, to: late },
      }),
    ).toEqual({
      amount_min: '1.50',
      amount_max: '100000000000000000.10',
      from: early,
      to: late,
      from_updated_at: late,
      to_updated_at: late,
    });
  });

  it('sets no parameter for a value that is absent or null', () => {
    for (const filter of [
      {},
      { amount: null },
      { amount: { min: null }, createdAt: {}, updatedAt: { to: null } },
    ])
      expect(Object.values(filterQuery(filter)).every(value => value === undefined)).toBe(true);
  });

  it('accepts a range with equal bounds', () => {
    expect(filterQuery({ amount: { min: decimal('1.0'), max: decimal('1') } })).toMatchObject({
      amount_min: '1.0',
      amount_max: '1',
    });
  });

  it.each([
    ['filter.amount', { amount: { min: decimal('1.01'), max: decimal('1.0') } }],
    ['filter.createdAt', { createdAt: { from: late, to: early } }],
    ['filter.updatedAt', { updatedAt: { from: late, to: early } }],
  ])('refuses a range whose lower bound is above its upper bound: %s', (argument, filter) => {
    expect(() => filterQuery(filter)).toThrow(BadInput);
    expect(() => filterQuery(filter)).toThrow(expect.objectContaining({ argument }));
  });
});

describe('upTo', () => {
  const query = filterQuery({ createdAt: { from: early } });

  it('leaves out rows created after the snapshot time', () => {
    expect(upToSnapshot(query, late)).toEqual({ ...query, to: late });
  });

  it('keeps an upper bound before the snapshot time', () => {
    const bounded = { ...query, to: early };
    expect(upToSnapshot(bounded, late)).toEqual(bounded);
    expect(upToSnapshot({ ...query, to: late }, early)).toEqual({ ...query, to: early });
  });

  it('leaves the query unchanged without a snapshot time', () => {
    expect(upToSnapshot(query, null)).toBe(query);
  });
});
