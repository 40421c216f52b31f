import { describe, expect, it } from 'vitest';
import { readListWindow } from '../../../src/payouts/creation/list-window.ts';
import { clientTo, farDeadline, json, rawServer } from '../../lean/fixtures.ts';

/** Reads a window of a minute. Lean's list has `length` payouts, and states `stated(n)` as the number of page n. */
async function readWindow(length: number, stated: (number: number) => number | null) {
  const { url } = await rawServer((response, { target }) => {
    const query = new URL(target, 'http://lean').searchParams;
    const [number, size] = [Number(query.get('page_number')), Number(query.get('page_size'))];
    const rows = Array.from({ length }, (_, index) => ({ payment_intent_id: `intent-${String(index)}` }));
    json(response, {
      content: rows.slice(number * size, (number + 1) * size),
      page: { number: stated(number), size, total_elements: length },
    });
  });
  const { completeness, rows } = await readListWindow(clientTo(url), { from: 0, to: 60_000 }, farDeadline());
  return { completeness, rows: rows.length };
}

describe('the pages of a window', () => {
  it.each([0, 3, 150])(
    'of %i payouts are complete with the requested page numbers, or with none',
    async length => {
      for (const stated of [(number: number) => number, () => null])
        expect(await readWindow(length, stated)).toEqual({ completeness: 'complete', rows: length });
    },
  );

  it.each([0, 3, 150])(
    'of %i payouts prove nothing if Lean counts pages from 1, but their payouts are known to exist',
    async length => {
      const { completeness, rows } = await readWindow(length, number => number + 1);
      expect(completeness).toBe('list_incomplete');
      expect(rows).toBe(Math.min(length, 100));
    },
  );

  it('prove nothing if one of them states the number of the next page', async () => {
    for (const other of [0, 1])
      expect(await readWindow(150, number => (number === other ? number + 1 : number))).toMatchObject({
        completeness: 'list_incomplete',
      });
  });

  it('are a bad response if one of them states the number of yet another page', async () => {
    for (const stated of [() => 0, () => 7])
      await expect(readWindow(150, stated)).rejects.toMatchObject({ code: 'LEAN_BAD_RESPONSE' });
  });
});

it('a list is not complete if a payment was replaced and the rows moved while it was read', async () => {
  const row = (intent: string, payment: string) => ({
    payment_intent_id: intent,
    payment_id: payment,
    amount: 1,
    currency: 'AED',
    created_at: '2026-03-01T12:00:00Z',
  });
  // Between the first page and the second, the intent `two` gets another payment, and `three` moves to the first page.
  const pages = [[row('one', 'p1'), row('two', 'p2')], [row('two', 'p2-again')], [row('one', 'p1')]];
  const { url, received } = await rawServer(response =>
    json(response, { content: pages[received.length - 1], page: { total_elements: 3 } }),
  );
  const timeRange = { from: Date.parse('2026-03-01T11:59:59Z'), to: Date.parse('2026-03-01T12:00:00.500Z') };
  const { completeness } = await readListWindow(clientTo(url), timeRange, farDeadline());
  expect(completeness).toBe('list_incomplete');
});
