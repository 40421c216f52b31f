import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { getPayoutDestination, operations, targetOf } from '../../src/lean/operations.ts';
import { creationShape } from '../../src/lean/creation-shape.ts';

describe('the operations', () => {
  it("are the five operations of Lean's payouts, with these names, methods and paths", () => {
    expect(Object.entries(operations).map(([name, { method, path }]) => [name, method, path])).toEqual([
      ['createPayoutPayment', 'POST', '/payouts/v1/payment'],
      ['listPayouts', 'GET', '/payouts/v1/payments'],
      ['getPayoutPaymentHistory', 'GET', '/payouts/v1/payments/{payment_id}/history'],
      ['getPayout', 'GET', '/payouts/v1/{payment_id}'],
      ['getPayoutIntent', 'GET', '/payouts/v1/intents/{payment_intent_id}'],
    ]);
  });

  it('have their key as their name', () => {
    for (const [key, { name }] of Object.entries(operations)) expect(name).toBe(key);
  });

  it.each([...Object.values(operations), getPayoutDestination])(
    'require every path parameter of $name, and no other',
    ({ path, parameters }) => {
      const inPath = parameters.filter(parameter => parameter.in === 'path');
      expect(inPath.map(({ name }) => `{${name}}`)).toEqual(path.match(/\{\w+\}/g) ?? []);
      expect(inPath.every(({ required }) => required)).toBe(true);
    },
  );

  it("have Lean's names for the filters of the list", () => {
    expect(operations.listPayouts.parameters.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'page_number integer',
      'page_size integer',
      'amount_min decimal',
      'amount_max decimal',
      'from date-time',
      'to date-time',
      'from_updated_at date-time',
      'to_updated_at date-time',
    ]);
  });

  it('declare a creation as neither read-only nor idempotent', () => {
    expect(operations.createPayoutPayment.hints).toMatchObject({ readOnly: false, idempotent: false });
  });

  it.each([
    operations.listPayouts,
    operations.getPayoutPaymentHistory,
    operations.getPayout,
    operations.getPayoutIntent,
  ])('declare $name as read-only and idempotent', ({ hints }) => {
    expect(hints).toEqual({ readOnly: true, destructive: false, idempotent: true });
  });
});

describe('targetOf', () => {
  const target = (payment_id: string): string => targetOf(operations.getPayout, { path: { payment_id } });

  it('fills in the path parameter', () => {
    expect(targetOf(operations.getPayoutPaymentHistory, { path: { payment_id: 'abc-1' } })).toBe(
      '/payouts/v1/payments/abc-1/history',
    );
  });

  it.each([
    ['../payments', '/payouts/v1/..%2Fpayments'],
    ['%2f', '/payouts/v1/%252f'],
    ['%2e%2e', '/payouts/v1/%252e%252e'],
    ['a?page_size=1', '/payouts/v1/a%3Fpage_size%3D1'],
    ['a#b', '/payouts/v1/a%23b'],
    ['a b\r\nhost: x', '/payouts/v1/a%20b%0D%0Ahost%3A%20x'],
    ['\\..', '/payouts/v1/%5C..'],
    ['é', '/payouts/v1/%C3%A9'],
  ])('escapes %j', (id, expected) => {
    expect(target(id)).toBe(expected);
  });

  it.each(['', '.', '..'])('refuses %j as an id', id => {
    expect(() => target(id)).toThrow(TypeError);
  });

  it('refuses a missing path parameter', () => {
    expect(() => targetOf(operations.getPayout, {})).toThrow(
      'getPayout: the path parameter payment_id must be a text other than "", "." and ".."',
    );
  });

  it('never lets an id leave its path segment', () => {
    const piece = fc.constantFrom(
      '.',
      '/',
      '\\',
      '%2f',
      '%2e',
      '?',
      '#',
      '&',
      '=',
      'a',
      ' ',
      '\n',
      ';',
      '{',
      '$&',
    );
    fc.assert(
      fc.property(fc.array(piece, { minLength: 3, maxLength: 12 }), pieces => {
        const id = pieces.join('');
        fc.pre(!/^\.{0,2}$/.test(id));
        const url = new URL(target(id), 'http://lean');
        expect(url.pathname.split('/')).toHaveLength(4);
        expect(decodeURIComponent(url.pathname.slice('/payouts/v1/'.length))).toBe(id);
        expect(url.search + url.hash).toBe('');
      }),
    );
  });

  it('leaves out undefined query parameters, and the question mark if none is left', () => {
    const query = { page_number: '0', page_size: undefined, from: '2026-03-01T00:00:00+04:00' };
    expect(targetOf(operations.listPayouts, { query })).toBe(
      '/payouts/v1/payments?page_number=0&from=2026-03-01T00%3A00%3A00%2B04%3A00',
    );
    expect(targetOf(operations.listPayouts, { query: { to: undefined } })).toBe('/payouts/v1/payments');
    expect(targetOf(operations.listPayouts, {})).toBe('/payouts/v1/payments');
  });

  it('escapes a query value, which cannot add to the query', () => {
    const url = targetOf(operations.listPayouts, { query: { amount_min: '1&page_size=9#x' } });
    expect([...new URL(url, 'http://lean').searchParams]).toEqual([['amount_min', '1&page_size=9#x']]);
  });
});

it('the shape of a creation is a JSON Schema', () => {
  expect(new Ajv2020().validateSchema(creationShape)).toBe(true);
});
