import { inspect } from 'node:util';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { isCode, LeanAnswer } from '../../src/lean/answer.ts';
import { LeanBadAnswer } from '../../src/errors/lean-errors.ts';

function answer(status: number, body = '', headers: Record<string, string | string[]> = {}): LeanAnswer {
  return new LeanAnswer({ status, headers, body: Buffer.from(body) });
}

describe('failure', () => {
  it.each([
    [400, 'LeanRefused', 'LEAN_REFUSED', false],
    [401, 'LeanRefused', 'LEAN_UNAUTHORIZED', false],
    [402, 'LeanRefused', 'LEAN_REFUSED', false],
    [403, 'LeanRefused', 'LEAN_UNAUTHORIZED', false],
    [404, 'LeanRefused', 'LEAN_REFUSED', false],
    [405, 'LeanRefused', 'LEAN_REFUSED', false],
    [408, 'LeanOutcomeUnknown', 'LEAN_TIMEOUT', true],
    [409, 'LeanRefused', 'LEAN_REFUSED', false],
    [413, 'LeanRefused', 'LEAN_REFUSED', false],
    [422, 'LeanRefused', 'LEAN_REFUSED', false],
    [425, 'LeanRefused', 'LEAN_REFUSED', false],
    [429, 'LeanRefused', 'LEAN_RATE_LIMITED', true],
    [500, 'LeanOutcomeUnknown', 'LEAN_UNAVAILABLE', true],
    [502, 'LeanOutcomeUnknown', 'LEAN_UNAVAILABLE', true],
    [503, 'LeanOutcomeUnknown', 'LEAN_UNAVAILABLE', true],
    [504, 'LeanOutcomeUnknown', 'LEAN_UNAVAILABLE', true],
    [522, 'LeanOutcomeUnknown', 'LEAN_UNAVAILABLE', true],
    [302, 'LeanBadAnswer', 'LEAN_BAD_RESPONSE', false],
    [304, 'LeanBadAnswer', 'LEAN_BAD_RESPONSE', false],
  ])('of a response with status %i is a %s', (status, name, code, retryable) => {
    for (const body of ['', '<html>', '{', '{"status":"SOME_CODE"}']) {
      const failure = answer(status, body).failure();
      expect(failure).toMatchObject({ name, code, details: { httpStatus: status, retryable } });
    }
  });

  it("contains Lean's code and request ids", () => {
    const headers = { 'lean-correlation-id': 'qWeRtYuIoPaSdFgH', 'lean-trace-id': '0123456789abcdef' };
    expect(answer(404, '{"status":"UNKNOWN_PAYMENT"}', headers).failure().details).toEqual({
      httpStatus: 404,
      code: 'UNKNOWN_PAYMENT',
      correlationId: 'qWeRtYuIoPaSdFgH',
      traceId: '0123456789abcdef',
      retryable: false,
    });
  });

  it('leaves out details that Lean did not send', () => {
    expect(answer(500, '').failure().details).toEqual({ httpStatus: 500, retryable: true });
  });

  it('contains the first of a repeated id header, and no id of an unexpected form', () => {
    const headers = { 'lean-correlation-id': ['one', 'two'], 'lean-trace-id': 'Paid to Mohammed <x>' };
    const { details } = answer(500, '', headers).failure();
    expect(details.correlationId).toBe('one');
    expect(details.traceId).toBeUndefined();
  });

  it("never contains Lean's prose", () => {
    const body = '{"status":"INVALID_IBAN","message":"AE07 of Mohammed is wrong","metadata":{"x":"secret"}}';
    expect(inspect(answer(400, body).failure(), { depth: 10 })).not.toMatch(/Mohammed|secret|AE07/);
  });
});

describe('errorCode', () => {
  it.each([
    ['{"status":"INVALID_URL","message":"no"}', 'INVALID_URL'],
    ['{"code":"INVALID_AMOUNT","status":400}', 'INVALID_AMOUNT'],
    ['{"error":"invalid_client","error_description":"no"}', 'invalid_client'],
    ['{"status":404,"error":"Not Found"}', undefined],
    ['{"data":{"status":"INVALID_IBAN"}}', 'INVALID_IBAN'],
    ['{"status":null,"code":{"a":1}}', undefined],
    ['["INVALID_URL"]', undefined],
    ['"INVALID_URL"', undefined],
    ['<html>', undefined],
    ['', undefined],
    ['{"status":"INVALID', undefined],
  ])('of %s is %s', (body, code) => {
    expect(answer(400, body).errorCode()).toBe(code);
  });
});

describe('envelope', () => {
  const leanError =
    '{"timestamp":"2026-06-01T12:00:00Z","status":"CUSTOMER_ALREADY_EXISTS","message":"It exists.","metadata":null}';

  it.each([
    [409, leanError, 'CUSTOMER_ALREADY_EXISTS'],
    [400, '{"code":"INVALID_AMOUNT","status":400,"message":"no"}', 'INVALID_AMOUNT'],
    [400, '{"code":400,"status":"INVALID_AMOUNT","message":""}', 'INVALID_AMOUNT'],
    [500, '{"status":"INTERNAL_ERROR","message":"no"}', 'INTERNAL_ERROR'],
  ])("of %i %s is recognised as Lean's", (status, body, code) => {
    expect(answer(status, body).errorEnvelope).toEqual({ code });
  });

  it.each([
    [502, '<html>Bad Gateway</html>'],
    [403, ''],
    [400, '{"status":"INVALID'],
    [401, '{"error":"invalid_client","error_description":"no","message":"no"}'],
    [404, '{"status":404,"error":"Not Found","message":"no"}'],
    [400, '{"status":"INVALID_IBAN"}'],
    [400, '{"status":"INVALID_IBAN","message":null}'],
    [400, '{"status":"the account is closed","message":"no"}'],
    [400, '{"data":{"status":"INVALID_IBAN","message":"no"}}'],
    [400, '[{"status":"INVALID_IBAN","message":"no"}]'],
    [200, leanError],
  ])('of %i %s is undefined', (status, body) => {
    expect(answer(status, body).errorEnvelope).toBeUndefined();
  });

  it('has its code in the details of the failure', () => {
    expect(answer(409, leanError).failure().details).toEqual({
      httpStatus: 409,
      code: 'CUSTOMER_ALREADY_EXISTS',
      retryable: false,
    });
  });
});

describe('isNotFound', () => {
  it.each([
    [404, '', true],
    [404, '{"status":"UNKNOWN_PAYMENT"}', true],
    [404, '{}', true],
    [404, '{"status":"INVALID_URL"}', false],
    [404, '<!DOCTYPE html><html></html>', false],
    [404, 'Not Found', false],
    [400, '{"status":"UNKNOWN_PAYMENT"}', false],
    [410, '', false],
    [200, '', false],
  ])('of %i %s is %s', (status, body, expected) => {
    expect(answer(status, body).isNotFound).toBe(expected);
  });
});

describe('isCode', () => {
  it.each(['INVALID_PARAMETERS', 'invalid_client', 'ERROR_42', 'MFA2', 'X'])('accepts %j as a code', word => {
    expect(isCode(word)).toBe(true);
  });

  it.each([
    'The account is closed',
    'AE070331234567890123456',
    'closed.',
    'A-1',
    '101929293',
    '',
    ' FAILED',
    'FAILED\n',
    'é',
    'A'.repeat(65),
    null,
    undefined,
    5,
    {},
  ])('does not accept %j as a code', word => {
    expect(isCode(word)).toBe(false);
  });
});

describe('json', () => {
  it('is the body with exact amounts, which is parsed once', () => {
    const leanAnswer = answer(200, '{"amount":16.50}');
    expect(leanAnswer.json()).toEqual({ amount: '16.50' });
    expect(leanAnswer.json()).toBe(leanAnswer.json());
  });

  it('is parsed once, even if the body is not JSON', () => {
    const parse = vi.spyOn(JSON, 'parse');
    onTestFinished(() => parse.mockRestore());
    const leanAnswer = answer(502, '<html>');
    leanAnswer.failure();
    expect(() => leanAnswer.json()).toThrow(LeanBadAnswer);
    expect(parse).toHaveBeenCalledTimes(1);
  });

  it.each(['data', 'payload'])('unwraps a body that is wrapped in %s', key => {
    expect(answer(200, `{"${key}":{"id":"a"},"message":"ok","timestamp":"x"}`).json()).toEqual({ id: 'a' });
  });

  it.each([
    '{"data":null,"id":"a"}',
    '{"data":"text","id":"a"}',
    '{"data":[{"id":"a"}]}',
    '{"data":{"x":1},"id":"a","b":1,"c":2,"d":3}',
  ])('does not unwrap %s', body => {
    expect(answer(200, body).json()).toEqual(JSON.parse(body));
  });

  it.each([
    '',
    '<!DOCTYPE html><html></html>',
    '{"content":[{"amount":1',
    '[]',
    '[{"id":"a"}]',
    'null',
    '5',
    '"x"',
  ])('throws a LeanBadAnswer when the body is %j', body => {
    const leanAnswer = answer(200, body, { 'lean-trace-id': 'abc' });
    expect(() => leanAnswer.json()).toThrow(LeanBadAnswer);
    expect(() => leanAnswer.json()).toThrow(
      expect.objectContaining({
        code: 'LEAN_BAD_RESPONSE',
        details: { httpStatus: 200, traceId: 'abc', retryable: false },
      }),
    );
  });
});

describe('ok', () => {
  it.each([
    [199, false],
    [200, true],
    [201, true],
    [299, true],
    [300, false],
    [404, false],
  ])('of %i is %s', (status, ok) => {
    expect(answer(status).ok).toBe(ok);
  });
});

describe('date', () => {
  it('is the Date header in epoch milliseconds', () => {
    expect(answer(200, '', { date: 'Mon, 01 Jun 2026 12:00:00 GMT' }).date).toBe(
      Date.parse('2026-06-01T12:00:00Z'),
    );
  });

  it.each([{}, { date: 'yesterday-ish' }, { date: '' }])('is undefined for %o', headers => {
    expect(answer(200, '', headers).date).toBeUndefined();
  });
});
