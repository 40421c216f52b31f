import { describe, expect, it } from 'vitest';
import { currencyPlaces } from '../../../src/payouts/values/money.ts';

describe('currencyPlaces', () => {
  it.each([
    ['AED', 2],
    ['SAR', 2],
    ['USD', 2],
    ['KWD', 3],
    ['BHD', 3],
    ['OMR', 3],
    ['JPY', 0],
    ['XXQ', undefined],
    ['', undefined],
    ['constructor', undefined],
  ])('returns for %s %s places', (currency, places) => {
    expect(currencyPlaces(currency)).toBe(places);
  });
});
