import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonNumber, parseLeanJson, parseWithFloats } from '../../src/json/lean-json.ts';

/** Parses a text and makes the digits of every number in an object, as readers of amounts do. */
function parseToDigits(text: string): unknown {
  return JSON.parse(JSON.stringify(parseLeanJson(text)), (_key, value: unknown) =>
    typeof value === 'number' ? String(value) : value,
  );
}

/** Decimals of up to 20 digits, with and without a sign, a point and trailing zeros. */
const decimal = fc
  .tuple(fc.boolean(), fc.bigInt({ min: 0n, max: 10n ** 20n - 1n }), fc.nat({ max: 20 }), fc.nat({ max: 3 }))
  .map(([negative, digits, places, zeros]) => {
    const padded = digits.toString().padStart(places + 1, '0');
    const whole = padded.slice(0, padded.length - places);
    const fraction = padded.slice(padded.length - places) + '0'.repeat(zeros);
    return `${negative ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
  });

const whitespace = fc.constantFrom('', ' ', '\n  ', '\t');

const key = fc.oneof(
  fc.constantFrom('amount', 'account_number', 'iban', 'size', 'a_field_that_nobody_has_named_yet'),
  fc.stringMatching(/^[\w é.\-"]{0,12}[\wé.\-"]$/),
);

describe('parseLeanJson', () => {
  it('keeps every digit of a number, whatever its key', () => {
    fc.assert(
      fc.property(decimal, key, whitespace, whitespace, (digits, name, left, right) => {
        const text = `{"a":[{${JSON.stringify(name)}${left}:${right}${digits}${left}}],"z":"1"}`;
        expect(parseToDigits(text)).toEqual({ a: [{ [name]: digits }], z: '1' });
      }),
    );
  });

  it('reads a short number as a number from which String makes the digits that Lean sent', () => {
    const short = fc
      .tuple(fc.nat({ max: 999_999_999 }), fc.nat({ max: 999_999 }))
      .map(([whole, fraction]) =>
        `${String(whole)}.${String(fraction).padStart(6, '0')}`.replace(/\.?0+$/, ''),
      );
    fc.assert(
      fc.property(short, digits => {
        const { fee } = parseLeanJson(`{"fee":${digits}}`) as { readonly fee: unknown };
        expect(fee).toBeTypeOf('number');
        expect(String(fee)).toBe(digits);
      }),
    );
  });

  it.each([
    ['16.50', 'a trailing zero'],
    ['5.0', 'a trailing zero'],
    ['0.0000001', 'seven digits after the point'],
    ['1e3', 'an exponent'],
    ['1.5E+3', 'an exponent'],
    ['-0', 'a sign'],
    ['-16.5', 'a sign'],
    ['1234567890', 'ten digits before the point'],
    ['1234567890123456789012', 'more digits than a float holds'],
    ['123456789.1234567', 'seven digits after the point'],
    ['0101929293', 'a leading zero, which is not JSON'],
  ])('reads %s as a text, because it has %s', digits => {
    expect(parseLeanJson(`{"size":3,"amount" : ${digits} }`)).toEqual({ size: 3, amount: digits });
    expect(parseLeanJson(`{"size":3,"new_field":${digits}}`)).toEqual({ size: 3, new_field: digits });
  });

  it('keeps a number that Lean wrote as a text', () => {
    expect(parseLeanJson('{"amount":"16.50","account_number":"0101","fee":"1e3"}')).toEqual({
      amount: '16.50',
      account_number: '0101',
      fee: '1e3',
    });
  });

  it('reads a count of a usual size as a number', () => {
    const counts = { number: 0, size: 50, total_elements: 123_456_789, total_pages: 100 };
    expect(parseLeanJson(JSON.stringify(counts))).toEqual(counts);
  });

  it('keeps null and reads the numbers of nested objects', () => {
    expect(parseLeanJson('{"amount":null,"x":{"amount":{"amount":1.10}}}')).toEqual({
      amount: null,
      x: { amount: { amount: '1.10' } },
    });
  });

  it('reads numbers in arrays and numbers without a key as JSON.parse does', () => {
    expect(parseLeanJson('{"a":[16.50,1e3],"b":[]}')).toEqual({ a: [16.5, 1000], b: [] });
    expect(parseLeanJson('16.50')).toBe(16.5);
  });

  it.each([
    '"amount": 5.0',
    '\\"amount\\": 5.0',
    'say "amount":5.0, then "total_amount" : 7.0',
    '"account_number":12.0\\',
    'amount',
    '","amount":5.0,"',
    ':5.0,',
    ': 5.0 }',
    ' : 5.0]',
    'x" : 5.0,',
    '",":5.0,"',
    '\\',
  ])('does not change a string with the text %s', text => {
    const value = { description: text, [text]: text, list: [text, text], amount: 'x' };
    expect(parseLeanJson(JSON.stringify(value))).toEqual(value);
    expect(parseLeanJson(JSON.stringify(value, null, 2))).toEqual(value);
    expect(parseLeanJson(JSON.stringify(JSON.stringify(value)))).toBe(JSON.stringify(value));
  });

  it('reads any object of strings as JSON.parse does', () => {
    const pieces = ['"', '\\', 'amount', ':', ' ', '5.0', ',', '{', '}', '[', ']', 'é', '\n', '\u2028'];
    const string = fc.array(fc.constantFrom(...pieces), { maxLength: 20 }).map(parts => parts.join(''));
    fc.assert(
      fc.property(
        fc.dictionary(string, fc.oneof(string, fc.array(string))),
        fc.nat({ max: 2 }),
        (value, indent) => {
          expect(parseLeanJson(JSON.stringify(value, null, indent))).toEqual(value);
        },
      ),
    );
  });

  it.each(['', '{', '{"amount":', '{"amount":16', '<html>', '{"amount":16.50,}', '{"amount":1.2.3}'])(
    'throws a SyntaxError for %j',
    text => {
      expect(() => parseLeanJson(text)).toThrow(SyntaxError);
    },
  );
});

describe('jsonNumber', () => {
  it('is written with exactly the given digits, which parseLeanJson reads back', () => {
    fc.assert(
      fc.property(decimal, digits => {
        const text = JSON.stringify({ amount: jsonNumber(digits) });
        expect(text).toBe(`{"amount":${digits}}`);
        expect(parseToDigits(text)).toEqual({ amount: digits });
      }),
    );
  });

  it.each(['1 ', ' 1', '01', '', '1}', '1,"a":2', '{}'])('throws for %j, which is not a number', text => {
    expect(() => jsonNumber(text)).toThrow(SyntaxError);
  });
});

describe('parseWithFloats', () => {
  it('reads what JSON.parse reads', () => {
    const text =
      '{"amount":16.50,"zero":0,"half":-0.5,"list":[0,1],"text":"a\\":007,","large":12345678901234567890}';
    expect(parseWithFloats(text)).toEqual(JSON.parse(text));
  });

  it('reads a number with leading zeros as a text', () => {
    expect(parseWithFloats('{"account_number": 0101338000001,"amount":0471.27}')).toEqual({
      account_number: '0101338000001',
      amount: '0471.27',
    });
  });
});
