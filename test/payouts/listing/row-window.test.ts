import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Instant } from '../../../src/payouts/values/instant.ts';
import { instantAt } from '../../../src/payouts/values/lean-time.ts';
import { windowsOf, type RowTimes, type RowWindow } from '../../../src/payouts/listing/row-window.ts';

const seed = 20_261_129;
const noon = Date.parse('2026-03-01T12:00:00Z');

function times(intentId: string, change: Partial<RowTimes> = {}): RowTimes {
  return {
    intentId,
    amount: undefined,
    createdAt: undefined,
    submittedAt: undefined,
    initiatedAt: undefined,
    requested: undefined,
    ...change,
  };
}

const moment = (seconds: number): Instant => instantAt(noon + seconds * 1000);

/** Seconds after noon: near each other at times, at times not; with the digits that Lean gives. */
const seconds = fc.integer({ min: 0, max: 120 });
const instant = fc
  .tuple(seconds, fc.constantFrom('', '.5', '.123456', '.999999999'))
  .map(([second, fraction]) => moment(second).replace('.000Z', `${fraction}Z`) as Instant);
const maybe = fc.option(fc.option(instant), { nil: undefined });
const anyTimes = fc
  .array(
    fc.record({
      amount: fc.option(fc.constantFrom('1', '2.50'), { nil: undefined }),
      createdAt: maybe,
      submittedAt: maybe,
      initiatedAt: maybe,
      requested: fc.option(
        fc.tuple(seconds, fc.nat({ max: 30 })).map(([from, long]) => ({
          from: noon + from * 1000,
          to: noon + (from + long) * 1000,
        })),
        { nil: undefined },
      ),
    }),
    { maxLength: 12 },
  )
  .map(all => all.map((each, index): RowTimes => ({ intentId: `i${String(index)}`, ...each })));

const ms = (time: string | undefined): number => Date.parse(time ?? '');
const isOfCreation = ({ query }: RowWindow): boolean => query.from !== undefined;
const isOfChange = ({ query }: RowWindow): boolean => query.from_updated_at !== undefined;

/** The part of the time line that a window asks about. */
function spanOf({ query }: RowWindow): readonly [number, number] {
  return [ms(query.from ?? query.from_updated_at), ms(query.to)];
}

describe('the parts of the list that hold the rows of payouts', () => {
  it('are none for no payouts', () => {
    expect(windowsOf([])).toEqual([]);
  });

  it('hold each payout once, within its time, and beside its own kind alone', () => {
    fc.assert(
      fc.property(anyTimes, wanted => {
        const windows = windowsOf(wanted);
        const looked = windows.flatMap(window => window.wanted);
        expect(looked.toSorted((a, b) => wanted.indexOf(a) - wanted.indexOf(b))).toEqual(wanted);
        for (const window of windows) {
          const [from, to] = spanOf(window);
          for (const { createdAt, submittedAt, initiatedAt, requested } of window.wanted) {
            const told = [submittedAt, initiatedAt].filter(time => time != null).map(Date.parse);
            const known = createdAt != null ? [Date.parse(createdAt)] : told;
            const expected = known.length > 0 ? known : requested ? [requested.from, requested.to] : [];
            for (const time of expected) {
              expect(from).toBeLessThan(time);
              expect(to).toBeGreaterThan(time);
            }
            expect(isOfChange(window)).toBe(createdAt == null && told.length > 0);
            expect(isOfCreation(window)).toBe(expected.length > 0 && !isOfChange(window));
          }
        }
      }),
      { seed },
    );
  });

  it('touch none of their own kind, and have nothing in them that no payout is near', () => {
    fc.assert(
      fc.property(anyTimes, wanted => {
        const windows = windowsOf(wanted);
        for (const isOfKind of [isOfCreation, isOfChange]) {
          const spans = windows
            .filter(isOfKind)
            .map(spanOf)
            .toSorted(([a], [b]) => a - b);
          for (const [index, [from]] of spans.entries())
            if (index > 0) expect(from).toBeGreaterThan(spans[index - 1]?.[1] ?? Infinity);
          // As wide together as all of them alone, where those do not overlap.
          const alone = wanted
            .flatMap(each => windowsOf([each]))
            .filter(isOfKind)
            .map(spanOf);
          for (const [from, to] of spans) {
            expect(alone.some(([start]) => start === from)).toBe(true);
            expect(alone.some(([, end]) => end === to)).toBe(true);
          }
        }
      }),
      { seed },
    );
  });

  it('are one where they touch, however many', () => {
    const chain = [0, 4, 8, 12].map(second => times(`i${String(second)}`, { createdAt: moment(second) }));
    expect(windowsOf(chain.toReversed())).toEqual([
      { query: { from: moment(-2), to: moment(14) }, wanted: chain },
    ]);
    const apart = [times('a', { createdAt: moment(0) }), times('b', { createdAt: moment(4.001) })];
    expect(windowsOf(apart)).toHaveLength(2);
  });

  it('are one where one lies within another', () => {
    const long = times('long', { requested: { from: noon, to: noon + 60_000 } });
    const short = times('short', { createdAt: moment(10) });
    expect(windowsOf([short, long])).toEqual([
      { query: { from: moment(-2), to: moment(62) }, wanted: [long, short] },
    ]);
  });

  it('are by creation where that is known, else by change, else by when it was asked for', () => {
    const requested = { from: noon, to: noon };
    const changed = { submittedAt: moment(100), initiatedAt: moment(101), requested };
    expect(windowsOf([times('i', { createdAt: moment(50), ...changed })])[0]?.query).toEqual({
      from: moment(48),
      to: moment(52),
    });
    expect(windowsOf([times('i', changed)])[0]?.query).toEqual({
      from_updated_at: moment(98),
      to: moment(103),
    });
    expect(windowsOf([times('i', { requested })])[0]?.query).toEqual({ from: moment(-2), to: moment(2) });
  });

  it('of two kinds are two, though they are of one time', () => {
    const made = times('made', { createdAt: moment(0) });
    const changed = times('changed', { submittedAt: moment(0) });
    expect(windowsOf([made, changed]).map(({ wanted }) => wanted)).toEqual([[made], [changed]]);
  });

  it('are right where a payment was initiated before it was submitted, and where one of the two is missing', () => {
    const query = { from_updated_at: moment(-2), to: moment(7) };
    expect(windowsOf([times('i', { submittedAt: moment(5), initiatedAt: moment(0) })])[0]?.query).toEqual(
      query,
    );
    for (const only of [{ submittedAt: moment(0) }, { submittedAt: null, initiatedAt: moment(0) }])
      expect(windowsOf([times('i', only)])[0]?.query).toEqual({ ...query, to: moment(2) });
  });

  it('are by the amount alone, each on its own, where no time is known; or the whole list', () => {
    const [a, b, c] = [times('a', { amount: '2.50' }), times('b', { amount: '2.50' }), times('c')];
    expect(windowsOf([a, b, c])).toEqual([
      { query: { amount_min: '2.50', amount_max: '2.50' }, wanted: [a] },
      { query: { amount_min: '2.50', amount_max: '2.50' }, wanted: [b] },
      { query: {}, wanted: [c] },
    ]);
  });
});
