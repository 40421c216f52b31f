import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareDecimals,
  decimalPlaces,
  parseDecimal,
  type Decimal,
} from '../../../src/payouts/values/decimal.ts';

/** The text of a decimal, and its value as an integer in units of `10 ** -places`. */
const decimals = fc
  .tuple(fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n }), fc.nat({ max: 12 }))
  .map(([units, places]) => {
    const digits = (units < 0n ? -units : units).toString().padStart(places + 1, '0');
    const at = digits.length - places;
    const fraction = places === 0 ? '' : `.${digits.slice(at)}`;
    return { text: `${units < 0n ? '-' : ''}${digits.slice(0, at)}${fraction}`, units, places };
  });

function decimal(text: string): Decimal {
  const parsed = parseDecimal(text);
  if (parsed === undefined) throw new Error(`not a decimal: ${text}`);
  return parsed;
}

describe('parseDecimal', () => {
  it('keeps all characters of a decimal', () => {
    fc.assert(
      fc.property(decimals, ({ text }) => {
        expect(parseDecimal(text)).toBe(text);
      }),
    );
  });

  it.each(['0', '-0', '0.00', '16.50', '-1.0', '9'.repeat(64)])('accepts %s', text => {
    expect(parseDecimal(text)).toBe(text);
  });

  it.each([
    ['1e3', '1000'],
    ['1.5E+3', '1500'],
    ['1.2345e2', '123.45'],
    ['1.5e0', '1.5'],
    ['1.5e-3', '0.0015'],
    ['15e-1', '1.5'],
    ['-15e-2', '-0.15'],
    ['0e5', '0'],
    ['0.001e3', '1'],
    ['0.0010e3', '1.0'],
  ])('expands the exponent of %s to %s', (text, plain) => {
    expect(parseDecimal(text)).toBe(plain);
  });

  it('expands an exponent without changing the value', () => {
    fc.assert(
      fc.property(decimals, fc.integer({ min: -20, max: 20 }), ({ text, units, places }, exponent) => {
        const plain = decimal(`${text}e${String(exponent)}`);
        // Both sides in units of 10 ** -40.
        const [whole = '', fraction = ''] = plain.split('.');
        expect(BigInt(whole + fraction.padEnd(40, '0'))).toBe(units * 10n ** BigInt(40 - places + exponent));
      }),
    );
  });

  it.each([
    '',
    ' 1',
    '1 ',
    '+1',
    '.5',
    '5.',
    '01',
    '-',
    '1,000',
    '1_000',
    '0x1f',
    'NaN',
    'Infinity',
    '1e',
    '1e100',
    '1\n',
    '١',
    '--1',
    '1.2.3',
    '9'.repeat(65),
  ])('refuses %j', text => {
    expect(parseDecimal(text)).toBeUndefined();
  });
});

describe('compareDecimals', () => {
  it('agrees with integer arithmetic', () => {
    fc.assert(
      fc.property(decimals, decimals, (a, b) => {
        const left = a.units * 10n ** BigInt(b.places);
        const right = b.units * 10n ** BigInt(a.places);
        expect(compareDecimals(decimal(a.text), decimal(b.text))).toBe(
          left < right ? -1 : left > right ? 1 : 0,
        );
      }),
    );
  });

  it.each([
    ['1', '1.000', 0],
    ['-0', '0.00', 0],
    ['-0.5', '0', -1],
    ['0.1', '0.10000000000000000001', -1],
    ['9007199254740993', '9007199254740992', 1],
  ])('compares %s with %s as %i', (a, b, expected) => {
    expect(compareDecimals(decimal(a), decimal(b))).toBe(expected);
  });
});

describe('decimalPlaces', () => {
  it.each([
    ['16', 0],
    ['16.50', 1],
    ['16.00', 0],
    ['0.001', 3],
    ['100', 0],
  ])('counts for %s %i places', (text, places) => {
    expect(decimalPlaces(decimal(text))).toBe(places);
  });

  it('counts the fewest places that keep the value', () => {
    fc.assert(
      fc.property(decimals, ({ text, units, places }) => {
        const needed = decimalPlaces(decimal(text));
        expect(needed).toBeLessThanOrEqual(places);
        expect(units % 10n ** BigInt(places - needed)).toBe(0n);
        if (needed > 0) expect(units % 10n ** BigInt(places - needed + 1)).not.toBe(0n);
      }),
    );
  });
});
