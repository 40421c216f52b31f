import { describe, expect, it } from 'vitest';
import { Decimal } from '../../src/sandbox/decimal.ts';

const format = (text: string) => Decimal.parse(text)?.toString();

describe('a decimal', () => {
  it.each([
    ['16', '16'],
    ['16.00', '16'],
    ['016.50', '16.5'],
    ['-0.10', '-0.1'],
    ['-0', '0'],
    ['0.00', '0'],
    ['100', '100'],
    ['1e2', '100'],
    ['1.25E+1', '12.5'],
    ['125e-3', '0.125'],
    ['100e-2', '1'],
    ['9007199254740993.01', '9007199254740993.01'],
  ])('parses %s as %s', (text, expected) => {
    expect(format(text)).toBe(expected);
  });

  it.each(['', '.5', '5.', '1,5', '+1', 'NaN', '1e9999', ' 1'])('does not parse %j', text => {
    expect(Decimal.parse(text)).toBeUndefined();
  });

  it('is compared by value, regardless of the number of digits', () => {
    const sorted = ['-1', '0', '0.1', '0.1000000000000000001', '1', '1.5', '16', '9007199254740993.01'];
    const shuffled = [...sorted].reverse().map(text => Decimal.parse(text));
    const numbers = shuffled
      .filter(decimal => decimal !== undefined)
      .sort((one, other) => one.compare(other));
    expect(numbers.map(String)).toEqual(sorted);
    expect(numbers[1]?.compare(numbers[1])).toBe(0);
  });

  it.each([
    ['16', '16'],
    ['16.49', '16'],
    ['16.5', '17'],
    ['0.4', '0'],
    ['-1.5', '-1'],
    ['-1.51', '-2'],
    ['-2', '-2'],
    ['9007199254740993.5', '9007199254740994'],
  ])('rounds %s to %s, with halves up', (text, rounded) => {
    expect(Decimal.parse(text)?.rounded().toString()).toBe(rounded);
  });
});
