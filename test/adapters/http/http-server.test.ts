import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Environment } from '../../../src/config/config.ts';
import { payoutIdOf } from '../../../src/payouts/values/ids.ts';
import { exampleIntentId, examplePayoutId, sandboxCredentials } from '../../../src/sandbox/named.ts';
import { startSandbox } from '../../../src/sandbox/sandbox.ts';
import { startHeldLean } from '../../support/held-lean.ts';
import { logLines } from '../../support/log-lines.ts';
import { createPayoutDocument, payoutInput } from '../../support/payout-input.ts';
import { postOperation, startListeningGateway } from '../../support/running-gateway.ts';

async function start(options: Parameters<typeof startListeningGateway>[0] = {}) {
  const gateway = await startListeningGateway(options);
  let closing: Promise<void> | undefined;
  const close = () => (closing ??= gateway.close());
  onTestFinished(close);
  return { ...gateway, close };
}

async function startBeforeHeldLean(env: Environment = {}) {
  const held = await startHeldLean();
  const logged = logLines();
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

describe('the listener', () => {
  it('tells its liveness and its readiness', async () => {
    const { origin } = await start();
    const type = 'application/json';
    expect(await get(`${origin}/health`)).toEqual({ status: 200, type, body: { status: 'ok' } });
    expect(await get(`${origin}/ready`)).toEqual({ status: 200, type, body: { status: 'ready' } });
    expect(await get(`${origin}/ready/?verbose`)).toMatchObject({ status: 200 });
  });

  it('is alive and not ready while the token endpoint refuses its credentials, until it takes them', async () => {
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
    // The token endpoint is left alone for a while after a refusal, so it takes some asking.
    while ((await postOperation(url, example)).errors !== undefined);
    expect(await get(`${origin}/ready`)).toMatchObject({ status: 200 });
  });

  it('answers 404 in JSON to a path that it does not have', async () => {
    const { origin } = await start();
    for (const path of ['/', '/graphq', '/graphql/x', '/health/x', '//', '/%'])
      expect(await get(origin + path)).toEqual({
        status: 404,
        type: 'application/json',
        body: { status: 'not found' },
      });
  });

  it('lets no foreign page read or ask', async () => {
    const { url } = await start();
    const origin = 'https://elsewhere.example';
    const answer = await postOperation(url, example, {}, { headers: { origin } });
    const preflight = await fetch(url, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    });
    await preflight.body?.cancel();
    for (const { headers } of [answer, preflight])
      expect([...headers.keys()].filter(name => name.startsWith('access-control'))).toEqual([]);
    expect(preflight.status).toBe(405);
  });

  it('names each request by the id that it came with', async () => {
    const logged = logLines();
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
    ['without one', {}],
    ['with one that is too long', { 'x-request-id': 'x'.repeat(65) }],
    ['with one that could forge a log line', { 'x-request-id': 'a b"}' }],
  ])('makes an id for a request %s', async (_what, headers) => {
    const { origin } = await start();
    const response = await fetch(`${origin}/health`, { headers });
    await response.body?.cancel();
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });

  it('refuses a body above 64 KiB also when its length is not announced', async () => {
    const { url } = await start();
    const half = new TextEncoder().encode(' '.repeat(40 * 1024));
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(half);
        controller.enqueue(half);
        controller.close();
      },
    });
    const answer = await postOperation(url, '', {}, { body, duplex: 'half' } as RequestInit);
    expect(answer).toMatchObject({ status: 413, errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
  });
});

/** Sends bytes as they are, and reads all that comes back; without `end` the connection stays as it is. */
async function raw(
  origin: string,
  text: string,
  end = true,
): Promise<{ socket: Socket; answer: Promise<string> }> {
  const { hostname, port } = new URL(origin);
  const socket = connect(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => undefined);
  const answer = once(socket, 'close').then(() => Buffer.concat(chunks).toString());
  if (end) socket.end(text);
  else await new Promise<void>(resolve => socket.write(text, () => resolve()));
  return { socket, answer };
}

it.each(['[', 'x:99999', '1.2.3.999', 'a b/c?d'])(
  'a Host header of %j is refused, and tells nothing of us',
  async host => {
    const { origin } = await start();
    const body = '{"query":"{__typename}"}';
    const { answer } = await raw(
      origin,
      `POST /graphql HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${String(body.length)}\r\nConnection: close\r\n\r\n${body}`,
    );
    expect(await answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(await answer).not.toMatch(/node_modules| at /);
  },
);

it('a caller who leaves in the middle of a request is no bug of ours', async () => {
  const { gateway, logged } = await startBeforeHeldLean();
  const { socket } = await raw(
    gateway.origin,
    'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"qu',
    false,
  );
  socket.destroy();
  await logged.line(({ msg }) => msg === 'request given up by the caller');
  await gateway.close();
  expect(logged.lines.filter(({ level }) => level >= 40)).toEqual([]);
});

describe('closing', () => {
  it('does not wait for a request that is not in whole', async () => {
    const { gateway } = await startBeforeHeldLean();
    const { answer } = await raw(
      gateway.origin,
      'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"qu',
      false,
    );
    // Answered after the half request has been heard: one connection after the other.
    await get(`${gateway.origin}/health`);
    await gateway.close();
    await answer;
  });

  it('lets a payout that is being created come to its end, and takes no new work meanwhile', async () => {
    const { held, gateway } = await startBeforeHeldLean();
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
    expect(await refused.json()).toEqual({ status: 'draining; nothing was done' });
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(refused.headers.get('connection')).toBe('close');

    atLean.answer(200, createdAtLean);
    expect((await creating).data).toEqual({
      createPayout: { __typename: 'PayoutCreated', payoutId: payoutIdOf(exampleIntentId) },
    });
    await closing;
    await expect(fetch(`${gateway.origin}/health`)).rejects.toThrow('fetch failed');
  });

  it('waits for a payout whose caller has gone away', async () => {
    const { held, logged, gateway } = await startBeforeHeldLean();
    const caller = new AbortController();
    const creating = postOperation(gateway.url, ...create('orphan'), { signal: caller.signal });
    const atLean = await held.request(0);
    caller.abort();
    await expect(creating).rejects.toThrow('aborted');
    await logged.line(({ msg }) => msg === 'request given up by the caller');
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
    ['has sent half a request', 'POST /graphql HTTP/1.1\r\nhost: gateway\r\n'],
    ['keeps its connection for later', 'GET /health HTTP/1.1\r\nhost: gateway\r\n\r\n'],
  ])('does not wait for a caller who %s', async (_what, text) => {
    const { origin, close } = await start();
    const { port, hostname } = new URL(origin);
    const socket = connect(Number(port), hostname).on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
    await once(socket, 'connect');
    socket.write(text);
    if (text.startsWith('GET')) await once(socket, 'data');
    // A round trip of another caller: by now the server has taken the connection.
    await get(`${origin}/health`);
    await close();
  });
});

describe('a caller who goes away', () => {
  it('ends the reads that were for nobody else', async () => {
    const { held, gateway } = await startBeforeHeldLean();
    const caller = new AbortController();
    const reading = postOperation(gateway.url, example, {}, { signal: caller.signal });
    const atLean = await held.request(0);
    caller.abort();
    await expect(reading).rejects.toThrow('aborted');
    await atLean.untilDropped();
  });

  it('is told of in the log as that, and not as a failure', async () => {
    const { held, logged, gateway } = await startBeforeHeldLean();
    const caller = new AbortController();
    const reading = postOperation(gateway.url, example, {}, { signal: caller.signal });
    const atLean = await held.request(0);
    caller.abort();
    await expect(reading).rejects.toThrow('aborted');
    await atLean.untilDropped();
    await gateway.close();
    expect(logged.lines.map(({ msg }) => msg)).toContain('request given up by the caller');
    expect(logged.lines.filter(({ level }) => level >= 40)).toEqual([]);
  });

  it('leaves a read to the others who wait for it', async () => {
    const { held, logged, gateway } = await startBeforeHeldLean();
    const caller = new AbortController();
    const leaving = postOperation(gateway.url, example, {}, { signal: caller.signal });
    const atLean = await held.request(0);
    const staying = postOperation(
      gateway.url,
      `{ a: payoutByPayment(paymentId: "${examplePayoutId}") { id } p2: payoutByPayment(paymentId: "${otherId}") { id } }`,
    );
    // The second read shows that the staying caller has come to Lean.
    const other = await held.request(1);
    expect(other.path).toContain(otherId);
    caller.abort();
    await expect(leaving).rejects.toThrow('aborted');
    await logged.line(({ msg }) => msg === 'request given up by the caller');
    expect(atLean.dropped).toBe(false);
    atLean.answer(404, {});
    other.answer(404, {});
    expect((await staying).data).toEqual({ a: null, p2: null });
  });

  it('never ends a payout that is being created', async () => {
    const { held, logged, gateway } = await startBeforeHeldLean();
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
    await logged.line(({ msg }) => msg === 'request given up by the caller');
    expect(atLean.dropped).toBe(false);
    atLean.answer(200, createdAtLean);
    const told = await logged.line(({ msg, operation }) => msg === 'lean' && operation !== 'listPayouts');
    expect(told).toMatchObject({ operation: 'createPayoutPayment', status: 200 });
  });
});

const otherId = 'b0000000-0000-4000-8000-000000000099';

/** What Lean answers to the creation of `payoutInput`. */
const createdAtLean = {
  payouts_payment_details: [
    {
      payment_intent_id: exampleIntentId,
      payment_id: examplePayoutId,
      destination_details: { payment_status: 'CREATED', amount: 16.5, currency: 'AED' },
    },
  ],
};
