import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Instant } from '../../../src/payouts/values/instant.ts';
import type { SandboxOptions } from '../../../src/sandbox/sandbox.ts';
import { startTestGateway, type TestGateway } from '../../support/test-gateway.ts';

const document = `query ($first: Int, $after: String, $last: Int, $before: String, $filter: PayoutFilter) {
  payouts(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
    totalCount
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    edges { cursor node { intentId } }
  }
}`;

interface Page {
  readonly totalCount: number;
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
  readonly edges: readonly { readonly cursor: string; readonly node: { readonly intentId: string } }[];
}

interface Arguments {
  readonly first?: number;
  readonly after?: string | null;
  readonly last?: number;
  readonly before?: string | null;
  readonly filter?: object;
}

async function page(gateway: TestGateway, args: Arguments): Promise<Page> {
  const { data, errors } = await gateway.run<{ payouts: Page }>(document, { ...args });
  expect(errors).toBeUndefined();
  if (data == null) throw new Error('no data');
  return data.payouts;
}

const ids = ({ edges }: Page): string[] => edges.map(({ node }) => node.intentId);

const dayMs = 86_400_000;
const start = Date.UTC(2026, 2, 1);

/** A gateway before a Lean that holds `count` payouts made in the day before `start`, `tied` of each of one instant. */
async function gatewayWith(count: number, tied = 1, sandbox: SandboxOptions = {}): Promise<TestGateway> {
  const gateway = await startTestGateway({ sandbox: { payouts: 0, clock: () => start, ...sandbox } });
  for (let index = 0; index < count; index += 1)
    gateway.lean.payouts.add({
      createdAt: new Date(start - dayMs + Math.floor(index / tied) * 1000).toISOString(),
      amount: String(index + 1),
    });
  return gateway;
}

interface ListBody {
  readonly content: readonly object[];
  readonly page: object;
}

/** A second gateway before the same Lean, with something in between that spoils one answer when told to. */
async function gatewayBefore({ lean }: TestGateway) {
  let spoiling: ((body: ListBody) => ListBody) | undefined;
  const between = createServer((request, response) => {
    void (async () => {
      const headers = { authorization: request.headers.authorization ?? '' };
      const answer = await fetch(new URL(request.url ?? '', lean.url), { headers });
      const body = (await answer.json()) as ListBody;
      const sent = spoiling?.(body) ?? body;
      spoiling = undefined;
      response.setHeader('date', answer.headers.get('date') ?? '');
      response.setHeader('content-type', 'application/json').end(JSON.stringify(sent));
    })();
  });
  await once(between.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    between.closeAllConnections();
    between.close();
  });
  const url = `http://127.0.0.1:${String((between.address() as AddressInfo).port)}`;
  const gateway = await startTestGateway({ env: { LEAN_BASE_URL: url } });
  return { gateway, spoil: (how: (body: ListBody) => ListBody) => void (spoiling = how) };
}

/** Lean's own order, newest first. */
const listed = (gateway: TestGateway): string[] => gateway.lean.payouts.all().map(payout => payout.intentId);

/** Walks through the whole list, letting something happen between any two pages. */
async function walk(
  gateway: TestGateway,
  direction: 'forward' | 'backward',
  size: number,
  between: (pagesSoFar: number) => void = () => undefined,
): Promise<string[]> {
  const seen: string[] = [];
  let cursor: string | null = null;
  for (let pages = 1; ; pages += 1) {
    const forward = direction === 'forward';
    const read = await page(
      gateway,
      forward ? { first: size, after: cursor } : { last: size, ...(cursor !== null && { before: cursor }) },
    );
    if (forward) seen.push(...ids(read));
    else seen.unshift(...ids(read));
    cursor = forward ? read.pageInfo.endCursor : read.pageInfo.startCursor;
    if (!(forward ? read.pageInfo.hasNextPage : read.pageInfo.hasPreviousPage)) return seen;
    between(pages);
  }
}

describe('a walk through 250 payouts', () => {
  const sizes = [1, 7, 50, 64, 100];

  it.each(sizes)('meets each once, in order, %i at a time, both ways', async size => {
    const gateway = await gatewayWith(250);
    const expected = listed(gateway);
    expect(await walk(gateway, 'forward', size)).toEqual(expected);
    expect(await walk(gateway, 'backward', size)).toEqual(expected);
  });

  it('costs one Lean call a page where the rows fit on one page of some size', async () => {
    const gateway = await gatewayWith(250);
    for (const size of [1, 7, 50, 64]) {
      await walk(gateway, 'forward', size);
      expect(gateway.received()).toEqual({ listPayouts: Math.ceil(250 / size) });
    }
  });

  it('neither repeats nor hides a row when payouts arrive in between, whenever and however many', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...sizes),
        fc.constantFrom('forward' as const, 'backward' as const),
        fc.constantFrom(1, 3, 250),
        fc.array(fc.nat({ max: 130 }), { minLength: 1, maxLength: 6 }),
        fc.constantFrom(0, 1, 999, 5000),
        async (size, direction, tied, arrivals, laterMs) => {
          const gateway = await gatewayWith(250, tied);
          const expected = listed(gateway);
          let arrived = 0;
          const seen = await walk(gateway, direction, size, pages => {
            for (let count = arrivals[pages % arrivals.length] ?? 0; count > 0 && arrived < 400; count -= 1) {
              arrived += 1;
              // As late as the newest row itself, within the second that Lean calls now, or after it.
              const newest = start - dayMs + Math.floor(249 / tied) * 1000;
              gateway.lean.payouts.add({
                createdAt: new Date((laterMs === 0 ? newest : start) + laterMs).toISOString(),
              });
            }
          });
          // Arrivals may be met or not; what was there when the walk began is met once, in order.
          const there = new Set(expected);
          expect(seen.filter(id => there.has(id))).toEqual(expected);
          expect(new Set(seen).size).toBe(seen.length);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('does not meet rows that arrived after it began, by Lean’s clock', async () => {
    let now = start;
    const gateway = await gatewayWith(250, 1, { clock: () => now });
    const expected = listed(gateway);
    const seen = await walk(gateway, 'forward', 50, () => {
      now += 1000;
      gateway.lean.payouts.add();
    });
    expect(seen).toEqual(expected);
    expect(gateway.received()).toEqual({ listPayouts: 5 });
  });

  it('goes on where it was when rows leave a filter by their last change', async () => {
    const moving = { at: new Date(start).toISOString(), status: 'ACCEPTED_BY_BANK' };
    let now = start - 1000;
    const gateway = await startTestGateway({ sandbox: { payouts: 0, clock: () => now } });
    for (let index = 0; index < 60; index += 1) {
      const createdAt = new Date(start - dayMs + index * 1000).toISOString();
      // Every third one is updated later on, and then matches the filter no more.
      const steps = [{ at: createdAt, status: 'PENDING_WITH_BANK' }, ...(index % 3 === 0 ? [moving] : [])];
      gateway.lean.payouts.add({ createdAt, steps });
    }
    const filter = { updatedAt: { to: new Date(start - 1).toISOString() } };
    const first = await page(gateway, { first: 20, filter });
    const order = listed(gateway);
    now = start;
    const rest = await page(gateway, { first: 100, after: first.pageInfo.endCursor, filter });
    const staying = gateway.lean.payouts.all().filter(({ status }) => status === 'PENDING_WITH_BANK');
    expect(ids(first)).toEqual(order.slice(0, 20));
    expect(ids(rest)).toEqual(staying.map(payout => payout.intentId).filter(id => order.indexOf(id) >= 20));
  });
});

describe('a page', () => {
  it('holds exactly the rows asked for, from any cursor, either way, with at most two Lean calls', async () => {
    const gateway = await gatewayWith(250);
    const expected = listed(gateway);
    const cursors: string[] = [];
    for (let after: string | null = null; cursors.length < 250; after = cursors.at(-1) ?? null)
      cursors.push(...(await page(gateway, { first: 100, after })).edges.map(edge => edge.cursor));
    gateway.received();
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: 249 }),
        fc.integer({ min: 1, max: 100 }),
        fc.constantFrom('after', 'before', 'last after', 'first before'),
        async (place, size, how) => {
          const cursor = cursors[place] ?? '';
          const behind = expected.slice(place + 1);
          const ahead = expected.slice(0, place);
          const [args, rows] = {
            after: [{ first: size, after: cursor }, behind.slice(0, size)] as const,
            before: [{ last: size, before: cursor }, ahead.slice(-size)] as const,
            'last after': [{ last: size, after: cursor }, behind.slice(-size)] as const,
            'first before': [{ first: size, before: cursor }, ahead.slice(0, size)] as const,
          }[how];
          const read = await page(gateway, args);
          const from = rows[0] === undefined ? undefined : expected.indexOf(rows[0]);
          expect(ids(read)).toEqual(rows);
          expect(read.totalCount).toBe(250);
          if (from !== undefined) {
            expect(read.pageInfo.hasPreviousPage).toBe(from > 0);
            expect(read.pageInfo.hasNextPage).toBe(from + rows.length < 250);
            expect(read.edges.map(edge => edge.cursor)).toEqual(cursors.slice(from, from + rows.length));
          }
          expect(gateway.received()['listPayouts'] ?? 0).toBeLessThanOrEqual(2);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('lies between two cursors when both are given', async () => {
    const gateway = await gatewayWith(30);
    const { edges } = await page(gateway, { first: 30 });
    const read = await page(gateway, {
      first: 100,
      after: edges[4]?.cursor ?? '',
      before: edges[10]?.cursor ?? '',
    });
    expect(ids(read)).toEqual(listed(gateway).slice(5, 10));
  });

  it('without arguments holds the first fifty', async () => {
    const gateway = await gatewayWith(60);
    expect(ids(await page(gateway, {}))).toEqual(listed(gateway).slice(0, 50));
    expect(gateway.lean.requests.map(request => request.query)).toEqual([
      { page_number: '0', page_size: '50' },
    ]);
  });

  it('of an empty list is empty', async () => {
    const gateway = await gatewayWith(0);
    const empty = { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null };
    expect(await page(gateway, {})).toEqual({ totalCount: 0, edges: [], pageInfo: empty });
    expect(await page(gateway, { last: 5 })).toEqual({ totalCount: 0, edges: [], pageInfo: empty });
  });

  it('is right where Lean gives smaller pages than it is asked for', async () => {
    const gateway = await gatewayWith(250, 1, { maxPageSize: 30 });
    const expected = listed(gateway);
    expect(ids(await page(gateway, { first: 100 }))).toEqual(expected.slice(0, 100));
    expect(await walk(gateway, 'forward', 64)).toEqual(expected);
    expect(await walk(gateway, 'backward', 64)).toEqual(expected);
  });

  it.each(['v1', 'ksa'] as const)('is the same in the other envelope (%s)', async profile => {
    const gateway = await gatewayWith(120, 1, { profile });
    expect(await walk(gateway, 'forward', 50)).toEqual(listed(gateway));
  });

  it('is read again, and no smaller ones from then on, when its rows and its count do not belong together', async () => {
    const lean = await gatewayWith(120);
    const expected = listed(lean);
    const { gateway, spoil } = await gatewayBefore(lean);
    spoil(body => ({ ...body, content: body.content.slice(0, 1) }));
    expect(ids(await page(gateway, { first: 50 }))).toEqual(expected.slice(0, 50));
    expect(ids(await page(gateway, { first: 50 }))).toEqual(expected.slice(0, 50));
    expect(lean.received()).toEqual({ listPayouts: 3 });
  });

  it('is that behind the cursor also when a row has arrived and the first reading does not belong together', async () => {
    const lean = await gatewayWith(200);
    const expected = listed(lean);
    const { gateway, spoil } = await gatewayBefore(lean);
    const { pageInfo } = await page(gateway, { first: 64 });
    lean.lean.payouts.add({ createdAt: new Date(start).toISOString() });
    spoil(body => ({ ...body, content: body.content.slice(0, -1) }));
    expect(ids(await page(gateway, { first: 64, after: pageInfo.endCursor }))).toEqual(
      expected.slice(64, 128),
    );
  });

  it('is that behind the cursor also among rows of one instant, when a row has arrived far behind it', async () => {
    const gateway = await gatewayWith(250, 250);
    const expected = listed(gateway);
    const { pageInfo } = await page(gateway, { first: 100 });
    gateway.lean.payouts.add({ createdAt: new Date(start - 2 * dayMs).toISOString() });
    expect(ids(await page(gateway, { first: 100, after: pageInfo.endCursor }))).toEqual(
      expected.slice(100, 200),
    );
  });

  it('is as large as Lean says that its pages are, not as small as one of them happened to be', async () => {
    const lean = await gatewayWith(120);
    const { gateway, spoil } = await gatewayBefore(lean);
    spoil(body => ({ content: body.content.slice(0, 7), page: { ...body.page, size: 40 } }));
    expect(ids(await page(gateway, { first: 100 }))).toEqual(listed(lean).slice(0, 100));
    expect(lean.lean.requests.slice(1).map(({ query }) => Number(query['page_size']))).toEqual([34, 34, 34]);
  });

  it('takes the rows behind the place of a row that is gone', async () => {
    const gateway = await gatewayWith(40);
    const { edges } = await page(gateway, { first: 10 });
    const kept = gateway.lean.payouts.all();
    gateway.lean.payouts.clear();
    for (const payout of kept.toReversed())
      if (payout.intentId !== edges[9]?.node.intentId)
        gateway.lean.payouts.add({
          intentId: payout.intentId,
          createdAt: payout.createdAt,
          amount: payout.amount,
        });
    const read = await page(gateway, { first: 10, after: edges[9]?.cursor ?? '' });
    expect(ids(read)).toEqual(kept.slice(10, 20).map(payout => payout.intentId));
  });
});

describe('a filter', () => {
  it('reaches Lean letter by letter, and again with the walk’s own bound', async () => {
    const gateway = await gatewayWith(20);
    const filter = {
      amount: { min: '0.10', max: '9007199254740993.01' },
      createdAt: { from: '2026-02-01T04:00:00.123456789+04:00' as Instant },
      updatedAt: { from: '2026-02-01T00:00:00Z', to: '2026-03-02T00:00:00Z' },
    };
    const first = await page(gateway, { first: 5, filter });
    await page(gateway, { first: 5, after: first.pageInfo.endCursor, filter });
    const passed = {
      amount_min: '0.10',
      amount_max: '9007199254740993.01',
      from: '2026-02-01T00:00:00.123456789Z',
      from_updated_at: '2026-02-01T00:00:00Z',
      to_updated_at: '2026-03-02T00:00:00Z',
    };
    expect(gateway.lean.requests.map(request => request.query)).toEqual([
      { page_number: '0', page_size: '5', ...passed },
      { page_number: '0', page_size: '10', ...passed, to: '2026-03-01T00:00:00.999999Z' },
    ]);
  });

  it('keeps its own upper bound where that is the lower one', async () => {
    const gateway = await gatewayWith(20);
    const filter = { createdAt: { to: '2026-02-28T00:00:10Z' } };
    const first = await page(gateway, { first: 2, filter });
    const second = await page(gateway, { first: 2, after: first.pageInfo.endCursor, filter });
    expect([...ids(first), ...ids(second)]).toEqual(listed(gateway).slice(9, 13));
    expect(gateway.lean.requests.map(request => request.query['to'])).toEqual([
      '2026-02-28T00:00:10Z',
      '2026-02-28T00:00:10Z',
    ]);
  });

  const cases: readonly (readonly [string, Arguments & { readonly filter?: object }, string])[] = [
    ['zero rows', { first: 0 }, 'first'],
    ['too many rows', { first: 101 }, 'first'],
    ['a negative number of rows', { last: -1 }, 'last'],
    ['first with last', { first: 1, last: 1 }, 'last'],
    ['what is no cursor', { first: 1, after: 'abc' }, 'after'],
    ['an empty cursor', { first: 1, before: '' }, 'before'],
    ['amounts the wrong way round', { filter: { amount: { min: '2', max: '1.99' } } }, 'filter.amount'],
    [
      'times the wrong way round',
      { filter: { createdAt: { from: '2026-01-02T00:00:00Z', to: '2026-01-01T00:00:00Z' } } },
      'filter.createdAt',
    ],
    [
      'changes the wrong way round',
      { filter: { updatedAt: { from: '2026-01-02T00:00:00Z', to: '2026-01-02T03:00:00+04:00' } } },
      'filter.updatedAt',
    ],
    ['what is no decimal', { filter: { amount: { min: '1,5' } } }, 'filter.amount.min'],
    ['a date with no time', { filter: { createdAt: { to: '2026-01-01' } } }, 'filter.createdAt.to'],
  ];

  it.each(cases)('with %s is refused by name, and Lean is not called', async (_what, args, argument) => {
    const gateway = await startTestGateway();
    const { errors } = await gateway.run(document, { ...args });
    expect(errors?.map(error => error.extensions)).toEqual([{ code: 'BAD_USER_INPUT', argument }]);
    expect(gateway.received()).toEqual({});
  });

  it('refuses the cursor of a list with another filter', async () => {
    const gateway = await gatewayWith(20);
    const { pageInfo } = await page(gateway, { first: 5 });
    const { errors } = await gateway.run(document, {
      after: pageInfo.endCursor,
      filter: { amount: { min: '3' } },
    });
    expect(errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', argument: 'after' });
  });
});
