import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  pageSpanOf,
  pageCount,
  rangeOf,
  type Range,
  type PageWindow,
} from '../../../src/payouts/listing/page-window.ts';

const sizes = fc.integer({ min: 1, max: 40 });
const ranges = fc
  .tuple(fc.nat({ max: 300 }), fc.integer({ min: 1, max: 90 }))
  .map(([start, length]): Range => ({ start, end: start + length }));

/** The fewest pages of any allowed size that hold a range, found by trying all sizes. */
function fewestPages({ start, end }: Range, maxPageSize: number): number {
  let fewest = Infinity;
  for (let size = 1; size <= maxPageSize; size += 1)
    fewest = Math.min(fewest, Math.floor((end - 1) / size) - Math.floor(start / size) + 1);
  return fewest;
}

describe('pageSpanOf', () => {
  it('holds the range on pages no larger than allowed', () => {
    fc.assert(
      fc.property(ranges, sizes, (range, max) => {
        const { pageSize, firstPage, lastPage } = pageSpanOf(range, max);
        expect(pageSize).toBeGreaterThanOrEqual(1);
        expect(pageSize).toBeLessThanOrEqual(max);
        expect(firstPage * pageSize).toBeLessThanOrEqual(range.start);
        expect((lastPage + 1) * pageSize).toBeGreaterThanOrEqual(range.end);
      }),
    );
  });

  it('never has more pages than necessary', () => {
    fc.assert(
      fc.property(ranges, sizes, (range, max) => {
        expect(pageCount(pageSpanOf(range, max))).toBe(fewestPages(range, max));
      }),
    );
  });

  it('has the smallest page size of all spans with the fewest pages', () => {
    fc.assert(
      fc.property(ranges, sizes, (range, max) => {
        const span = pageSpanOf(range, max);
        expect(pageCount(pageSpanOf(range, span.pageSize))).toBe(pageCount(span));
        if (span.pageSize > 1) expect(fewestPages(range, span.pageSize - 1)).toBeGreaterThan(pageCount(span));
      }),
    );
  });

  it('is a single page for a range that crosses a boundary of pages of its own length', () => {
    expect(pageSpanOf({ start: 5, end: 15 }, 100)).toEqual({ pageSize: 15, firstPage: 0, lastPage: 0 });
  });

  it('is a page of one row for an empty range', () => {
    expect(pageSpanOf({ start: 7, end: 7 }, 100)).toEqual({ pageSize: 1, firstPage: 7, lastPage: 7 });
  });
});

describe('rangeOf', () => {
  const windows = fc.record({
    after: fc.option(fc.nat({ max: 30 }), { nil: undefined }),
    before: fc.option(fc.nat({ max: 30 }), { nil: undefined }),
    size: fc.integer({ min: 1, max: 30 }),
    fromEnd: fc.boolean(),
  });

  it("selects the rows that Relay's algorithm selects", () => {
    fc.assert(
      fc.property(windows, fc.nat({ max: 30 }), (window: PageWindow, total) => {
        const { after, before, size, fromEnd } = window;
        const candidates = Array.from({ length: total }, (_, position) => position)
          .filter(position => after === undefined || position > after)
          .filter(position => before === undefined || position < before);
        const selected = fromEnd ? candidates.slice(-size) : candidates.slice(0, size);
        const { start, end } = rangeOf(window, total);
        expect(Array.from({ length: end - start }, (_, index) => start + index)).toEqual(selected);
      }),
    );
  });

  it('lies within the list and holds no more rows than requested', () => {
    fc.assert(
      fc.property(windows, fc.nat({ max: 30 }), (window: PageWindow, total) => {
        const { start, end } = rangeOf(window, total);
        expect(0 <= start && start <= end && end <= total && end - start <= window.size).toBe(true);
      }),
    );
  });
});
