import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareAccounts,
  compareDescriptions,
  mayHaveBecome,
} from '../../../src/payouts/creation/resemblance.ts';
import { ibanOf } from '../../../src/sandbox/iban.ts';

/** Ways in which a server may rewrite a text. Several of them may apply. */
const rewritings: readonly ((text: string) => string)[] = [
  text => text.normalize('NFD').replace(/\p{M}/gu, ''),
  text => text.replace(/[^\x20-\x7e]/gu, '?'),
  text => text.replace(/[^\x20-\x7e]/gu, ''),
  text => text.replace(/[٠-٩]/gu, digit => String((digit.codePointAt(0) ?? 0) - 0x660)),
  text => text.normalize('NFKC'),
  text => text.toUpperCase(),
  text => text.toLowerCase(),
  text => text.trim(),
  text => text.replace(/\s+/gu, ' '),
  text => text.replace(/[^\p{L}\p{M}\p{N}]/gu, ' '),
];

/** Ways in which a server may escape a text after that. Finally it may truncate the result. */
const escapes: readonly ((text: string) => string)[] = [
  text => text,
  text => text.replace(/&/gu, '&amp;').replace(/'/gu, '&#39;').replace(/</gu, '&lt;'),
  text => encodeURIComponent(text),
];

const description = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 32 }),
  fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 32 }),
  fc.constantFrom(
    'Café 12',
    'Loyer été',
    'رَاتِب مارس',
    'راتب ١٢',
    'Müller & Söhne',
    'A&B',
    "O'Brien",
    'INV 001',
  ),
);

describe('a description', () => {
  it('a description may be the sent one, however Lean has rewritten it', () => {
    const steps = fc.array(fc.constantFrom(...rewritings), { maxLength: 4 });
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(description, steps, fc.constantFrom(...escapes), share, (sent, rewrite, escape, kept) => {
        const written = [...escape(rewrite.reduce((text, step) => step(text), sent))];
        const seen = written.slice(0, Math.ceil(written.length * kept)).join('');
        expect(compareDescriptions(sent, seen)).not.toBe('other');
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['INV 001', 'INV 002'],
    ['SALARY MARCH', 'RENT MAY'],
    ['Rent 4/2026', 'Rent 5/2026'],
  ])('the description %j cannot have become %j', (sent, seen) => {
    expect(compareDescriptions(sent, seen)).toBe('other');
  });

  it.each([null, undefined, ''])('a description may be the sent one if Lean shows %j', seen => {
    expect(compareDescriptions('INV 001', seen)).toBe('may be');
  });
});

describe('an account', () => {
  const iban = fc
    .tuple(
      fc.constantFrom(['AE', 19] as const, ['SA', 20] as const),
      fc.bigInt({ min: 0n, max: 10n ** 19n - 1n }),
    )
    .map(([[country, digits], account]) => ibanOf(country, account.toString().padStart(digits, '0')));

  it('an account may be the sent one if it is masked, truncated or formatted differently', () => {
    const mask = fc.constantFrom('*', 'X', 'x', '•', '#');
    const range = fc.tuple(fc.nat({ max: 22 }), fc.nat({ max: 22 })).filter(([from, to]) => from < to);
    fc.assert(
      fc.property(iban, mask, range, fc.boolean(), (sent, sign, [from, to], isCut) => {
        const hidden = isCut ? '' : sign.repeat(to - from);
        const seen = sent.slice(0, from) + hidden + sent.slice(to);
        expect(compareAccounts(sent, seen)).toBe('may be');
        expect(compareAccounts(sent, sent.toLowerCase().replace(/.{4}/gu, '$& '))).toBe('same');
      }),
    );
  });

  it('an account is another one if both are complete, different IBANs of one country', () => {
    fc.assert(
      fc.property(iban, iban, (sent, seen) => {
        fc.pre(sent !== seen && sent.length === seen.length);
        expect(compareAccounts(sent, seen)).toBe('other');
      }),
    );
  });

  it.each([
    ['null', null],
    ['an empty text', ''],
    ['an account number', '1234567890123456789'],
    ['an IBAN whose check digits are wrong', 'AE000331234567890123456'],
  ])('an account may be the sent one if Lean shows %s', (_what, seen) => {
    expect(compareAccounts(ibanOf('AE', '0331234567890123456'), seen)).toBe('may be');
  });
});

describe('a reference', () => {
  const long = 'payroll-2026-03-run-1';

  it.each([
    ['order-11', 'order-1', 8, false],
    ['order-11', 'order-1', 7, true],
    ['order-1', 'order-11', 7, false],
    ['order-1', 'ORDER-1', 8, true],
    ['order 11', 'order 1', 8, true],
    ['order-11', 'order-1', 0, true],
    [`${long}1`, long, long.length, true],
    [`${long}1`, long, long.length + 1, false],
  ])(
    'the reference %j may have become %j at a Lean that returns %i characters unchanged: %j',
    (sent, seen, length, expected) => {
      expect(mayHaveBecome(sent, seen, length)).toBe(expected);
    },
  );
});
