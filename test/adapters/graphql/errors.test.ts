import { pino } from 'pino';
import { describe, expect, it, vi } from 'vitest';
import { accounts, destinations, examplePayoutId } from '../../../src/sandbox/fixtures.ts';
import type { FaultRule } from '../../../src/sandbox/sandbox.ts';
import { createPayoutDocument, payoutInput } from '../../support/payout-input.ts';
import { startTestGateway } from '../../support/test-gateway.ts';

const contractCodes = [
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
  'OPERATION_TOO_EXPENSIVE',
  'LEAN_UNAUTHORIZED',
  'LEAN_REFUSED',
  'LEAN_RATE_LIMITED',
  'LEAN_TIMEOUT',
  'LEAN_UNAVAILABLE',
  'LEAN_BAD_RESPONSE',
  'INTERNAL_SERVER_ERROR',
];

const example = `{ payoutByPayment(paymentId: "${examplePayoutId}") { id } }`;
const list = 'query ($f: PayoutFilter, $n: Int) { payouts(filter: $f, first: $n) { totalCount } }';

function withBody(body: string, contentType = 'application/json'): RequestInit {
  return { body, headers: { 'content-type': contentType, accept: 'application/graphql-response+json' } };
}

interface Refusal {
  readonly name: string;
  readonly document?: string;
  readonly variables?: Record<string, unknown>;
  readonly init?: RequestInit;
  readonly status: number;
  readonly code: string;
  readonly argument?: string;
  readonly message?: string | RegExp;
}

const refusals: readonly Refusal[] = [
  { name: 'a syntax error', document: '{ payout(', status: 400, code: 'GRAPHQL_PARSE_FAILED' },
  {
    name: 'an unknown field',
    document: '{ payouts { nodes { idd } } }',
    status: 400,
    code: 'GRAPHQL_VALIDATION_FAILED',
    message: /"idd" on type "Payout"/,
  },
  {
    name: 'a missing argument',
    document: '{ payout { id } }',
    status: 400,
    code: 'GRAPHQL_VALIDATION_FAILED',
    message: /"id"/,
  },
  {
    name: 'a nested literal of the wrong type',
    document: '{ payouts(filter: { amount: { min: "x" } }) { totalCount } }',
    status: 400,
    code: 'BAD_USER_INPUT',
    argument: 'filter.amount.min',
    message:
      /^filter\.amount\.min: Expected value of type "Decimal"\. Decimal must be a decimal number such as "16\.50"/,
  },
  {
    name: 'a literal in place of an object',
    document: '{ payouts(filter: "x") { totalCount } }',
    status: 400,
    code: 'BAD_USER_INPUT',
    argument: 'filter',
    message: 'filter: Expected value of type "PayoutFilter".',
  },
  {
    name: 'a literal null that must not be null',
    document: '{ payout(id: null) { id } }',
    status: 400,
    code: 'BAD_USER_INPUT',
    argument: 'id',
    message: 'id: Expected value of type "ID!", found null.',
  },
  {
    name: 'a literal of the wrong type',
    document: '{ payouts(first: "x") { totalCount } }',
    status: 400,
    code: 'BAD_USER_INPUT',
    argument: 'first',
    message: 'first: Int cannot represent non-integer value; accepted: a whole number from 1 to 100.',
  },
  {
    name: 'an invalid date and time',
    document: '{ payouts(filter: { createdAt: { from: "yesterday" } }) { totalCount } }',
    status: 400,
    code: 'BAD_USER_INPUT',
    argument: 'filter.createdAt.from',
  },
  {
    name: 'a page that is too small',
    document: '{ payouts(first: 0) { totalCount } }',
    status: 200,
    code: 'BAD_USER_INPUT',
    argument: 'first',
    message: 'first: is 0; accepted: 1 to 100.',
  },
  {
    name: 'a page that is too large',
    document: list,
    variables: { n: 101 },
    status: 200,
    code: 'BAD_USER_INPUT',
    argument: 'first',
    message: 'first: is 101; accepted: 1 to 100.',
  },
  {
    name: 'an invalid id',
    document: '{ payout(id: "x") { id } }',
    status: 200,
    code: 'BAD_USER_INPUT',
    argument: 'id',
    message: /^id: is not the id of a payout/,
  },
  {
    name: 'a variable of the wrong type',
    document: list,
    variables: { n: 'x' },
    status: 400,
    code: 'BAD_USER_INPUT',
    argument: 'first',
    message: 'first: Int cannot represent non-integer value; accepted: a whole number from 1 to 100.',
  },
  {
    name: 'a nested value in a variable',
    document: list,
    variables: { f: { amount: { min: 'x' } } },
    status: 400,
    code: 'BAD_USER_INPUT',
    argument: 'filter.amount.min',
    message:
      /^filter\.amount\.min: Expected type "Decimal". Decimal must be a decimal number such as "16\.50"/,
  },
  {
    name: 'a missing variable',
    document: 'query ($id: ID!) { payout(id: $id) { id } }',
    status: 400,
    code: 'BAD_USER_INPUT',
    argument: 'id',
    message: 'id: Variable "$id" of required type "ID!" was not provided.',
  },
  {
    name: 'a variable that must not be null',
    document: 'query ($id: ID!) { payout(id: $id) { id } }',
    variables: { id: null },
    status: 400,
    code: 'BAD_USER_INPUT',
    argument: 'id',
    message: 'id: Expected non-nullable type "ID!" not to be null.',
  },
  {
    name: 'a variable without a required field',
    document: createPayoutDocument,
    variables: { input: { ...payoutInput('key-1'), amount: { amount: '16.50' } } },
    status: 400,
    code: 'BAD_USER_INPUT',
    argument: 'input.amount.currency',
    message:
      'input.amount.currency: Field "currency" of required type "PayoutCurrencyCode!" was not provided.',
  },
  {
    name: 'a variable with an unknown field',
    document: createPayoutDocument,
    variables: { input: { ...payoutInput('key-1'), memo: 'x' } },
    status: 400,
    code: 'BAD_USER_INPUT',
    argument: 'input.memo',
    message: /^input\.memo: Field "memo" is not defined by type "CreatePayoutInput"[^{}]*$/,
  },
  {
    name: 'a literal without a required field',
    document: `mutation { createPayout(input: { idempotencyKey: "key-1", accountId: "${accounts.operating}",
      destinationId: "${destinations.pays}", amount: { amount: "16.50" }, description: "INV 001" }) { __typename } }`,
    status: 400,
    code: 'BAD_USER_INPUT',
    argument: 'input.amount.currency',
  },
  {
    name: 'a body that is not JSON',
    init: withBody('{"query":'),
    status: 400,
    code: 'BAD_USER_INPUT',
    message: 'The body is not valid JSON.',
  },
  {
    name: 'a document that is nested too deeply',
    document: `{payouts(first:${'['.repeat(30_000)}`,
    status: 400,
    code: 'OPERATION_TOO_EXPENSIVE',
    message: 'The document has more than 1000 tokens.',
  },
  {
    name: 'a number of many digits for a string',
    init: withBody(
      '{"query":"query ($a: String) { payouts(after: $a) { totalCount } }","variables":{"a":12345678901234567890}}',
    ),
    status: 400,
    code: 'BAD_USER_INPUT',
    argument: 'after',
  },
  { name: 'a body that is not an object', init: withBody('null'), status: 400, code: 'BAD_USER_INPUT' },
  {
    name: 'several operations in one request',
    init: withBody('[{"query":"{__typename}"},{"query":"{__typename}"}]'),
    status: 400,
    code: 'OPERATION_TOO_EXPENSIVE',
    message: 'Batching is not supported. Send one operation per request.',
  },
  { name: 'a request without a query', init: withBody('{}'), status: 400, code: 'BAD_USER_INPUT' },
  {
    name: 'variables that are not an object',
    init: withBody('{"query":"{__typename}","variables":"x"}'),
    status: 400,
    code: 'BAD_USER_INPUT',
    message: 'variables: is a string; accepted: an object of values by the names of variables.',
  },
  {
    name: 'a query that is not a string',
    init: withBody('{"query":{}}'),
    status: 400,
    code: 'BAD_USER_INPUT',
    message: 'query: is an object; accepted: a GraphQL document as a string.',
  },
  {
    name: 'an operation name that is not a string',
    init: withBody('{"query":"query A { __typename }","operationName":5}'),
    status: 400,
    code: 'BAD_USER_INPUT',
    message: 'operationName: is a number; accepted: the name of an operation of the document as a string.',
  },
  {
    name: 'an unknown operation name',
    init: withBody('{"query":"query A { __typename } query B { __typename }","operationName":"C"}'),
    status: 400,
    code: 'BAD_USER_INPUT',
    message: 'operationName: is not an operation of the document; accepted: A, B.',
  },
  {
    name: 'a document with several operations, without an operation name',
    init: withBody('{"query":"query A { __typename } query B { __typename }"}'),
    status: 400,
    code: 'BAD_USER_INPUT',
    message: 'operationName: is not set, and the document has several operations; accepted: A, B.',
  },
  {
    name: 'an operation name for an operation without a name',
    init: withBody('{"query":"{ __typename }","operationName":"A"}'),
    status: 400,
    code: 'BAD_USER_INPUT',
    message: 'operationName: is set, but the operation of the document has no name.',
  },
  {
    name: 'an unknown subscription field',
    document: 'subscription { payouts }',
    status: 400,
    code: 'GRAPHQL_VALIDATION_FAILED',
  },
  {
    name: 'a form',
    init: withBody('query={__typename}', 'application/x-www-form-urlencoded'),
    status: 415,
    code: 'BAD_USER_INPUT',
    message: 'Send content-type: application/json.',
  },
  {
    name: 'a form with files',
    init: withBody('--x\r\n\r\n--x--', 'multipart/form-data; boundary=x'),
    status: 415,
    code: 'BAD_USER_INPUT',
  },
  {
    name: 'JSON with the type text/plain',
    init: withBody('{"query":"{__typename}"}', 'text/plain'),
    status: 415,
    code: 'BAD_USER_INPUT',
  },
  {
    name: 'a body one byte above 64 KiB',
    init: withBody('{"query":"{__typename}"}'.padEnd(64 * 1024 + 1)),
    status: 413,
    code: 'BAD_USER_INPUT',
  },
  {
    name: 'a method other than GET and POST',
    init: { ...withBody('{"query":"{__typename}"}'), method: 'PUT' },
    status: 405,
    code: 'BAD_USER_INPUT',
  },
];

it('a large invalid variable is refused with short messages and little CPU time', async () => {
  const gateway = await startTestGateway({ env: { INTROSPECTION: 'off' } });
  const many = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`b${String(index)}`, 1]));
  const f = { a: ' Did you mean '.repeat(4000), ...many };
  const before = process.cpuUsage();
  const { errors } = await gateway.run(list, { f });
  const { user } = process.cpuUsage(before);
  expect(errors?.length).toBeGreaterThan(0);
  expect(errors?.length).toBeLessThanOrEqual(10);
  for (const { message } of errors ?? []) expect(message.length).toBeLessThan(600);
  // Without the limits of the gateway, this took 15 s.
  expect(user / 1000).toBeLessThan(5000);
});

describe.each(['on', 'off'])('with introspection %s', introspection => {
  it.each(refusals)('$name is refused with $status and $code', async refusal => {
    const gateway = await startTestGateway({ env: { INTROSPECTION: introspection } });
    const { document = '', variables, init, status, code, argument, message } = refusal;
    const result = await gateway.run(document, variables, init);
    expect(result.status).toBe(status);
    expect(result.errors).toHaveLength(1);
    const [error] = result.errors ?? [];
    expect(error?.extensions?.['code']).toBe(code);
    expect(contractCodes).toContain(code);
    expect(error?.extensions?.['argument']).toBe(argument);
    if (message !== undefined) expect(error?.message).toMatch(message);
    expect(Object.keys(error?.extensions ?? {})).not.toContain('http');
    expect(gateway.received()).toEqual({});
  });
});

describe('a request', () => {
  it('of exactly 64 KiB is executed', async () => {
    const { run } = await startTestGateway();
    const result = await run('', {}, withBody('{"query":"{__typename}"}'.padEnd(64 * 1024)));
    expect(result).toMatchObject({ status: 200, data: { __typename: 'Query' } });
  });

  it('by GET is executed, unless it is a mutation', async () => {
    const { url, received } = await startTestGateway();
    const get = async (query: string, variables: object = {}) => {
      const search = new URLSearchParams({ query, variables: JSON.stringify(variables) });
      const response = await fetch(`${url}?${search.toString()}`, {
        headers: { accept: 'application/json' },
      });
      return { status: response.status, allow: response.headers.get('allow'), body: await response.json() };
    };
    expect(await get('{ __typename }')).toMatchObject({
      status: 200,
      body: { data: { __typename: 'Query' } },
    });
    expect(await get(createPayoutDocument, { input: payoutInput('by-get') })).toMatchObject({
      status: 405,
      allow: 'POST',
      body: { errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] },
    });
    expect(received()).toEqual({});
  });

  it.each([
    'text/plain',
    'image/png',
    ''.padEnd(5000, 'a/b, '),
    'application/json;q=0',
    'application/json;q=0.000, text/html',
    '*/*;q=0',
    'application/*;q=0, text/html',
    'application/json;charset=iso-8859-1',
    'text/event-stream;charset=iso-8859-1',
    'text/event-stream-2',
  ])('is refused with 406 and not executed if the gateway has no accepted type: %s', async accept => {
    const { url, received } = await startTestGateway();
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept },
      body: JSON.stringify({ query: createPayoutDocument, variables: { input: payoutInput('unheard') } }),
    });
    expect(response.status).toBe(406);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
    expect(received()).toEqual({});
  });

  it.each([
    ['', 'application/json'],
    ['*/*', 'application/json'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'application/json'],
    [
      'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
      'application/json',
    ],
    ['application/json;q=0, application/graphql-response+json', 'application/graphql-response+json'],
    ['application/json;q=0, */*', 'application/graphql-response+json'],
    ['application/*;q=0, application/json', 'application/json'],
    ['application/json;q=0, text/event-stream', 'text/event-stream'],
    ['text/*', 'text/event-stream'],
    ['multipart/mixed', 'multipart/mixed'],
  ])('is executed by GET and by POST with the header "accept: %s"', async (accept, type) => {
    const { url } = await startTestGateway();
    const search = new URLSearchParams({ query: '{ __typename }' });
    const headers = { accept, 'content-type': 'application/json' };
    for (const response of [
      await fetch(`${url}?${search.toString()}`, { headers }),
      await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query: '{ __typename }' }) }),
    ]) {
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')?.split(';')[0]).toBe(type);
      expect(await response.text()).toContain('{"data":{"__typename":"Query"}}');
    }
  });

  it.each([`[${'{},'.repeat(20_000)}{}]`, '['.repeat(100)])(
    'in a form is refused if its variables exceed the limits of JSON: %.20s',
    async variables => {
      const { run } = await startTestGateway();
      const headers = {
        'content-type': 'application/x-www-form-urlencoded',
        'apollo-require-preflight': 'true',
      };
      const body = `query={__typename}&variables=${variables}`;
      expect(await run('', {}, { body, headers })).toMatchObject({
        status: 400,
        errors: [{ extensions: { code: 'BAD_USER_INPUT' } }],
      });
    },
  );

  it('in a form is executed if it has a header that requires a preflight', async () => {
    const { run } = await startTestGateway();
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'apollo-require-preflight': 'true',
    };
    expect(await run('', {}, { body: 'query={__typename}', headers })).toMatchObject({ status: 200 });
    const init = { body: 'x', headers: { ...headers, 'content-type': 'text/plain' } };
    expect(await run('', {}, init)).toMatchObject({
      status: 415,
      errors: [{ extensions: { code: 'BAD_USER_INPUT' } }],
    });
  });
});

describe('with introspection off', () => {
  it.each(['{ __schema { queryType { name } } }', '{ __type(name: "Payout") { name } }'])(
    'refuses %s',
    async document => {
      const { run } = await startTestGateway({ env: { INTROSPECTION: 'off' } });
      const { status, data, errors } = await run(document);
      expect([status, data]).toEqual([400, undefined]);
      for (const error of errors ?? []) expect(error.extensions?.['code']).toBe('GRAPHQL_VALIDATION_FAILED');
    },
  );

  it('executes __typename, which federation and clients need', async () => {
    const { run } = await startTestGateway({ env: { INTROSPECTION: 'off' } });
    expect(await run('{ __typename }')).toMatchObject({ data: { __typename: 'Query' } });
  });

  const misspellings = [
    ['a field', '{ payouts { nodes { amounts } } }', {}],
    ['an argument', '{ payouts(frist: 1) { totalCount } }', {}],
    ['a type', 'query ($f: PayoutFiltr) { payouts(filter: $f) { totalCount } }', {}],
    ['an input field', '{ payouts(filter: { amoutn: {} }) { totalCount } }', {}],
    ['an input field in a variable', list, { f: { amoutn: {} } }],
  ] as const;

  it.each(misspellings)(
    'does not name what is accepted for a misspelt name of %s',
    async (_kind, document, variables) => {
      const off = await startTestGateway({ env: { INTROSPECTION: 'off' } });
      const on = await startTestGateway();
      const message = async ({ run }: typeof on) => (await run(document, variables)).errors?.[0]?.message;
      const hint = /Did you mean|; accepted: amount, createdAt, updatedAt\.$/;
      expect(await message(off)).not.toMatch(hint);
      expect(await message(on)).toMatch(hint);
    },
  );
});

describe('an error for a variable', () => {
  const account = 'AE070331234567890123456';
  const input = { ...payoutInput(account), description: account };

  it.each([
    ['an unknown field', { ...input, memo: account }, 'memo'],
    ['a missing field', { ...input, amount: { amount: account } }, 'amount.currency'],
    ['a list for an object', [[input]], ''],
    ['an object for a text', { ...input, description: input }, 'description'],
    ['a number for a text', { ...input, description: 331234567890123 }, 'description'],
    ['a text for a boolean', { ...input, authorize: account }, 'authorize'],
    [
      'an amount that is not a number',
      { ...input, amount: { amount: account, currency: 'AED' } },
      'amount.amount',
    ],
  ])('names the path, and never repeats values: %s', async (_kind, value, path) => {
    const { run, received } = await startTestGateway();
    const argument = path === '' ? 'input' : `input.${path}`;
    const { errors } = await run(createPayoutDocument, { input: value });
    expect(errors?.map(({ extensions }) => extensions?.['argument'])).toContain(argument);
    for (const { message } of errors ?? []) {
      expect(message).toMatch(/^input\b[\w.]*: /);
      expect(message).not.toMatch(/331234567890123|[{}]/);
    }
    expect(received()).toEqual({});
  });
});

describe('failures of Lean', () => {
  const failures: readonly (readonly [string, FaultRule, object])[] = [
    ['LEAN_REFUSED', { kind: 'status', status: 418, code: 'TEAPOT' }, { httpStatus: 418, code: 'TEAPOT' }],
    ['LEAN_UNAUTHORIZED', { kind: 'status', status: 401 }, { httpStatus: 401 }],
    [
      'LEAN_RATE_LIMITED',
      { kind: 'status', status: 429, retryAfter: 3000 },
      { httpStatus: 429, retryable: true },
    ],
    ['LEAN_UNAVAILABLE', { kind: 'html' }, { httpStatus: 503, retryable: true }],
    ['LEAN_UNAVAILABLE', { kind: 'drop_before' }, { retryable: true }],
    ['LEAN_BAD_RESPONSE', { kind: 'broken_json' }, { httpStatus: 200, retryable: false }],
    ['LEAN_TIMEOUT', { kind: 'stall' }, { retryable: true }],
  ];

  it.each(failures)('become %s for %j, with Lean’s codes and ids but no texts', async (code, fault, lean) => {
    // Only a stalled response needs a short timeout; every other failure ends by itself.
    const env = fault.kind === 'stall' ? { LEAN_TIMEOUT_MS: '300' } : {};
    const { run, lean: sandbox } = await startTestGateway({ env });
    sandbox.faults.add(fault);
    const { status, data, errors } = await run(example);
    expect([status, data]).toEqual([200, { payoutByPayment: null }]);
    expect(errors).toMatchObject([{ path: ['payoutByPayment'], extensions: { code, lean } }]);
    const [error] = errors ?? [];
    const again = 'retryable' in lean && lean.retryable === true ? ['retryAfterSeconds', 'retryable'] : [];
    expect(Object.keys(error?.extensions ?? {}).sort()).toEqual(['code', 'lean', ...again]);
    const leanKeys = Object.keys((error?.extensions?.['lean'] ?? {}) as object);
    expect(['httpStatus', 'code', 'correlationId', 'traceId', 'retryable']).toEqual(
      expect.arrayContaining(leanKeys),
    );
    expect(JSON.stringify(errors)).not.toMatch(
      /sandbox-token|injected|<html|stack|"message":"[^"]*payment with/i,
    );
  });

  it('say when to try again, as Lean asked', async () => {
    const { run, lean } = await startTestGateway();
    lean.faults.add({ kind: 'status', status: 429, retryAfter: 3000 });
    expect((await run(example)).errors).toMatchObject([
      { extensions: { code: 'LEAN_RATE_LIMITED', retryable: true, retryAfterSeconds: 3000 } },
    ]);
  });

  it('become LEAN_UNAVAILABLE when nothing listens at its address', async () => {
    const { run, lean } = await startTestGateway();
    await lean.close();
    expect((await run(example)).errors).toMatchObject([{ extensions: { code: 'LEAN_UNAVAILABLE' } }]);
  });
});

describe('a bug', () => {
  it('is masked in the response and logged with its stack', async () => {
    const lines: string[] = [];
    const log = pino({}, { write: (line: string) => void lines.push(line) });
    const { core, url } = await startTestGateway({ log });
    const { client } = core;
    const bug = new TypeError('the secret of the bug');
    vi.spyOn(client, 'getPayout').mockRejectedValue(bug);
    vi.spyOn(client, 'listPayouts').mockImplementation(() => {
      throw bug;
    });
    for (const [query, path] of [
      [example, 'payoutByPayment'],
      ['{ payouts { totalCount } }', 'payouts'],
    ]) {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query }),
      });
      const text = await response.text();
      expect(text).not.toMatch(/secret|TypeError|stack|errors\.test/);
      expect(JSON.parse(text)).toMatchObject({
        errors: [
          { message: 'Unexpected error.', path: [path], extensions: { code: 'INTERNAL_SERVER_ERROR' } },
        ],
      });
    }
    const bugs = lines.filter(line => line.includes('"level":50'));
    expect(bugs).toHaveLength(2);
    for (const line of bugs) expect(line).toMatch(/TypeError: the secret of the bug\\n.*errors\.test\.ts/);
  });
});
