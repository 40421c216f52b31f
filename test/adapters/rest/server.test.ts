import { Validator } from '@seriousme/openapi-schema-validator';
import { request } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { FinishedRequest } from '../../../src/adapters/http/request-log.ts';
import { startRestServer } from '../../../src/adapters/rest/server.ts';
import type { Environment } from '../../../src/config/config.ts';
import { operations, restPathOf, type Operation } from '../../../src/lean/operations.ts';
import { OperationCalls } from '../../../src/operations/operation-calls.ts';
import { payoutIdOf } from '../../../src/payouts/values/ids.ts';
import { exampleIntentId, examplePayoutId, sandboxCredentials } from '../../../src/sandbox/fixtures.ts';
import type { SandboxOptions } from '../../../src/sandbox/sandbox.ts';
import { json, rawServer } from '../../lean/fixtures.ts';
import { createTestCore } from '../../support/test-core.ts';
import { captureLog } from '../../support/log-lines.ts';
import { createPayoutDocument, leanCreation, payoutInput } from '../../support/payout-input.ts';
import { postOperation, startListeningGateway } from '../../support/running-gateway.ts';
import { freshStore, openTestStore, storeKinds } from '../../support/stores.ts';
import { anonymousAuthenticator } from '../../support/anonymous-authenticator.ts';
import { defaultReference } from '../../support/default-reference.ts';
import { anonymousCaller } from '../../../src/access/caller.ts';

async function start(options: { readonly env?: Environment; readonly sandbox?: SandboxOptions } = {}) {
  const gateway = await startListeningGateway({ ...options, env: { REST_PORT: '0', ...options.env } });
  onTestFinished(() => gateway.close());
  return { ...gateway, rest: gateway.restUrl ?? '' };
}

const detailsWithReference = (reference: string | null): readonly object[] =>
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

/** Sends a path unchanged. `fetch` would normalize it. */
function sendRaw(url: string, path: string, method = 'GET'): Promise<{ status: number; body: string }> {
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
  const unknownId = '00000000-0000-4000-8000-000000000000';

  it.each([
    '/payouts/v1/payments',
    '/payouts/v1/payments?page_number=1&page_size=7&amount_min=100.50&from=2020-01-01T00%3A00%3A00%2B04%3A00',
    '/payouts/v1/payments?page_size=0001&to_updated_at=2099-12-31T00:00:00Z',
    `/payouts/v1/${examplePayoutId}`,
    `/payouts/v1/intents/${exampleIntentId}`,
    `/payouts/v1/payments/${exampleIntentId}/history`,
    `/payouts/v1/${unknownId}`,
    `/payouts/v1/intents/${unknownId}`,
    `/payouts/v1/payments/${unknownId}/history`,
  ])('returns Lean’s response byte for byte: %s', async path => {
    // Lean's error bodies contain a timestamp, so the clock is fixed.
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
    { kind: 'status', status: 429, retryAfter: 3000 },
    { kind: 'status', status: 500 },
  ] as const)('returns Lean’s error response without its internal headers (%o)', async fault => {
    const { rest, lean } = await start();
    lean.faults.add(fault);
    const response = await fetch(`${rest}/v1/payouts/v1/${examplePayoutId}`);
    expect(response.status).toBe(fault.status);
    expect(await response.text()).toContain('"status"');
    expect(response.headers.get('retry-after')).toBe('retryAfter' in fault ? '3000' : null);
    for (const name of response.headers.keys()) expect(name).not.toMatch(/^(lean-|cf-|server$|set-cookie)/);
  });

  it.each([
    [503, 502, 'LEAN_UNAVAILABLE'],
    [429, 502, 'LEAN_RATE_LIMITED'],
    [404, 502, 'LEAN_REFUSED'],
    [200, 502, 'LEAN_BAD_RESPONSE'],
  ])('with a page of a proxy (%i) is answered with problem details: %i, %s', async (status, ours, code) => {
    const { rest, lean } = await start();
    lean.faults.add({ kind: 'html', status });
    const response = await fetch(`${rest}/v1/payouts/v1/${examplePayoutId}`);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect([response.status, await response.json()]).toMatchObject([
      ours,
      { code, lean: { httpStatus: status } },
    ]);
    expect(lean.requests.length).toBeGreaterThan(0);
  });

  it.each([401, 403])(
    'does not return a refusal of the gateway’s own credentials (%i), which would look like one of the caller’s',
    async status => {
      const { rest, lean } = await start();
      lean.faults.add({ kind: 'status', status });
      const response = await fetch(`${rest}/v1/payouts/v1/${examplePayoutId}`);
      expect(response.status).toBe(502);
      expect(await response.json()).toEqual({
        type: 'about:blank',
        title: 'Bad Gateway',
        status: 502,
        code: 'LEAN_UNAUTHORIZED',
        detail: "Lean refused the gateway's credentials.",
        lean: expect.objectContaining({ httpStatus: status, retryable: false }) as object,
      });
    },
  );

  it('does not return such a refusal of a creation either, and the same key pays once afterwards', async () => {
    const { rest, lean } = await start();
    lean.faults.add({ kind: 'status', status: 401, operation: 'createPayoutPayment' });
    const create = () =>
      fetch(`${rest}/v1/payouts/v1/payment`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': 'key-1' },
        body: JSON.stringify(leanCreation()),
      });
    const payoutsBefore = lean.payouts.all().length;
    const refused = await create();
    expect([refused.status, await refused.json()]).toMatchObject([
      502,
      { code: 'LEAN_UNAUTHORIZED', idempotencyKey: 'key-1' },
    ]);
    expect(lean.payouts.all()).toHaveLength(payoutsBefore);
    lean.faults.clear();
    for (let times = 0; times < 2; times += 1) expect((await create()).status).toBe(200);
    expect(lean.payouts.all()).toHaveLength(payoutsBefore + 1);
  });

  it('does not return a redirect', async () => {
    const { rest, lean } = await start();
    lean.faults.add({ kind: 'status', status: 302 });
    const response = await fetch(`${rest}/v1/payouts/v1/${examplePayoutId}`, { redirect: 'manual' });
    expect([response.status, await response.json()]).toMatchObject([502, { code: 'LEAN_BAD_RESPONSE' }]);
  });

  it.each([
    ['120', '120'],
    ['Sun, 01 Mar 2026 08:30:00 GMT', '1'],
    ['Sun, 01 Mar 2126 08:30:00 GMT', '3600'],
    ['1015000000601', '3600'],
    ['account AE070331234567890123456 is busy', null],
    ['120, AE070331234567890123456', null],
    ['Sun, 01 Mar 2026 08:30:00 GMT AE070331234567890123456', null],
    ['-1', null],
  ])('turns Lean’s retry-after %j into seconds, at most an hour', async (retryAfter, passedOn) => {
    const { rest, lean } = await start({ env: { MASK_IBAN: 'on' } });
    lean.faults.add({ kind: 'status', status: 422, retryAfter });
    const response = await fetch(`${rest}/v1/payouts/v1/${examplePayoutId}`);
    expect([response.status, response.headers.get('retry-after')]).toEqual([422, passedOn]);
    expect(lean.requests).toHaveLength(1);
  });

  it.each([
    [{ kind: 'broken_json' }, 502, 'LEAN_BAD_RESPONSE'],
    [{ kind: 'drop_after' }, 502, 'LEAN_UNAVAILABLE'],
    [{ kind: 'stall', part: 'headers' }, 504, 'LEAN_TIMEOUT'],
  ] as const)(
    'without a usable response of Lean’s returns problem details (%o)',
    async (fault, status, code) => {
      // Only the stalled response needs a short timeout. The other faults end by themselves, also on a busy machine.
      const { rest, lean } = await start({ env: fault.kind === 'stall' ? { LEAN_TIMEOUT_MS: '300' } : {} });
      lean.faults.add(fault);
      const response = await fetch(`${rest}/v1/payouts/v1/${examplePayoutId}`);
      expect(response.status).toBe(status);
      expect(response.headers.get('content-type')).toBe('application/problem+json');
      expect(await response.json()).toMatchObject({
        status,
        code,
        lean: { retryable: expect.any(Boolean) as boolean },
      });
    },
  );

  it.each([
    ['page_number=-1', 'page_number', 'a whole number from 0'],
    ['page_size=0', 'page_size', 'a whole number from 1 to 1000'],
    ['page_size=1e1', 'page_size', 'a whole number'],
    ['page_size=99999999999999999999', 'page_size', 'a whole number'],
    ['amount_min=NaN', 'amount_min', 'a decimal number'],
    ['amount_max=-1', 'amount_max', 'a decimal number of at least zero'],
    ['from=yesterday', 'from', 'an RFC 3339 date and time'],
    ['to=2026-02-30T00:00:00Z', 'to', 'an RFC 3339 date and time'],
    ['amount_min=10.01&amount_max=9.99', 'amount_min', 'is above amount_max.'],
    ['from=2026-03-02T00:00:00Z&to=2026-03-02T00:00:00%2B04:00', 'from', 'is after to.'],
    [
      'from_updated_at=2026-03-02T00:00:00Z&to_updated_at=2026-03-01T00:00:00Z',
      'from_updated_at',
      'is after to_updated_at.',
    ],
    ['status=FAILED', 'status', 'accepted: page_number, page_size'],
    ['page_size=1&page_size=2', 'page_size', 'more than once'],
    ['__proto__=1', '__proto__', 'accepted: page_number, page_size'],
    ['constructor=1', 'constructor', 'accepted: page_number, page_size'],
  ])(
    'with %s is refused with the name of the parameter and the accepted values',
    async (query, parameter, problem) => {
      const { rest, lean } = await start();
      const response = await fetch(`${rest}/v1/payouts/v1/payments?${query}`);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({
        code: 'BAD_USER_INPUT',
        problems: [{ parameter, problem: expect.stringContaining(problem) as string }],
      });
      expect(lean.requests).toEqual([]);
    },
  );

  it('is cancelled at Lean when its caller disconnects', async () => {
    const { rest, lean } = await start({ sandbox: { latencyMs: 60_000 } });
    const caller = new AbortController();
    const aborted = fetch(`${rest}/v1/payouts/v1/${examplePayoutId}`, { signal: caller.signal }).catch(
      () => 'aborted',
    );
    while (lean.requests.length === 0) await new Promise(setImmediate);
    caller.abort();
    expect(await aborted).toBe('aborted');
    while ((await lean.connections()) > 0) await new Promise(setImmediate);
  });
});

describe.each(storeKinds)('a payout (%s)', kind => {
  /** Starts the REST listener in front of a Lean that sends the given responses to creations. */
  async function startWithLean(
    respond: (posts: number) => { readonly status: number; readonly text: string },
  ) {
    let posts = 0;
    const lean = await rawServer((response, { method }) => {
      if (method !== 'POST') return json(response, { content: [], page: { total_elements: 0 } });
      const { status, text } = respond((posts += 1));
      response.writeHead(status, { 'content-type': 'application/json;charset=UTF-8' }).end(text);
    });
    const core = createTestCore(lean.url, openTestStore(await freshStore(kind)));
    const calls = new OperationCalls({ ...core, requireKey: true });
    const server = await startRestServer({ ...serverOptions, calls });
    onTestFinished(() => server.close());
    return { rest: server.url, received: lean.received, core };
  }

  it('is answered with Lean’s response byte for byte, and again from the record', async () => {
    const text = `{ "payouts_payment_details" : [ {"payment_intent_id":"i",\n "destination_details":{"amount":16.50}} ] }`;
    const { rest, received } = await startWithLean(() => ({ status: 201, text }));
    for (let times = 0; times < 2; times += 1) {
      const response = await post(rest, leanCreation());
      expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([
        201,
        'application/json;charset=UTF-8',
        text,
      ]);
      expect(response.headers.get('idempotency-key')).toBe('key-1');
    }
    expect(received).toHaveLength(1);
  });

  it('that Lean refuses is answered with Lean’s refusal unchanged, and again from the record', async () => {
    const text = '{"status":"INVALID_IBAN","message":"no such IBAN: AE07 0331","metadata":null}';
    const { rest, received } = await startWithLean(() => ({ status: 400, text }));
    for (let times = 0; times < 2; times += 1) {
      const response = await post(rest, leanCreation());
      expect([response.status, await response.text()]).toEqual([400, text]);
    }
    expect(received).toHaveLength(1);
  });

  it('that Lean refused with 429 is sent again under the same key', async () => {
    const { rest, received } = await startWithLean(posts =>
      posts === 1
        ? { status: 429, text: '{"status":"RATE_LIMIT_EXCEEDED","message":"Slow down."}' }
        : { status: 200, text: '{"payouts_payment_details":[{"payment_intent_id":"i"}]}' },
    );
    expect((await post(rest, leanCreation())).status).toBe(429);
    expect((await post(rest, leanCreation())).status).toBe(200);
    expect(received.map(({ method }) => method)).toEqual([
      'POST',
      // Reconciliation reads an empty list twice.
      'GET',
      'GET',
      'POST',
    ]);
  });

  it('reaches Lean with the same digits and the same order of fields', async () => {
    const { rest, received } = await startWithLean(() => ({ status: 200, text: '{}' }));
    const amount = '123456789012345678.90';
    const transfers = JSON.stringify(leanCreation()).replace('16.5', amount);
    await post(rest, transfers);
    expect(received[0]?.body).toContain(`"amount":${amount},"currency":"AED"`);
  });

  it('is created once for one key by GraphQL and REST, in either order', async () => {
    const { url, rest, lean } = await start({ env: await storeEnv(kind) });
    const payoutsBefore = lean.payouts.all().length;
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
    expect(lean.payouts.all()).toHaveLength(payoutsBefore + 2);
  });
});

describe('a payout', () => {
  it('of unknown outcome is answered with 504 and its key, and found when the key is repeated', async () => {
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

  it('with another body under its key is refused with 409', async () => {
    const { rest, lean } = await start();
    await post(rest, leanCreation());
    const posts = lean.requests.length;
    const response = await post(rest, leanCreation({ amount: 17 }));
    expect(response.status).toBe(409);
    expect(await response.json()).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT', idempotencyKey: 'key-1' });
    expect(lean.requests).toHaveLength(posts);
  });

  it('that resembles one of unknown outcome is answered with the key of that one', async () => {
    const { rest, lean } = await start();
    lean.faults.add({ kind: 'drop_before', operation: 'createPayoutPayment', times: 1 });
    expect((await post(rest, leanCreation())).status).toBe(504);
    const response = await post(rest, leanCreation(), { 'idempotency-key': 'key-2' });
    expect(response.status).toBe(200);
    expect(response.headers.get('x-similar-unknown-key')).toBe('key-1');
    const other = await post(rest, leanCreation({ description: 'other' }), { 'idempotency-key': 'key-3' });
    expect(other.headers.get('x-similar-unknown-key')).toBeNull();
  });

  it('needs a key unless REQUIRE_IDEMPOTENCY_KEY is off; then the response has a generated key', async () => {
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

  it('is refused with at most twenty problems for thousands of unknown parameters', async () => {
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
    ['', 'body', 'is empty; send a JSON object.'],
    ['{"payment_details":', 'body', 'not valid JSON'],
    ['['.repeat(100_000), 'body', 'is nested more than 32 levels deep'],
    [`[${'{},'.repeat(85_000)}{}]`, 'body', 'holds more than 10000 values'],
    [null, 'body', 'of type object'],
    [{}, 'payment_details', 'is missing'],
    [{ payment_details: [] }, 'payment_details', 'is empty; at least 1 is required'],
    [
      leanCreation({}, { destination_details: [] }),
      'payment_details.0.destination_details',
      'is empty; at least 1 is required',
    ],
    [leanCreation({}, { extra: 1 }), 'payment_details.0.extra', 'not known'],
    [
      leanCreation({ amount: '16.5 AED' }),
      'payment_details.0.destination_details.0.amount',
      'such as "16.50"',
    ],
    [leanCreation({ amount: 0 }), 'payment_details.0.destination_details.0.amount', 'must be above zero'],
    [leanCreation({ amount: -5 }), 'payment_details.0.destination_details.0.amount', 'must be above zero'],
    [leanCreation({ amount: 1.005 }), 'payment_details.0.destination_details.0.amount', 'at most 2'],
    [leanCreation({ amount: null }), 'payment_details.0.destination_details.0.amount', 'number or string'],
    [leanCreation({ currency: 'aed' }), 'payment_details.0.destination_details.0.currency', 'such as "AED"'],
    [
      leanCreation({}, { currency: undefined }),
      'payment_details.0.destination_details.0.currency',
      'missing',
    ],
    [leanCreation({ currency: 'XYZ' }), 'payment_details.0.destination_details.0.currency', 'ISO 4217'],
    [
      leanCreation({ payment_destination_id: '../x' }),
      'payment_details.0.destination_details.0.payment_destination_id',
      'must be the id of a destination at Lean: a UUID such as',
    ],
    [
      leanCreation({ description: 'x'.repeat(33) }),
      'payment_details.0.destination_details.0.description',
      'has 33 characters; accepted: 1 to 32',
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
    [leanCreation({}, { account_id: 'a/../b' }), 'payment_details.0.account_id', '1 to 64 letters'],
    [
      {
        payment_details: [defaultReference('key-1', 1), null].flatMap(reference =>
          detailsWithReference(reference),
        ),
      },
      'payment_details.0.destination_details.0.external_reference',
      'must differ from the reference that payment_details.1.destination_details.0 has by default',
    ],
  ];

  it.each(wrong)(
    'with the body %j is refused with a problem for %s, and nothing is sent to Lean',
    async (content, parameter, problem) => {
      const { rest, lean } = await start();
      const response = await post(rest, content);
      expect(response.status).toBe(400);
      const { code, problems } = (await response.json()) as { code: string; problems: unknown[] };
      expect(code).toBe('BAD_USER_INPUT');
      expect(problems).toContainEqual({ parameter, problem: expect.stringContaining(problem) as string });
      expect(lean.requests).toEqual([]);
    },
  );

  it.each(['', ' key', 'k\u00e9y', 'k'.repeat(256)])(
    'with the key %j is refused unless HTTP trims the key, and nothing is sent to Lean',
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
      // HTTP trims the whitespace before a header's value.
      expect(status).toBe(key === ' key' ? 200 : 400);
      if (key !== ' key') expect(lean.requests).toEqual([]);
    },
  );

  it('with thousands of faults in its body is refused with a short response', async () => {
    const { rest } = await start();
    const response = await post(rest, { payment_details: Array.from({ length: 50_000 }, () => 1) });
    expect(response.status).toBe(400);
    expect((await response.text()).length).toBeLessThan(10_000);
  });

  it.each([
    [[101], 'payment_details has 101 transfers in all; accepted: at most 100.'],
    [[60, 41], 'payment_details has 101 transfers in all; accepted: at most 100.'],
    [Array<number>(101).fill(0), 'payment_details has 101 entries; accepted: at most 100.'],
  ])(
    'with too many transfers is refused with their number, and nothing is sent to Lean',
    async (sizes, detail) => {
      const { rest, lean } = await start();
      const entries = sizes.map(size => ({ destination_details: Array.from({ length: size }, () => ({})) }));
      const response = await post(rest, { payment_details: entries });
      expect([response.status, await response.json()]).toMatchObject([400, { detail }]);
      expect(lean.requests).toEqual([]);
    },
  );

  it('without a key is told that the key is missing', async () => {
    const { rest, lean } = await start();
    expect(await (await post(rest, leanCreation(), {})).json()).toMatchObject({
      code: 'BAD_USER_INPUT',
      detail: expect.stringMatching(/^idempotency-key is missing; it must be 1 to 255 /) as string,
    });
    expect(lean.requests).toEqual([]);
  });

  it('with two idempotency-key headers is refused', async () => {
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
  ])('like %s is refused, and nothing is sent to Lean', async id => {
    const { rest, lean } = await start();
    for (const path of [
      `/v1/payouts/v1/${id}`,
      `/v1/payouts/v1/intents/${id}`,
      `/v1/payouts/v1/payments/${id}/history`,
    ])
      expect((await sendRaw(rest, path)).status).toBe(400);
    expect(lean.requests).toEqual([]);
  });

  it('cannot lead to another route', async () => {
    const { rest, lean } = await start();
    for (const path of [
      '/v1/payouts/v1/../v1/payments',
      '/v1//payouts/v1/payments',
      '/v1/payouts/v1/intents/',
      '/V1/payouts/v1/payments',
    ])
      expect((await sendRaw(rest, path)).status).toBe(404);
    expect(lean.requests).toEqual([]);
  });
});

describe('the REST listener', () => {
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
    const response = await fetch(`${rest}${path}`, { method });
    expect([response.status, response.headers.get('allow')]).toEqual([status, allow]);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    if (method !== 'HEAD') expect(await response.json()).toMatchObject({ status, type: 'about:blank' });
    expect(lean.requests).toEqual([]);
  });

  it('refuses bodies that are not JSON with 415, and bodies above 256 KiB with 413', async () => {
    const { rest, lean } = await start();
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp'])
      expect(
        (await post(rest, leanCreation(), { 'idempotency-key': 'k', 'content-type': type })).status,
      ).toBe(415);
    const large = await post(rest, JSON.stringify(leanCreation({ description: 'x'.repeat(300_000) })));
    expect(large.status).toBe(413);
    expect(lean.requests).toEqual([]);
  });

  it('logs each request in one line without keys and bodies', async () => {
    const logged = captureLog();
    const gateway = await startListeningGateway({ env: { REST_PORT: '0' }, log: logged.log });
    onTestFinished(() => gateway.close());
    await post(gateway.restUrl ?? '', leanCreation({ description: 'a secret' }));
    const line = await logged.line(({ surface }) => surface === 'rest');
    expect(line).toMatchObject({ method: 'POST', path: createPath, status: 200, msg: 'request' });
    expect(JSON.stringify(logged.lines)).not.toContain('a secret');
  });
});

describe('/openapi.json', () => {
  it('is valid and describes each operation', async () => {
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

  it('tells whether a key is required', async () => {
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

it('an operation that is neither a read nor the creation of payouts is refused', async () => {
  const { url, received } = await rawServer(response => json(response, {}));
  const core = createTestCore(url, openTestStore(await freshStore('SQLite')));
  const operation: Operation = { ...operations.getPayout, name: 'cancelPayout', method: 'POST' };
  const calls = new OperationCalls({ ...core, requireKey: true });
  await expect(
    calls.call({ operation, values: { payment_id: examplePayoutId }, caller: anonymousCaller }),
  ).rejects.toThrow('neither a read nor the creation of payouts');
  expect(received).toEqual([]);
});

it('a request that fails because of a bug is reported as INTERNAL_SERVER_ERROR, and its response says nothing about the bug', async () => {
  const { promise, resolve } = Promise.withResolvers<FinishedRequest>();
  const server = await startRestServer({
    ...serverOptions,
    calls: { call: () => Promise.reject(new Error('a secret')) } as unknown as OperationCalls,
    onRequest: resolve,
  });
  onTestFinished(() => server.close());
  const response = await fetch(`${server.url}/v1/payouts/v1/${examplePayoutId}`);
  expect(response.status).toBe(500);
  expect(await response.text()).not.toContain('secret');
  expect(await promise).toMatchObject({ operation: 'getPayout', outcome: 'INTERNAL_SERVER_ERROR' });
});

it('with MASK_IBAN=on an account number that an error has as a number is masked', async () => {
  const { url, received } = await rawServer(response => {
    response
      .writeHead(422, { 'content-type': 'application/json' })
      .end('{"status":"ACCOUNT_BLOCKED","code":123456789012345}');
  });
  const core = createTestCore(url, openTestStore(await freshStore('SQLite')));
  const calls = new OperationCalls({ ...core, requireKey: true, maskIban: true });
  const server = await startRestServer({ ...serverOptions, calls });
  onTestFinished(() => server.close());
  const response = await fetch(`${server.url}/v1/payouts/v1/${examplePayoutId}`);
  expect([response.status, await response.text()]).toEqual([
    422,
    '{"status":"ACCOUNT_BLOCKED","code":"***********2345"}',
  ]);
  expect(received).toHaveLength(1);
});

it('an operation that is added to the operations gets a route and an OpenAPI description', async () => {
  const { url, received } = await rawServer(response => json(response, { refund: true }));
  const refund: Operation = {
    ...operations.getPayout,
    name: 'getRefund',
    path: '/payouts/refunds/{refund_id}',
    title: 'One refund',
    parameters: [{ name: 'refund_id', in: 'path', type: 'uuid', required: true, description: 'The refund.' }],
  };
  const core = createTestCore(url, openTestStore(await freshStore('SQLite')));
  const server = await startRestServer({
    ...serverOptions,
    calls: new OperationCalls({ ...core, requireKey: true }),
    operations: [...Object.values(operations), refund],
  });
  onTestFinished(() => server.close());
  const response = await fetch(`${server.url}/v1/payouts/refunds/${examplePayoutId}`);
  expect(await response.json()).toEqual({ refund: true });
  expect(received.map(({ target }) => target)).toEqual([`/payouts/refunds/${examplePayoutId}`]);
  expect(await (await fetch(`${server.url}/openapi.json`)).text()).toContain('"operationId":"getRefund"');
});

const serverOptions = {
  host: '127.0.0.1',
  port: 0,
  log: captureLog().log,
  authenticator: anonymousAuthenticator,
  openApi: { requireKey: true, requiresToken: false },
};

async function storeEnv(kind: (typeof storeKinds)[number]): Promise<Environment> {
  const config = await freshStore(kind);
  return 'url' in config ? { DATABASE_URL: config.url } : { DATA_DIR: config.folder };
}
