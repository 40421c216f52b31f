import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { instantAt, type Instant } from '../../../src/payouts/values/instant.ts';
import { rowWindowsOf, type RowHints, type RowWindow } from '../../../src/payouts/listing/row-window.ts';

const seed = 20_261_129;
const noon = Date.parse('2026-03-01T12:00:00Z');

function hintsOf(intentId: string, change: Partial<RowHints> = {}): RowHints {
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

/** Seconds after noon, so few that windows sometimes overlap and sometimes do not. */
const seconds = fc.integer({ min: 0, max: 120 });
const instant = fc
  .tuple(seconds, fc.constantFrom('', '.5', '.123456', '.999999999'))
  .map(([second, fraction]) => moment(second).replace('.000Z', `${fraction}Z`) as Instant);
const maybe = fc.option(fc.option(instant), { nil: undefined });
const anyHints = fc
  .array(
    fc.record({
      amount: fc.option(fc.constantFrom('1', '2.50'), { nil: undefined }),
      createdAt: maybe,
      submittedAt: maybe,
      initiatedAt: maybe,
      requested: fc.option(
        fc.tuple(seconds, fc.nat({ max: 30 })).map(([from, length]) => ({
          from: noon + from * 1000,
          to: noon + (from + length) * 1000,
        })),
        { nil: undefined },
      ),
    }),
    { maxLength: 12 },
  )
  .map(all => all.map((each, index): RowHints => ({ intentId: `i${String(index)}`, ...each })));

const ms = (time: string | undefined): number => Date.parse(time ?? '');
const isOfCreation = ({ query }: RowWindow): boolean => query.from !== undefined;
const isOfChange = ({ query }: RowWindow): boolean => query.from_updated_at !== undefined;

/** The time span of a window, in epoch ms. */
function spanOf({ query }: RowWindow): readonly [number, number] {
  return [ms(query.from ?? query.from_updated_at), ms(query.to)];
}

describe('rowWindowsOf', () => {
  it('returns no windows for no payouts', () => {
    expect(rowWindowsOf([])).toEqual([]);
  });

  it('puts each payout into one window, of its own kind, that spans its times', () => {
    fc.assert(
      fc.property(anyHints, hints => {
        const windows = rowWindowsOf(hints);
        const searched = windows.flatMap(window => window.hints);
        expect(searched.toSorted((a, b) => hints.indexOf(a) - hints.indexOf(b))).toEqual(hints);
        for (const window of windows) {
          const [from, to] = spanOf(window);
          for (const { createdAt, submittedAt, initiatedAt, requested } of window.hints) {
            const ofPayment = [submittedAt, initiatedAt].filter(time => time != null).map(Date.parse);
            const known = createdAt != null ? [Date.parse(createdAt)] : ofPayment;
            const expected = known.length > 0 ? known : requested ? [requested.from, requested.to] : [];
            for (const time of expected) {
              expect(from).toBeLessThan(time);
              expect(to).toBeGreaterThan(time);
            }
            expect(isOfChange(window)).toBe(createdAt == null && ofPayment.length > 0);
            expect(isOfCreation(window)).toBe(expected.length > 0 && !isOfChange(window));
          }
        }
      }),
      { seed },
    );
  });

  it('returns windows that do not overlap others of their kind and begin and end at a payout', () => {
    fc.assert(
      fc.property(anyHints, hints => {
        const windows = rowWindowsOf(hints);
        for (const isOfKind of [isOfCreation, isOfChange]) {
          const spans = windows
            .filter(isOfKind)
            .map(spanOf)
            .toSorted(([a], [b]) => a - b);
          for (const [index, [from]] of spans.entries())
            if (index > 0) expect(from).toBeGreaterThan(spans[index - 1]?.[1] ?? Infinity);
          // Each window begins where a payout's own window begins, and ends where one ends.
          const alone = hints
            .flatMap(each => rowWindowsOf([each]))
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

  it('merges a chain of overlapping windows into one', () => {
    const chain = [0, 4, 8, 12].map(second => hintsOf(`i${String(second)}`, { createdAt: moment(second) }));
    expect(rowWindowsOf(chain.toReversed())).toEqual([
      { query: { from: moment(-2), to: moment(14) }, hints: chain },
    ]);
    const apart = [hintsOf('a', { createdAt: moment(0) }), hintsOf('b', { createdAt: moment(4.001) })];
    expect(rowWindowsOf(apart)).toHaveLength(2);
  });

  it('merges a window with one that contains it', () => {
    const long = hintsOf('long', { requested: { from: noon, to: noon + 60_000 } });
    const short = hintsOf('short', { createdAt: moment(10) });
    expect(rowWindowsOf([short, long])).toEqual([
      { query: { from: moment(-2), to: moment(62) }, hints: [long, short] },
    ]);
  });

  it('uses the creation time if it is known, else the payment’s times, else the time of the request', () => {
    const requested = { from: noon, to: noon };
    const changed = { submittedAt: moment(100), initiatedAt: moment(101), requested };
    expect(rowWindowsOf([hintsOf('i', { createdAt: moment(50), ...changed })])[0]?.query).toEqual({
      from: moment(48),
      to: moment(52),
    });
    expect(rowWindowsOf([hintsOf('i', changed)])[0]?.query).toEqual({
      from_updated_at: moment(98),
      to: moment(103),
    });
    expect(rowWindowsOf([hintsOf('i', { requested })])[0]?.query).toEqual({
      from: moment(-2),
      to: moment(2),
    });
  });

  it('does not merge windows of different kinds at the same time', () => {
    const made = hintsOf('made', { createdAt: moment(0) });
    const changed = hintsOf('changed', { submittedAt: moment(0) });
    expect(rowWindowsOf([made, changed]).map(({ hints }) => hints)).toEqual([[made], [changed]]);
  });

  it('spans the payment’s two times in either order, or the only one', () => {
    const query = { from_updated_at: moment(-2), to: moment(7) };
    expect(
      rowWindowsOf([hintsOf('i', { submittedAt: moment(5), initiatedAt: moment(0) })])[0]?.query,
    ).toEqual(query);
    for (const only of [{ submittedAt: moment(0) }, { submittedAt: null, initiatedAt: moment(0) }])
      expect(rowWindowsOf([hintsOf('i', only)])[0]?.query).toEqual({ ...query, to: moment(2) });
  });

  it('returns a window per payout by its amount if no time is known, or the whole list without an amount', () => {
    const [a, b, c] = [hintsOf('a', { amount: '2.50' }), hintsOf('b', { amount: '2.50' }), hintsOf('c')];
    expect(rowWindowsOf([a, b, c])).toEqual([
      { query: { amount_min: '2.50', amount_max: '2.50' }, hints: [a] },
      { query: { amount_min: '2.50', amount_max: '2.50' }, hints: [b] },
      { query: {}, hints: [c] },
    ]);
  });
});
