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

type Pages = readonly (readonly ReturnType<typeof row>[])[];

/** The number of rows of several pages, at most 3; undefined if it is not certain. */
function countRows(...pages: Pages): number | undefined {
  const rows = new DistinctRows();
  for (const page of pages) rows.addPage(page);
  return [0, 1, 2, 3].find(total => rows.isExactly(total));
}

describe('DistinctRows', () => {
  const unpaid = row({ payment_id: null });
  const failed = row({ payment_id: null, status: 'FAILED', created_at: '2026-03-01T12:00:00Z' });

  it('a row on several pages counts once', () => {
    expect(countRows([row(), row()], [row()])).toBe(1);
    expect(countRows([row()], [row({ payment_intent_id: 'intent-2' })])).toBe(2);
  });

  it('each payment of an intent counts as a row if one page shows them together', () => {
    expect(countRows([row(), row({ payment_id: 'payment-2' })])).toBe(2);
  });

  it('the number of rows is not certain if two pages show different payments of an intent', () => {
    expect(countRows([row()], [row({ payment_id: 'payment-2' })])).toBeUndefined();
  });

  it('rows of one intent without payments count separately if one page shows them together', () => {
    expect(countRows([failed, row()])).toBe(2);
    expect(countRows([failed, unpaid], [unpaid])).toBe(2);
  });

  it('a failed row and a live row of one intent are distinct, even without payment ids and with the same time', () => {
    const failedAtSameTime = row({ payment_id: null, status: 'FAILED' });
    expect(rowKey(failedAtSameTime)).not.toBe(rowKey(unpaid));
    expect(countRows([failedAtSameTime, unpaid])).toBe(2);
    expect(countRows([failedAtSameTime], [unpaid])).toBe(1);
    expect(rowKey(row({ status: 'FAILED' }))).toBe(rowKey(row()));
  });

  it('a row counts once if its payment is created between the reads of two pages', () => {
    expect(countRows([unpaid], [row()])).toBe(1);
    expect(countRows([row()], [unpaid])).toBe(1);
  });
});

describe('currentRowPerPayout', () => {
  const newer = { payment_id: 'payment-2', created_at: '2026-03-01T12:00:09Z' };

  it.each([
    ['the row that has not failed', row(), row({ ...newer, status: 'FAILED' })],
    ['the newest one of failed rows', row({ ...newer, status: 'FAILED' }), row({ status: 'FAILED' })],
    ['the newest one of live rows', row(newer), row()],
    ['the row with a known time', row(newer), row({ created_at: null })],
  ])('of several rows of an intent, %s is current, in any order of reading', (_which, wanted, other) => {
    expect(currentRowPerPayout([wanted, other])).toEqual([wanted]);
    expect(currentRowPerPayout([other, wanted])).toEqual([wanted]);
  });

  it('each intent has its own current row', () => {
    expect(currentRowPerPayout([row(), row({ payment_intent_id: 'intent-2' })])).toHaveLength(2);
  });
});
