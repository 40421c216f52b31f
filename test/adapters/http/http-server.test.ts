import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { createClient } from 'graphql-ws';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { Environment } from '../../../src/config/config.ts';
import { payoutIdOf } from '../../../src/payouts/values/ids.ts';
import { exampleIntentId, examplePayoutId, sandboxCredentials } from '../../../src/sandbox/fixtures.ts';
import { startSandbox } from '../../../src/sandbox/sandbox.ts';
import { startHeldLean } from '../../support/held-lean.ts';
import { captureLog } from '../../support/log-lines.ts';
import { createPayoutDocument, leanCreation, payoutInput } from '../../support/payout-input.ts';
import { postOperation, startListeningGateway } from '../../support/running-gateway.ts';

async function start(options: Parameters<typeof startListeningGateway>[0] = {}) {
  const gateway = await startListeningGateway(options);
  let closing: Promise<void> | undefined;
  const close = () => (closing ??= gateway.close());
  onTestFinished(close);
  return { ...gateway, close };
}

async function startWithHeldLean(env: Environment = {}) {
  const held = await startHeldLean();
  const logged = captureLog();
  const gateway = await start({ env: { LEAN_BASE_URL: held.url, ...env }, log: logged.log });
  onTestFinished(() => held.close());
  return { held, logged, gateway };
}

const example = `{ payoutByPayment(paymentId: "${examplePayoutId}") { id amount { amount } } }`;
const create = (key: string) => [createPayoutDocument, { input: payoutInput(key) }] as const;

async function get(url: string, headers: Record<string, string> = {}) {
  const response = await fetch(url, { headers });
  return { status: response.status, type: response.headers.get('content-type'), body: await response.json() };
}

describe('the GraphQL listener', () => {
  it('answers /health and /ready with 200', async () => {
    const { origin } = await start();
    const type = 'application/json';
    expect(await get(`${origin}/health`)).toEqual({ status: 200, type, body: { status: 'ok' } });
    expect(await get(`${origin}/ready`)).toEqual({ status: 200, type, body: { status: 'ready' } });
    expect(await get(`${origin}/ready/?verbose`)).toMatchObject({ status: 200 });
  });

  it('is healthy but not ready while the token endpoint refuses its credentials', async () => {
    const lean = await startSandbox();
    onTestFinished(() => lean.close());
    const { origin, url } = await start({
      env: {
        LEAN_BASE_URL: lean.url,
        LEAN_TOKEN_URL: `${lean.url}/oauth2/token`,
        LEAN_API_TOKEN: '',
        LEAN_CLIENT_ID: sandboxCredentials.clientId,
        LEAN_CLIENT_SECRET: sandboxCredentials.clientSecret,
      },
    });
    lean.faults.add({ kind: 'status', operation: 'token', status: 401, times: 1 });
    expect(await get(`${origin}/ready`)).toMatchObject({ status: 200 });
    expect(await postOperation(url, example)).toMatchObject({
      data: { payoutByPayment: null },
      errors: [{ extensions: { code: 'LEAN_UNAUTHORIZED' } }],
    });
    expect(await get(`${origin}/ready`)).toMatchObject({
      status: 503,
      body: { status: expect.stringContaining('no access token') as string },
    });
    expect(await get(`${origin}/health`)).toMatchObject({ status: 200 });
    // After a refusal the gateway does not call the token endpoint for a while, so several requests may be needed.
    while ((await postOperation(url, example)).errors !== undefined);
    expect(await get(`${origin}/ready`)).toMatchObject({ status: 200 });
  });

  it('answers 404 in JSON for an unknown path', async () => {
    const { origin } = await start();
    for (const path of ['/', '/graphq', '/graphql/x', '/health/x', '//', '/%'])
      expect(await get(origin + path)).toEqual({
        status: 404,
        type: 'application/json',
        body: {
          errors: [{ message: 'GraphQL is at /graphql.', extensions: { code: 'BAD_USER_INPUT' } }],
        },
      });
  });

  it('gives pages of other origins no CORS permission', async () => {
    const { url } = await start();
    const origin = 'https://elsewhere.example';
    const response = await postOperation(url, example, {}, { headers: { origin } });
    const preflight = await fetch(url, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    });
    await preflight.body?.cancel();
    for (const { headers } of [response, preflight])
      expect([...headers.keys()].filter(name => name.startsWith('access-control'))).toEqual([]);
    expect(preflight.status).toBe(405);
  });

  it('uses the x-request-id of a request in the response and in the log', async () => {
    const logged = captureLog();
    const { url, lean } = await start({ log: logged.log });
    lean.faults.add({ kind: 'html' });
    const id = 'router.42:a-b_c';
    const { headers } = await postOperation(url, example, {}, { headers: { 'x-request-id': id } });
    expect(headers.get('x-request-id')).toBe(id);
    const { requestId } = await logged.line(({ msg }) => msg === 'request');
    expect(requestId).toBe(id);
    expect(logged.lines.filter(({ level }) => level === 40)).toMatchObject([{ requestId: id }]);
  });

  it.each([
    ['without x-request-id', {}],
    ['with an x-request-id that is too long', { 'x-request-id': 'x'.repeat(65) }],
    ['with an x-request-id that could forge a log line', { 'x-request-id': 'a b"}' }],
  ])('creates a UUID for a request %s', async (_name, headers) => {
    const { origin } = await start();
    const response = await fetch(`${origin}/health`, { headers });
    await response.body?.cancel();
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });

  it('refuses a body above 64 KiB without a content-length', async () => {
    const { url } = await start();
    const half = new TextEncoder().encode(' '.repeat(40 * 1024));
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(half);
        controller.enqueue(half);
        controller.close();
      },
    });
    const response = await postOperation(url, '', {}, { body, duplex: 'half' } as RequestInit);
    expect(response).toMatchObject({ status: 413, errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
  });
});

/** Sends bytes unchanged, and reads all that comes back. If `end` is false, the connection stays open. */
async function sendRaw(
  origin: string,
  text: string,
  end = true,
): Promise<{ socket: Socket; responseText: Promise<string> }> {
  const { hostname, port } = new URL(origin);
  const socket = connect(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => undefined);
  const responseText = once(socket, 'close').then(() => Buffer.concat(chunks).toString());
  if (end) socket.end(text);
  else await new Promise<void>(resolve => socket.write(text, () => resolve()));
  return { socket, responseText };
}

it.each(['[', 'x:99999', '1.2.3.999', 'a b/c?d'])(
  'a Host header of %j is refused without a stack trace',
  async host => {
    const { origin } = await start();
    const body = '{"query":"{__typename}"}';
    const { responseText } = await sendRaw(
      origin,
      `POST /graphql HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${String(body.length)}\r\nConnection: close\r\n\r\n${body}`,
    );
    expect(await responseText).toMatch(/^HTTP\/1\.1 400 /);
    expect(await responseText).not.toMatch(/node_modules| at /);
  },
);

it('a request whose caller disconnects in its middle is logged without an error', async () => {
  const { gateway, logged } = await startWithHeldLean();
  const { socket } = await sendRaw(
    gateway.origin,
    'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"qu',
    false,
  );
  socket.destroy();
  await logged.line(({ msg }) => msg === 'request aborted by the caller');
  await gateway.close();
  expect(logged.lines.filter(({ level }) => level >= 40)).toEqual([]);
});

it('an idle connection stays open for as long as HTTP_KEEP_ALIVE_MS says', async () => {
  const gateway = await start({ env: { HTTP_KEEP_ALIVE_MS: '90000' } });
  const { headers } = await fetch(`${gateway.origin}/health`);
  expect(headers.get('keep-alive')).toBe('timeout=90');
});

describe('closing the gateway', () => {
  it('does not wait for an incomplete request', async () => {
    const { gateway } = await startWithHeldLean();
    const { responseText } = await sendRaw(
      gateway.origin,
      'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"qu',
      false,
    );
    // When this request is answered, the gateway has read the incomplete one before it.
    await get(`${gateway.origin}/health`);
    await gateway.close();
    await responseText;
  });

  it('waits for a payout that is being created, and refuses new work', async () => {
    const { held, gateway } = await startWithHeldLean();
    const creating = postOperation(gateway.url, ...create('while-closing'));
    const atLean = await held.request(0);
    const closing = gateway.close();

    const ready = await get(`${gateway.origin}/ready`);
    expect(ready).toMatchObject({ status: 503, body: { status: 'draining' } });
    expect(await get(`${gateway.origin}/health`)).toMatchObject({ status: 200 });
    const [query, variables] = create('too-late');
    const refused = await fetch(gateway.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
    });
    expect(refused.status).toBe(503);
    expect(await refused.json()).toEqual({
      errors: [
        {
          message: 'The gateway is stopping; nothing was done. Send it again.',
          extensions: { code: 'LEAN_UNAVAILABLE', retryable: true, retryAfterSeconds: 1 },
        },
      ],
    });
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(refused.headers.get('connection')).toBe('close');

    atLean.answer(200, createdAtLean);
    expect((await creating).data).toEqual({
      createPayout: { __typename: 'PayoutCreated', payoutId: payoutIdOf(exampleIntentId) },
    });
    await closing;
    await expect(fetch(`${gateway.origin}/health`)).rejects.toThrow('fetch failed');
  });

  it('answers /ready and /metrics until a payout on another port is created', async () => {
    const { held, gateway } = await startWithHeldLean({ REST_PORT: '0' });
    const creating = fetch(`${gateway.restUrl ?? ''}/v1/payouts/v1/payment`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'key-1' },
      body: JSON.stringify(leanCreation()),
    });
    const atLean = await held.request(0);
    const closing = gateway.close();
    for (let times = 0; times < 20; times += 1)
      expect(await get(`${gateway.origin}/ready`)).toMatchObject({ status: 503 });
    expect((await fetch(`${gateway.origin}/metrics`)).status).toBe(200);
    atLean.answer(200, createdAtLean);
    expect((await creating).status).toBe(200);
    await closing;
    await expect(fetch(`${gateway.origin}/ready`)).rejects.toThrow('fetch failed');
  });

  it('waits for a payout that is being created over WebSocket, and closes the other connections', async () => {
    const { held, gateway } = await startWithHeldLean();
    const open = (closed: (code: number) => void) =>
      createClient({
        url: gateway.url.replace('http', 'ws'),
        webSocketImpl: WebSocket,
        retryAttempts: 0,
        lazy: false,
        onNonLazyError: () => undefined,
        on: {
          closed: event => {
            closed((event as { readonly code: number }).code);
          },
        },
      });
    const closeCodes: [busy?: number, idle?: number] = [];
    const busy = open(code => (closeCodes[0] = code));
    open(code => (closeCodes[1] = code));
    const [query, variables] = create('over-websocket');
    const creating = busy.iterate({ query, variables }).next();
    const atLean = await held.request(0);
    const closing = gateway.close();
    await expect.poll(() => closeCodes[1], { timeout: 20_000 }).toBe(1001);
    expect(closeCodes[0]).toBeUndefined();
    atLean.answer(200, createdAtLean);
    expect((await creating).value).toMatchObject({
      data: { createPayout: { __typename: 'PayoutCreated' } },
    });
    await closing;
    expect(closeCodes[0]).toBe(1001);
  });

  it('waits for a payout whose caller has disconnected', async () => {
    const { held, logged, gateway } = await startWithHeldLean();
    const caller = new AbortController();
    const creating = postOperation(gateway.url, ...create('orphan'), { signal: caller.signal });
    const atLean = await held.request(0);
    caller.abort();
    await expect(creating).rejects.toThrow('aborted');
    await logged.line(({ msg }) => msg === 'request aborted by the caller');
    const closing = gateway.close();
    expect(atLean.dropped).toBe(false);
    atLean.answer(200, createdAtLean);
    await closing;
    expect(atLean.dropped).toBe(false);
    expect(
      await logged.line(({ msg, operation }) => msg === 'lean' && operation !== 'listPayouts'),
    ).toMatchObject({
      operation: 'createPayoutPayment',
      status: 200,
    });
  });

  it.each([
    ['has sent nothing', ''],
    ['has sent an incomplete request', 'POST /graphql HTTP/1.1\r\nhost: gateway\r\n'],
    ['keeps an idle connection', 'GET /health HTTP/1.1\r\nhost: gateway\r\n\r\n'],
  ])('does not wait for a caller who %s', async (_name, text) => {
    const { origin, close } = await start();
    const { port, hostname } = new URL(origin);
    const socket = connect(Number(port), hostname).on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
    await once(socket, 'connect');
    socket.write(text);
    if (text.startsWith('GET')) await once(socket, 'data');
    // When another request has been answered, the server has accepted the first connection.
    await get(`${origin}/health`);
    await close();
  });
});

describe('a caller who disconnects', () => {
  it('cancels the reads that no other caller waits for', async () => {
    const { held, gateway } = await startWithHeldLean();
    const caller = new AbortController();
    const reading = postOperation(gateway.url, example, {}, { signal: caller.signal });
    const atLean = await held.request(0);
    caller.abort();
    await expect(reading).rejects.toThrow('aborted');
    await atLean.whenDropped();
  });

  it('is logged as an aborted request and not as an error', async () => {
    const { held, logged, gateway } = await startWithHeldLean();
    const caller = new AbortController();
    const reading = postOperation(gateway.url, example, {}, { signal: caller.signal });
    const atLean = await held.request(0);
    caller.abort();
    await expect(reading).rejects.toThrow('aborted');
    await atLean.whenDropped();
    await gateway.close();
    expect(logged.lines.map(({ msg }) => msg)).toContain('request aborted by the caller');
    expect(logged.lines.filter(({ level }) => level >= 40)).toEqual([]);
  });

  it('does not cancel a read that another caller waits for', async () => {
    const { held, logged, gateway } = await startWithHeldLean();
    const caller = new AbortController();
    const aborted = postOperation(gateway.url, example, {}, { signal: caller.signal });
    const atLean = await held.request(0);
    const remaining = postOperation(
      gateway.url,
      `{ a: payoutByPayment(paymentId: "${examplePayoutId}") { id } p2: payoutByPayment(paymentId: "${otherId}") { id } }`,
    );
    // The second read shows that the remaining caller's request has reached Lean.
    const other = await held.request(1);
    expect(other.path).toContain(otherId);
    caller.abort();
    await expect(aborted).rejects.toThrow('aborted');
    await logged.line(({ msg }) => msg === 'request aborted by the caller');
    expect(atLean.dropped).toBe(false);
    atLean.answer(404, {});
    other.answer(404, {});
    expect((await remaining).data).toEqual({ a: null, p2: null });
  });

  it('never cancels a payout that is being created', async () => {
    const { held, logged, gateway } = await startWithHeldLean();
    const { hostname, port } = new URL(gateway.url);
    const body = JSON.stringify({ query: createPayoutDocument, variables: { input: payoutInput('key-1') } });
    const caller = request({
      hostname,
      port,
      path: '/graphql',
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    }).on('error', () => undefined);
    caller.end(body);
    const atLean = await held.request(0);
    caller.destroy();
    await logged.line(({ msg }) => msg === 'request aborted by the caller');
    expect(atLean.dropped).toBe(false);
    atLean.answer(200, createdAtLean);
    const logLine = await logged.line(({ msg, operation }) => msg === 'lean' && operation !== 'listPayouts');
    expect(logLine).toMatchObject({ operation: 'createPayoutPayment', status: 200 });
  });
});

const otherId = 'b0000000-0000-4000-8000-000000000099';

/** Lean's response to the creation of `payoutInput`. */
const createdAtLean = {
  payouts_payment_details: [
    {
      payment_intent_id: exampleIntentId,
      payment_id: examplePayoutId,
      destination_details: { payment_status: 'CREATED', amount: 16.5, currency: 'AED' },
    },
  ],
};
