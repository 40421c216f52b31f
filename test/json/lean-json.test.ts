import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonNumber, parseLeanJson } from '../../src/json/lean-json.ts';

const exactFields = [
  'amount',
  'total_amount',
  'account_number',
  'iban',
  'bank_transaction_reference',
  'external_reference',
] as const;

/** As those see it who make texts of amounts and account numbers, as all do. */
function read(text: string): unknown {
  return JSON.parse(JSON.stringify(parseLeanJson(text)), (key, value: unknown) =>
    typeof value === 'number' && (exactFields as readonly string[]).includes(key) ? String(value) : value,
  );
}

/** Decimals of up to 20 digits, with and without a sign, a point and zeros at the end. */
const decimal = fc
  .tuple(fc.boolean(), fc.bigInt({ min: 0n, max: 10n ** 20n - 1n }), fc.nat({ max: 20 }), fc.nat({ max: 3 }))
  .map(([negative, digits, places, zeros]) => {
    const padded = digits.toString().padStart(places + 1, '0');
    const whole = padded.slice(0, padded.length - places);
    const fraction = padded.slice(padded.length - places) + '0'.repeat(zeros);
    return `${negative ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
  });

const blank = fc.constantFrom('', ' ', '\n  ', '\t');

describe('parseLeanJson', () => {
  it('keeps every digit of an amount, an account number and a reference', () => {
    fc.assert(
      fc.property(decimal, fc.constantFrom(...exactFields), blank, blank, (digits, key, left, right) => {
        const text = `{"a":[{"${key}"${left}:${right}${digits}${left}}],"z":1}`;
        expect(read(text)).toEqual({ a: [{ [key]: digits }], z: 1 });
      }),
    );
  });

  it('has short amounts as numbers, of which String makes the digits that were sent', () => {
    const short = fc
      .tuple(fc.nat({ max: 999_999_999 }), fc.nat({ max: 999_999 }))
      .map(([whole, fraction]) =>
        `${String(whole)}.${String(fraction).padStart(6, '0')}`.replace(/\.?0+$/, ''),
      );
    fc.assert(
      fc.property(short, digits => {
        const { amount } = parseLeanJson(`{"amount":${digits}}`) as { readonly amount: unknown };
        expect(amount).toBeTypeOf('number');
        expect(String(amount)).toBe(digits);
      }),
    );
  });

  it.each(['16.50', '0.0000001', '1e3', '-0', '-16.5', '1234567890', '123456789.1234567', '0101'])(
    'has %s as text: a float would print it in another way, or is not asked',
    digits => {
      expect(parseLeanJson(`{"size":3,"amount" : ${digits} }`)).toEqual({ size: 3, amount: digits });
    },
  );

  it('keeps an amount that was written as text', () => {
    expect(read('{"amount":"16.50","account_number":"0101"}')).toEqual({
      amount: '16.50',
      account_number: '0101',
    });
  });

  it('keeps the exponent of an amount', () => {
    expect(read('{"amount":1.5E+3}')).toEqual({ amount: '1.5E+3' });
  });

  it('keeps the digits of an account number that comes as a bare number', () => {
    expect(read('{"account_number":1234567890123456789012}')).toEqual({
      account_number: '1234567890123456789012',
    });
  });

  it('keeps the leading zeros of an account number that is no JSON number', () => {
    expect(read('{"account_number":0101929293}')).toEqual({ account_number: '0101929293' });
  });

  it.each(['number', 'size', 'total_elements', 'my_amount', 'amount_min', 'amounts'])(
    'leaves %s a number',
    key => {
      expect(read(`{"${key}":5}`)).toEqual({ [key]: 5 });
    },
  );

  it('leaves null and nested amounts as they are', () => {
    expect(read('{"amount":null,"x":{"amount":{"amount":1.10}}}')).toEqual({
      amount: null,
      x: { amount: { amount: '1.10' } },
    });
  });

  it.each([
    '"amount": 5',
    '\\"amount\\": 5',
    'say "amount":5, then "total_amount" : 7',
    '"account_number":12\\',
    'amount',
    '","amount":5,"',
    '\\',
  ])('does not touch text that talks about amounts: %s', prose => {
    const value = { description: prose, [prose]: prose, amount: 'x' };
    expect(read(JSON.stringify(value))).toEqual(value);
    expect(read(JSON.stringify(JSON.stringify(value)))).toBe(JSON.stringify(value));
  });

  it('leaves a number whose key only ends like one of an amount', () => {
    expect(read('{"x\\"amount":5,"\\"total_amount":6}')).toEqual({
      'x"amount': 5,
      '"total_amount': 6,
    });
  });

  it('reads any text as JSON.parse does', () => {
    const piece = fc.constantFrom('"', '\\', 'amount', ':', ' ', '5', ',', '{', '}', 'é', '\n', '\u2028');
    const prose = fc.array(piece, { maxLength: 20 }).map(pieces => pieces.join(''));
    fc.assert(
      fc.property(fc.dictionary(prose, prose), value => {
        const text = JSON.stringify(value);
        expect(read(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it.each(['', '{', '{"amount":', '{"amount":16', '<html>', '{"amount":16.5,}'])('throws on %j', text => {
    expect(() => parseLeanJson(text)).toThrow(SyntaxError);
  });
});

describe('jsonNumber', () => {
  it('is written with exactly the digits given, and read back the same', () => {
    fc.assert(
      fc.property(decimal, digits => {
        const text = JSON.stringify({ amount: jsonNumber(digits) });
        expect(text).toBe(`{"amount":${digits}}`);
        expect(read(text)).toEqual({ amount: digits });
      }),
    );
  });

  it.each(['1 ', ' 1', '01', '', '1}', '1,"a":2', '{}'])('refuses %j, which is no number', text => {
    expect(() => jsonNumber(text)).toThrow(SyntaxError);
  });
});
