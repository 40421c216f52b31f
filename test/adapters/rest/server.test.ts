import { Validator } from '@seriousme/openapi-schema-validator';
import { request } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startRestServer } from '../../../src/adapters/rest/server.ts';
import type { Environment } from '../../../src/config/config.ts';
import { operations, restPathOf, type Operation } from '../../../src/lean/operations.ts';
import { OperationCalls } from '../../../src/operations/operation-calls.ts';
import { payoutIdOf } from '../../../src/payouts/values/ids.ts';
import { exampleIntentId, examplePayoutId, sandboxCredentials } from '../../../src/sandbox/named.ts';
import type { SandboxOptions } from '../../../src/sandbox/sandbox.ts';
import { json, rawServer } from '../../lean/wiring.ts';
import { creatingAt } from '../../support/creating.ts';
import { logLines } from '../../support/log-lines.ts';
import { createPayoutDocument, leanCreation, payoutInput } from '../../support/payout-input.ts';
import { postOperation, startListeningGateway } from '../../support/running-gateway.ts';
import { freshStore, opened, stores } from '../../support/stores.ts';
import { openAccess } from '../../support/open-access.ts';
import { anybody } from '../../../src/access/caller.ts';

async function start(options: { readonly env?: Environment; readonly sandbox?: SandboxOptions } = {}) {
  const gateway = await startListeningGateway({ ...options, env: { REST_PORT: '0', ...options.env } });
  onTestFinished(() => gateway.close());
  return { ...gateway, rest: gateway.restUrl ?? '' };
}

const ofReference = (reference: string | null): readonly object[] =>
  leanCreation({ external_reference: reference }).payment_details;

const createPath = '/v1/payouts/v1/payment';

function post(
  url: string,
  content: unknown,
  headers: Record<string, string> = { 'idempotency-key': 'key-1' },
) {
  return fetch(`${url}${createPath}`, {
    method: 'POST',
    body: typeof content === 'string' ? content : JSON.stringify(content),
    headers: { 'content-type': 'application/json', ...headers },
  });
}

/** Sends a path as it is, which `fetch` would tidy up. */
function raw(url: string, path: string, method = 'GET'): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const sent = request({ hostname, port, path, method }, response => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() });
      });
    });
    sent.on('error', reject);
    sent.end();
  });
}

describe('a read', () => {
  const nobody = '00000000-0000-4000-8000-000000000000';

  it.each([
    '/payouts/v1/payments',
    '/payouts/v1/payments?page_number=1&page_size=7&amount_min=100.50&from=2020-01-01T00%3A00%3A00%2B04%3A00',
    '/payouts/v1/payments?page_size=0001&to_updated_at=2099-12-31T00:00:00Z',
    `/payouts/v1/${examplePayoutId}`,
    `/payouts/v1/intents/${exampleIntentId}`,
    `/payouts/v1/payments/${exampleIntentId}/history`,
    `/payouts/v1/${nobody}`,
    `/payouts/v1/intents/${nobody}`,
    `/payouts/v1/payments/${nobody}/history`,
  ])('is Lean’s answer, byte for byte: %s', async path => {
    // Lean's refusals say when they were made.
    const now = Date.now();
    const { rest, lean } = await start({ sandbox: { clock: () => now } });
    const ours = await fetch(`${rest}/v1${path}`);
    const theirs = await fetch(`${lean.url}${path}`, {
      headers: { authorization: `Bearer ${sandboxCredentials.token}` },
    });
    expect(ours.status).toBe(theirs.status);
    expect(ours.headers.get('content-type')).toBe(theirs.headers.get('content-type'));
    expect(Buffer.from(await ours.arrayBuffer())).toEqual(Buffer.from(await theirs.arrayBuffer()));
    expect(lean.requests[0]?.query).toEqual(lean.requests[1]?.query);
  });

  it.each([
    { kind: 'status', status: 422, code: 'INVALID_PARAMETERS' },
    { kind: 'html', status: 418 },
    { kind: 'status', status: 429, retryAfter: 9999 },
    { kind: 'status', status: 401 },
    { kind: 'status', status: 500 },
  ] as const)(
    'passes on what Lean refuses or fails, less headers that are nobody’s business (%o)',
    async fault => {
      const { rest, lean } = await start();
      lean.faults.add(fault);
      const answer = await fetch(`${rest}/v1/payouts/v1/${examplePayoutId}`);
      expect(answer.status).toBe(fault.status);
      expect(await answer.text()).toContain(fault.kind === 'html' ? 'cloudflare' : '"status"');
      expect(answer.headers.get('retry-after')).toBe('retryAfter' in fault ? '9999' : null);
      for (const name of answer.headers.keys()) expect(name).not.toMatch(/^(lean-|cf-|server$|set-cookie)/);
    },
  );

  it.each([
    [{ kind: 'broken_json' }, 502, 'LEAN_BAD_RESPONSE'],
    [{ kind: 'drop_after' }, 502, 'LEAN_UNAVAILABLE'],
    [{ kind: 'stall', part: 'headers' }, 504, 'LEAN_TIMEOUT'],
  ] as const)('of which nothing comes (%o) is a problem', async (fault, status, code) => {
    // Whatever else ends by itself is given the time that it takes, on a busy machine too.
    const { rest, lean } = await start({ env: fault.kind === 'stall' ? { LEAN_TIMEOUT_MS: '300' } : {} });
    lean.faults.add(fault);
    const answer = await fetch(`${rest}/v1/payouts/v1/${examplePayoutId}`);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(await answer.json()).toMatchObject({
      status,
      code,
      lean: { retryable: expect.any(Boolean) as boolean },
    });
  });

  it.each([
    ['page_number=-1', 'page_number', 'a whole number from 0'],
    ['page_size=0', 'page_size', 'a whole number from 1 to 1000'],
    ['page_size=1e1', 'page_size', 'a whole number'],
    ['page_size=99999999999999999999', 'page_size', 'a whole number'],
    ['amount_min=NaN', 'amount_min', 'a decimal number'],
    ['amount_max=-1', 'amount_max', 'a decimal number of at least zero'],
    ['from=yesterday', 'from', 'an RFC 3339 date and time'],
    ['to=2026-02-30T00:00:00Z', 'to', 'an RFC 3339 date and time'],
    ['status=FAILED', 'status', 'accepted: page_number, page_size'],
    ['page_size=1&page_size=2', 'page_size', 'more than once'],
    ['__proto__=1', '__proto__', 'accepted: page_number, page_size'],
    ['constructor=1', 'constructor', 'accepted: page_number, page_size'],
  ])('with %s is told which parameter is wrong, and what is accepted', async (query, parameter, problem) => {
    const { rest, lean } = await start();
    const answer = await fetch(`${rest}/v1/payouts/v1/payments?${query}`);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      code: 'BAD_USER_INPUT',
      problems: [{ parameter, problem: expect.stringContaining(problem) as string }],
    });
    expect(lean.requests).toEqual([]);
  });

  it('is given up at Lean when its caller leaves', async () => {
    const { rest, lean } = await start({ sandbox: { latencyMs: 60_000 } });
    const caller = new AbortController();
    const left = fetch(`${rest}/v1/payouts/v1/${examplePayoutId}`, { signal: caller.signal }).catch(
      () => 'left',
    );
    while (lean.requests.length === 0) await new Promise(setImmediate);
    caller.abort();
    expect(await left).toBe('left');
    while ((await lean.connections()) > 0) await new Promise(setImmediate);
  });
});

describe.each(stores)('a payout (%s)', kind => {
  /** The routes in front of a Lean whose answers are known to the letter. */
  async function before(answer: (posts: number) => { readonly status: number; readonly text: string }) {
    let posts = 0;
    const lean = await rawServer((response, { method }) => {
      if (method !== 'POST') return json(response, { content: [], page: { total_elements: 0 } });
      const { status, text } = answer((posts += 1));
      response.writeHead(status, { 'content-type': 'application/json;charset=UTF-8' }).end(text);
    });
    const core = creatingAt(lean.url, opened(await freshStore(kind)));
    const calls = new OperationCalls({ ...core, requireKey: true });
    const server = await startRestServer({ ...silent, calls });
    onTestFinished(() => server.drain());
    return { rest: server.url, heard: lean.heard, core };
  }

  it('is Lean’s answer byte for byte, and again from the record', async () => {
    const text = `{ "payouts_payment_details" : [ {"payment_intent_id":"i",\n "destination_details":{"amount":16.50}} ] }`;
    const { rest, heard } = await before(() => ({ status: 201, text }));
    for (let times = 0; times < 2; times += 1) {
      const answer = await post(rest, leanCreation());
      expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
        201,
        'application/json;charset=UTF-8',
        text,
      ]);
      expect(answer.headers.get('idempotency-key')).toBe('key-1');
    }
    expect(heard).toHaveLength(1);
  });

  it('that Lean refuses is its refusal as it came, and again from the record', async () => {
    const text = '{"status":"INVALID_IBAN","message":"no such IBAN: AE07 0331","metadata":null}';
    const { rest, heard } = await before(() => ({ status: 400, text }));
    for (let times = 0; times < 2; times += 1) {
      const answer = await post(rest, leanCreation());
      expect([answer.status, await answer.text()]).toEqual([400, text]);
    }
    expect(heard).toHaveLength(1);
  });

  it('whose key Lean turned away is Lean’s word, and may be sent again', async () => {
    const { rest, heard } = await before(posts =>
      posts === 1
        ? { status: 429, text: '{"status":"RATE_LIMIT_EXCEEDED","message":"Slow down."}' }
        : { status: 200, text: '{"payouts_payment_details":[{"payment_intent_id":"i"}]}' },
    );
    expect((await post(rest, leanCreation())).status).toBe(429);
    expect((await post(rest, leanCreation())).status).toBe(200);
    expect(heard.map(({ method }) => method)).toEqual([
      'POST',
      // An empty list is read twice.
      'GET',
      'GET',
      'POST',
    ]);
  });

  it('reaches Lean with the digits and the order that it was sent in', async () => {
    const { rest, heard } = await before(() => ({ status: 200, text: '{}' }));
    const amount = '123456789012345678.90';
    const transfers = JSON.stringify(leanCreation()).replace('16.5', amount);
    await post(rest, transfers);
    expect(heard[0]?.body).toContain(`"amount":${amount},"currency":"AED"`);
  });

  it('is one and the same by GraphQL and by its route, in either order', async () => {
    const { url, rest, lean } = await start({ env: await storeEnv(kind) });
    const held = lean.payouts.all().length;
    const created = await postOperation(url, createPayoutDocument, { input: payoutInput('key-1') });
    const again = await post(rest, leanCreation());
    expect(again.status).toBe(200);
    const [intent] = ((await again.json()) as { payouts_payment_details: { payment_intent_id: string }[] })
      .payouts_payment_details;
    expect(created.data).toMatchObject({
      createPayout: { payoutId: payoutIdOf(intent?.payment_intent_id ?? '') },
    });
    await post(rest, leanCreation({ external_reference: 'mine' }), { 'idempotency-key': 'key-2' });
    await postOperation(url, createPayoutDocument, {
      input: payoutInput('key-2', {
        externalReference: 'mine',
        amount: { amount: '16.50', currency: 'AED' },
      }),
    });
    expect(lean.payouts.all()).toHaveLength(held + 2);
  });
});

describe('a payout', () => {
  it('whose outcome is unknown is a 504 with the key, and is found when it comes again', async () => {
    const { rest, lean } = await start();
    lean.faults.add({ kind: 'drop_after', operation: 'createPayoutPayment', times: 1 });
    const lost = await post(rest, leanCreation());
    expect(lost.status).toBe(504);
    const problem = (await lost.json()) as { readonly retryAfterSeconds: number };
    expect(problem).toMatchObject({
      code: 'PAYOUT_OUTCOME_UNKNOWN',
      idempotencyKey: 'key-1',
      reason: 'WAITING',
      resendAt: expect.stringMatching(/Z$/) as string,
    });
    expect(lost.headers.get('retry-after')).toBe(String(problem.retryAfterSeconds));
    const found = await post(rest, leanCreation());
    const payout = lean.payouts.all().find(({ externalReference }) => externalReference === 'key-1');
    expect(found.status).toBe(200);
    expect(await found.json()).toMatchObject({
      payouts_payment_details: [
        {
          payment_intent_id: payout?.intentId,
          destination_details: {
            amount: 16.5,
            currency: 'AED',
            payment_status: 'CREATED',
            recipient_details: { iban: expect.stringMatching(/^AE/) as string },
          },
        },
      ],
    });
  });

  it('with another body under its key is a conflict', async () => {
    const { rest, lean } = await start();
    await post(rest, leanCreation());
    const posts = lean.requests.length;
    const answer = await post(rest, leanCreation({ amount: 17 }));
    expect(answer.status).toBe(409);
    expect(await answer.json()).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT', idempotencyKey: 'key-1' });
    expect(lean.requests).toHaveLength(posts);
  });

  it('like another one of unknown outcome names that one’s key', async () => {
    const { rest, lean } = await start();
    lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
    expect((await post(rest, leanCreation())).status).toBe(504);
    const answer = await post(rest, leanCreation(), { 'idempotency-key': 'key-2' });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-similar-unknown-key')).toBe('key-1');
    const other = await post(rest, leanCreation({ description: 'other' }), { 'idempotency-key': 'key-3' });
    expect(other.headers.get('x-similar-unknown-key')).toBeNull();
  });

  it('needs a key, unless it is said that it does not: then one is made up and told', async () => {
    const strict = await start();
    const refused = await post(strict.rest, leanCreation(), {});
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ problems: [{ parameter: 'idempotency-key' }] });
    expect(strict.lean.requests).toEqual([]);
    const lenient = await start({ env: { REQUIRE_IDEMPOTENCY_KEY: 'off' } });
    const keys = new Set<string | null>();
    for (let times = 0; times < 2; times += 1)
      keys.add((await post(lenient.rest, leanCreation(), {})).headers.get('idempotency-key'));
    expect([...keys]).toEqual([
      expect.stringMatching(/^[\da-f-]{36}$/),
      expect.stringMatching(/^[\da-f-]{36}$/),
    ]);
  });

  it('with thousands of unknown parameters is told twenty of them, and once what is accepted', async () => {
    const { rest, lean } = await start();
    const names = Array.from({ length: 3000 }, (_, index) => String(index));
    const response = await fetch(`${rest}/v1/payouts/v1/payments?${names.join('&')}`);
    expect(response.status).toBe(400);
    const text = await response.text();
    const { problems } = JSON.parse(text) as { problems: { problem: string }[] };
    expect(problems).toHaveLength(20);
    expect(problems.filter(({ problem }) => problem.includes('accepted: page_number'))).toHaveLength(1);
    expect(lean.requests).toEqual([]);
  });

  const wrong: readonly (readonly [unknown, string, string])[] = [
    ['', 'body', 'not valid JSON'],
    ['{"payment_details":', 'body', 'not valid JSON'],
    ['['.repeat(100_000), 'body', 'is nested more than 32 levels deep'],
    [`[${'{},'.repeat(85_000)}{}]`, 'body', 'holds more than 10000 values'],
    [null, 'body', 'of type object'],
    [{}, 'payment_details', 'is missing'],
    [{ payment_details: [] }, 'payment_details', 'not accepted'],
    [leanCreation({}, { extra: 1 }), 'payment_details.0.extra', 'not known'],
    [leanCreation({ amount: '16.5 AED' }), 'payment_details.0.destination_details.0.amount', 'not accepted'],
    [leanCreation({ amount: 0 }), 'payment_details.0.destination_details.0.amount', 'not accepted'],
    [leanCreation({ amount: -5 }), 'payment_details.0.destination_details.0.amount', 'not accepted'],
    [leanCreation({ amount: 1.005 }), 'payment_details.0.destination_details.0.amount', 'at most 2'],
    [leanCreation({ amount: null }), 'payment_details.0.destination_details.0.amount', 'number or string'],
    [leanCreation({ currency: 'aed' }), 'payment_details.0.destination_details.0.currency', 'not accepted'],
    [
      leanCreation({}, { currency: undefined }),
      'payment_details.0.destination_details.0.currency',
      'missing',
    ],
    [leanCreation({ currency: 'XYZ' }), 'payment_details.0.destination_details.0.currency', 'ISO 4217'],
    [
      leanCreation({ payment_destination_id: '../x' }),
      'payment_details.0.destination_details.0.payment_destination_id',
      'not accepted',
    ],
    [
      leanCreation({ description: 'x'.repeat(33) }),
      'payment_details.0.destination_details.0.description',
      'not accepted',
    ],
    [
      leanCreation({ description: 'a\r\nb' }),
      'payment_details.0.destination_details.0.description',
      'control',
    ],
    [
      leanCreation({ authorize_payment: 'true' }),
      'payment_details.0.destination_details.0.authorize_payment',
      'boolean',
    ],
    [leanCreation({}, { account_id: 'a/../b' }), 'payment_details.0.account_id', 'not accepted'],
    [
      { payment_details: ['key-1.1', null].flatMap(reference => ofReference(reference)) },
      'payment_details.0.destination_details.0.external_reference',
      'must differ from payment_details.1.destination_details.0.external_reference',
    ],
  ];

  it.each(wrong)(
    'of the body %j is told that %s is wrong, and Lean hears nothing',
    async (content, parameter, problem) => {
      const { rest, lean } = await start();
      const answer = await post(rest, content);
      expect(answer.status).toBe(400);
      const { code, problems } = (await answer.json()) as { code: string; problems: unknown[] };
      expect(code).toBe('BAD_USER_INPUT');
      expect(problems).toContainEqual({ parameter, problem: expect.stringContaining(problem) as string });
      expect(lean.requests).toEqual([]);
    },
  );

  it.each(['', ' key', 'k\u00e9y', 'k'.repeat(256)])(
    'of the key %j is told so, and Lean hears nothing',
    async key => {
      const { rest, lean } = await start();
      const { hostname, port } = new URL(rest);
      const status = await new Promise<number | undefined>((resolve, reject) => {
        const headers = {
          'content-type': 'application/json',
          'idempotency-key': Buffer.from(key).toString('latin1'),
        };
        const sent = request({ hostname, port, path: createPath, method: 'POST', headers }, response => {
          response.resume();
          resolve(response.statusCode);
        });
        sent.on('error', reject);
        sent.end(JSON.stringify(leanCreation()));
      });
      // A blank in front of a header's value is no part of it.
      expect(status).toBe(key === ' key' ? 200 : 400);
      if (key !== ' key') expect(lean.requests).toEqual([]);
    },
  );

  it('of a body with a fault in every place is told of some, shortly', async () => {
    const { rest } = await start();
    const answer = await post(rest, { payment_details: Array.from({ length: 50_000 }, () => 1) });
    expect(answer.status).toBe(400);
    expect((await answer.text()).length).toBeLessThan(10_000);
  });

  it('of two keys is told so', async () => {
    const { rest, lean } = await start();
    const { hostname, port } = new URL(rest);
    const status = await new Promise<number | undefined>(resolve => {
      const headers = ['content-type', 'application/json', 'idempotency-key', 'a', 'idempotency-key', 'b'];
      const sent = request({ hostname, port, path: createPath, method: 'POST', headers }, response => {
        response.resume();
        resolve(response.statusCode);
      });
      sent.end(JSON.stringify(leanCreation()));
    });
    expect(status).toBe(400);
    expect(lean.requests).toEqual([]);
  });
});

describe('an id', () => {
  it.each([
    '..%2fpayments',
    '%2e%2e',
    '%2E%2E%2Fpayment',
    `${examplePayoutId}%2fhistory`,
    `${examplePayoutId}%00`,
    `${examplePayoutId}%0d%0ahost:x`,
    `${examplePayoutId}%3fpage_size=1`,
    '%27%20or%20%271%27=%271',
    `${'9'.repeat(4000)}`,
    '%e9',
  ])('like %s is refused, and Lean hears nothing', async id => {
    const { rest, lean } = await start();
    for (const path of [
      `/v1/payouts/v1/${id}`,
      `/v1/payouts/v1/intents/${id}`,
      `/v1/payouts/v1/payments/${id}/history`,
    ])
      expect((await raw(rest, path)).status).toBe(400);
    expect(lean.requests).toEqual([]);
  });

  it('does not lead to another address', async () => {
    const { rest, lean } = await start();
    for (const path of [
      '/v1/payouts/v1/../v1/payments',
      '/v1//payouts/v1/payments',
      '/v1/payouts/v1/intents/',
      '/V1/payouts/v1/payments',
    ])
      expect((await raw(rest, path)).status).toBe(404);
    expect(lean.requests).toEqual([]);
  });
});

describe('the listener', () => {
  it.each([
    ['PUT', createPath, 405, 'POST'],
    ['GET', createPath, 405, 'POST'],
    ['DELETE', '/v1/payouts/v1/payments', 405, 'GET'],
    ['HEAD', `/v1/payouts/v1/${examplePayoutId}`, 405, 'GET'],
    ['GET', '/', 404, null],
    ['GET', '/payouts/v1/payments', 404, null],
    ['GET', '/graphql', 404, null],
  ])('answers %s %s with %i', async (method, path, status, allow) => {
    const { rest, lean } = await start();
    const answer = await fetch(`${rest}${path}`, { method });
    expect([answer.status, answer.headers.get('allow')]).toEqual([status, allow]);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    if (method !== 'HEAD') expect(await answer.json()).toMatchObject({ status, type: 'about:blank' });
    expect(lean.requests).toEqual([]);
  });

  it('takes JSON only, and not too much of it', async () => {
    const { rest, lean } = await start();
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp'])
      expect(
        (await post(rest, leanCreation(), { 'idempotency-key': 'k', 'content-type': type })).status,
      ).toBe(415);
    const large = await post(rest, JSON.stringify(leanCreation({ description: 'x'.repeat(300_000) })));
    expect(large.status).toBe(413);
    expect(lean.requests).toEqual([]);
  });

  it('says in one line of the log what was asked, without keys or bodies', async () => {
    const logged = logLines();
    const gateway = await startListeningGateway({ env: { REST_PORT: '0' }, log: logged.log });
    onTestFinished(() => gateway.close());
    await post(gateway.restUrl ?? '', leanCreation({ description: 'a secret' }));
    const line = await logged.line(({ surface }) => surface === 'rest');
    expect(line).toMatchObject({ method: 'POST', path: createPath, status: 200, msg: 'request' });
    expect(JSON.stringify(logged.lines)).not.toContain('a secret');
  });
});

describe('/openapi.json', () => {
  it('describes each operation, and is valid', async () => {
    const { rest } = await start();
    const document = (await (await fetch(`${rest}/openapi.json`)).json()) as {
      paths: Record<string, Record<string, { operationId: string }>>;
    };
    const validator = new Validator();
    expect(await validator.validate(structuredClone(document))).toEqual({ valid: true });
    expect(validator.version).toBe('3.1');
    for (const operation of Object.values(operations))
      expect(document.paths[restPathOf(operation)]?.[operation.method.toLowerCase()]?.operationId).toBe(
        operation.name,
      );
  });

  it('says whether a key is needed', async () => {
    for (const setting of ['on', 'off']) {
      const { rest } = await start({ env: { REQUIRE_IDEMPOTENCY_KEY: setting } });
      const document = (await (await fetch(`${rest}/openapi.json`)).json()) as {
        paths: Record<string, { post: { parameters: unknown[] } }>;
      };
      expect(document.paths[createPath]?.post.parameters).toMatchObject([
        { name: 'idempotency-key', in: 'header', required: setting === 'on' },
      ]);
    }
  });
});

it('an operation that changes something is not passed on by the rules for reads', async () => {
  const { url, heard } = await rawServer(response => json(response, {}));
  const core = creatingAt(url, opened(await freshStore('SQLite')));
  const operation: Operation = { ...operations.getPayout, name: 'cancelPayout', method: 'POST' };
  const calls = new OperationCalls({ ...core, requireKey: true });
  await expect(
    calls.call({ operation, values: { payment_id: examplePayoutId }, caller: anybody }),
  ).rejects.toThrow('no rules for it');
  expect(heard).toEqual([]);
});

it('an operation that is added to the table has its route and its description', async () => {
  const { url, heard } = await rawServer(response => json(response, { refund: true }));
  const refund: Operation = {
    ...operations.getPayout,
    name: 'getRefund',
    path: '/payouts/refunds/{refund_id}',
    title: 'One refund',
    parameters: [{ name: 'refund_id', in: 'path', type: 'uuid', required: true, description: 'The refund.' }],
  };
  const core = creatingAt(url, opened(await freshStore('SQLite')));
  const server = await startRestServer({
    ...silent,
    calls: new OperationCalls({ ...core, requireKey: true }),
    operations: [...Object.values(operations), refund],
  });
  onTestFinished(() => server.drain());
  const answer = await fetch(`${server.url}/v1/payouts/refunds/${examplePayoutId}`);
  expect(await answer.json()).toEqual({ refund: true });
  expect(heard.map(({ target }) => target)).toEqual([`/payouts/refunds/${examplePayoutId}`]);
  expect(await (await fetch(`${server.url}/openapi.json`)).text()).toContain('"operationId":"getRefund"');
});

const silent = {
  host: '127.0.0.1',
  port: 0,
  log: logLines().log,
  authenticator: openAccess,
  described: { requireKey: true, wantsToken: false },
};

async function storeEnv(kind: (typeof stores)[number]): Promise<Environment> {
  const config = await freshStore(kind);
  return 'url' in config ? { DATABASE_URL: config.url } : { DATA_DIR: config.folder };
}
