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

it.each([
  ['0, as Lean documents', 0],
  ['1', 1],
])('reads a list whose page numbers begin with %s', async (_begin, begin) => {
  const { url } = await rawServer((response, { target }) => {
    const query = new URL(target, 'http://lean').searchParams;
    const [number, size] = [Number(query.get('page_number')), Number(query.get('page_size'))];
    const content = Array.from({ length: size }, (_, row) => ({
      payment_intent_id: `i${String(number * size + row)}`,
    }));
    json(response, { content, page: { number: number + begin, size, total_elements: 100 } });
  });
  const read = await new RangeReader(clientTo(url), 10).read({}, { range: { start: 8, end: 23 } }, {});
  const rows = read?.slice({ start: 8, end: 23 })?.map(({ intentId }) => intentId);
  expect(rows).toEqual(Array.from({ length: 15 }, (_, index) => `i${String(8 + index)}`));
});
