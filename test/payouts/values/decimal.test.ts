import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareDecimals,
  decimalPlaces,
  parseDecimal,
  type Decimal,
} from '../../../src/payouts/values/decimal.ts';

/** A decimal's text, with the whole number that it is in units of `10 ** -places`. */
const written = fc
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
  it('keeps a decimal letter by letter', () => {
    fc.assert(
      fc.property(written, ({ text }) => {
        expect(parseDecimal(text)).toBe(text);
      }),
    );
  });

  it.each(['0', '-0', '0.00', '16.50', '-1.0', '9'.repeat(64)])('takes %s', text => {
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
  ])('writes the exponent of %s out as %s', (text, plain) => {
    expect(parseDecimal(text)).toBe(plain);
  });

  it('gives an exponent its exact worth', () => {
    fc.assert(
      fc.property(written, fc.integer({ min: -20, max: 20 }), ({ text, units, places }, exponent) => {
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
  ])('does not take %j', text => {
    expect(parseDecimal(text)).toBeUndefined();
  });
});

describe('compareDecimals', () => {
  it('agrees with whole-number arithmetic', () => {
    fc.assert(
      fc.property(written, written, (a, b) => {
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
  ])('of %s and %s is %i', (a, b, expected) => {
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
  ])('of %s is %i', (text, places) => {
    expect(decimalPlaces(decimal(text))).toBe(places);
  });

  it('is the fewest that lose nothing', () => {
    fc.assert(
      fc.property(written, ({ text, units, places }) => {
        const needed = decimalPlaces(decimal(text));
        expect(needed).toBeLessThanOrEqual(places);
        expect(units % 10n ** BigInt(places - needed)).toBe(0n);
        if (needed > 0) expect(units % 10n ** BigInt(places - needed + 1)).not.toBe(0n);
      }),
    );
  });
});
