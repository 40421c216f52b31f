import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareInstants, type Instant } from '../../../src/payouts/values/instant.ts';
import { RowCache } from '../../../src/payouts/listing/row-cache.ts';
import { rowOf } from '../../support/payout-rows.ts';

const seed = 20_261_129;

/** The cache size for a number of rows, in bytes. */
const bytesFor = (rows: number): number => rows * 600;

const intentIds = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `i${String(index)}`);
const rowOfIntent = (payment_intent_id: string) => rowOf({ payment_intent_id });

describe('the row cache', () => {
  it('returns an added row by its intent id', () => {
    const cache = new RowCache(bytesFor(2));
    cache.add([rowOf({ auto_authorized: true })]);
    expect(cache.get('i')).toEqual({
      createdAt: '2026-03-01T12:00:00Z',
      autoAuthorized: true,
      paymentId: 'p',
    });
    expect(cache.get('other')).toBeUndefined();
  });

  it.each([0, 1, 599])('holds no rows in %i bytes', bytes => {
    const reported: string[] = [];
    const cache = new RowCache(bytes, intentId => reported.push(intentId));
    cache.add([rowOf(), rowOf({ payment_id: 'q' })]);
    expect(cache.get('i')).toBeUndefined();
    expect(cache.hasNewerPayment(rowOf())).toBe(false);
    expect(reported).toEqual([]);
  });

  it('holds the rows added last, and no more than its bytes allow', () => {
    const pages = fc.array(fc.array(fc.nat({ max: 30 }), { maxLength: 20 }), { maxLength: 10 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), pages, (capacity, pagesRead) => {
        const cache = new RowCache(bytesFor(capacity));
        for (const page of pagesRead) cache.add(page.map(index => rowOfIntent(`i${String(index)}`)));
        const kept = intentIds(31).filter(id => cache.get(id) !== undefined);
        const newestFirst = new Set(pagesRead.flat().toReversed());
        const last = [...newestFirst].slice(0, capacity).map(index => `i${String(index)}`);
        expect(kept.toSorted()).toEqual(last.toSorted());
      }),
      { seed },
    );
  });

  it('evicts the row that was used least recently', () => {
    const cache = new RowCache(bytesFor(2));
    cache.add(['a', 'b'].map(rowOfIntent));
    cache.get('a');
    cache.add([rowOfIntent('c')]);
    expect(['a', 'b', 'c'].map(id => cache.get(id) !== undefined)).toEqual([true, false, true]);
  });
});

describe('the row cache with several payments of one intent', () => {
  /** Times with every number of fraction digits that Lean writes, close to each other, and no time. */
  const time = fc.constantFrom(
    null,
    '2026-03-01T12:00:00Z',
    '2026-03-01T12:00:00.1Z',
    '2026-03-01T12:00:00.12Z',
    '2026-03-01T12:00:00.123456Z',
    '2026-03-01T12:00:01Z',
    '2026-03-01T12:00:01.5Z',
  );
  const payments = fc
    .uniqueArray(fc.tuple(time, fc.boolean()), { minLength: 1, maxLength: 7, selector: ([at]) => at })
    .map(all =>
      all.map(([created_at, auto_authorized], index) =>
        rowOf({ created_at, auto_authorized, payment_id: `p${String(index)}` }),
      ),
    )
    .chain(rows => fc.shuffledSubarray(rows, { minLength: rows.length }));
  const rowsWithoutPayment = fc.array(fc.constant(rowOf({ payment_id: null, status: 'FAILED' })), {
    maxLength: 3,
  });
  const reads = fc
    .tuple(payments, rowsWithoutPayment)
    .chain(([paid, unpaid]) =>
      fc
        .shuffledSubarray([...paid, ...unpaid], { minLength: paid.length + unpaid.length })
        .map(rows => ({ paid, rows })),
    );

  it('keeps the newest payment, in whatever order and on however many pages the rows are read', () => {
    fc.assert(
      fc.property(reads, fc.nat({ max: 10 }), ({ paid, rows }, cut) => {
        const cache = new RowCache(bytesFor(1));
        cache.add(rows.slice(0, cut));
        cache.add(rows.slice(cut));
        const at = (time: Instant | null): Instant => time ?? ('1970-01-01T00:00:00Z' as Instant);
        const newest = paid.toSorted((a, b) => compareInstants(at(a.createdAt), at(b.createdAt))).at(-1);
        expect(cache.get('i')).toEqual({
          createdAt: newest?.createdAt,
          autoAuthorized: newest?.autoAuthorized,
          paymentId: newest?.paymentId,
        });
        for (const row of paid) expect(cache.hasNewerPayment(row)).toBe(row !== newest);
      }),
      { seed },
    );
  });

  it('reports an intent once for another payment, and not for the same payment or its first one', () => {
    const reported: string[] = [];
    const cache = new RowCache(bytesFor(3), intentId => reported.push(intentId));
    cache.add([rowOf({ payment_id: null }), rowOf(), rowOf({ status: 'FAILED' }), rowOfIntent('j')]);
    expect(reported).toEqual([]);
    cache.add([rowOf({ payment_id: 'q', created_at: '2026-03-01T12:00:01Z' })]);
    expect(reported).toEqual(['i']);
    expect(cache.get('i')?.paymentId).toBe('q');
  });
});
