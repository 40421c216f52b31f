import { describe, expect, it } from 'vitest';
import { startTestSandbox } from './test-sandbox.ts';

const path = '/payouts/v1/payments';

describe('paging', () => {
  it('returns the fifty newest payouts, newest first, by default', async () => {
    const { get, sandbox } = await startTestSandbox({ payouts: 120 });
    const { json } = await get(path);
    expect(json.page).toEqual({ number: 0, size: 50, total_elements: 120, total_pages: 3, sort: null });
    expect(json.content.map((row: { created_at: string }) => row.created_at)).toEqual(
      sandbox.payouts
        .all()
        .slice(0, 50)
        .map(payout => payout.createdAt),
    );
  });

  it('returns every payout on exactly one page', async () => {
    const { list } = await startTestSandbox({ payouts: 61 });
    const pages = await Promise.all(
      [0, 1, 2, 3].map(number => list(`?page_size=20&page_number=${String(number)}`)),
    );
    expect(pages.map(page => page.length)).toEqual([20, 20, 20, 1]);
    expect(new Set(pages.flat().map(row => row.created_at)).size).toBe(61);
  });

  it('returns an empty page beyond the last one', async () => {
    const { get } = await startTestSandbox({ payouts: 3 });
    const { json } = await get(`${path}?page_number=7`);
    expect(json).toEqual({
      content: [],
      page: { number: 7, size: 50, total_elements: 3, total_pages: 1, sort: null },
    });
  });

  it('returns and states at most a hundred rows, or `maxPageSize`', async () => {
    const { get } = await startTestSandbox({ payouts: 120 });
    expect((await get(`${path}?page_size=500`)).json).toMatchObject({ page: { size: 100, total_pages: 2 } });
    const small = await startTestSandbox({ payouts: 120, maxPageSize: 10 });
    expect((await small.get(`${path}?page_size=11`)).json.page.size).toBe(10);
  });

  it('lists the last added payout first among payouts with the same creation time', async () => {
    const { sandbox, list } = await startTestSandbox();
    for (const description of ['first', 'second', 'third']) sandbox.payouts.add({ description });
    sandbox.payouts.add({ description: 'older', createdAt: '2020-01-01T00:00:00Z' });
    expect((await list()).map(row => row.description)).toEqual(['third', 'second', 'first', 'older']);
  });

  it.each([
    'page_number=-1',
    'page_number=x',
    'page_number=',
    'page_size=0',
    'page_size=1.5',
    'amount_min=abc',
    'amount_max=1,5',
    'from=yesterday',
    'to=2026-02-30T00:00:00Z',
    'from_updated_at=2026-01-01',
    'to_updated_at=2026-01-01T00:00:00',
    'from=2026-01-01T00:00:00.1234567890Z',
  ])('refuses the query %s', async query => {
    const { get } = await startTestSandbox();
    const { status, json } = await get(`${path}?${query}`);
    expect([status, json.status]).toEqual([400, 'INVALID_PARAMETERS']);
  });
});

describe('filters', () => {
  it('compare amounts exactly, with inclusive bounds', async () => {
    const { sandbox, list } = await startTestSandbox();
    for (const amount of ['9007199254740993.01', '9007199254740993.02', '9007199254740993.03', '16.50']) {
      sandbox.payouts.add({ amount, description: amount });
    }
    const found = async (query: string) => (await list(query)).map(row => row.description);
    expect(await found('?amount_min=9007199254740993.02')).toEqual([
      '9007199254740993.03',
      '9007199254740993.02',
    ]);
    expect(await found('?amount_max=16.5&amount_min=1.65e1')).toEqual(['16.50']);
    expect(await found('?amount_max=16.49')).toEqual([]);
    expect(await found('?amount_min=16.500000000000000001&amount_max=9007199254740993.01')).toEqual([
      '9007199254740993.01',
    ]);
  });

  it('compare creation times to the nanosecond, with inclusive bounds', async () => {
    const { sandbox, list } = await startTestSandbox();
    for (const fraction of ['000000001', '000000002', '000000003']) {
      sandbox.payouts.add({ createdAt: `2026-05-01T10:00:00.${fraction}Z`, description: fraction.slice(-1) });
    }
    const found = async (query: string) => (await list(query)).map(row => row.description).join('');
    expect(await found('?from=2026-05-01T10:00:00.000000002Z')).toBe('32');
    expect(await found('?to=2026-05-01T10:00:00.000000002Z')).toBe('21');
    expect(await found('?from=2026-05-01T10:00:00.000000002Z&to=2026-05-01T10:00:00.000000002Z')).toBe('2');
    expect(await found('?to=2026-05-01T14:00:00.000000001%2B04:00')).toBe('1');
  });

  it('compare the time of the latest change so far', async () => {
    const { sandbox, list, advance } = await startTestSandbox();
    sandbox.payouts.add({
      steps: [
        { at: '2026-06-01T12:00:00Z', status: 'CREATED' },
        { at: '2026-06-01T12:00:10.5Z', status: 'ACCEPTED_BY_BANK' },
      ],
    });
    expect(await list('?from_updated_at=2026-06-01T12:00:10.5Z')).toHaveLength(0);
    expect(await list('?to_updated_at=2026-06-01T12:00:00Z')).toHaveLength(1);
    advance(11);
    expect(await list('?from_updated_at=2026-06-01T12:00:10.5Z')).toHaveLength(1);
    expect(await list('?to_updated_at=2026-06-01T12:00:10.499999999Z')).toHaveLength(0);
  });

  it('are applied before paging', async () => {
    const { sandbox, get } = await startTestSandbox();
    for (let amount = 1; amount <= 9; amount += 1) sandbox.payouts.add({ amount: String(amount) });
    const { json } = await get(`${path}?amount_min=4&page_size=4&page_number=1`);
    expect(json.content.map((row: { amount: number }) => row.amount)).toEqual([5, 4]);
    expect(json.page).toMatchObject({ total_elements: 6, total_pages: 2 });
  });
});

it('amounts are returned digit for digit as they were added', async () => {
  const { sandbox, get } = await startTestSandbox();
  const amounts = ['9007199254740993.01', '16', '16.00', '0.1', '123456789012345678901234567890.123456789'];
  for (const amount of amounts) {
    const { intentId, paymentId } = sandbox.payouts.add({ amount });
    for (const text of [
      (await get(`${path}?page_size=1`)).text,
      (await get(`/payouts/v1/${paymentId ?? ''}`)).text,
      (await get(`/payouts/v1/intents/${intentId}`)).text,
    ]) {
      expect(text).toContain(`"amount":${amount},`);
    }
  }
});
