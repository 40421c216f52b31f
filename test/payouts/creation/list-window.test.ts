import { expect, it } from 'vitest';
import { readListWindow } from '../../../src/payouts/creation/list-window.ts';
import { clientTo, farDeadline, json, rawServer } from '../../lean/fixtures.ts';

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
