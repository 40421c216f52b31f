import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LeanBadAnswer, LeanRefused } from '../../../src/errors/lean-errors.ts';
import type { LeanPayoutRow } from '../../../src/lean/wire.ts';
import type { Instant } from '../../../src/payouts/values/instant.ts';
import { KnownRows } from '../../../src/payouts/listing/known-rows.ts';
import { instantAt } from '../../../src/payouts/values/lean-time.ts';
import { RowFinder } from '../../../src/payouts/listing/row-finder.ts';
import type { RowTimes } from '../../../src/payouts/listing/row-window.ts';
import type { RunningSandbox, SandboxOptions } from '../../../src/sandbox/sandbox.ts';
import { clientTo, json, rawServer, startLean } from '../../lean/wiring.ts';

const noon = Date.parse('2026-03-01T12:00:00Z');
const moment = (ms: number): Instant => instantAt(noon + ms);

function timesOf(intentId: string, change: Partial<RowTimes> = {}): RowTimes {
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
  const known = new KnownRows(1_000_000);
  return { known, finder: new RowFinder(clientTo(url), known) };
}

/** A Lean with so many payouts, a millisecond apart and no two of one amount, and what finds their rows. */
async function listing(count: number, options: SandboxOptions = {}) {
  const lean = await startLean(options);
  const payouts = Array.from({ length: count }, (_, index) =>
    lean.payouts.add({ createdAt: moment(index), amount: `${String(index + 1)}.50` }),
  );
  const wanted = payouts.map(({ intentId, amount }, index) =>
    timesOf(intentId, { amount, createdAt: moment(index) }),
  );
  return { lean, wanted, ...finderTo(lean.url) };
}

/** What has been asked of the list since the last time. */
function asked({ requests }: RunningSandbox): { readonly number: number; readonly byAmount: boolean }[] {
  return requests.splice(0).map(({ operation, query }) => {
    expect(operation).toBe('listPayouts');
    return { number: Number(query['page_number']), byAmount: query['amount_min'] !== undefined };
  });
}

const idsOf = (rows: Awaited<ReturnType<RowFinder['find']>>) =>
  rows.map(row => (row instanceof Error ? row.message : (row?.intentId ?? null)));
const ids = (wanted: readonly RowTimes[]) => wanted.map(({ intentId }) => intentId);

describe('the rows of payouts', () => {
  it('that were made near each other are found by one call, in the order of the payouts', async () => {
    const { lean, wanted, finder } = await listing(50);
    const some = [wanted[7], wanted[0], wanted[49]].filter(times => times !== undefined);
    expect(idsOf(await finder.find(some, {}))).toEqual(ids(some));
    expect(asked(lean)).toEqual([{ number: 0, byAmount: false }]);
  });

  it('that were made far from each other cost a call each', async () => {
    const { lean, finder } = await listing(0);
    const times = [0, 60_000].map(ms => {
      const { intentId } = lean.payouts.add({ createdAt: moment(ms) });
      return timesOf(intentId, { createdAt: moment(ms) });
    });
    expect(idsOf(await finder.find(times, {}))).toEqual(ids(times));
    expect(asked(lean)).toHaveLength(2);
  });

  it('are found by when they changed, and by when they were asked for', async () => {
    const { lean, finder } = await listing(0);
    const changed = lean.payouts.add({
      createdAt: moment(-3_600_000),
      steps: [
        { at: moment(-3_600_000), status: 'AWAITING_AUTHORIZATION' },
        { at: moment(0), status: 'ACCEPTED_BY_BANK' },
      ],
    });
    const made = lean.payouts.add({ createdAt: moment(600_000) });
    const times = [
      timesOf(changed.intentId, { submittedAt: moment(0) }),
      timesOf(made.intentId, { requested: { from: noon + 599_000, to: noon + 601_000 } }),
    ];
    expect(idsOf(await finder.find(times, {}))).toEqual(ids(times));
  });

  it('are remembered, those that were met on the way as well', async () => {
    const { wanted, known, finder } = await listing(3);
    await finder.find(wanted.slice(0, 1), {});
    expect(wanted.map(({ intentId }) => known.get(intentId)?.createdAt)).toEqual(
      wanted.map(({ createdAt }) => createdAt?.replace('.000Z', 'Z')),
    );
  });

  it.each([
    ['the first page', 100, 0],
    ['the second page', 200, 1],
  ])('on %s of 100 cost no call by amount', async (_what, count, number) => {
    const { lean, wanted, finder } = await listing(count);
    expect(idsOf(await finder.find(wanted, {}))).toEqual(ids(wanted));
    expect(asked(lean).map(each => each.byAmount)).toEqual(Array(number + 1).fill(false));
  });

  it('beyond two pages are looked for by amount, each with one more call', async () => {
    const { lean, wanted, finder } = await listing(210);
    const some = [wanted[0], wanted[109], wanted[110], wanted[209]].filter(times => times !== undefined);
    expect(idsOf(await finder.find(some, {}))).toEqual(ids(some));
    const [first, ...others] = asked(lean);
    expect(first).toEqual({ number: 0, byAmount: false });
    expect(others).toEqual(Array(2).fill({ number: 0, byAmount: true }));
  });

  it('beyond two pages are on the second one, or nowhere, where no amount is known', async () => {
    const { lean, wanted, finder } = await listing(210);
    const some = [wanted[0], wanted[109]].map(times => ({ ...(times as RowTimes), amount: undefined }));
    expect(idsOf(await finder.find(some, {}))).toEqual([null, wanted[109]?.intentId]);
    expect(asked(lean).map(({ number }) => number)).toEqual([0, 1]);
  });

  it('of which only the amount is known are looked for on two pages of that', async () => {
    const { lean, finder } = await listing(0);
    const old = Array.from({ length: 150 }, (_, index) =>
      lean.payouts.add({ createdAt: moment(index), amount: '2.5' }),
    );
    const [oldest] = old;
    const times = [timesOf(oldest?.intentId ?? '', { amount: '2.50' })];
    expect(idsOf(await finder.find(times, {}))).toEqual(ids(times));
    expect(asked(lean)).toEqual([0, 1].map(number => ({ number, byAmount: true })));
  });

  it.each([
    ['of an empty list', 0, 1],
    ['of a list that has others', 5, 1],
    ['of a list of two pages', 150, 2],
    ['of a longer list', 210, 2],
  ])('%s that Lean does not list are null', async (_what, count, calls) => {
    const { lean, finder } = await listing(count);
    const unknown = timesOf('3fa85f64-5717-4562-b3fc-2c963f66afa6', {
      amount: '0.01',
      createdAt: moment(0),
    });
    // Nothing is said of what two calls have not read.
    expect(await finder.find([unknown], {})).toEqual([count > 200 ? undefined : null]);
    expect(asked(lean)).toHaveLength(calls);
  });

  it.each([5, 150, 230])(
    'among %i are all found with at most two calls each, however Lean lists them',
    async count => {
      const { lean, wanted, finder } = await listing(count);
      const behaviour = fc.record({
        listCap: fc.constantFrom(null, null, 7, 60, 100),
        listTotal: fc.constantFrom('stated' as const, 'missing' as const),
        listOrder: fc.constantFrom('newest' as const, 'unsorted' as const),
      });
      const some = fc.shuffledSubarray([...wanted], {
        minLength: 1,
        maxLength: Math.min(12, count),
      });
      await fc.assert(
        fc.asyncProperty(behaviour, some, async (behaves, looked) => {
          Object.assign(lean.behaviour, behaves);
          expect(idsOf(await finder.find(looked, {}))).toEqual(ids(looked));
          const [first, ...others] = asked(lean);
          expect(first).toEqual({ number: 0, byAmount: false });
          expect(others.length).toBeLessThanOrEqual(looked.length);
          const held = Math.min(count, behaves.listCap ?? 100);
          if (behaves.listTotal === 'stated' && count <= 2 * held)
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

/** A Lean whose list holds these rows wherever it is asked, unless `refuses` says otherwise of a query. */
async function rawList(
  answer: (
    query: URLSearchParams,
  ) => { readonly rows: readonly LeanPayoutRow[]; readonly total?: number } | null,
) {
  const { url, heard } = await rawServer((response, { target }) => {
    const page = answer(new URL(target, 'http://lean').searchParams);
    if (page === null) json(response, { status: 'INVALID_PARAMETERS' }, 400);
    else json(response, { content: page.rows, page: { total_elements: page.total ?? page.rows.length } });
  });
  return { heard, ...finderTo(url) };
}

const rowAt = (payment_intent_id: string, created_at: string, payment_id = 'p') => ({
  payment_intent_id,
  payment_id,
  created_at,
  status: 'ACCEPTED_BY_BANK',
});
const [early, late] = [moment(0), moment(60_000)];
const isEarly = (query: URLSearchParams): boolean => query.get('from') === moment(-2000);

describe('what goes wrong with one part of the list', () => {
  it('costs the payouts in it alone', async () => {
    const { finder } = await rawList(query => (isEarly(query) ? null : { rows: [rowAt('b', late)] }));
    const rows = await finder.find(
      [
        timesOf('a', { createdAt: early }),
        timesOf('b', { createdAt: late }),
        timesOf('c', { createdAt: early }),
      ],
      {},
    );
    expect(rows).toEqual([
      expect.any(LeanRefused),
      expect.objectContaining({ intentId: 'b' }),
      expect.any(LeanRefused),
    ]);
  });

  it('is not hidden by an older payment that another part holds', async () => {
    const { finder } = await rawList(query =>
      isEarly(query) ? { rows: [rowAt('a', early), rowAt('b', early, 'older')] } : null,
    );
    const rows = await finder.find(
      [timesOf('a', { createdAt: early }), timesOf('b', { createdAt: late })],
      {},
    );
    expect(rows).toEqual([expect.objectContaining({ intentId: 'a' }), expect.any(LeanRefused)]);
  });

  it('on its second page, costs only those that were not on the first one', async () => {
    const first = [
      rowAt('a', early),
      ...Array.from({ length: 99 }, (_, index) => rowAt(`x${String(index)}`, early)),
    ];
    const { finder } = await rawList(query =>
      query.get('page_number') === '0' ? { rows: first, total: 150 } : null,
    );
    const rows = await finder.find(
      ['a', 'b'].map(id => timesOf(id, { createdAt: early })),
      {},
    );
    expect(rows).toEqual([expect.objectContaining({ intentId: 'a' }), expect.any(LeanRefused)]);
  });

  it('by one amount, costs only those of that amount', async () => {
    const { finder } = await rawList(query => {
      const amount = query.get('amount_min');
      if (amount === null) return { rows: [rowAt('a', early)], total: 1000 };
      return amount === '2' ? null : { rows: [rowAt('c', early)] };
    });
    const rows = await finder.find(
      [
        timesOf('a', { amount: '1', createdAt: early }),
        timesOf('b', { amount: '2', createdAt: early }),
        timesOf('c', { amount: '3', createdAt: early }),
      ],
      {},
    );
    expect(rows).toEqual([
      expect.objectContaining({ intentId: 'a' }),
      expect.any(LeanRefused),
      expect.objectContaining({ intentId: 'c' }),
    ]);
  });

  it('is a bad answer where a row has no intent', async () => {
    const { finder } = await rawList(() => ({ rows: [rowAt('a', early), rowAt('null', early)] }));
    expect(await finder.find([timesOf('a', { createdAt: early })], {})).toEqual([expect.any(LeanBadAnswer)]);
  });
});

describe('of several payments of one intent', () => {
  it.each([
    ['2026-03-01T12:00:00Z', '2026-03-01T12:00:00.5Z'],
    ['2026-03-01T12:00:00.12Z', '2026-03-01T12:00:00.123Z'],
    ['2026-03-01T12:00:00.9Z', '2026-03-01T12:00:01Z'],
  ])('the newest counts, in either order: %s and %s', async (older, newer) => {
    for (const turn of [false, true]) {
      const both = [rowAt('a', newer, 'newer'), rowAt('a', older, 'older')];
      const { finder } = await rawList(() => ({ rows: turn ? both.toReversed() : both }));
      expect(await finder.find([timesOf('a', { createdAt: early })], {})).toEqual([
        expect.objectContaining({ paymentId: 'newer' }),
      ]);
    }
  });
});
