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

/**
 * A gateway whose Lean holds `count` payouts, created during the day before `start`. Each `perInstant` of them share a
 * creation time.
 */
async function gatewayWith(
  count: number,
  perInstant = 1,
  sandbox: SandboxOptions = {},
): Promise<TestGateway> {
  const gateway = await startTestGateway({ sandbox: { payouts: 0, clock: () => start, ...sandbox } });
  for (let index = 0; index < count; index += 1)
    gateway.lean.payouts.add({
      createdAt: new Date(start - dayMs + Math.floor(index / perInstant) * 1000).toISOString(),
      amount: String(index + 1),
    });
  return gateway;
}

interface ListBody {
  readonly content: readonly object[];
  readonly page: object;
}

/** A second gateway with the same Lean, behind a proxy that can alter the body of the next response. */
async function gatewayBehindProxy({ lean }: TestGateway) {
  let alter: ((body: ListBody) => ListBody) | undefined;
  const proxy = createServer((request, response) => {
    void (async () => {
      const headers = { authorization: request.headers.authorization ?? '' };
      const answer = await fetch(new URL(request.url ?? '', lean.url), { headers });
      const body = (await answer.json()) as ListBody;
      const sent = alter?.(body) ?? body;
      alter = undefined;
      response.setHeader('date', answer.headers.get('date') ?? '');
      response.setHeader('content-type', 'application/json').end(JSON.stringify(sent));
    })();
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  const url = `http://127.0.0.1:${String((proxy.address() as AddressInfo).port)}`;
  const gateway = await startTestGateway({ env: { LEAN_BASE_URL: url } });
  return { gateway, alterNext: (change: (body: ListBody) => ListBody) => void (alter = change) };
}

/** The intent ids in Lean's own order, newest first. */
const intentIdsAtLean = (gateway: TestGateway): string[] =>
  gateway.lean.payouts.all().map(payout => payout.intentId);

/** Reads all pages of the list, and runs a callback between any two of them. */
async function readAllPages(
  gateway: TestGateway,
  direction: 'forward' | 'backward',
  size: number,
  betweenPages: (pagesSoFar: number) => void = () => undefined,
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
    betweenPages(pages);
  }
}

describe('paging through a long list', () => {
  const sizes = [1, 7, 50, 64, 100];
  /** The length of the list: many pages of the size, without hundreds of requests. */
  const lengthFor = (size: number): number => (size === 1 ? 30 : size === 7 ? 80 : 250);

  it.each(sizes)(
    'returns each payout once and in order, in pages of %i, forward and backward',
    async size => {
      const gateway = await gatewayWith(lengthFor(size));
      const expected = intentIdsAtLean(gateway);
      expect(await readAllPages(gateway, 'forward', size)).toEqual(expected);
      expect(await readAllPages(gateway, 'backward', size)).toEqual(expected);
    },
  );

  it('costs one Lean call per page if some page size of Lean holds its rows on one page', async () => {
    for (const size of [1, 7, 50, 64]) {
      const length = lengthFor(size);
      const gateway = await gatewayWith(length);
      await readAllPages(gateway, 'forward', size);
      expect(gateway.received()).toEqual({ listPayouts: Math.ceil(length / size) });
    }
  });

  it('neither repeats nor skips a row if any number of payouts is added between any two pages', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...sizes),
        fc.constantFrom('forward' as const, 'backward' as const),
        fc.constantFrom(1, 3, 250),
        fc.array(fc.nat({ max: 130 }), { minLength: 1, maxLength: 6 }),
        fc.constantFrom(0, 1, 999, 5000),
        async (size, direction, perInstant, additions, laterMs) => {
          const length = lengthFor(size);
          const gateway = await gatewayWith(length, perInstant);
          const expected = intentIdsAtLean(gateway);
          let added = 0;
          const seen = await readAllPages(gateway, direction, size, pages => {
            for (let count = additions[pages % additions.length] ?? 0; count > 0 && added < 400; count -= 1) {
              added += 1;
              // At the same time as the newest row, within the second that is now at Lean, or after it.
              const newest = start - dayMs + Math.floor((length - 1) / perInstant) * 1000;
              gateway.lean.payouts.add({
                createdAt: new Date((laterMs === 0 ? newest : start) + laterMs).toISOString(),
              });
            }
          });
          // Added rows may be returned or not. Every row from before the first page is returned once, in order.
          const initial = new Set(expected);
          expect(seen.filter(id => initial.has(id))).toEqual(expected);
          expect(new Set(seen).size).toBe(seen.length);
        },
      ),
      { numRuns: 40, seed: 20_261_129 },
    );
  });

  it('leaves out rows that were created after the first page by Lean’s clock', async () => {
    let now = start;
    const gateway = await gatewayWith(250, 1, { clock: () => now });
    const expected = intentIdsAtLean(gateway);
    const seen = await readAllPages(gateway, 'forward', 50, () => {
      now += 1000;
      gateway.lean.payouts.add();
    });
    expect(seen).toEqual(expected);
    expect(gateway.received()).toEqual({ listPayouts: 5 });
  });

  it('continues at the same row after rows have left a filter on the last change', async () => {
    const accepted = { at: new Date(start).toISOString(), status: 'ACCEPTED_BY_BANK' };
    let now = start - 1000;
    const gateway = await startTestGateway({ sandbox: { payouts: 0, clock: () => now } });
    for (let index = 0; index < 60; index += 1) {
      const createdAt = new Date(start - dayMs + index * 1000).toISOString();
      // Every third payout is updated after the first page, and then no longer matches the filter.
      const steps = [{ at: createdAt, status: 'PENDING_WITH_BANK' }, ...(index % 3 === 0 ? [accepted] : [])];
      gateway.lean.payouts.add({ createdAt, steps });
    }
    const filter = { updatedAt: { to: new Date(start - 1).toISOString() } };
    const first = await page(gateway, { first: 20, filter });
    const order = intentIdsAtLean(gateway);
    now = start;
    const rest = await page(gateway, { first: 100, after: first.pageInfo.endCursor, filter });
    const remaining = gateway.lean.payouts.all().filter(({ status }) => status === 'PENDING_WITH_BANK');
    expect(ids(first)).toEqual(order.slice(0, 20));
    expect(ids(rest)).toEqual(remaining.map(payout => payout.intentId).filter(id => order.indexOf(id) >= 20));
  });
});

describe('a page', () => {
  it('holds exactly the requested rows, from any cursor and in either direction, with at most two Lean calls', async () => {
    const gateway = await gatewayWith(250);
    const expected = intentIdsAtLean(gateway);
    const cursors: string[] = [];
    for (let after: string | null = null; cursors.length < 250; after = cursors.at(-1) ?? null)
      cursors.push(...(await page(gateway, { first: 100, after })).edges.map(edge => edge.cursor));
    gateway.received();
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: 249 }),
        fc.integer({ min: 1, max: 100 }),
        fc.constantFrom('after', 'before', 'last after', 'first before'),
        async (position, size, form) => {
          const cursor = cursors[position] ?? '';
          const following = expected.slice(position + 1);
          const preceding = expected.slice(0, position);
          const [args, rows] = {
            after: [{ first: size, after: cursor }, following.slice(0, size)] as const,
            before: [{ last: size, before: cursor }, preceding.slice(-size)] as const,
            'last after': [{ last: size, after: cursor }, following.slice(-size)] as const,
            'first before': [{ first: size, before: cursor }, preceding.slice(0, size)] as const,
          }[form];
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
      { numRuns: 200, seed: 20_261_129 },
    );
  });

  it('holds the rows between two cursors if both are given', async () => {
    const gateway = await gatewayWith(30);
    const { edges } = await page(gateway, { first: 30 });
    const read = await page(gateway, {
      first: 100,
      after: edges[4]?.cursor ?? '',
      before: edges[10]?.cursor ?? '',
    });
    expect(ids(read)).toEqual(intentIdsAtLean(gateway).slice(5, 10));
  });

  it('holds the first 50 rows if no arguments are given', async () => {
    const gateway = await gatewayWith(60);
    expect(ids(await page(gateway, {}))).toEqual(intentIdsAtLean(gateway).slice(0, 50));
    expect(gateway.lean.requests.map(request => request.query)).toEqual([
      { page_number: '0', page_size: '50' },
    ]);
  });

  it('is empty if the list is empty', async () => {
    const gateway = await gatewayWith(0);
    const empty = { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null };
    expect(await page(gateway, {})).toEqual({ totalCount: 0, edges: [], pageInfo: empty });
    expect(await page(gateway, { last: 5 })).toEqual({ totalCount: 0, edges: [], pageInfo: empty });
  });

  it('holds the requested rows if Lean returns smaller pages than requested', async () => {
    const gateway = await gatewayWith(250, 1, { maxPageSize: 30 });
    const expected = intentIdsAtLean(gateway);
    expect(ids(await page(gateway, { first: 100 }))).toEqual(expected.slice(0, 100));
    expect(await readAllPages(gateway, 'forward', 64)).toEqual(expected);
    expect(await readAllPages(gateway, 'backward', 64)).toEqual(expected);
  });

  it.each(['v1', 'ksa'] as const)(
    'holds the same rows if Lean uses the envelope of profile %s',
    async profile => {
      const gateway = await gatewayWith(120, 1, { profile });
      expect(await readAllPages(gateway, 'forward', 50)).toEqual(intentIdsAtLean(gateway));
    },
  );

  it('is read again, without a lower page limit, if its rows do not match its total', async () => {
    const lean = await gatewayWith(120);
    const expected = intentIdsAtLean(lean);
    const { gateway, alterNext } = await gatewayBehindProxy(lean);
    alterNext(body => ({ ...body, content: body.content.slice(0, 1) }));
    expect(ids(await page(gateway, { first: 50 }))).toEqual(expected.slice(0, 50));
    expect(ids(await page(gateway, { first: 50 }))).toEqual(expected.slice(0, 50));
    expect(lean.received()).toEqual({ listPayouts: 3 });
  });

  it('is an error if Lean’s answer states the number of another page, and is read again for the next caller', async () => {
    const lean = await gatewayWith(120);
    const { gateway, alterNext } = await gatewayBehindProxy(lean);
    alterNext(body => ({ ...body, page: { ...body.page, number: 2 } }));
    const { errors } = await gateway.run(document, { first: 50 });
    expect(errors).toMatchObject([{ extensions: { code: 'LEAN_BAD_RESPONSE' } }]);
    expect(ids(await page(gateway, { first: 50 }))).toEqual(intentIdsAtLean(lean).slice(0, 50));
  });

  it('starts after the cursor if a row was added and the first read is inconsistent', async () => {
    const lean = await gatewayWith(200);
    const expected = intentIdsAtLean(lean);
    const { gateway, alterNext } = await gatewayBehindProxy(lean);
    const { pageInfo } = await page(gateway, { first: 64 });
    lean.lean.payouts.add({ createdAt: new Date(start).toISOString() });
    alterNext(body => ({ ...body, content: body.content.slice(0, -1) }));
    expect(ids(await page(gateway, { first: 64, after: pageInfo.endCursor }))).toEqual(
      expected.slice(64, 128),
    );
  });

  it('starts after the cursor among rows of one instant if a row was added far after it', async () => {
    const gateway = await gatewayWith(250, 250);
    const expected = intentIdsAtLean(gateway);
    const { pageInfo } = await page(gateway, { first: 100 });
    gateway.lean.payouts.add({ createdAt: new Date(start - 2 * dayMs).toISOString() });
    expect(ids(await page(gateway, { first: 100, after: pageInfo.endCursor }))).toEqual(
      expected.slice(100, 200),
    );
  });

  it('is read with the page size that Lean states, not with the number of rows that it returned', async () => {
    const lean = await gatewayWith(120);
    const { gateway, alterNext } = await gatewayBehindProxy(lean);
    alterNext(body => ({ content: body.content.slice(0, 7), page: { ...body.page, size: 40 } }));
    expect(ids(await page(gateway, { first: 100 }))).toEqual(intentIdsAtLean(lean).slice(0, 100));
    expect(lean.lean.requests.slice(1).map(({ query }) => Number(query['page_size']))).toEqual([34, 34, 34]);
  });

  it('starts at the row that followed the cursor’s row if that row is gone', async () => {
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
  it('is sent to Lean with all its digits, and from the second page with the snapshot time', async () => {
    const gateway = await gatewayWith(20);
    const filter = {
      amount: { min: '0.10', max: '9007199254740993.01' },
      createdAt: { from: '2026-02-01T04:00:00.123456789+04:00' as Instant },
      updatedAt: { from: '2026-02-01T00:00:00Z', to: '2026-03-02T00:00:00Z' },
    };
    const first = await page(gateway, { first: 5, filter });
    await page(gateway, { first: 5, after: first.pageInfo.endCursor, filter });
    const expected = {
      amount_min: '0.10',
      amount_max: '9007199254740993.01',
      from: '2026-02-01T00:00:00.123456789Z',
      from_updated_at: '2026-02-01T00:00:00Z',
      to_updated_at: '2026-03-02T00:00:00Z',
    };
    expect(gateway.lean.requests.map(request => request.query)).toEqual([
      { page_number: '0', page_size: '5', ...expected },
      { page_number: '0', page_size: '10', ...expected, to: '2026-03-01T00:00:00.999999Z' },
    ]);
  });

  it('keeps its own upper bound if that is before the snapshot time', async () => {
    const gateway = await gatewayWith(20);
    const filter = { createdAt: { to: '2026-02-28T00:00:10Z' } };
    const first = await page(gateway, { first: 2, filter });
    const second = await page(gateway, { first: 2, after: first.pageInfo.endCursor, filter });
    expect([...ids(first), ...ids(second)]).toEqual(intentIdsAtLean(gateway).slice(9, 13));
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
    ['text that is not a cursor', { first: 1, after: 'abc' }, 'after'],
    ['an empty cursor', { first: 1, before: '' }, 'before'],
    ['amounts in reverse order', { filter: { amount: { min: '2', max: '1.99' } } }, 'filter.amount'],
    [
      'creation times in reverse order',
      { filter: { createdAt: { from: '2026-01-02T00:00:00Z', to: '2026-01-01T00:00:00Z' } } },
      'filter.createdAt',
    ],
    [
      'update times in reverse order',
      { filter: { updatedAt: { from: '2026-01-02T00:00:00Z', to: '2026-01-02T03:00:00+04:00' } } },
      'filter.updatedAt',
    ],
    ['text that is not a decimal', { filter: { amount: { min: '1,5' } } }, 'filter.amount.min'],
    ['a date without a time', { filter: { createdAt: { to: '2026-01-01' } } }, 'filter.createdAt.to'],
  ];

  it.each(cases)(
    'is refused without a Lean call for %s, and the error names the argument',
    async (_case, args, argument) => {
      const gateway = await startTestGateway();
      const { errors } = await gateway.run(document, { ...args });
      expect(errors?.map(error => error.extensions)).toEqual([{ code: 'BAD_USER_INPUT', argument }]);
      expect(gateway.received()).toEqual({});
    },
  );

  it('is refused with a cursor of a list with another filter', async () => {
    const gateway = await gatewayWith(20);
    const { pageInfo } = await page(gateway, { first: 5 });
    const { errors } = await gateway.run(document, {
      after: pageInfo.endCursor,
      filter: { amount: { min: '3' } },
    });
    expect(errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', argument: 'after' });
  });
});
