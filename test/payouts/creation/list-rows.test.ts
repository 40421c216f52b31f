import { describe, expect, it } from 'vitest';
import { DistinctRows, currentRowPerPayout, rowKey } from '../../../src/payouts/creation/list-rows.ts';
import { rowOf } from '../../support/payout-rows.ts';

function row(change: Parameters<typeof rowOf>[0] = {}) {
  return rowOf({
    payment_intent_id: 'intent-1',
    payment_id: 'payment-1',
    created_at: '2026-03-01T12:00:01Z',
    ...change,
  });
}

function countOf(...pages: readonly (readonly ReturnType<typeof row>[])[]): number {
  const rows = new DistinctRows();
  for (const page of pages) rows.addPage(page);
  return rows.size;
}

describe('the rows of a list', () => {
  const unpaid = row({ payment_id: null });
  const failed = row({ payment_id: null, status: 'FAILED', created_at: '2026-03-01T12:00:00Z' });

  it('count once each, on however many pages they are met', () => {
    expect(countOf([row(), row()], [row()])).toBe(1);
    expect(countOf([row()], [row({ payment_intent_id: 'intent-2' })])).toBe(2);
  });

  it('count for each payment of an intent', () => {
    expect(countOf([row()], [row({ payment_id: 'payment-2' })])).toBe(2);
  });

  it('count as several without payments where one page shows them side by side', () => {
    expect(countOf([failed, row()])).toBe(2);
    expect(countOf([failed, unpaid], [unpaid])).toBe(2);
  });

  it('of a failed payment and of one that Lean has taken are two, also without payments and of one time', () => {
    const failedThen = row({ payment_id: null, status: 'FAILED' });
    expect(rowKey(failedThen)).not.toBe(rowKey(unpaid));
    expect(countOf([failedThen, unpaid])).toBe(2);
    expect(countOf([failedThen], [unpaid])).toBe(1);
    expect(rowKey(row({ status: 'FAILED' }))).toBe(rowKey(row()));
  });

  it('count once where a payment has come between two pages', () => {
    expect(countOf([unpaid], [row()])).toBe(1);
    expect(countOf([row()], [unpaid])).toBe(1);
  });
});

describe('of several rows of one intent', () => {
  const newer = { payment_id: 'payment-2', created_at: '2026-03-01T12:00:09Z' };

  it.each([
    ['the one that Lean has not failed', row(), row({ ...newer, status: 'FAILED' })],
    [
      'the newest one of those that Lean has failed',
      row({ ...newer, status: 'FAILED' }),
      row({ status: 'FAILED' }),
    ],
    ['the newest one of those that Lean has taken', row(newer), row()],
    ['the one whose time is known', row(newer), row({ created_at: null })],
  ])('%s counts, in whichever order they are read', (_which, wanted, other) => {
    expect(currentRowPerPayout([wanted, other])).toEqual([wanted]);
    expect(currentRowPerPayout([other, wanted])).toEqual([wanted]);
  });

  it('no row of another intent is left out', () => {
    expect(currentRowPerPayout([row(), row({ payment_intent_id: 'intent-2' })])).toHaveLength(2);
  });
});
