import { describe, expect, it } from 'vitest';
import { AccessUnavailable } from '../../src/errors/access-errors.ts';
import {
  BadInput,
  Forbidden,
  RateLimited,
  StoreUnavailable,
  Unauthenticated,
} from '../../src/errors/gateway-errors.ts';
import { LeanCallsUsedUp, LeanNotSent, LeanOutcomeUnknown } from '../../src/errors/lean-errors.ts';
import { presentedError } from '../../src/errors/presented-error.ts';

describe('a failure that callers may see is presented', () => {
  it.each([
    [new BadInput('first', 'is 0.'), { code: 'BAD_USER_INPUT', status: 400, details: { argument: 'first' } }],
    [
      new Unauthenticated('No token.', false),
      { status: 401, headers: { 'www-authenticate': 'Bearer realm="x"' } },
    ],
    [
      new Unauthenticated('A bad token.', true),
      { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token", realm="x"' } },
    ],
    [
      new Forbidden(['payouts:read']),
      {
        status: 403,
        headers: {
          'www-authenticate': 'Bearer error="insufficient_scope", scope="payouts:read", realm="x"',
        },
      },
    ],
    [
      new RateLimited('Too many.', 7),
      { status: 429, headers: { 'retry-after': '7' }, details: { retryAfterSeconds: 7 } },
    ],
    [new AccessUnavailable(undefined), { status: 503, headers: { 'retry-after': '5' } }],
    [new StoreUnavailable(new Error('secret')), { status: 503, details: {} }],
    [new LeanCallsUsedUp(5), { code: 'OPERATION_TOO_EXPENSIVE', status: 400, details: { maxCost: 5 } }],
    [
      new LeanNotSent('LEAN_TIMEOUT', 'Not sent.', { retryable: true }),
      { status: 503, details: { lean: { retryable: true } } },
    ],
    [new LeanOutcomeUnknown('LEAN_TIMEOUT', 'No answer.', { retryable: true }), { status: 504 }],
  ])('%s', (failure, expected) => {
    expect(presentedError(failure, 'realm="x"')).toMatchObject(expected);
  });
});

it('a cause is not presented', () => {
  const presented = presentedError(new StoreUnavailable(new Error('secret')));
  expect(JSON.stringify(presented)).not.toContain('secret');
});

it('a bug is not presented', () => {
  expect(presentedError(new TypeError('a bug'))).toBeUndefined();
});
