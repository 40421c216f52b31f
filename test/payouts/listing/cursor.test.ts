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
    position: fc.nat({ max: 1_000_000_000 }),
    remaining: fc.integer({ min: 1, max: 1_000_000 }),
    snapshotTime: fc.option(instant),
    intentId: uuid,
    paymentId: fc.option(uuid),
    createdAt: fc.option(instant),
  })
  .map(({ remaining, ...cursor }): Cursor => ({ ...cursor, total: cursor.position + remaining }));

const fingerprint = fingerprintOf({ a: 1 });
const [example] = fc.sample(cursors, { numRuns: 1, seed: 1 });
const text = example === undefined ? '' : writeCursor(example, fingerprint);

/** The text of a cursor with any content. */
function encode(parts: unknown): string {
  return Buffer.from(typeof parts === 'string' ? parts : JSON.stringify(parts)).toString('base64url');
}

describe('a cursor that no list returned', () => {
  const forged = (position: unknown, total: unknown, intentId: unknown = 'i') =>
    encode([1, fingerprint, position, total, null, intentId, null, null]);

  it.each([
    ['its position and total are not safe integers', forged(2 ** 53 - 2, 2 ** 53 - 1)],
    ['its total is above GraphQL’s largest Int', forged(1, 2 ** 31)],
    ['it has no id of a row', forged(99, 100, null)],
    ['its position is not below its total', forged(100, 100)],
    ['its position is a string', forged('1', 2)],
  ])('is refused if %s', (_, token) => {
    expect(() => readCursor(token, fingerprint, 'after')).toThrow(BadInput);
  });
});

describe('a cursor', () => {
  it('decodes to what was encoded, and its text is safe in a URL', () => {
    fc.assert(
      fc.property(cursors, cursor => {
        const token = writeCursor(cursor, fingerprint);
        expect(token).toMatch(/^[\w-]+$/);
        expect(readCursor(token, fingerprint, 'after')).toMatchObject({ ...cursor });
      }),
    );
  });

  it('is refused in a list with another filter', () => {
    const read = (): Cursor => readCursor(text, fingerprintOf({ a: 2 }), 'before');
    expect(read).toThrow(BadInput);
    expect(read).toThrow('before: belongs to a list with another filter.');
  });

  const at = '2026-06-01T12:00:00Z';
  it.each([
    ['an empty text', ''],
    ['prose', 'not a cursor'],
    ['JSON that is not an array', encode({})],
    ['another version', encode([2, fingerprint, 0, 1, at, null, null, at])],
    ['one part too few', encode([1, fingerprint, 0, 1, at, null, null])],
    ['one part too many', encode([1, fingerprint, 0, 1, at, null, null, at, 1])],
    ['a negative position', encode([1, fingerprint, -1, 1, at, null, null, at])],
    ['a fractional position', encode([1, fingerprint, 0.5, 1, at, null, null, at])],
    ['a position equal to the total', encode([1, fingerprint, 1, 1, at, null, null, at])],
    ['a position that is not a safe integer', encode([1, fingerprint, 2 ** 53, 2 ** 54, at, null, null, at])],
    ['a total that is a string', encode([1, fingerprint, 0, '1', at, null, null, at])],
    ['an invalid time', encode([1, fingerprint, 0, 1, 'now', null, null, at])],
    [
      'a time that is not in UTC',
      encode([1, fingerprint, 0, 1, at, null, null, '2026-06-01T12:00:00+04:00']),
    ],
    ['a number as an id', encode([1, fingerprint, 0, 1, at, 7, null, at])],
    ['an object as an id', encode([1, fingerprint, 0, 1, at, null, {}, at])],
    ['a number as the fingerprint', encode([1, 7, 0, 1, at, null, null, at])],
    ['half a cursor', text.slice(0, text.length >>> 1)],
    ['a text that is too long', encode([1, fingerprint, 0, 1, at, 'x'.repeat(600), null, at])],
  ])('is refused if it is %s', (_, invalid) => {
    const read = (): Cursor => readCursor(invalid, fingerprint, 'after');
    expect(read).toThrow(BadInput);
    expect(read).toThrow(/^after: is not a cursor/);
  });

  it('is refused after any change of a character, or decodes to a valid cursor', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: text.length - 1 }),
        fc.constantFrom('A', 'z', '0', '-', '_', '='),
        (at, letter) => {
          const changed = text.slice(0, at) + letter + text.slice(at + 1);
          let cursor: Cursor;
          try {
            cursor = readCursor(changed, fingerprint, 'after');
          } catch (error) {
            expect(error).toBeInstanceOf(BadInput);
            return;
          }
          expect(cursor.position).toBeGreaterThanOrEqual(0);
          expect(cursor.position).toBeLessThan(cursor.total);
          expect(readCursor(writeCursor(cursor, fingerprint), fingerprint, 'after')).toEqual(cursor);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('is refused with BadInput, whatever text it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json().map(encode)), anyText => {
        expect(() => readCursor(anyText, fingerprint, 'after')).toThrow(BadInput);
      }),
    );
  });
});

describe('fingerprintOf', () => {
  it('is equal for equal filters and different for different filters', () => {
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

describe('isRowOf', () => {
  const createdAt = '2026-06-01T12:00:00.5Z' as Instant;
  const cursor: Cursor = {
    position: 0,
    total: 1,
    snapshotTime: null,
    intentId: 'i',
    paymentId: 'p',
    createdAt,
  };
  const row = rowOf({ created_at: createdAt });

  it('is true only for the row with the cursor’s ids and creation time', () => {
    expect(isRowOf(cursor, row)).toBe(true);
    expect(isRowOf({ ...cursor, intentId: 'other' }, row)).toBe(false);
    expect(isRowOf({ ...cursor, paymentId: 'other' }, row)).toBe(false);
    expect(isRowOf({ ...cursor, createdAt: null }, row)).toBe(false);
  });

  it('is true for a row that has got its payment since, and false for a row that has lost one', () => {
    expect(isRowOf({ ...cursor, paymentId: null }, row)).toBe(true);
    expect(isRowOf(cursor, { ...row, paymentId: null })).toBe(false);
  });
});
