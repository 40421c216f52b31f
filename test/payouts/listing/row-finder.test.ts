import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LeanBadAnswer, LeanRefused } from '../../../src/errors/lean-errors.ts';
import type { LeanPayoutRow } from '../../../src/lean/wire.ts';
import { instantAt, type Instant } from '../../../src/payouts/values/instant.ts';
import { RowCache } from '../../../src/payouts/listing/row-cache.ts';
import { RowFinder } from '../../../src/payouts/listing/row-finder.ts';
import type { RowHints } from '../../../src/payouts/listing/row-window.ts';
import type { RunningSandbox, SandboxOptions } from '../../../src/sandbox/sandbox.ts';
import { clientTo, json, rawServer, startLean } from '../../lean/fixtures.ts';

const noon = Date.parse('2026-03-01T12:00:00Z');
const moment = (ms: number): Instant => instantAt(noon + ms);

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

function finderTo(url: string) {
  const cache = new RowCache(1_000_000);
  return { cache, finder: new RowFinder(clientTo(url), cache) };
}

/** A Lean with a number of payouts, a millisecond apart and each with its own amount, and a finder for their rows. */
async function startListing(count: number, options: SandboxOptions = {}) {
  const lean = await startLean(options);
  const payouts = Array.from({ length: count }, (_, index) =>
    lean.payouts.add({ createdAt: moment(index), amount: `${String(index + 1)}.50` }),
  );
  const hints = payouts.map(({ intentId, amount }, index) =>
    hintsOf(intentId, { amount, createdAt: moment(index) }),
  );
  return { lean, hints, ...finderTo(lean.url) };
}

/** The requests for pages of the list since the last call. */
function pagesRequested({
  requests,
}: RunningSandbox): { readonly number: number; readonly byAmount: boolean }[] {
  return requests.splice(0).map(({ operation, query }) => {
    expect(operation).toBe('listPayouts');
    return { number: Number(query['page_number']), byAmount: query['amount_min'] !== undefined };
  });
}

const idsOf = (rows: Awaited<ReturnType<RowFinder['find']>>) =>
  rows.map(row => (row instanceof Error ? row.message : (row?.intentId ?? null)));
const ids = (hints: readonly RowHints[]) => hints.map(({ intentId }) => intentId);

describe('the row finder', () => {
  it('finds rows created near each other with one call, in the order of the payouts', async () => {
    const { lean, hints, finder } = await startListing(50);
    const some = [hints[7], hints[0], hints[49]].filter(hint => hint !== undefined);
    expect(idsOf(await finder.find(some, {}))).toEqual(ids(some));
    expect(pagesRequested(lean)).toEqual([{ number: 0, byAmount: false }]);
  });

  it('finds rows created far from each other with a call each', async () => {
    const { lean, finder } = await startListing(0);
    const hints = [0, 60_000].map(ms => {
      const { intentId } = lean.payouts.add({ createdAt: moment(ms) });
      return hintsOf(intentId, { createdAt: moment(ms) });
    });
    expect(idsOf(await finder.find(hints, {}))).toEqual(ids(hints));
    expect(pagesRequested(lean)).toHaveLength(2);
  });

  it('finds rows by the time of their change and by the time of their request', async () => {
    const { lean, finder } = await startListing(0);
    const changed = lean.payouts.add({
      createdAt: moment(-3_600_000),
      steps: [
        { at: moment(-3_600_000), status: 'AWAITING_AUTHORIZATION' },
        { at: moment(0), status: 'ACCEPTED_BY_BANK' },
      ],
    });
    const made = lean.payouts.add({ createdAt: moment(600_000) });
    const hints = [
      hintsOf(changed.intentId, { submittedAt: moment(0) }),
      hintsOf(made.intentId, { requested: { from: noon + 599_000, to: noon + 601_000 } }),
    ];
    expect(idsOf(await finder.find(hints, {}))).toEqual(ids(hints));
  });

  it('caches all rows that it reads', async () => {
    const { hints, cache, finder } = await startListing(3);
    await finder.find(hints.slice(0, 1), {});
    expect(hints.map(({ intentId }) => cache.get(intentId)?.createdAt)).toEqual(
      hints.map(({ createdAt }) => createdAt?.replace('.000Z', 'Z')),
    );
  });

  it.each([
    ['the first page', 100, 0],
    ['the second page', 200, 1],
  ])('finds rows on %s of 100 without a call by amount', async (_page, count, number) => {
    const { lean, hints, finder } = await startListing(count);
    expect(idsOf(await finder.find(hints, {}))).toEqual(ids(hints));
    expect(pagesRequested(lean).map(each => each.byAmount)).toEqual(Array(number + 1).fill(false));
  });

  it('finds rows of a window longer than two pages by amount, with one more call each', async () => {
    const { lean, hints, finder } = await startListing(210);
    const some = [hints[0], hints[109], hints[110], hints[209]].filter(hint => hint !== undefined);
    expect(idsOf(await finder.find(some, {}))).toEqual(ids(some));
    const [first, ...others] = pagesRequested(lean);
    expect(first).toEqual({ number: 0, byAmount: false });
    expect(others).toEqual(Array(2).fill({ number: 0, byAmount: true }));
  });

  it('finds rows of a window longer than two pages only on its two pages if no amount is known', async () => {
    const { lean, hints, finder } = await startListing(210);
    const some = [hints[0], hints[109]].map(hint => ({ ...(hint as RowHints), amount: undefined }));
    expect(idsOf(await finder.find(some, {}))).toEqual([null, hints[109]?.intentId]);
    expect(pagesRequested(lean).map(({ number }) => number)).toEqual([0, 1]);
  });

  it('finds a row of which only the amount is known on two pages of that amount', async () => {
    const { lean, finder } = await startListing(0);
    const old = Array.from({ length: 150 }, (_, index) =>
      lean.payouts.add({ createdAt: moment(index), amount: '2.5' }),
    );
    const [oldest] = old;
    const hints = [hintsOf(oldest?.intentId ?? '', { amount: '2.50' })];
    expect(idsOf(await finder.find(hints, {}))).toEqual(ids(hints));
    expect(pagesRequested(lean)).toEqual([0, 1].map(number => ({ number, byAmount: true })));
  });

  it.each([
    ['null', 'an empty list', 0, 1],
    ['null', 'a list of other payouts', 5, 1],
    ['null', 'a list of two pages', 150, 2],
    ['undefined', 'a longer list', 210, 2],
  ])('returns %s for a payout that is not in %s', async (_result, _list, count, calls) => {
    const { lean, finder } = await startListing(count);
    const unknown = hintsOf('3fa85f64-5717-4562-b3fc-2c963f66afa6', {
      amount: '0.01',
      createdAt: moment(0),
    });
    // Two calls do not read all of a longer list, which may therefore hold the payout.
    expect(await finder.find([unknown], {})).toEqual([count > 200 ? undefined : null]);
    expect(pagesRequested(lean)).toHaveLength(calls);
  });

  it.each([5, 150, 230])(
    'finds each of %i rows with at most two calls, however Lean orders, counts and caps its list',
    async count => {
      const { lean, hints, finder } = await startListing(count);
      const behaviour = fc.record({
        listCap: fc.constantFrom(null, null, 7, 60, 100),
        listTotal: fc.constantFrom('stated' as const, 'missing' as const),
        listOrder: fc.constantFrom('newest' as const, 'unsorted' as const),
      });
      const subset = fc.shuffledSubarray([...hints], {
        minLength: 1,
        maxLength: Math.min(12, count),
      });
      await fc.assert(
        fc.asyncProperty(behaviour, subset, async (settings, some) => {
          Object.assign(lean.behaviour, settings);
          expect(idsOf(await finder.find(some, {}))).toEqual(ids(some));
          const [first, ...others] = pagesRequested(lean);
          expect(first).toEqual({ number: 0, byAmount: false });
          expect(others.length).toBeLessThanOrEqual(some.length);
          const firstPageRows = Math.min(count, settings.listCap ?? 100);
          if (settings.listTotal === 'stated' && count <= 2 * firstPageRows)
            expect(others).toEqual(others.slice(0, 1).map(secondPage));
          else expect(others).toEqual(others.map(byAmount));
        }),
        { seed: 20_261_129, numRuns: 25 },
      );
    },
  );
});

const secondPage = () => ({ number: 1, byAmount: false });
const byAmount = () => ({ number: 0, byAmount: true });

/** A Lean whose list returns the given page for each query. It refuses the query if that is null. */
async function listServer(
  pageFor: (
    query: URLSearchParams,
  ) => { readonly rows: readonly LeanPayoutRow[]; readonly total?: number } | null,
) {
  const { url } = await rawServer((response, { target }) => {
    const page = pageFor(new URL(target, 'http://lean').searchParams);
    if (page === null) json(response, { status: 'INVALID_PARAMETERS' }, 400);
    else json(response, { content: page.rows, page: { total_elements: page.total ?? page.rows.length } });
  });
  return finderTo(url);
}

const rowAt = (payment_intent_id: string, created_at: string, payment_id = 'p') => ({
  payment_intent_id,
  payment_id,
  created_at,
  status: 'ACCEPTED_BY_BANK',
});
const [early, late] = [moment(0), moment(60_000)];
const isEarly = (query: URLSearchParams): boolean => query.get('from') === moment(-2000);

describe('an error in one window', () => {
  it('is returned for the payouts of that window only', async () => {
    const { finder } = await listServer(query => (isEarly(query) ? null : { rows: [rowAt('b', late)] }));
    const rows = await finder.find(
      [
        hintsOf('a', { createdAt: early }),
        hintsOf('b', { createdAt: late }),
        hintsOf('c', { createdAt: early }),
      ],
      {},
    );
    expect(rows).toEqual([
      expect.any(LeanRefused),
      expect.objectContaining({ intentId: 'b' }),
      expect.any(LeanRefused),
    ]);
  });

  it('is returned even if another window holds an older payment of the payout', async () => {
    const { finder } = await listServer(query =>
      isEarly(query) ? { rows: [rowAt('a', early), rowAt('b', early, 'older')] } : null,
    );
    const rows = await finder.find(
      [hintsOf('a', { createdAt: early }), hintsOf('b', { createdAt: late })],
      {},
    );
    expect(rows).toEqual([expect.objectContaining({ intentId: 'a' }), expect.any(LeanRefused)]);
  });

  it('is returned only for payouts that are not on the first page, if the second page fails', async () => {
    const first = [
      rowAt('a', early),
      ...Array.from({ length: 99 }, (_, index) => rowAt(`x${String(index)}`, early)),
    ];
    const { finder } = await listServer(query =>
      query.get('page_number') === '0' ? { rows: first, total: 150 } : null,
    );
    const rows = await finder.find(
      ['a', 'b'].map(id => hintsOf(id, { createdAt: early })),
      {},
    );
    expect(rows).toEqual([expect.objectContaining({ intentId: 'a' }), expect.any(LeanRefused)]);
  });

  it('is returned only for payouts of one amount, if the call for that amount fails', async () => {
    const { finder } = await listServer(query => {
      const amount = query.get('amount_min');
      if (amount === null) return { rows: [rowAt('a', early)], total: 1000 };
      return amount === '2' ? null : { rows: [rowAt('c', early)] };
    });
    const rows = await finder.find(
      [
        hintsOf('a', { amount: '1', createdAt: early }),
        hintsOf('b', { amount: '2', createdAt: early }),
        hintsOf('c', { amount: '3', createdAt: early }),
      ],
      {},
    );
    expect(rows).toEqual([
      expect.objectContaining({ intentId: 'a' }),
      expect.any(LeanRefused),
      expect.objectContaining({ intentId: 'c' }),
    ]);
  });

  it('is a LeanBadAnswer if a row has no intent id', async () => {
    const { finder } = await listServer(() => ({ rows: [rowAt('a', early), rowAt('null', early)] }));
    expect(await finder.find([hintsOf('a', { createdAt: early })], {})).toEqual([expect.any(LeanBadAnswer)]);
  });
});

describe('the row of an intent with several payments', () => {
  it.each([
    ['2026-03-01T12:00:00Z', '2026-03-01T12:00:00.5Z'],
    ['2026-03-01T12:00:00.12Z', '2026-03-01T12:00:00.123Z'],
    ['2026-03-01T12:00:00.9Z', '2026-03-01T12:00:01Z'],
  ])('is that of the newest payment, in either order: %s and %s', async (older, newer) => {
    for (const reversed of [false, true]) {
      const both = [rowAt('a', newer, 'newer'), rowAt('a', older, 'older')];
      const { finder } = await listServer(() => ({ rows: reversed ? both.toReversed() : both }));
      expect(await finder.find([hintsOf('a', { createdAt: early })], {})).toEqual([
        expect.objectContaining({ paymentId: 'newer' }),
      ]);
    }
  });
});
