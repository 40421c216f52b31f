import { pino } from 'pino';
import { describe, expect, it, vi } from 'vitest';
import { examplePayoutId } from '../../../src/sandbox/named.ts';
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
  readonly what: string;
  readonly document?: string;
  readonly variables?: Record<string, unknown>;
  readonly init?: RequestInit;
  readonly status: number;
  readonly code: string;
  readonly argument?: string;
  readonly message?: string | RegExp;
}

const refusals: readonly Refusal[] = [
  { what: 'a syntax error', document: '{ payout(', status: 400, code: 'GRAPHQL_PARSE_FAILED' },
  {
    what: 'an unknown field',
    document: '{ payouts { nodes { idd } } }',
    status: 400,
    code: 'GRAPHQL_VALIDATION_FAILED',
    message: /"idd" on type "Payout"/,
  },
  {
    what: 'a missing argument',
    document: '{ payout { id } }',
    status: 400,
    code: 'GRAPHQL_VALIDATION_FAILED',
    message: /"id"/,
  },
  {
    what: 'a literal deep in an argument',
    document: '{ payouts(filter: { amount: { min: "x" } }) { totalCount } }',
    status: 400,
    code: 'BAD_USER_INPUT',
    argument: 'filter.amount.min',
    message: /^filter\.amount\.min: .*decimal number such as "16\.50"/,
  },
  {
    what: 'a literal of the wrong type',
    document: '{ payouts(first: "x") { totalCount } }',
    status: 400,
    code: 'BAD_USER_INPUT',
    argument: 'first',
    message: /^first: Int cannot represent/,
  },
  {
    what: 'an instant that is none',
    document: '{ payouts(filter: { createdAt: { from: "yesterday" } }) { totalCount } }',
    status: 400,
    code: 'BAD_USER_INPUT',
    argument: 'filter.createdAt.from',
  },
  {
    what: 'a page that is too small',
    document: '{ payouts(first: 0) { totalCount } }',
    status: 200,
    code: 'BAD_USER_INPUT',
    argument: 'first',
    message: 'first: is 0; accepted are 1 to 100.',
  },
  {
    what: 'a page that is too large',
    document: list,
    variables: { n: 101 },
    status: 200,
    code: 'BAD_USER_INPUT',
    argument: 'first',
    message: 'first: is 101; accepted are 1 to 100.',
  },
  {
    what: 'an id that is none',
    document: '{ payout(id: "x") { id } }',
    status: 200,
    code: 'BAD_USER_INPUT',
    argument: 'id',
    message: /^id: is not the id of a payout/,
  },
  {
    what: 'a variable of the wrong type',
    document: list,
    variables: { n: 'x' },
    status: 400,
    code: 'BAD_USER_INPUT',
    argument: 'first',
    message: /"\$n"/,
  },
  {
    what: 'a value deep in a variable',
    document: list,
    variables: { f: { amount: { min: 'x' } } },
    status: 400,
    code: 'BAD_USER_INPUT',
    argument: 'filter.amount.min',
    message: /f\.amount\.min/,
  },
  {
    what: 'a variable that is not given',
    document: 'query ($id: ID!) { payout(id: $id) { id } }',
    status: 400,
    code: 'BAD_USER_INPUT',
    argument: 'id',
  },
  {
    what: 'a body that is not JSON',
    init: withBody('{"query":'),
    status: 400,
    code: 'BAD_USER_INPUT',
    message: 'The body is not valid JSON.',
  },
  {
    what: 'a document that is nested beyond reading',
    document: `{payouts(first:${'['.repeat(30_000)}`,
    status: 400,
    code: 'OPERATION_TOO_EXPENSIVE',
    message: 'The document has more than 1000 tokens.',
  },
  {
    what: 'a number of many digits where a text is wanted',
    init: withBody(
      '{"query":"query ($a: String) { payouts(after: $a) { totalCount } }","variables":{"a":12345678901234567890}}',
    ),
    status: 400,
    code: 'BAD_USER_INPUT',
    argument: 'after',
  },
  { what: 'a body that is no object', init: withBody('null'), status: 400, code: 'BAD_USER_INPUT' },
  {
    what: 'several operations in one request',
    init: withBody('[{"query":"{__typename}"},{"query":"{__typename}"}]'),
    status: 400,
    code: 'OPERATION_TOO_EXPENSIVE',
    message: 'One request holds one operation: batching is off.',
  },
  { what: 'a request without a query', init: withBody('{}'), status: 400, code: 'BAD_USER_INPUT' },
  {
    what: 'variables that are no object',
    init: withBody('{"query":"{__typename}","variables":"x"}'),
    status: 400,
    code: 'BAD_USER_INPUT',
  },
  {
    what: 'an operation name that names none',
    init: withBody('{"query":"query A { __typename } query B { __typename }","operationName":"C"}'),
    status: 400,
    code: 'BAD_USER_INPUT',
  },
  {
    what: 'a subscription to what there is none of',
    document: 'subscription { payouts }',
    status: 400,
    code: 'GRAPHQL_VALIDATION_FAILED',
  },
  {
    what: 'a form',
    init: withBody('query={__typename}', 'application/x-www-form-urlencoded'),
    status: 415,
    code: 'BAD_USER_INPUT',
    message: 'Send content-type: application/json.',
  },
  {
    what: 'a form with files',
    init: withBody('--x\r\n\r\n--x--', 'multipart/form-data; boundary=x'),
    status: 415,
    code: 'BAD_USER_INPUT',
  },
  {
    what: 'JSON that says it is text',
    init: withBody('{"query":"{__typename}"}', 'text/plain'),
    status: 415,
    code: 'BAD_USER_INPUT',
  },
  {
    what: 'a body one byte above 64 KiB',
    init: withBody('{"query":"{__typename}"}'.padEnd(64 * 1024 + 1)),
    status: 413,
    code: 'BAD_USER_INPUT',
  },
  {
    what: 'a method other than GET and POST',
    init: { ...withBody('{"query":"{__typename}"}'), method: 'PUT' },
    status: 405,
    code: 'BAD_USER_INPUT',
  },
];

it('does not say back at length what it was sent, and is not kept busy by it', async () => {
  const gateway = await startTestGateway({ env: { INTROSPECTION: 'off' } });
  const many = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`b${String(index)}`, 1]));
  const f = { a: ' Did you mean '.repeat(4000), ...many };
  const before = process.cpuUsage();
  const { errors } = await gateway.run(list, { f });
  const { user } = process.cpuUsage(before);
  expect(errors?.length).toBeGreaterThan(0);
  expect(errors?.length).toBeLessThanOrEqual(10);
  for (const { message } of errors ?? []) expect(message.length).toBeLessThan(600);
  // It took a quarter of a minute once; this bound is far from both.
  expect(user / 1000).toBeLessThan(5000);
});

describe.each(['on', 'off'])('with introspection %s', introspection => {
  it.each(refusals)('refuses $what with $status and a code', async refusal => {
    const gateway = await startTestGateway({ env: { INTROSPECTION: introspection } });
    const { document = '', variables, init, status, code, argument, message } = refusal;
    const answer = await gateway.run(document, variables, init);
    expect(answer.status).toBe(status);
    expect(answer.errors).toHaveLength(1);
    const [error] = answer.errors ?? [];
    expect(error?.extensions?.['code']).toBe(code);
    expect(contractCodes).toContain(code);
    expect(error?.extensions?.['argument']).toBe(argument);
    if (message !== undefined) expect(error?.message).toMatch(message);
    expect(Object.keys(error?.extensions ?? {})).not.toContain('http');
    expect(gateway.received()).toEqual({});
  });
});

describe('a request', () => {
  it('of exactly 64 KiB is answered', async () => {
    const { run } = await startTestGateway();
    const answer = await run('', {}, withBody('{"query":"{__typename}"}'.padEnd(64 * 1024)));
    expect(answer).toMatchObject({ status: 200, data: { __typename: 'Query' } });
  });

  it('by GET is answered, unless it is a mutation', async () => {
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

  it.each(['text/plain', 'image/png', ''.padEnd(5000, 'a/b, ')])(
    'whose answer nobody can give is refused before anything is done: accept %s',
    async accept => {
      const { url, received } = await startTestGateway();
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept },
        body: JSON.stringify({ query: createPayoutDocument, variables: { input: payoutInput('unheard') } }),
      });
      expect(response.status).toBe(406);
      expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
      expect(received()).toEqual({});
    },
  );

  it.each([`[${'{},'.repeat(20_000)}{}]`, '['.repeat(100)])(
    'that is a form has the bounds of JSON: %.20s',
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

  it('that is a form is read when a browser has asked for permission first', async () => {
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

  it('answers __typename, which federation and clients live by', async () => {
    const { run } = await startTestGateway({ env: { INTROSPECTION: 'off' } });
    expect(await run('{ __typename }')).toMatchObject({ data: { __typename: 'Query' } });
  });

  const misspelt = [
    ['a field', '{ payouts { nodes { amounts } } }', {}],
    ['an argument', '{ payouts(frist: 1) { totalCount } }', {}],
    ['a type', 'query ($f: PayoutFiltr) { payouts(filter: $f) { totalCount } }', {}],
    ['an input field', '{ payouts(filter: { amoutn: {} }) { totalCount } }', {}],
    ['an input field in a variable', list, { f: { amoutn: {} } }],
  ] as const;

  it.each(misspelt)('does not suggest a name for a misspelt %s', async (_what, document, variables) => {
    const off = await startTestGateway({ env: { INTROSPECTION: 'off' } });
    const on = await startTestGateway();
    const message = async ({ run }: typeof on) => (await run(document, variables)).errors?.[0]?.message;
    expect(await message(off)).toEqual(expect.not.stringContaining('Did you mean'));
    expect(await message(on)).toEqual(expect.stringContaining('Did you mean'));
  });
});

describe("Lean's failures", () => {
  const failures: readonly (readonly [string, FaultRule, object])[] = [
    ['LEAN_REFUSED', { kind: 'status', status: 418, code: 'TEAPOT' }, { httpStatus: 418, code: 'TEAPOT' }],
    ['LEAN_UNAUTHORIZED', { kind: 'status', status: 401 }, { httpStatus: 401 }],
    ['LEAN_RATE_LIMITED', { kind: 'status', status: 429 }, { httpStatus: 429, retryable: true }],
    ['LEAN_UNAVAILABLE', { kind: 'html' }, { httpStatus: 503, retryable: true }],
    ['LEAN_UNAVAILABLE', { kind: 'drop_before' }, { retryable: true }],
    ['LEAN_BAD_RESPONSE', { kind: 'broken_json' }, { httpStatus: 200, retryable: false }],
    ['LEAN_TIMEOUT', { kind: 'stall' }, { retryable: true }],
  ];

  it.each(failures)(
    'become %s by %j, with what Lean said in codes and ids alone',
    async (code, fault, lean) => {
      // Whatever else ends by itself is given the time that it takes, on a busy machine too.
      const env = fault.kind === 'stall' ? { LEAN_TIMEOUT_MS: '300' } : {};
      const { run, lean: sandbox } = await startTestGateway({ env });
      sandbox.faults.add(fault);
      const { status, data, errors } = await run(example);
      expect([status, data]).toEqual([200, { payoutByPayment: null }]);
      expect(errors).toMatchObject([{ path: ['payoutByPayment'], extensions: { code, lean } }]);
      const [error] = errors ?? [];
      expect(Object.keys(error?.extensions ?? {}).sort()).toEqual(['code', 'lean']);
      const told = Object.keys((error?.extensions?.['lean'] ?? {}) as object);
      expect(['httpStatus', 'code', 'correlationId', 'traceId', 'retryable']).toEqual(
        expect.arrayContaining(told),
      );
      expect(JSON.stringify(errors)).not.toMatch(
        /sandbox-token|injected|<html|stack|"message":"[^"]*payment with/i,
      );
    },
  );

  it('are unavailability when nobody listens', async () => {
    const { run, lean } = await startTestGateway();
    await lean.close();
    expect((await run(example)).errors).toMatchObject([{ extensions: { code: 'LEAN_UNAVAILABLE' } }]);
  });
});

describe('a bug', () => {
  it('is masked for the caller and told in full to the log', async () => {
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
