import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { retryAfterMs, retryAfterSeconds } from '../../src/lean/retry-after.ts';

const hourMs = 3_600_000;
const now = Date.parse('2026-06-01T12:00:00Z');

function delayOf(value: string | string[]): number | undefined {
  return retryAfterMs({ headers: { 'retry-after': value } }, () => now);
}

describe('the delay that Retry-After asks for', () => {
  it('is its number of seconds, at most an hour', () => {
    fc.assert(
      fc.property(fc.oneof(fc.nat(7200), fc.bigInt({ min: 0n, max: 10n ** 400n })), seconds => {
        expect(delayOf(String(seconds))).toBe(Math.min(Number(seconds) * 1000, hourMs));
      }),
    );
  });

  it('is the time until its date: none if the date is past, at most an hour if it is far', () => {
    const near = fc.integer({ min: now - 2 * hourMs, max: now + 2 * hourMs });
    const any = fc.integer({ min: Date.parse('1970-01-01'), max: Date.parse('9999-12-31') });
    fc.assert(
      fc.property(fc.oneof(near, any), ms => {
        const date = Math.floor(ms / 1000) * 1000;
        expect(delayOf(new Date(date).toUTCString())).toBe(Math.min(Math.max(0, date - now), hourMs));
      }),
    );
  });

  it('is between zero and an hour, or unknown, for any text', () => {
    const words = fc.constantFrom(
      'Mon',
      ', ',
      'GMT',
      ' ',
      '-',
      '.',
      ':',
      '+',
      'e',
      'Infinity',
      'NaN',
      '0',
      '9999999',
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(words).map(parts => parts.join('')),
    );
    fc.assert(
      fc.property(text, value => {
        const ms = delayOf(value) ?? 0;
        expect(ms).toBeGreaterThanOrEqual(0);
        expect(ms).toBeLessThanOrEqual(hourMs);
      }),
    );
  });

  it.each([
    'soon',
    '',
    '-5',
    '+5',
    '1.5',
    '1e3',
    '0x10',
    ' ',
    'Infinity',
    'NaN',
    '1 GMT',
    '2026-06-01',
    'Mon, 99 Foo 2026 GMT',
  ])('is unknown if the value is %j', value => {
    expect(delayOf(value)).toBeUndefined();
  });

  it('is unknown if there are two headers', () => {
    expect(delayOf(['1', '2'])).toBeUndefined();
  });

  it.each([
    ['0', 1],
    ['7', 7],
    ['99999999999', 3600],
    ['Mon, 01 Jun 1970 12:00:00 GMT', 1],
  ])('is for callers a number of seconds from 1 to 3600 (%s)', (value, seconds) => {
    expect(retryAfterSeconds({ headers: { 'retry-after': value } })).toBe(seconds);
  });
});
