import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareInstants, type Instant } from '../../../src/payouts/values/instant.ts';
import { KnownRows } from '../../../src/payouts/listing/known-rows.ts';
import { rowOf } from '../../support/payout-rows.ts';

const seed = 20_261_129;

/** Room for so many rows. */
const roomFor = (rows: number): number => rows * 600;

const intentIds = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `i${String(index)}`);
const rowOfIntent = (payment_intent_id: string) => rowOf({ payment_intent_id });

describe('rows that are known', () => {
  it('are those that were read, by their intents', () => {
    const known = new KnownRows(roomFor(2));
    known.remember([rowOf({ auto_authorized: true })]);
    expect(known.get('i')).toEqual({
      createdAt: '2026-03-01T12:00:00Z',
      autoAuthorized: true,
      paymentId: 'p',
    });
    expect(known.get('other')).toBeUndefined();
  });

  it.each([0, 1, 599])('are none in %i bytes', bytes => {
    const seconds: string[] = [];
    const known = new KnownRows(bytes, intentId => seconds.push(intentId));
    known.remember([rowOf(), rowOf({ payment_id: 'q' })]);
    expect(known.get('i')).toBeUndefined();
    expect(known.supersedes(rowOf())).toBe(false);
    expect(seconds).toEqual([]);
  });

  it('are never more than their bytes allow, and the last ones of all', () => {
    const pages = fc.array(fc.array(fc.nat({ max: 30 }), { maxLength: 20 }), { maxLength: 10 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), pages, (room, read) => {
        const known = new KnownRows(roomFor(room));
        for (const page of read) known.remember(page.map(index => rowOfIntent(`i${String(index)}`)));
        const kept = intentIds(31).filter(id => known.get(id) !== undefined);
        const newestFirst = new Set(read.flat().toReversed());
        const last = [...newestFirst].slice(0, room).map(index => `i${String(index)}`);
        expect(kept.toSorted()).toEqual(last.toSorted());
      }),
      { seed },
    );
  });

  it('stay longer for being used', () => {
    const known = new KnownRows(roomFor(2));
    known.remember(['a', 'b'].map(rowOfIntent));
    known.get('a');
    known.remember([rowOfIntent('c')]);
    expect(['a', 'b', 'c'].map(id => known.get(id) !== undefined)).toEqual([true, false, true]);
  });
});

describe('of several payments of one intent', () => {
  /** Times of every length that Lean writes, close to each other, and none. */
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

  it('the newest counts, in whatever order they are read and on however many pages', () => {
    fc.assert(
      fc.property(reads, fc.nat({ max: 10 }), ({ paid, rows }, cut) => {
        const known = new KnownRows(roomFor(1));
        known.remember(rows.slice(0, cut));
        known.remember(rows.slice(cut));
        const at = (time: Instant | null): Instant => time ?? ('1970-01-01T00:00:00Z' as Instant);
        const newest = paid.toSorted((a, b) => compareInstants(at(a.createdAt), at(b.createdAt))).at(-1);
        expect(known.get('i')).toEqual({
          createdAt: newest?.createdAt,
          autoAuthorized: newest?.autoAuthorized,
          paymentId: newest?.paymentId,
        });
        for (const row of paid) expect(known.supersedes(row)).toBe(row !== newest);
      }),
      { seed },
    );
  });

  it('each other one is told of; the same one again, and one that had none before, are not', () => {
    const seconds: string[] = [];
    const known = new KnownRows(roomFor(3), intentId => seconds.push(intentId));
    known.remember([rowOf({ payment_id: null }), rowOf(), rowOf({ status: 'FAILED' }), rowOfIntent('j')]);
    expect(seconds).toEqual([]);
    known.remember([rowOf({ payment_id: 'q', created_at: '2026-03-01T12:00:01Z' })]);
    expect(seconds).toEqual(['i']);
    expect(known.get('i')?.paymentId).toBe('q');
  });
});
