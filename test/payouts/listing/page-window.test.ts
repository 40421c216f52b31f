import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  pageSpanOf,
  pagesOf,
  rangeOf,
  type Range,
  type Window,
} from '../../../src/payouts/listing/page-window.ts';

const sizes = fc.integer({ min: 1, max: 40 });
const stretches = fc
  .tuple(fc.nat({ max: 300 }), fc.integer({ min: 1, max: 90 }))
  .map(([start, length]): Range => ({ start, end: start + length }));

/** The fewest pages of any allowed size that hold a stretch, found by trying them all. */
function fewestPages({ start, end }: Range, maxPageSize: number): number {
  let fewest = Infinity;
  for (let size = 1; size <= maxPageSize; size += 1)
    fewest = Math.min(fewest, Math.floor((end - 1) / size) - Math.floor(start / size) + 1);
  return fewest;
}

describe('coverOf', () => {
  it('holds the stretch, on pages no larger than allowed', () => {
    fc.assert(
      fc.property(stretches, sizes, (stretch, max) => {
        const { pageSize, firstPage, lastPage } = pageSpanOf(stretch, max);
        expect(pageSize).toBeGreaterThanOrEqual(1);
        expect(pageSize).toBeLessThanOrEqual(max);
        expect(firstPage * pageSize).toBeLessThanOrEqual(stretch.start);
        expect((lastPage + 1) * pageSize).toBeGreaterThanOrEqual(stretch.end);
      }),
    );
  });

  it('never takes more pages than necessary', () => {
    fc.assert(
      fc.property(stretches, sizes, (stretch, max) => {
        expect(pagesOf(pageSpanOf(stretch, max))).toBe(fewestPages(stretch, max));
      }),
    );
  });

  it('takes the smallest pages of those', () => {
    fc.assert(
      fc.property(stretches, sizes, (stretch, max) => {
        const cover = pageSpanOf(stretch, max);
        expect(pagesOf(pageSpanOf(stretch, cover.pageSize))).toBe(pagesOf(cover));
        if (cover.pageSize > 1)
          expect(fewestPages(stretch, cover.pageSize - 1)).toBeGreaterThan(pagesOf(cover));
      }),
    );
  });

  it('takes one page for a stretch that lies across two of its own length', () => {
    expect(pageSpanOf({ start: 5, end: 15 }, 100)).toEqual({ pageSize: 15, firstPage: 0, lastPage: 0 });
  });

  it('takes one row for an empty stretch', () => {
    expect(pageSpanOf({ start: 7, end: 7 }, 100)).toEqual({ pageSize: 1, firstPage: 7, lastPage: 7 });
  });
});

describe('stretchOf', () => {
  const windows = fc.record({
    after: fc.option(fc.nat({ max: 30 }), { nil: undefined }),
    before: fc.option(fc.nat({ max: 30 }), { nil: undefined }),
    size: fc.integer({ min: 1, max: 30 }),
    fromEnd: fc.boolean(),
  });

  it("is what Relay's algorithm picks", () => {
    fc.assert(
      fc.property(windows, fc.nat({ max: 30 }), (window: Window, total) => {
        const { after, before, size, fromEnd } = window;
        const left = Array.from({ length: total }, (_, place) => place)
          .filter(place => after === undefined || place > after)
          .filter(place => before === undefined || place < before);
        const picked = fromEnd ? left.slice(-size) : left.slice(0, size);
        const { start, end } = rangeOf(window, total);
        expect(Array.from({ length: end - start }, (_, index) => start + index)).toEqual(picked);
      }),
    );
  });

  it('lies within the list and holds no more than was asked for', () => {
    fc.assert(
      fc.property(windows, fc.nat({ max: 30 }), (window: Window, total) => {
        const { start, end } = rangeOf(window, total);
        expect(0 <= start && start <= end && end <= total && end - start <= window.size).toBe(true);
      }),
    );
  });
});
