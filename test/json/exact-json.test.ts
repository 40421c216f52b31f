import { expect, it } from 'vitest';
import { ExactNumber, parseExactJson } from '../../src/json/exact-json.ts';

it.each([
  ['{ "amount": 1, "amount": 2 }', 2],
  ['{ "amount": 1.234567890123456789, "amount": 2 }', 2],
  ['{ "amount": 1, "amount": 1.234567890123456789 }', new ExactNumber('1.234567890123456789')],
  [String.raw`{ "amount": 1, "\u0061mount": 2 }`, 2],
])('of several members with the same name the last one counts: %s', (text, amount) => {
  expect(parseExactJson(text)).toEqual({ amount });
});
