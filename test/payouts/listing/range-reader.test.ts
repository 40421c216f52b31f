import { expect, it } from 'vitest';
import { RangeReader } from '../../../src/payouts/listing/range-reader.ts';
import { clientTo, json, rawServer } from '../../lean/fixtures.ts';

it('reads pages of the full size again ten minutes after Lean has shown a lower limit', async () => {
  let now = 0;
  let limit = 1;
  const { url, received } = await rawServer((response, { target }) => {
    const requested = Number(new URL(target, 'http://lean').searchParams.get('page_size'));
    const size = Math.min(limit, requested);
    const content = Array.from({ length: size }, (_, row) => ({ payment_intent_id: `i${String(row)}` }));
    json(response, { content, page: { size, total_elements: 100 } });
  });
  const ranges = new RangeReader(clientTo(url), 100, () => now);
  const read = () => ranges.read({}, { range: { start: 0, end: 2 }, adjacent: undefined }, {});
  expect(await read()).toBeUndefined();
  expect(ranges.maxPageSize).toBe(1);
  limit = 100;
  now = 599_999;
  expect((await read())?.rows).toHaveLength(2);
  expect(received).toHaveLength(3);
  now = 600_000;
  expect((await read())?.rows).toHaveLength(2);
  expect(received).toHaveLength(4);
});
