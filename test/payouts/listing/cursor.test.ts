import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  fingerprintOf,
  isRowOf,
  readCursor,
  writeCursor,
  type Cursor,
} from '../../../src/payouts/listing/cursor.ts';
import { BadInput } from '../../../src/errors/gateway-errors.ts';
import type { Instant } from '../../../src/payouts/values/instant.ts';
import { rowOf } from '../../support/payout-rows.ts';

const instant = fc
  .tuple(
    fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true }),
    fc.nat({ max: 999_999 }),
  )
  .map(
    ([date, micros]) => `${date.toISOString().slice(0, 19)}.${String(micros).padStart(6, '0')}Z` as Instant,
  );
const uuid = fc.uuid();
const cursors = fc
  .record({
    place: fc.nat({ max: 1_000_000_000 }),
    beyond: fc.integer({ min: 1, max: 1_000_000 }),
    asOf: fc.option(instant),
    intentId: uuid,
    paymentId: fc.option(uuid),
    createdAt: fc.option(instant),
  })
  .map(({ beyond, ...cursor }): Cursor => ({ ...cursor, total: cursor.place + beyond }));

const mine = fingerprintOf({ a: 1 });
const [example] = fc.sample(cursors, { numRuns: 1, seed: 1 });
const text = example === undefined ? '' : writeCursor(example, mine);

function written(parts: unknown): string {
  return Buffer.from(typeof parts === 'string' ? parts : JSON.stringify(parts)).toString('base64url');
}

describe('a cursor made by hand', () => {
  const made = (place: unknown, total: unknown, intentId: unknown = 'i') =>
    written([1, mine, place, total, null, intentId, null, null]);

  it.each([
    ['counts more than there can be', made(2 ** 53 - 2, 2 ** 53 - 1)],
    ['counts beyond GraphQL’s Int', made(1, 2 ** 31)],
    ['is of no row', made(99, 100, null)],
    ['lies behind the end', made(100, 100)],
    ['counts in text', made('1', 2)],
  ])('that %s is none', (_, token) => {
    expect(() => readCursor(token, mine, 'after')).toThrow(BadInput);
  });
});

describe('a cursor', () => {
  it('is read back as it was written, in letters that need no escape', () => {
    fc.assert(
      fc.property(cursors, cursor => {
        const token = writeCursor(cursor, mine);
        expect(token).toMatch(/^[\w-]+$/);
        expect(readCursor(token, mine, 'after')).toMatchObject({ ...cursor });
      }),
    );
  });

  it('is refused in a list with another filter', () => {
    const reading = (): Cursor => readCursor(text, fingerprintOf({ a: 2 }), 'before');
    expect(reading).toThrow(BadInput);
    expect(reading).toThrow('before: belongs to a list with another filter.');
  });

  const at = '2026-06-01T12:00:00Z';
  it.each([
    ['nothing', ''],
    ['prose', 'not a cursor'],
    ['no list', written({})],
    ['another version', written([2, mine, 0, 1, at, null, null, at])],
    ['one part too few', written([1, mine, 0, 1, at, null, null])],
    ['one part too many', written([1, mine, 0, 1, at, null, null, at, 1])],
    ['a place before the first', written([1, mine, -1, 1, at, null, null, at])],
    ['half a place', written([1, mine, 0.5, 1, at, null, null, at])],
    ['a place behind the last', written([1, mine, 1, 1, at, null, null, at])],
    ['a place beyond counting', written([1, mine, 2 ** 53, 2 ** 54, at, null, null, at])],
    ['a total in words', written([1, mine, 0, '1', at, null, null, at])],
    ['a time that is none', written([1, mine, 0, 1, 'now', null, null, at])],
    ['a time not in UTC', written([1, mine, 0, 1, at, null, null, '2026-06-01T12:00:00+04:00'])],
    ['a number for an id', written([1, mine, 0, 1, at, 7, null, at])],
    ['an object for an id', written([1, mine, 0, 1, at, null, {}, at])],
    ['a number for its list', written([1, 7, 0, 1, at, null, null, at])],
    ['half of one', text.slice(0, text.length >>> 1)],
    ['far too much', written([1, mine, 0, 1, at, 'x'.repeat(600), null, at])],
  ])('is not %s', (_, forged) => {
    const reading = (): Cursor => readCursor(forged, mine, 'after');
    expect(reading).toThrow(BadInput);
    expect(reading).toThrow(/^after: is not a cursor/);
  });

  it('that was tampered with is refused, or is one that could have been written', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: text.length - 1 }),
        fc.constantFrom('A', 'z', '0', '-', '_', '='),
        (at, letter) => {
          const forged = text.slice(0, at) + letter + text.slice(at + 1);
          let cursor: Cursor;
          try {
            cursor = readCursor(forged, mine, 'after');
          } catch (error) {
            expect(error).toBeInstanceOf(BadInput);
            return;
          }
          expect(cursor.place).toBeGreaterThanOrEqual(0);
          expect(cursor.place).toBeLessThan(cursor.total);
          expect(readCursor(writeCursor(cursor, mine), mine, 'after')).toEqual(cursor);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('fails in no other way, whatever it is made of', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json().map(written)), forged => {
        expect(() => readCursor(forged, mine, 'after')).toThrow(BadInput);
      }),
    );
  });
});

describe('fingerprintOf', () => {
  it('differs with the filter, and only with it', () => {
    expect(fingerprintOf({ from: 'a' })).toBe(fingerprintOf({ from: 'a' }));
    expect(fingerprintOf({ from: 'a', to: undefined })).toBe(fingerprintOf({ from: 'a' }));
    const filters = [
      {},
      { from: 'a' },
      { to: 'a' },
      { from: 'b' },
      { amount_min: '1' },
      { amount_min: '1.0' },
    ];
    expect(new Set(filters.map(fingerprintOf)).size).toBe(filters.length);
  });
});

describe("a cursor's row", () => {
  const createdAt = '2026-06-01T12:00:00.5Z' as Instant;
  const cursor: Cursor = { place: 0, total: 1, asOf: null, intentId: 'i', paymentId: 'p', createdAt };
  const row = rowOf({ created_at: createdAt });

  it('is the one with its ids and its time', () => {
    expect(isRowOf(cursor, row)).toBe(true);
    expect(isRowOf({ ...cursor, intentId: 'other' }, row)).toBe(false);
    expect(isRowOf({ ...cursor, paymentId: 'other' }, row)).toBe(false);
    expect(isRowOf({ ...cursor, createdAt: null }, row)).toBe(false);
  });

  it('stays the same when a payment is made of it meanwhile, and not when it loses one', () => {
    expect(isRowOf({ ...cursor, paymentId: null }, row)).toBe(true);
    expect(isRowOf(cursor, { ...row, paymentId: null })).toBe(false);
  });
});
