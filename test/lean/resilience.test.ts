import { getEventListeners } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { LeanClient } from '../../src/lean/client.ts';
import { connectLean } from '../../src/lean/connect.ts';
import { LeanError } from '../../src/errors/lean-errors.ts';
import { Bulkhead } from '../../src/lean/bulkhead.ts';
import { RetryBudget, RetryPolicy } from '../../src/lean/retry.ts';
import type { Transport } from '../../src/lean/transport.ts';
import { sandboxCredentials } from '../../src/sandbox/fixtures.ts';
import { Random } from '../../src/sandbox/random.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { createPayoutDocument, payoutInput } from '../support/payout-input.ts';
import { startTestGateway } from '../support/test-gateway.ts';
import { clientTo, failureOf, gate, startLean, transportTo } from './fixtures.ts';
import { listening } from '../support/started-server.ts';

/** Starts a proxy in front of a Lean. It sees every connection, and `handle` receives every request. */
async function startProxy(handle: (request: IncomingMessage, response: ServerResponse) => void) {
  const sockets = new Set<Socket>();
  const server = createServer(handle);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const url = await listening(server);
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url, sockets };
}

function paymentIds(lean: Sandbox, count: number): string[] {
  const ids = lean.payouts.all().flatMap(({ paymentId }) => (paymentId === null ? [] : [paymentId]));
  expect(ids.length).toBeGreaterThanOrEqual(count);
  return ids.slice(0, count);
}

/** A client with the same parts as the client of the gateway. */
function connectClient(url: string, maxConcurrency: number): { client: LeanClient; close(): Promise<void> } {
  const { client, close } = connectLean(
    {
      baseUrl: new URL(url),
      credentials: { token: sandboxCredentials.token },
      certificate: undefined,
      timeoutMs: 20_000,
      maxConcurrency,
    },
    {
      onCall: () => undefined,
      onCertificateReplaced: () => undefined,
      onCertificateProblem: () => undefined,
    },
  );
  onTestFinished(close);
  return { client, close };
}

/**
 * The outcome of an attempt. It depends only on the numbers of the read and of the attempt, so that the same reads meet
 * the same faults in whatever order they arrive.
 */
function outcomeOf(read: number, attempt: number): 'reset' | 503 | 429 | 'success' {
  // With this seed 1000 reads exceed neither the retry budget nor the limit of the circuit breaker, in any order.
  const fraction = new Random(836, `${String(read)} ${String(attempt)}`).fraction();
  if (fraction < 0.08) return 'reset';
  if (fraction < 0.12) return 503;
  return fraction < 0.15 ? 429 : 'success';
}

it('at least 995 of 1000 reads succeed while one call in seven fails, with at most a fifth more calls', async () => {
  const lean = await startLean({ payouts: 1300 });
  const ids = paymentIds(lean, 1000);
  const numbers = new Map(ids.map((id, index) => [id, index]));
  const attempts = new Map<number, number>();
  let received = 0;
  let faults = 0;
  const { url } = await startProxy((request, response) => {
    received += 1;
    const read = numbers.get(request.url?.split('/').at(-1) ?? '') ?? -1;
    const attempt = (attempts.get(read) ?? 0) + 1;
    attempts.set(read, attempt);
    const outcome = outcomeOf(read, attempt);
    if (outcome === 'success') {
      lean.listener(request, response);
      return;
    }
    faults += 1;
    if (outcome === 'reset') request.socket.resetAndDestroy();
    else response.writeHead(outcome).end('{}');
  });
  const client = clientTo(url, {
    retries: new RetryPolicy({ budget: new RetryBudget(() => 0), random: () => 0.05 }),
  });
  const outcomes: unknown[] = [];
  const waiting = [...ids];
  const worker = async (): Promise<void> => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift())
      outcomes.push(await client.getPayout(id).catch((error: unknown) => error));
  };
  await Promise.all(Array.from({ length: 16 }, worker));
  const failures = outcomes.filter(outcome => outcome instanceof Error);
  for (const failure of failures) expect(failure).toBeInstanceOf(LeanError);
  expect(outcomes).toHaveLength(1000);
  expect(outcomes.filter(outcome => ids.includes((outcome as { id?: string }).id ?? '')).length).toBe(
    1000 - failures.length,
  );
  expect(failures.length).toBeLessThanOrEqual(5);
  expect(faults).toBeGreaterThan(100);
  expect(received).toBeLessThanOrEqual(1000 * 1.2 + 10);
});

it('the client stops calling a Lean that is down, and resumes after one successful probe', async () => {
  const lean = await startSandbox({ payouts: 30 });
  const ids = paymentIds(lean, 20);
  const inner = transportTo(lean.url);
  let sent = 0;
  const transport: Transport = {
    ...inner,
    createRequest: (request, options) => {
      const created = inner.createRequest(request, options);
      return {
        outcome: created.outcome,
        start: () => {
          sent += 1;
          created.start();
        },
        fail: error => created.fail(error),
      };
    },
  };
  let read = new Bulkhead({ concurrency: 16, queue: 64, probeAfterMs: 600_000 });
  const bulkheads = {
    get read() {
      return read;
    },
    write: new Bulkhead({ concurrency: 4, queue: 16 }),
  };
  const client = clientTo(lean.url, { transport, bulkheads });
  const [first = ''] = ids;
  await lean.close();
  while (!read.open) await failureOf(client.getPayout(first));
  const sentUntilOpen = sent;
  // Ten failures open the circuit, and each read may make three attempts.
  expect(sentUntilOpen).toBeLessThanOrEqual(12);
  for (const failure of await Promise.all(ids.map(id => failureOf(client.getPayout(id)))))
    expect(failure).toMatchObject({
      name: 'LeanNotSent',
      code: 'LEAN_UNAVAILABLE',
      details: { retryable: true },
    });
  expect(sent).toBe(sentUntilOpen);

  read = new Bulkhead({ concurrency: 16, queue: 64, probeAfterMs: 20 });
  while (!read.open) await failureOf(client.getPayout(first));
  const restarted = await startSandbox({ payouts: 30, port: Number(new URL(lean.url).port) });
  onTestFinished(() => restarted.close());
  await vi.waitUntil(() => client.getPayout(first).then(Boolean, () => false));
  expect(restarted.requests).toHaveLength(1);
  for (const payout of await Promise.all(ids.map(id => client.getPayout(id)))) expect(payout).not.toBeNull();
});

it.each(['headers', 'body'] as const)('a read ends at its deadline when Lean stalls (%s)', async part => {
  const lean = await startLean({ payouts: 1 });
  lean.faults.add({ kind: 'stall', part });
  const [id = ''] = paymentIds(lean, 1);
  const client = clientTo(lean.url, { timeoutMs: 300 });
  const startedAt = performance.now();
  expect(await failureOf(client.getPayout(id))).toMatchObject({ code: 'LEAN_TIMEOUT' });
  const tookMs = performance.now() - startedAt;
  expect(tookMs).toBeGreaterThan(250);
  // A busy machine may add a delay of its own. Waiting for the stalled response would never end.
  expect(tookMs).toBeLessThan(1300);
  expect(lean.requests).toHaveLength(1);
});

describe('a gateway with 16 connections', () => {
  const readByPayment = 'query ($id: ID!) { payout: payoutByPayment(paymentId: $id) { id } }';

  it('answers 500 concurrent operations with at most 16 requests in flight', async () => {
    const lean = await startLean({ payouts: 600, latencyMs: 2 });
    let inFlight = 0;
    let most = 0;
    const proxy = await startProxy((request, response) => {
      inFlight += 1;
      most = Math.max(most, inFlight);
      response.once('close', () => (inFlight -= 1));
      lean.listener(request, response);
    });
    const gateway = await startTestGateway({
      env: { LEAN_BASE_URL: proxy.url, LEAN_MAX_CONCURRENCY: '16', LEAN_TIMEOUT_MS: '20000' },
    });
    const reads = paymentIds(lean, 440).map(id =>
      gateway.run<{ payout: { id: string } }>(readByPayment, { id }),
    );
    const writes = Array.from({ length: 60 }, (_, index) =>
      gateway.run<{ createPayout: { __typename: string } }>(createPayoutDocument, {
        input: payoutInput(`key-${String(index)}`),
      }),
    );
    for (const { data, errors } of await Promise.all(reads)) {
      expect(errors).toBeUndefined();
      expect(data?.payout.id).toMatch(/^po_[0-9a-f-]{36}$/);
    }
    for (const { data } of await Promise.all(writes))
      expect(data?.createPayout.__typename).toBe('PayoutCreated');
    expect(most).toBeLessThanOrEqual(16);
    expect(most).toBeGreaterThan(1);
    expect(proxy.sockets.size).toBeLessThanOrEqual(16);
    expect(lean.requests).toHaveLength(500);
  });

  it('creates payouts while reads wait for a Lean that answers none', async () => {
    const lean = await startLean({ payouts: 300 });
    const release = gate();
    let reading = 0;
    const proxy = await startProxy((request, response) => {
      if (request.method === 'POST') return lean.listener(request, response);
      reading += 1;
      void release.opened.then(() => lean.listener(request, response));
    });
    const gateway = await startTestGateway({
      env: { LEAN_BASE_URL: proxy.url, LEAN_MAX_CONCURRENCY: '16', LEAN_TIMEOUT_MS: '20000' },
    });
    const reads = paymentIds(lean, 200).map(id => gateway.run(readByPayment, { id }));
    await vi.waitUntil(() => reading === 14, { timeout: 10_000 });
    const { data } = await gateway.run(createPayoutDocument, { input: payoutInput('key-1') });
    expect(data).toMatchObject({ createPayout: { __typename: 'PayoutCreated' } });
    expect(reading).toBe(14);
    release.open();
    for (const { errors } of await Promise.all(reads)) expect(errors).toBeUndefined();
  });
});

it('thousands of cancelled reads leave no connections and no listeners', async () => {
  const lean = await startLean({ payouts: 1 });
  let stalling = true;
  let stalled = 0;
  const proxy = await startProxy((request, response) => {
    if (stalling) stalled += 1;
    else lean.listener(request, response);
  });
  const { client } = connectClient(proxy.url, 16);
  for (let batch = 0; batch < 10; batch += 1) {
    const before = stalled;
    const controller = new AbortController();
    const { signal } = controller;
    const reads = Array.from({ length: 300 }, (_, index) =>
      failureOf(client.getPayout(`${String(batch)}-${String(index)}`, { signal })),
    );
    await vi.waitUntil(() => stalled > before, { timeout: 10_000, interval: 1 });
    const reason = new Error('gone');
    controller.abort(reason);
    expect(new Set(await Promise.all(reads))).toEqual(new Set([reason]));
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    await vi.waitUntil(() => proxy.sockets.size <= 16, { timeout: 10_000 });
  }
  // Only the reads with a slot arrived, of 3000.
  expect(stalled).toBeLessThanOrEqual(10 * 14);
  await vi.waitUntil(() => proxy.sockets.size === 0, { timeout: 10_000 });
  stalling = false;
  const [id = ''] = paymentIds(lean, 1);
  expect(await client.getPayout(id)).toMatchObject({ id });
});
