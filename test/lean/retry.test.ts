import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  LeanBadAnswer,
  LeanNotSent,
  LeanOutcomeUnknown,
  LeanTokenUnavailable,
  LeanUnreachable,
} from '../../src/errors/lean-errors.ts';
import { maxRetries, RetryPolicy, RetryBudget, rules, type Attempt } from '../../src/lean/retry.ts';

const details = { retryable: true };

function responded(status: number, headers: Record<string, string | string[]> = {}): Attempt {
  return { response: { status, headers, body: Buffer.alloc(0) } };
}

function retryPolicy(random = 0.5): RetryPolicy {
  return new RetryPolicy({ budget: new RetryBudget(() => 0), random: () => random });
}

const ampleMs = 60_000;

describe('a retry', () => {
  const unreachable = new LeanUnreachable('LEAN_UNAVAILABLE', 'x', details);
  const cases: readonly (readonly [outcome: string, Attempt, read: boolean, write: boolean])[] = [
    ['a refused connection', { error: unreachable }, true, true],
    [
      'a connection that takes too long',
      { error: new LeanUnreachable('LEAN_TIMEOUT', 'x', details) },
      true,
      true,
    ],
    ['a full queue', { error: new LeanNotSent('LEAN_UNAVAILABLE', 'x', details) }, false, false],
    ['no time left to send', { error: new LeanNotSent('LEAN_TIMEOUT', 'x', details) }, false, false],
    ['no token', { error: new LeanTokenUnavailable('LEAN_UNAVAILABLE', 'x', details) }, false, false],
    ['a timeout', { error: new LeanOutcomeUnknown('LEAN_TIMEOUT', 'x', details) }, false, false],
    ['a broken connection', { error: new LeanOutcomeUnknown('LEAN_UNAVAILABLE', 'x', details) }, true, false],
    ['a response that is too large', { error: new LeanBadAnswer('x', details) }, false, false],
    ['a cancellation by the caller', { error: new Error('gone') }, false, false],
    ['429', responded(429), true, false],
    ['500', responded(500), true, false],
    ['502', responded(502), true, false],
    ['503', responded(503), true, false],
    ['522', responded(522), true, false],
    ['200', responded(200), false, false],
    ['201', responded(201), false, false],
    ['302', responded(302), false, false],
    ['400', responded(400), false, false],
    ['401', responded(401), false, false],
    ['404', responded(404), false, false],
    ['408', responded(408), false, false],
    ['409', responded(409), false, false],
    ['422', responded(422), false, false],
  ];

  it.each(cases)('after %s is made for the right classes of requests', (_outcome, attempt, read, write) => {
    expect(retryPolicy().delayBeforeRetry('read', attempt, 0, ampleMs) !== undefined).toBe(read);
    expect(retryPolicy().delayBeforeRetry('write', attempt, 0, ampleMs) !== undefined).toBe(write);
  });

  it('is decided by rules with a reason, and each rule has a case here', () => {
    const covered = new Set(cases.map(([, attempt]) => rules.find(({ when }) => when(attempt))));
    for (const rule of rules) {
      expect(covered).toContain(rule);
      expect(rule.reason).toMatch(/\.$/);
    }
  });

  it('never happens for a payout of which a byte may have been sent', () => {
    for (const rule of rules.filter(({ write }) => write)) {
      const matching = cases.filter(([, attempt]) => rules.find(({ when }) => when(attempt)) === rule);
      for (const [, attempt] of matching)
        expect('error' in attempt && attempt.error instanceof LeanUnreachable).toBe(true);
    }
  });

  it('happens at most twice', () => {
    expect(maxRetries).toBe(2);
    for (const kind of ['read', 'write'] as const) {
      const delays = [0, 1, 2, 3].map(done =>
        retryPolicy().delayBeforeRetry(kind, { error: unreachable }, done, ampleMs),
      );
      expect(delays.map(delay => delay !== undefined)).toEqual([true, true, false, false]);
    }
  });
});

describe('the delay before a retry', () => {
  it('is random between 0 and 100 ms, and up to 200 ms before the second retry', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), random => {
        expect(retryPolicy(random).delayBeforeRetry('read', responded(500), 0, ampleMs)).toBe(random * 100);
        expect(retryPolicy(random).delayBeforeRetry('read', responded(500), 1, ampleMs)).toBe(random * 200);
      }),
    );
  });

  it.each([
    ['0', 0],
    ['2', 2000],
    ['30', 30_000],
  ])('is the one of Retry-After: %s', (value, ms) => {
    for (const status of [429, 503])
      expect(
        retryPolicy().delayBeforeRetry('read', responded(status, { 'retry-after': value }), 0, ampleMs),
      ).toBe(ms);
  });

  it.each(['soon', '', '-5', '1.5', '1e3', ' ', '2026-06-01'])('is random if Retry-After is %j', value => {
    const attempt = responded(503, { 'retry-after': value });
    expect(retryPolicy(0.25).delayBeforeRetry('read', attempt, 0, ampleMs)).toBe(25);
  });

  it('is random if there are two Retry-After headers', () => {
    const attempt = responded(503, { 'retry-after': ['1', '2'] });
    expect(retryPolicy(0.25).delayBeforeRetry('read', attempt, 0, ampleMs)).toBe(25);
  });

  it('must leave time for the retry before the deadline, or there is no retry', () => {
    const inTwoSeconds = responded(429, { 'retry-after': '2' });
    expect(retryPolicy().delayBeforeRetry('read', inTwoSeconds, 0, 2020)).toBeUndefined();
    expect(retryPolicy().delayBeforeRetry('read', inTwoSeconds, 0, 2021)).toBe(2000);
    expect(retryPolicy().delayBeforeRetry('read', responded(500), 0, 70)).toBeUndefined();
    expect(retryPolicy().delayBeforeRetry('read', responded(500), 0, 71)).toBe(50);
    expect(retryPolicy().delayBeforeRetry('read', responded(500), 0, -1)).toBeUndefined();
    const nextYear = responded(429, { 'retry-after': new Date(Date.now() + 3e10).toUTCString() });
    expect(retryPolicy().delayBeforeRetry('read', nextYear, 0, ampleMs)).toBeUndefined();
  });

  it('takes nothing from the budget if there is no retry', () => {
    const policy = new RetryPolicy({ budget: new RetryBudget(() => 0), random: () => 0 });
    for (let call = 0; call < 50; call += 1) {
      expect(policy.delayBeforeRetry('read', responded(500), 0, 10)).toBeUndefined();
      expect(policy.delayBeforeRetry('read', responded(404), 0, ampleMs)).toBeUndefined();
      expect(policy.delayBeforeRetry('read', responded(500), maxRetries, ampleMs)).toBeUndefined();
    }
    const granted = Array.from({ length: 50 }, () =>
      policy.delayBeforeRetry('read', responded(500), 0, ampleMs),
    );
    expect(granted.filter(delay => delay !== undefined)).toHaveLength(10);
  });
});

describe('the retry budget', () => {
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
    for (let request = 0; request < requests; request += 1) budget.countRequest();
    expect(taken(budget, 1000)).toBe(granted);
  });

  it('is available again after ten seconds, and no earlier', () => {
    let now = 0;
    const budget = new RetryBudget(() => now);
    expect(taken(budget, 20)).toBe(10);
    now = 9999;
    expect(taken(budget, 20)).toBe(0);
    now = 10_000;
    expect(taken(budget, 20)).toBe(10);
  });

  it('forgets requests after ten seconds', () => {
    let now = 0;
    const budget = new RetryBudget(() => now);
    for (let request = 0; request < 1000; request += 1) budget.countRequest();
    now = 10_000;
    expect(taken(budget, 1000)).toBe(10);
  });

  it('never grants more than a fifth of the requests of the last ten seconds, or ten retries', () => {
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
            budget.countRequest();
            log.push({ second, kind: 'request' });
          }
          for (let attempt = 0; attempt < tries; attempt += 1) {
            const recent = log.filter(entry => entry.second > second - 10);
            const requested = recent.filter(({ kind }) => kind === 'request').length;
            const expected = recent.length - requested < Math.max(10, requested * 0.2);
            expect(budget.take()).toBe(expected);
            if (expected) log.push({ second, kind: 'retry' });
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});
