import { describe, expect, it } from 'vitest';
import { AccessUnavailable } from '../../src/errors/access-errors.ts';
import { describeCode } from '../../src/errors/error-codes.ts';
import {
  BadInput,
  Forbidden,
  RateLimited,
  SimilarPayoutUnknown,
  StoreUnavailable,
  SubscriberTooSlow,
  TooManyOperations,
  TooManySubscriptions,
  Unauthenticated,
  UpdatesCursorExpired,
  UpdatesUnavailable,
} from '../../src/errors/gateway-errors.ts';
import {
  LeanBadAnswer,
  LeanCallsUsedUp,
  LeanNotOffered,
  LeanNotSent,
  LeanOutcomeUnknown,
  LeanRowNotFound,
} from '../../src/errors/lean-errors.ts';
import { presentedError } from '../../src/errors/presented-error.ts';
import { LeanAnswer } from '../../src/lean/answer.ts';

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
    [new StoreUnavailable(new Error('secret')), { status: 503, headers: { 'retry-after': '1' } }],
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

const waits = (retryAfterSeconds: number) => ({ retryable: true, retryAfterSeconds });
const never = { retryable: undefined, retryAfterSeconds: undefined };
const mayWork = { retryable: true } as const;
const lean = (status: number, headers: Record<string, string> = {}) =>
  new LeanAnswer({ status, headers, body: Buffer.from('{}') }).failure();

it.each<[Error, object]>([
  [new RateLimited('Too many.', 7), waits(7)],
  [new RateLimited('More at once than the limit.'), never],
  [new TooManyOperations(100), waits(1)],
  [new TooManySubscriptions('Too many.'), waits(5)],
  [new SubscriberTooSlow(), waits(1)],
  [new UpdatesUnavailable({ retryable: true }), waits(1)],
  [new UpdatesUnavailable({ retryable: false }), never],
  [new UpdatesCursorExpired(), never],
  [new AccessUnavailable(undefined), waits(5)],
  [new StoreUnavailable(undefined), waits(1)],
  [new SimilarPayoutUnknown('another-key'), never],
  [lean(429), waits(5)],
  [lean(429, { 'retry-after': '17' }), waits(17)],
  [lean(429, { 'retry-after': '0' }), waits(1)],
  [lean(503, { 'retry-after': '3' }), waits(3)],
  [lean(500), waits(1)],
  [lean(401), never],
  [lean(422, { 'retry-after': '9' }), never],
  [new LeanNotSent('LEAN_UNAVAILABLE', 'The circuit is open.', mayWork), waits(1)],
  [new LeanOutcomeUnknown('LEAN_TIMEOUT', 'No answer.', mayWork), waits(1)],
  [new LeanBadAnswer('Not JSON.'), never],
  [new LeanNotOffered(), never],
  [new LeanRowNotFound(), waits(5)],
  [new LeanCallsUsedUp(5), never],
  [new BadInput('first', 'is 0.'), never],
  [new Unauthenticated('No token.', false), never],
  [new Forbidden(['payouts:read']), never],
])('%s says whether and when the caller may try again', (failure, expected) => {
  const { code, details, status, headers } = presentedError(failure) ?? {};
  expect({ ...never, ...details }).toMatchObject(expected);
  const documented = code && describeCode(code).retryable;
  if (documented !== null) expect(details?.['retryable'] === true).toBe(documented);
  const seconds = details?.['retryAfterSeconds'];
  const isHttpPause = seconds !== undefined && (status === 429 || status === 503);
  expect(headers?.['retry-after']).toBe(isHttpPause ? String(seconds as number) : undefined);
});

it('a cause is not presented', () => {
  const presented = presentedError(new StoreUnavailable(new Error('secret')));
  expect(JSON.stringify(presented)).not.toContain('secret');
});

it('a bug is not presented', () => {
  expect(presentedError(new TypeError('a bug'))).toBeUndefined();
});
