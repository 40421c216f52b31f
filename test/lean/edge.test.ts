import { getEventListeners } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { LeanClient } from '../../src/lean/client.ts';
import { connectLean } from '../../src/lean/connect.ts';
import { LeanError } from '../../src/errors/lean-errors.ts';
import { Bulkhead } from '../../src/lean/bulkhead.ts';
import { Retries, RetryBudget } from '../../src/lean/retry.ts';
import type { Transport } from '../../src/lean/transport.ts';
import { sandboxCredentials } from '../../src/sandbox/named.ts';
import { Random } from '../../src/sandbox/random.ts';
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { createPayoutDocument, payoutInput } from '../support/payout-input.ts';
import { startTestGateway } from '../support/test-gateway.ts';
import { clientTo, failureOf, gate, listening, startLean, transportTo } from './wiring.ts';

/** A server in front of a Lean, that sees every connection and every request first. */
async function startFront(handle: (request: IncomingMessage, response: ServerResponse) => void) {
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

function idsOf(lean: Sandbox, count: number): string[] {
  const ids = lean.payouts.all().flatMap(({ paymentId }) => (paymentId === null ? [] : [paymentId]));
  expect(ids.length).toBeGreaterThanOrEqual(count);
  return ids.slice(0, count);
}

/** A client with everything that the gateway's own has. */
function connected(url: string, maxConcurrency: number): { client: LeanClient; close(): Promise<void> } {
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
 * What befalls a read's attempt, by its number and the read's alone: so the same reads meet the same faults in
 * whatever order they arrive.
 */
function fateOf(read: number, attempt: number): 'reset' | 503 | 429 | 'well' {
  // Among 1000 reads this seed keeps clear of the budget and of the breaker, also when reads overtake each other.
  const drawn = new Random(836, `${String(read)} ${String(attempt)}`).fraction();
  if (drawn < 0.08) return 'reset';
  if (drawn < 0.12) return 503;
  return drawn < 0.15 ? 429 : 'well';
}

it('answers 995 of 1000 reads and more while one call in seven fails, with a fifth more calls at most', async () => {
  const lean = await startLean({ payouts: 1300 });
  const ids = idsOf(lean, 1000);
  const places = new Map(ids.map((id, index) => [id, index]));
  const attempts = new Map<number, number>();
  let received = 0;
  let faults = 0;
  const { url } = await startFront((request, response) => {
    received += 1;
    const read = places.get(request.url?.split('/').at(-1) ?? '') ?? -1;
    const attempt = (attempts.get(read) ?? 0) + 1;
    attempts.set(read, attempt);
    const fate = fateOf(read, attempt);
    if (fate === 'well') {
      lean.listener(request, response);
      return;
    }
    faults += 1;
    if (fate === 'reset') request.socket.resetAndDestroy();
    else response.writeHead(fate).end('{}');
  });
  const client = clientTo(url, {
    retries: new Retries({ budget: new RetryBudget(() => 0), random: () => 0.05 }),
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

it('leaves a Lean that is gone alone, and has it back with one probe', async () => {
  const lean = await startSandbox({ payouts: 30 });
  const ids = idsOf(lean, 20);
  const inner = transportTo(lean.url);
  let sent = 0;
  const transport: Transport = {
    ...inner,
    exchange: (request, options) => {
      const exchange = inner.exchange(request, options);
      return {
        ended: exchange.ended,
        start: () => {
          sent += 1;
          exchange.start();
        },
        fail: error => exchange.fail(error),
      };
    },
  };
  let read = new Bulkhead({ concurrency: 16, queue: 64, probeAfterMs: 600_000 });
  const lanes = {
    get read() {
      return read;
    },
    write: new Bulkhead({ concurrency: 4, queue: 16 }),
  };
  const client = clientTo(lean.url, { transport, lanes });
  const [first = ''] = ids;
  await lean.close();
  while (!read.open) await failureOf(client.getPayout(first));
  const sentUntilOpen = sent;
  // Ten failures open it; each read may try three times.
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
  const again = await startSandbox({ payouts: 30, port: Number(new URL(lean.url).port) });
  onTestFinished(() => again.close());
  await vi.waitUntil(() => client.getPayout(first).then(Boolean, () => false));
  expect(again.requests).toHaveLength(1);
  for (const payout of await Promise.all(ids.map(id => client.getPayout(id)))) expect(payout).not.toBeNull();
});

it.each(['headers', 'body'] as const)('does not wait for a Lean that stalls (%s)', async part => {
  const lean = await startLean({ payouts: 1 });
  lean.faults.add({ kind: 'stall', part });
  const [id = ''] = idsOf(lean, 1);
  const client = clientTo(lean.url, { timeoutMs: 300 });
  const before = performance.now();
  expect(await failureOf(client.getPayout(id))).toMatchObject({ code: 'LEAN_TIMEOUT' });
  const took = performance.now() - before;
  expect(took).toBeGreaterThan(250);
  // A busy machine may be late by itself; a second attempt would take twice the time, and waiting has no end.
  expect(took).toBeLessThan(1300);
  expect(lean.requests).toHaveLength(1);
});

describe('a gateway with 16 connections', () => {
  const readByPayment = 'query ($id: ID!) { payout: payoutByPayment(paymentId: $id) { id } }';

  it('never has more in flight than those, and answers 500 operations side by side', async () => {
    const lean = await startLean({ payouts: 600, latencyMs: 2 });
    let inFlight = 0;
    let most = 0;
    const front = await startFront((request, response) => {
      inFlight += 1;
      most = Math.max(most, inFlight);
      response.once('close', () => (inFlight -= 1));
      lean.listener(request, response);
    });
    const gateway = await startTestGateway({
      env: { LEAN_BASE_URL: front.url, LEAN_MAX_CONCURRENCY: '16', LEAN_TIMEOUT_MS: '20000' },
    });
    const reads = idsOf(lean, 440).map(id => gateway.run<{ payout: { id: string } }>(readByPayment, { id }));
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
    expect(front.sockets.size).toBeLessThanOrEqual(16);
    expect(lean.requests).toHaveLength(500);
  });

  it('creates payouts while Lean answers no read and reads are waiting', async () => {
    const lean = await startLean({ payouts: 300 });
    const release = gate();
    let reading = 0;
    const front = await startFront((request, response) => {
      if (request.method === 'POST') return lean.listener(request, response);
      reading += 1;
      void release.opened.then(() => lean.listener(request, response));
    });
    const gateway = await startTestGateway({
      env: { LEAN_BASE_URL: front.url, LEAN_MAX_CONCURRENCY: '16', LEAN_TIMEOUT_MS: '20000' },
    });
    const reads = idsOf(lean, 200).map(id => gateway.run(readByPayment, { id }));
    await vi.waitUntil(() => reading === 14, { timeout: 10_000 });
    const { data } = await gateway.run(createPayoutDocument, { input: payoutInput('key-1') });
    expect(data).toMatchObject({ createPayout: { __typename: 'PayoutCreated' } });
    expect(reading).toBe(14);
    release.open();
    for (const { errors } of await Promise.all(reads)) expect(errors).toBeUndefined();
  });
});

it('keeps neither connections nor listeners of thousands of reads that were given up', async () => {
  const lean = await startLean({ payouts: 1 });
  let stalling = true;
  let stalled = 0;
  const front = await startFront((request, response) => {
    if (stalling) stalled += 1;
    else lean.listener(request, response);
  });
  const { client } = connected(front.url, 16);
  for (let batch = 0; batch < 10; batch += 1) {
    const before = stalled;
    const leaver = new AbortController();
    const { signal } = leaver;
    const reads = Array.from({ length: 300 }, (_, index) =>
      failureOf(client.getPayout(`${String(batch)}-${String(index)}`, { signal })),
    );
    await vi.waitUntil(() => stalled > before, { timeout: 10_000, interval: 1 });
    const reason = new Error('gone');
    leaver.abort(reason);
    expect(new Set(await Promise.all(reads))).toEqual(new Set([reason]));
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    await vi.waitUntil(() => front.sockets.size <= 16, { timeout: 10_000 });
  }
  // Of 3000 reads no more arrived than had a place.
  expect(stalled).toBeLessThanOrEqual(10 * 14);
  await vi.waitUntil(() => front.sockets.size === 0, { timeout: 10_000 });
  stalling = false;
  const [id = ''] = idsOf(lean, 1);
  expect(await client.getPayout(id)).toMatchObject({ id });
});
