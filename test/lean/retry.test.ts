import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  LeanBadAnswer,
  LeanNotSent,
  LeanOutcomeUnknown,
  LeanTokenUnavailable,
  LeanUnreachable,
} from '../../src/errors/lean-errors.ts';
import { maxRetries, Retries, retryAfterMs, RetryBudget, rules, type Attempt } from '../../src/lean/retry.ts';

const details = { retryable: true };

function answered(status: number, headers: Record<string, string | string[]> = {}): Attempt {
  return { answer: { status, headers, body: Buffer.alloc(0) } };
}

function retries(random = 0.5): Retries {
  return new Retries({ budget: new RetryBudget(() => 0), random: () => random });
}

const far = 60_000;

describe('what is repeated', () => {
  const unreachable = new LeanUnreachable('LEAN_UNAVAILABLE', 'x', details);
  const cases: readonly (readonly [what: string, Attempt, read: boolean, write: boolean])[] = [
    ['a refused connection', { error: unreachable }, true, true],
    ['a late connection', { error: new LeanUnreachable('LEAN_TIMEOUT', 'x', details) }, true, true],
    ['no place in line', { error: new LeanNotSent('LEAN_UNAVAILABLE', 'x', details) }, false, false],
    ['no time to send', { error: new LeanNotSent('LEAN_TIMEOUT', 'x', details) }, false, false],
    ['no token', { error: new LeanTokenUnavailable('LEAN_UNAVAILABLE', 'x', details) }, false, false],
    ['a timeout', { error: new LeanOutcomeUnknown('LEAN_TIMEOUT', 'x', details) }, false, false],
    ['a broken connection', { error: new LeanOutcomeUnknown('LEAN_UNAVAILABLE', 'x', details) }, true, false],
    ['too large an answer', { error: new LeanBadAnswer('LEAN_BAD_RESPONSE', 'x', details) }, false, false],
    ['a caller who left', { error: new Error('gone') }, false, false],
    ['429', answered(429), true, false],
    ['500', answered(500), true, false],
    ['502', answered(502), true, false],
    ['503', answered(503), true, false],
    ['522', answered(522), true, false],
    ['200', answered(200), false, false],
    ['201', answered(201), false, false],
    ['302', answered(302), false, false],
    ['400', answered(400), false, false],
    ['401', answered(401), false, false],
    ['404', answered(404), false, false],
    ['408', answered(408), false, false],
    ['409', answered(409), false, false],
    ['422', answered(422), false, false],
  ];

  it.each(cases)('after %s', (_what, attempt, read, write) => {
    expect(retries().pauseBefore('read', attempt, 0, far) !== undefined).toBe(read);
    expect(retries().pauseBefore('write', attempt, 0, far) !== undefined).toBe(write);
  });

  it('is said by a row with its reason, and every row is met by one of these', () => {
    const met = new Set(cases.map(([, attempt]) => rules.find(({ when }) => when(attempt))));
    for (const rule of rules) {
      expect(met).toContain(rule);
      expect(rule.reason).toMatch(/\.$/);
    }
  });

  it('a payout never, once a byte of it may have been sent', () => {
    for (const rule of rules.filter(({ write }) => write)) {
      const fitting = cases.filter(([, attempt]) => rules.find(({ when }) => when(attempt)) === rule);
      for (const [, attempt] of fitting)
        expect('error' in attempt && attempt.error instanceof LeanUnreachable).toBe(true);
    }
  });

  it('is repeated twice at most', () => {
    expect(maxRetries).toBe(2);
    for (const kind of ['read', 'write'] as const) {
      const pauses = [0, 1, 2, 3].map(done => retries().pauseBefore(kind, { error: unreachable }, done, far));
      expect(pauses.map(pause => pause !== undefined)).toEqual([true, true, false, false]);
    }
  });
});

describe('the pause before a retry', () => {
  it('lies anywhere between nothing and 100 ms, and twice that the second time', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), random => {
        expect(retries(random).pauseBefore('read', answered(500), 0, far)).toBe(random * 100);
        expect(retries(random).pauseBefore('read', answered(500), 1, far)).toBe(random * 200);
      }),
    );
  });

  it.each([
    ['0', 0],
    ['2', 2000],
    ['30', 30_000],
  ])('is what Lean asks for (Retry-After: %s)', (value, ms) => {
    for (const status of [429, 503])
      expect(retries().pauseBefore('read', answered(status, { 'retry-after': value }), 0, far)).toBe(ms);
  });

  it('lasts until the date that Lean names', () => {
    const { answer } = answered(429, { 'retry-after': 'Mon, 01 Jun 2026 12:00:05 GMT' }) as {
      answer: Parameters<typeof retryAfterMs>[0];
    };
    expect(retryAfterMs(answer, () => Date.parse('2026-06-01T12:00:00Z'))).toBe(5000);
    expect(retryAfterMs(answer, () => Date.parse('2026-06-01T12:01:00Z'))).toBe(0);
  });

  it.each(['soon', '', '-5', '1.5', '1e3', '99999999', ' ', '2026-06-01'])(
    'is our own when Retry-After is %j',
    value => {
      const attempt = answered(503, { 'retry-after': value });
      expect(retries(0.25).pauseBefore('read', attempt, 0, far)).toBe(25);
    },
  );

  it('is our own when Retry-After is there twice', () => {
    const attempt = answered(503, { 'retry-after': ['1', '2'] });
    expect(retries(0.25).pauseBefore('read', attempt, 0, far)).toBe(25);
  });

  it('must leave time for the retry: there is none where it does not fit the deadline', () => {
    const inTwoSeconds = answered(429, { 'retry-after': '2' });
    expect(retries().pauseBefore('read', inTwoSeconds, 0, 2020)).toBeUndefined();
    expect(retries().pauseBefore('read', inTwoSeconds, 0, 2021)).toBe(2000);
    expect(retries().pauseBefore('read', answered(500), 0, 70)).toBeUndefined();
    expect(retries().pauseBefore('read', answered(500), 0, 71)).toBe(50);
    expect(retries().pauseBefore('read', answered(500), 0, -1)).toBeUndefined();
    const nextYear = answered(429, { 'retry-after': new Date(Date.now() + 3e10).toUTCString() });
    expect(retries().pauseBefore('read', nextYear, 0, far)).toBeUndefined();
  });

  it('is not taken out of the budget where there is no retry', () => {
    const asking = new Retries({ budget: new RetryBudget(() => 0), random: () => 0 });
    for (let call = 0; call < 50; call += 1) {
      expect(asking.pauseBefore('read', answered(500), 0, 10)).toBeUndefined();
      expect(asking.pauseBefore('read', answered(404), 0, far)).toBeUndefined();
      expect(asking.pauseBefore('read', answered(500), maxRetries, far)).toBeUndefined();
    }
    const granted = Array.from({ length: 50 }, () => asking.pauseBefore('read', answered(500), 0, far));
    expect(granted.filter(pause => pause !== undefined)).toHaveLength(10);
  });
});

describe('the budget of retries', () => {
  const taken = (budget: RetryBudget, tries: number): number =>
    Array.from({ length: tries }, () => budget.take()).filter(Boolean).length;

  it.each([
    [0, 10],
    [50, 10],
    [51, 11],
    [100, 20],
    [1000, 200],
  ])('for %i requests is %i', (requests, granted) => {
    const budget = new RetryBudget(() => 0);
    for (let request = 0; request < requests; request += 1) budget.requested();
    expect(taken(budget, 1000)).toBe(granted);
  });

  it('is there again ten seconds later, and no earlier', () => {
    let now = 0;
    const budget = new RetryBudget(() => now);
    expect(taken(budget, 20)).toBe(10);
    now = 9999;
    expect(taken(budget, 20)).toBe(0);
    now = 10_000;
    expect(taken(budget, 20)).toBe(10);
  });

  it('forgets requests as it forgets retries', () => {
    let now = 0;
    const budget = new RetryBudget(() => now);
    for (let request = 0; request < 1000; request += 1) budget.requested();
    now = 10_000;
    expect(taken(budget, 1000)).toBe(10);
  });

  it('never grants more than a fifth of what was asked for in the last ten seconds, or ten', () => {
    const step = fc.record({
      passMs: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat({ max: 4000 })),
      requests: fc.nat({ max: 60 }),
      tries: fc.nat({ max: 30 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), steps => {
        let now = 0;
        const budget = new RetryBudget(() => now);
        const log: { readonly second: number; readonly kind: 'request' | 'retry' }[] = [];
        for (const { passMs, requests, tries } of steps) {
          now += passMs;
          const second = Math.floor(now / 1000);
          for (let request = 0; request < requests; request += 1) {
            budget.requested();
            log.push({ second, kind: 'request' });
          }
          for (let attempt = 0; attempt < tries; attempt += 1) {
            const recent = log.filter(entry => entry.second > second - 10);
            const asked = recent.filter(({ kind }) => kind === 'request').length;
            const expected = recent.length - asked < Math.max(10, asked * 0.2);
            expect(budget.take()).toBe(expected);
            if (expected) log.push({ second, kind: 'retry' });
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});
