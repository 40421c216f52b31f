import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareInstants,
  endOfSecond,
  justAfter,
  parseInstant,
  type Instant,
} from '../../../src/payouts/values/instant.ts';

function instant(text: string): Instant {
  const parsed = parseInstant(text);
  if (parsed === undefined) throw new Error(`not an instant: ${text}`);
  return parsed;
}

const zone = fc.oneof(
  fc.constant({ text: 'Z', minutes: 0 }),
  fc
    .tuple(fc.constantFrom('+', '-'), fc.nat({ max: 23 }), fc.nat({ max: 59 }))
    .map(([sign, hours, minutes]) => ({
      text: `${sign}${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`,
      minutes: (sign === '-' ? -1 : 1) * (hours * 60 + minutes),
    })),
);
/** The text of an instant, and its value in nanoseconds since the epoch. */
const instants = fc
  .record({
    seconds: fc.integer({ min: Date.UTC(1970) / 1000, max: Date.UTC(2100) / 1000 }),
    fraction: fc.oneof(fc.constant(''), fc.stringMatching(/^[0-9]{1,9}$/)),
    zone,
  })
  .map(({ seconds, fraction, zone: { text: offset, minutes } }) => ({
    text: `${new Date((seconds + minutes * 60) * 1000).toISOString().slice(0, 19)}${fraction === '' ? '' : `.${fraction}`}${offset}`,
    nanos: BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0')),
  }));

function nanosOf(time: Instant): bigint {
  const [, seconds = '', fraction = ''] = /^([^.]*?)(?:\.(\d+))?Z$/.exec(time) ?? [];
  return BigInt(Date.parse(`${seconds}Z`)) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}

describe('parseInstant', () => {
  it.each([
    ['2026-03-01T08:30:00Z', '2026-03-01T08:30:00Z'],
    ['2026-03-01t08:30:00z', '2026-03-01T08:30:00Z'],
    ['2026-03-01 08:30:00Z', '2026-03-01T08:30:00Z'],
    ['2026-03-01T12:30:00+04:00', '2026-03-01T08:30:00Z'],
    ['2026-03-01T03:00:00.5-05:30', '2026-03-01T08:30:00.5Z'],
    ['2026-01-01T00:30:00+01:00', '2025-12-31T23:30:00Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00Z'],
    ['2026-03-01T08:30:00.1Z', '2026-03-01T08:30:00.1Z'],
    ['2026-03-01T08:30:00.100Z', '2026-03-01T08:30:00.100Z'],
    ['2026-03-01T08:30:00.123456Z', '2026-03-01T08:30:00.123456Z'],
    ['2026-03-01T08:30:00.123456789Z', '2026-03-01T08:30:00.123456789Z'],
    ['1969-12-31T23:59:59.75Z', '1969-12-31T23:59:59.75Z'],
  ])('parses %s as %s', (text, expected) => {
    expect(parseInstant(text)).toBe(expected);
  });

  it.each([
    '',
    '2026-03-01',
    '2026-03-01T08:30:00',
    '2026-03-01T08:30Z',
    '2026-02-30T00:00:00Z',
    '2025-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-03-01T24:00:00Z',
    '2026-03-01T23:60:00Z',
    '2026-03-01T08:30:00.Z',
    '2026-03-01T08:30:00.1234567890Z',
    '2026-03-01T08:30:00+0400',
    '2026-03-01T08:30:00+24:00',
    '2026-03-01T08:30:00+04:60',
    '0000-01-01T00:00:00+00:01',
    '9999-12-31T23:59:59-00:01',
    '12026-03-01T08:30:00Z',
    '2026-03-01T08:30:00Z ',
    '2026-03-01T08:30:00Z\n',
    'now',
    '1772353800',
  ])('refuses %j', text => {
    expect(parseInstant(text)).toBeUndefined();
  });

  it('keeps the exact instant of a text with any offset', () => {
    fc.assert(
      fc.property(instants, ({ text, nanos }) => {
        expect(nanosOf(instant(text))).toBe(nanos);
      }),
    );
  });

  it('returns its own result unchanged', () => {
    fc.assert(
      fc.property(instants, ({ text }) => {
        expect(parseInstant(instant(text))).toBe(instant(text));
      }),
    );
  });
});

describe('compareInstants', () => {
  it('orders instants by their nanoseconds', () => {
    fc.assert(
      fc.property(instants, instants, (a, b) => {
        expect(Math.sign(compareInstants(instant(a.text), instant(b.text)))).toBe(
          a.nanos < b.nanos ? -1 : a.nanos > b.nanos ? 1 : 0,
        );
      }),
    );
  });

  it('ignores trailing zeros of a fraction', () => {
    expect(compareInstants(instant('2026-03-01T08:30:00.5Z'), instant('2026-03-01T08:30:00.500Z'))).toBe(0);
    expect(compareInstants(instant('2026-03-01T08:30:00Z'), instant('2026-03-01T08:30:00.000Z'))).toBe(0);
  });
});

describe('justAfter', () => {
  it.each([
    ['2026-03-01T08:30:00Z', '2026-03-01T08:30:00.000001Z'],
    ['2026-03-01T08:30:00.999999Z', '2026-03-01T08:30:01Z'],
    ['2026-12-31T23:59:59.999999500Z', '2027-01-01T00:00:00.0000005Z'],
    ['2026-03-01T08:30:00.1Z', '2026-03-01T08:30:00.100001Z'],
  ])('returns for %s %s', (text, expected) => {
    expect(justAfter(instant(text))).toBe(expected);
  });

  it('returns an instant one microsecond later', () => {
    fc.assert(
      fc.property(instants, ({ text, nanos }) => {
        expect(nanosOf(justAfter(instant(text)))).toBe(nanos + 1000n);
      }),
    );
  });
});

describe('endOfSecond', () => {
  it('returns the last microsecond of the second', () => {
    const noon = Date.parse('2026-06-01T12:00:00Z');
    expect(endOfSecond(noon)).toBe('2026-06-01T12:00:00.999999Z');
    expect(endOfSecond(noon + 999)).toBe('2026-06-01T12:00:00.999999Z');
    expect(endOfSecond(noon + 1000)).toBe('2026-06-01T12:00:01.999999Z');
  });
});
