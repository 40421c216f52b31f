import type { ServerResponse } from 'node:http';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { clientCredentialsToken } from '../../src/lean/access-token.ts';
import { CallBudget } from '../../src/lean/call-budget.ts';
import type { UpstreamCall } from '../../src/lean/upstream-call.ts';
import {
  LeanBadAnswer,
  LeanNotSent,
  LeanOutcomeUnknown,
  LeanRefused,
  LeanUnreachable,
} from '../../src/errors/lean-errors.ts';
import { Bulkhead } from '../../src/lean/bulkhead.ts';
import { LeanClock } from '../../src/lean/lean-clock.ts';
import { operations } from '../../src/lean/operations.ts';
import { RetryPolicy, RetryBudget } from '../../src/lean/retry.ts';
import type { HttpRequest, SendOptions } from '../../src/lean/upstream-request.ts';
import type { Transport } from '../../src/lean/transport.ts';
import { faultKinds } from '../../src/sandbox/lean-api/fault-rule.ts';
import { exampleIntentId, examplePayoutId, sandboxCredentials } from '../../src/sandbox/fixtures.ts';
import type { FaultRule } from '../../src/sandbox/sandbox.ts';
import {
  clientTo,
  createPayouts,
  failureOf,
  gate,
  json,
  ManualClocks,
  rawServer,
  startLean,
  transportTo,
  unusedAddress,
} from './fixtures.ts';

const unknownId = '00000000-0000-4000-8000-000000000000';

describe('a read', () => {
  it('returns the payout of Lean with exact amounts', async () => {
    const lean = await startLean();
    const { paymentId } = lean.payouts.add({ amount: '12345678901234567890.10' });
    const payment = await clientTo(lean.url).getPayout(paymentId ?? '');
    expect(payment).toMatchObject({ id: paymentId, amount: '12345678901234567890.10', currency: 'AED' });
  });

  it('of each kind goes to its own path', async () => {
    const lean = await startLean({ payouts: 1 });
    const client = clientTo(lean.url);
    await client.getPayout(examplePayoutId);
    await client.getPayoutIntent(exampleIntentId);
    await client.getPayoutHistory(exampleIntentId);
    await client.getPayoutDestination('d0000000-0000-4000-8000-000000000001');
    const { answer } = await client.listPayouts({ page_number: '0', page_size: '1', from: undefined });
    expect(answer.status).toBe(200);
    expect(lean.requests.map(({ method, path, query }) => [method, path, query])).toEqual([
      ['GET', `/payouts/v1/${examplePayoutId}`, {}],
      ['GET', `/payouts/v1/intents/${exampleIntentId}`, {}],
      ['GET', `/payouts/v1/payments/${exampleIntentId}/history`, {}],
      ['GET', '/payouts/v1/payment/destinations/d0000000-0000-4000-8000-000000000001', {}],
      ['GET', '/payouts/v1/payments', { page_number: '0', page_size: '1' }],
    ]);
  });

  it('returns null if Lean does not know the id', async () => {
    const client = clientTo((await startLean()).url);
    expect(await client.getPayout(unknownId)).toBeNull();
    expect(await client.getPayoutIntent(unknownId)).toBeNull();
    expect(await client.getPayoutHistory(unknownId)).toBeNull();
    expect(await client.getPayoutDestination(unknownId)).toBeNull();
  });

  it('fails if this Lean application has no such operation, because that says nothing about the id', async () => {
    const client = clientTo((await startLean({ profile: 'v1' })).url);
    for (const reading of [client.getPayout(unknownId), client.getPayoutIntent(unknownId)]) {
      const failure = await failureOf(reading);
      expect(failure).toBeInstanceOf(LeanRefused);
      expect(failure).toMatchObject({
        code: 'LEAN_REFUSED',
        details: { code: 'INVALID_URL', httpStatus: 404 },
      });
    }
  });

  it('of a list fails on a 404 and never returns null', async () => {
    const lean = await startLean();
    lean.faults.add({ kind: 'status', status: 404, code: 'UNKNOWN_PAYMENT' });
    const reading = clientTo(lean.url).listPayouts({ page_number: '0', page_size: '1' });
    expect(await failureOf(reading)).toBeInstanceOf(LeanRefused);
  });

  it.each([
    [{ kind: 'status', status: 401 }, LeanRefused],
    [{ kind: 'status', status: 403 }, LeanRefused],
    [{ kind: 'status', status: 422 }, LeanRefused],
    [{ kind: 'html', status: 404 }, LeanRefused],
    [{ kind: 'html', status: 200 }, LeanBadAnswer],
    [{ kind: 'broken_json' }, LeanBadAnswer],
    [{ kind: 'empty' }, LeanBadAnswer],
  ] as const)('fails on %o without a retry', async (fault, kind) => {
    const lean = await startLean({ payouts: 1 });
    lean.faults.add(fault);
    expect(await failureOf(clientTo(lean.url).getPayout(examplePayoutId))).toBeInstanceOf(kind);
    expect(lean.requests).toHaveLength(1);
  });

  const temporaryFaults: readonly (readonly [FaultRule, typeof LeanRefused | typeof LeanOutcomeUnknown])[] = [
    [{ kind: 'status', status: 429 }, LeanRefused],
    [{ kind: 'status', status: 500 }, LeanOutcomeUnknown],
    [{ kind: 'html' }, LeanOutcomeUnknown],
    [{ kind: 'truncate' }, LeanOutcomeUnknown],
    [{ kind: 'drop_before' }, LeanOutcomeUnknown],
    [{ kind: 'drop_after' }, LeanOutcomeUnknown],
  ];

  it.each(temporaryFaults)('fails after three calls if %o lasts', async (fault, kind) => {
    const lean = await startLean({ payouts: 1 });
    lean.faults.add(fault);
    expect(await failureOf(clientTo(lean.url).getPayout(examplePayoutId))).toBeInstanceOf(kind);
    expect(lean.requests).toHaveLength(3);
  });

  it.each(temporaryFaults)('succeeds with the third call if %o occurs twice', async fault => {
    const lean = await startLean({ payouts: 1 });
    lean.faults.add({ ...fault, times: 2 });
    expect(await clientTo(lean.url).getPayout(examplePayoutId)).toMatchObject({ id: examplePayoutId });
    expect(lean.requests).toHaveLength(3);
  });

  it('is not retried if Retry-After is beyond its deadline', async () => {
    const lean = await startLean({ payouts: 1 });
    lean.faults.add({ kind: 'status', status: 429, retryAfter: 60 });
    const failure = await failureOf(clientTo(lean.url).getPayout(examplePayoutId));
    expect(failure).toMatchObject({ code: 'LEAN_RATE_LIMITED' });
    expect(lean.requests).toHaveLength(1);
  });

  it('is not retried after its caller has cancelled it', async () => {
    const lean = await startLean({ payouts: 1 });
    const controller = new AbortController();
    const reason = new Error('gone');
    lean.faults.add({ kind: 'status', status: 503, retryAfter: 5 });
    const client = clientTo(lean.url, {
      onCall: () => {
        setImmediate(() => {
          controller.abort(reason);
        });
      },
    });
    expect(await failureOf(client.getPayout(examplePayoutId, { signal: controller.signal }))).toBe(reason);
    expect(lean.requests).toHaveLength(1);
  });
});

describe('identical reads in flight', () => {
  it('share one call', async () => {
    const lean = await startLean({ payouts: 1 });
    const client = clientTo(lean.url);
    const all = await Promise.all(Array.from({ length: 50 }, () => client.getPayout(examplePayoutId)));
    expect(all.every(payment => payment?.id === examplePayoutId)).toBe(true);
    expect(lean.requests).toHaveLength(1);
    await client.getPayout(examplePayoutId);
    expect(lean.requests).toHaveLength(2);
  });

  it('are retried as long as one reader has calls left, and the retry counts for that reader', async () => {
    const lean = await startLean({ payouts: 1 });
    lean.faults.add({ kind: 'status', status: 503, times: 2 });
    const client = clientTo(lean.url);
    const budgets = [1, 2, 5].map(calls => new CallBudget(calls));
    const payouts = await Promise.all(budgets.map(budget => client.getPayout(examplePayoutId, { budget })));
    expect(payouts.map(payout => payout?.id)).toEqual([examplePayoutId, examplePayoutId, examplePayoutId]);
    expect(lean.requests).toHaveLength(3);
    expect(budgets.map(({ hasCallsLeft }) => hasCallsLeft)).toEqual([false, false, true]);
  });

  it('are not retried if no reader has calls left', async () => {
    const lean = await startLean({ payouts: 1 });
    lean.faults.add({ kind: 'status', status: 503, times: 1 });
    const client = clientTo(lean.url);
    const first = client.getPayout(examplePayoutId, { budget: new CallBudget(1) });
    const usedUp = new CallBudget(1);
    usedUp.take();
    const reads = [first, client.getPayout(examplePayoutId, { budget: usedUp })];
    const failures = await Promise.all(reads.map(failureOf));
    expect(failures).toMatchObject([{ code: 'LEAN_UNAVAILABLE' }, { code: 'LEAN_UNAVAILABLE' }]);
    expect(lean.requests).toHaveLength(1);
  });

  it('that begin together are sent if any of their readers has calls left, even if the first one has none', async () => {
    const lean = await startLean({ payouts: 1 });
    const client = clientTo(lean.url);
    const budgets = [0, 1, 0].map(calls => new CallBudget(calls));
    const [first, second, third] = budgets.map(budget => client.getPayout(examplePayoutId, { budget }));
    expect(await failureOf(first)).toMatchObject({ code: 'OPERATION_TOO_EXPENSIVE', maxCalls: 0 });
    expect(await second).toMatchObject({ id: examplePayoutId });
    // A reader that shares the call of another one is charged nothing.
    expect(await third).toMatchObject({ id: examplePayoutId });
    expect(lean.requests).toHaveLength(1);
  });

  it('are identical only if path and query are equal', async () => {
    const lean = await startLean({ payouts: 1 });
    const client = clientTo(lean.url);
    await Promise.all([
      client.listPayouts({ page_number: '0', page_size: '1' }),
      client.listPayouts({ page_number: '1', page_size: '1' }),
      client.getPayout(examplePayoutId),
      client.getPayout(unknownId),
    ]);
    expect(lean.requests).toHaveLength(4);
  });

  it('close the connection to Lean when the last reader has cancelled', async () => {
    const arrived = gate();
    const closed = gate();
    const { url } = await rawServer((_response, _received, request) => {
      request.socket.once('close', closed.open);
      arrived.open();
    });
    const client = clientTo(url);
    const controllers = [new AbortController(), new AbortController()];
    const reads = controllers.map(({ signal }) => failureOf(client.getPayout(unknownId, { signal })));
    await arrived.opened;
    for (const controller of controllers) controller.abort(new Error('gone'));
    for (const failure of await Promise.all(reads)) expect(failure).toMatchObject({ message: 'gone' });
    await closed.opened;
  });
});

describe('a creation', () => {
  const body = '{"payment_details":[]}';

  it('is never shared with an identical creation', async () => {
    const { url, received } = await rawServer(response => json(response, { payouts_payment_details: [] }));
    const client = clientTo(url);
    await Promise.all([createPayouts(client, body, 'key-1'), createPayouts(client, body, 'key-1')]);
    expect(received).toHaveLength(2);
  });

  it.each([
    { kind: 'drop_before' },
    { kind: 'drop_after' },
    { kind: 'truncate' },
    { kind: 'status', status: 500 },
    { kind: 'status', status: 429, retryAfter: 0 },
    { kind: 'status', status: 503, retryAfter: 0 },
    { kind: 'status', status: 401 },
    { kind: 'html' },
    { kind: 'empty' },
    { kind: 'broken_json' },
  ] as const)('is not retried after %o', async fault => {
    const lean = await startLean();
    lean.faults.add(fault);
    await failureOf(createPayouts(clientTo(lean.url), body, 'key-1'));
    expect(lean.requests).toHaveLength(1);
  });

  it('is sent with its key and its body unchanged', async () => {
    const { url, received } = await rawServer(response => json(response, {}));
    const text = '{"payment_details":[{"amount":16.50}]}';
    await createPayouts(clientTo(url), text, 'key 1/a');
    expect(received).toEqual([
      {
        method: 'POST',
        target: '/payouts/v1/payment',
        headers: {
          host: new URL(url).host,
          connection: 'close',
          authorization: 'Bearer sandbox-token',
          accept: 'application/json',
          'content-type': 'application/json',
          'content-length': String(text.length),
          'idempotency-key': 'key 1/a',
        },
        body: text,
      },
    ]);
  });

  it('succeeds with the statuses 200 and 201', async () => {
    for (const status of [200, 201]) {
      const { url } = await rawServer(response => json(response, { end_user_id: 'a' }, status));
      const { created, answer } = await createPayouts(clientTo(url), body, 'key-1');
      expect(created).toEqual({ end_user_id: 'a' });
      expect(answer.status).toBe(status);
    }
  });

  it('is neither recorded nor sent with less than 2 s left', async () => {
    const { url, received } = await rawServer(response => json(response, {}));
    const beforeSend = vi.fn(() => Promise.resolve());
    const deadline = performance.now() + 1999;
    const failure = await failureOf(createPayouts(clientTo(url), body, 'key-1', { deadline, beforeSend }));
    expect(failure).toMatchObject({ name: 'LeanNotSent', code: 'LEAN_TIMEOUT' });
    expect(beforeSend).not.toHaveBeenCalled();
    expect(received).toEqual([]);
  });

  it.each([
    [20_000, 2000],
    [6000, 2000],
    [3000, 1000],
  ])(
    'with a timeout of %i ms is sent only if %i ms are left, unlike a read',
    async (timeoutMs, leastTimeMs) => {
      const { url } = await rawServer(response => json(response, {}));
      const inner = transportTo(url);
      const sentWith: SendOptions[] = [];
      const transport: Transport = {
        ...inner,
        createRequest: (request, options) => {
          sentWith.push(options);
          return inner.createRequest(request, options);
        },
      };
      const client = clientTo(url, { transport, timeoutMs });
      await createPayouts(client, body, 'key-1', { deadline: performance.now() + 20_000 });
      await client.getPayout(unknownId, { deadline: performance.now() + 20_000 });
      expect(sentWith.map(options => options.minRemainingMs)).toEqual([leastTimeMs, undefined]);
    },
  );

  it('fails with LeanUnreachable when no server listens', async () => {
    const failure = await failureOf(createPayouts(clientTo(await unusedAddress()), body, 'key-1'));
    expect(failure).toBeInstanceOf(LeanUnreachable);
  });

  it('is retried with the same key after failures to connect, and arrives once', async () => {
    const unreachable = transportTo(await unusedAddress());
    const { url, received } = await rawServer(response => json(response, {}));
    const reachable = transportTo(url);
    const sends: HttpRequest[] = [];
    const transport: Transport = {
      ...reachable,
      createRequest: (request, options) =>
        (sends.push(request) <= 2 ? unreachable : reachable).createRequest(request, options),
    };
    await createPayouts(clientTo(url, { transport }), body, 'key-1');
    expect(sends).toHaveLength(3);
    expect(new Set(sends.map(request => JSON.stringify(request))).size).toBe(1);
    expect(received.map(({ headers }) => headers['idempotency-key'])).toEqual(['key-1']);
  });

  it('is not retried after a connection was made, because a byte may have been sent', async () => {
    const unreachable = transportTo(await unusedAddress());
    const { url, received } = await rawServer(response => response.destroy());
    const reachable = transportTo(url);
    let sends = 0;
    const transport: Transport = {
      ...reachable,
      createRequest: (request, options) =>
        ((sends += 1) === 1 ? unreachable : reachable).createRequest(request, options),
    };
    const failure = await failureOf(createPayouts(clientTo(url, { transport }), body, 'key-1'));
    expect(failure).toBeInstanceOf(LeanOutcomeUnknown);
    expect([sends, received.length]).toEqual([2, 1]);
  });
});

describe('a call', () => {
  it('sends a read with a token and without a body or its type', async () => {
    const { url, received } = await rawServer(response => json(response, {}));
    await clientTo(url).getPayout('a');
    expect(received[0]?.headers).toMatchObject({
      authorization: 'Bearer sandbox-token',
      accept: 'application/json',
    });
    expect(received[0]?.headers).not.toHaveProperty('content-type');
    expect(received[0]?.headers).not.toHaveProperty('idempotency-key');
  });

  it('does not let an argument replace the token', async () => {
    const { url, received } = await rawServer(response => json(response, {}));
    await clientTo(url).call(operations.listPayouts, {
      headers: { authorization: 'Bearer other', accept: 'text/html' },
    });
    expect(received[0]?.headers).toMatchObject({
      authorization: 'Bearer sandbox-token',
      accept: 'application/json',
    });
  });

  it('goes to a path below the base path', async () => {
    const { url, received } = await rawServer(response => json(response, {}));
    const client = clientTo(url, { basePath: '/lean/api' });
    await client.getPayout('a');
    await createPayouts(client, '{}', 'key-1');
    expect(received.map(({ target }) => target)).toEqual([
      '/lean/api/payouts/v1/a',
      '/lean/api/payouts/v1/payment',
    ]);
  });

  it('returns an answer of any status', async () => {
    const { url } = await rawServer(response => json(response, { status: 'NO' }, 418));
    const answer = await clientTo(url).call(operations.listPayouts, {});
    expect([answer.status, answer.ok, answer.body.toString()]).toEqual([418, false, '{"status":"NO"}']);
  });

  it('fails at the deadline that it shares with other calls', async () => {
    const { url, received } = await rawServer(response => json(response, {}));
    const client = clientTo(url);
    const before = performance.now();
    expect(client.deadline()).toBeGreaterThanOrEqual(before + 20_000);
    await client.getPayout('a');
    const failure = await failureOf(client.getPayout('a', { deadline: performance.now() }));
    expect(failure).toBeInstanceOf(LeanNotSent);
    expect(failure).toMatchObject({ code: 'LEAN_TIMEOUT' });
    expect(received).toHaveLength(1);
  });

  it('is reported to onCall with its operation and its status or failure, and nothing else', async () => {
    const calls: UpstreamCall[] = [];
    const onCall = (call: UpstreamCall): void => void calls.push(call);
    const lean = await startLean();
    const client = clientTo(lean.url, { onCall });
    await client.getPayout(unknownId);
    lean.faults.add({ kind: 'drop_before' });
    await failureOf(createPayouts(client, '{}', 'key-1'));
    expect(calls).toEqual([
      {
        operation: 'getPayout',
        class: 'read',
        attempt: 1,
        durationMs: expect.any(Number),
        status: 404,
        correlationId: expect.any(String),
        traceId: expect.any(String),
      },
      {
        operation: 'createPayoutPayment',
        class: 'write',
        attempt: 1,
        durationMs: expect.any(Number),
        status: undefined,
        error: 'LeanOutcomeUnknown LEAN_UNAVAILABLE',
      },
    ]);
  });

  it('is reported to onCall attempt by attempt', async () => {
    const calls: UpstreamCall[] = [];
    const lean = await startLean({ payouts: 1 });
    lean.faults.add({ kind: 'status', status: 503, times: 1 });
    lean.faults.add({ kind: 'drop_before', times: 1 });
    await clientTo(lean.url, { onCall: call => calls.push(call) }).getPayout(examplePayoutId);
    expect(calls.map(({ attempt, status, error }) => [attempt, status, error])).toEqual([
      [1, 503, undefined],
      [2, undefined, 'LeanOutcomeUnknown LEAN_UNAVAILABLE'],
      [3, 200, undefined],
    ]);
  });

  it('is reported to onCall without token, account number, name or body, whatever the fault', async () => {
    const lean = await startLean({ payouts: 20 });
    const { page } = await clientTo(lean.url).listPayouts({ page_number: '0', page_size: '20' });
    const names = page.content?.map(row => row.recipient_name ?? '').filter(name => name !== '') ?? [];
    expect(names).not.toEqual([]);
    const calls: UpstreamCall[] = [];
    const body = '{"payment_details":[{"iban":"AE070331234567890123456","name":"Mohammed Al Falasi"}]}';
    await Promise.all(
      faultKinds.map(async kind => {
        const faulty = await startLean({ payouts: 20 });
        const fault = {
          kind,
          ...(kind === 'latency' && { ms: 1 }),
          ...(kind === 'status' && { status: 500 }),
        };
        faulty.faults.add(fault as FaultRule);
        const client = clientTo(faulty.url, { onCall: call => calls.push(call), timeoutMs: 300 });
        await Promise.allSettled([
          client.getPayout(examplePayoutId),
          client.getPayoutIntent(exampleIntentId),
          client.listPayouts({ page_number: '0', page_size: '20' }),
          createPayouts(client, body, 'key-1'),
        ]);
      }),
    );
    expect(calls.length).toBeGreaterThanOrEqual(4 * faultKinds.length);
    const allowedKeys = 'attempt,class,correlationId,durationMs,error,operation,status,traceId'.split(',');
    for (const call of calls) expect(allowedKeys).toEqual(expect.arrayContaining(Object.keys(call)));
    const reported = JSON.stringify(calls);
    expect(reported).not.toMatch(/[A-Z]{2}\d{2}[0-9A-Z]{10,}/);
    for (const secret of ['sandbox-token', 'Bearer', 'Mohammed', 'key-1', examplePayoutId, ...names])
      expect(reported).not.toContain(secret);
  });
});

describe("Lean's clock", () => {
  const noon = Date.parse('2026-06-01T12:00:00Z');
  const setDate = (response: ServerResponse, date: number): void => {
    response.setHeader('date', new Date(date).toUTCString());
  };

  it.each([200, 404, 429, 503])(
    'is set by each response with status %i to a read or a write',
    async status => {
      let second = 0;
      const { url } = await rawServer(response => {
        second += 1;
        setDate(response, noon + second * 1000);
        json(response, {}, status);
      });
      const clock = new LeanClock({ monotonic: () => 0, wall: () => 0 });
      const budget = new RetryBudget();
      vi.spyOn(budget, 'take').mockReturnValue(false);
      const client = clientTo(url, { clock, retries: new RetryPolicy({ budget }) });
      expect(client.clock.now()).toBeUndefined();
      await client.call(operations.listPayouts, {});
      expect(client.clock.now()).toBe(noon + 1000);
      await client.createPayouts('{}', 'key-1');
      expect(clock.now()).toBe(noon + 2000);
    },
  );

  it('is not set by the token endpoint', async () => {
    const { url } = await rawServer((response, { target }) => {
      const isToken = target === '/oauth2/token';
      setDate(response, isToken ? noon + 60_000 : noon);
      json(response, isToken ? { access_token: 'token', expires_in: 3600 } : {});
    });
    const credentials = { clientId: 'a', clientSecret: 'b', tokenPath: '/oauth2/token', scope: 'api' };
    const token = clientCredentialsToken(transportTo(url), credentials);
    const client = clientTo(url, { clock: new LeanClock({ monotonic: () => 0, wall: () => 0 }), token });
    await client.getPayout('a');
    expect(client.clock.now()).toBe(noon);
  });

  it('is not set by a response without a date', async () => {
    const { url } = await rawServer(response => {
      response.sendDate = false;
      json(response, {});
    });
    const client = clientTo(url);
    await client.getPayout('a');
    expect(client.clock.now()).toBeUndefined();
  });
});

it('wrong answers replace the connections for reads, but only once a second', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const sockets = new Set<object>();
  const { url } = await rawServer((response, _received, { socket }) => {
    sockets.add(socket);
    json(response, {});
  });
  const client = clientTo(url, { transport: transportTo(url, { maxConcurrency: 1 }) });
  const readWrongly = async (): Promise<void> => {
    await client.getPayout('a');
    expect(client.reportMisroutedAnswer('payment').code).toBe('LEAN_BAD_RESPONSE');
  };
  for (let read = 0; read < 5; read += 1) await readWrongly();
  expect(sockets.size).toBe(2);
  vi.advanceTimersByTime(1000);
  for (let read = 0; read < 5; read += 1) await readWrongly();
  expect(sockets.size).toBe(3);
});

describe('a token that Lean refuses', () => {
  /** A Lean that issues `token-1`, `token-2`, and so on, and accepts the tokens for which `isAccepted` is true. */
  async function leanWithTokens(isAccepted: (token: string) => boolean) {
    let issued = 0;
    const server = await rawServer((response, { target, headers }) => {
      if (target === '/oauth2/token') {
        issued += 1;
        return json(response, { access_token: `token-${String(issued)}`, expires_in: 3600 });
      }
      const allowed = isAccepted(headers.authorization?.replace('Bearer ', '') ?? '');
      json(response, allowed ? {} : { status: 'INVALID_TOKEN' }, allowed ? 200 : 401);
    });
    const token = clientCredentialsToken(
      transportTo(server.url),
      {
        clientId: 'a',
        clientSecret: 'b',
        tokenPath: '/oauth2/token',
        scope: 'api',
      },
      new ManualClocks(),
    );
    const calls = (): (string | undefined)[] =>
      server.received.map(({ target, headers }) =>
        target === '/oauth2/token' ? 'token request' : headers.authorization?.replace('Bearer ', ''),
      );
    return { client: clientTo(server.url, { token }), calls };
  }

  it('is replaced for a read, which then succeeds with one more call', async () => {
    const { client, calls } = await leanWithTokens(token => token !== 'token-1');
    expect(await client.getPayout('a')).toEqual({});
    expect(calls()).toEqual(['token request', 'token-1', 'token request', 'token-2']);
  });

  it('is replaced once for each read, and a second refusal is final', async () => {
    const { client, calls } = await leanWithTokens(() => false);
    expect(await failureOf(client.getPayout('a'))).toMatchObject({
      name: 'LeanRefused',
      code: 'LEAN_UNAUTHORIZED',
    });
    expect(calls()).toEqual(['token request', 'token-1', 'token request', 'token-2']);
  });

  it('is replaced once for many reads, if Lean refuses every token', async () => {
    const { client, calls } = await leanWithTokens(() => false);
    for (let read = 0; read < 10; read += 1)
      expect(await failureOf(client.getPayout('a'))).toMatchObject({ code: 'LEAN_UNAUTHORIZED' });
    expect(calls().filter(call => call === 'token request')).toHaveLength(2);
    expect(calls()).toHaveLength(13);
  });

  it('is replaced for the next payout, and the refused payout is not retried', async () => {
    const { client, calls } = await leanWithTokens(token => token !== 'token-1');
    expect(await failureOf(createPayouts(client, '{}', 'key-1'))).toMatchObject({
      code: 'LEAN_UNAUTHORIZED',
    });
    expect(calls()).toEqual(['token request', 'token-1']);
    await createPayouts(client, '{}', 'key-1');
    expect(calls()).toEqual(['token request', 'token-1', 'token request', 'token-2']);
  });

  it('is not replaced if it is static', async () => {
    const { url, received } = await rawServer(response => json(response, {}, 401));
    expect(await failureOf(clientTo(url).getPayout('a'))).toMatchObject({ code: 'LEAN_UNAUTHORIZED' });
    expect(received).toHaveLength(1);
  });
});

describe('the unhealthy reason', () => {
  const bulkheads = () => ({
    read: new Bulkhead({ concurrency: 16, queue: 64, probeAfterMs: 20 }),
    write: new Bulkhead({ concurrency: 4, queue: 16 }),
  });

  it('is undefined with a static token before the first call, and needs no call', async () => {
    const { url, received } = await rawServer(response => json(response, {}));
    const client = clientTo(url);
    client.warmUp();
    expect(client.unhealthyReason()).toBeUndefined();
    expect(received).toEqual([]);
  });

  it('is a missing access token, until one is issued, without other traffic', async () => {
    let now = 0;
    const lean = await startLean();
    lean.faults.add({ kind: 'status', status: 503, operation: 'token' });
    const token = clientCredentialsToken(
      transportTo(lean.url),
      { ...sandboxCredentials, tokenPath: '/oauth2/token', scope: 'api' },
      { wall: () => now, monotonic: () => now },
    );
    const client = clientTo(lean.url, { token });
    expect(client.unhealthyReason()).toBeUndefined();
    await failureOf(client.getPayout(unknownId));
    expect(client.unhealthyReason()).toBe('no access token');
    lean.faults.clear();
    client.warmUp();
    expect(client.unhealthyReason()).toBe('no access token');
    now = 1000;
    await vi.waitUntil(() => {
      client.warmUp();
      return client.unhealthyReason() === undefined;
    });
    expect(lean.requests.every(({ operation }) => operation === 'token')).toBe(true);
  });

  it('is a failing Lean, until it responds again, without other traffic', async () => {
    const lean = await startLean();
    lean.faults.add({ kind: 'status', status: 500 });
    const client = clientTo(lean.url, { bulkheads: bulkheads() });
    for (let read = 0; read < 10; read += 1) await failureOf(client.getPayout(unknownId));
    expect(client.unhealthyReason()).toBe('Lean is failing');
    lean.faults.clear();
    await vi.waitUntil(() => {
      client.warmUp();
      return client.unhealthyReason() === undefined;
    });
    expect(await client.getPayout(unknownId)).toBeNull();
  });

  it('of reads does not prevent creations', async () => {
    const lean = await startLean();
    lean.faults.add({ kind: 'status', status: 500, operation: 'getPayout' });
    const client = clientTo(lean.url);
    for (let read = 0; read < 10; read += 1) await failureOf(client.getPayout(unknownId));
    expect(await failureOf(client.getPayout(unknownId))).toBeInstanceOf(LeanNotSent);
    expect(await failureOf(createPayouts(client, '{}', 'key-1'))).toBeInstanceOf(LeanRefused);
  });
});

it('a read after a write does not share an identical read that started before the write', async () => {
  const arrived = gate();
  const pending: (() => void)[] = [];
  const { url, received } = await rawServer((response, { method }) => {
    if (method === 'POST') return json(response, { payouts_payment_details: [] });
    pending.push(() => json(response, { content: [], page: { total_elements: pending.length } }));
    arrived.open();
    if (pending.length === 2) for (const respond of pending) respond();
  });
  const client = clientTo(url);
  const page = { page_number: '0', page_size: '1' };
  const earlier = client.listPayouts(page);
  await arrived.opened;
  await createPayouts(client, '{}', 'key-1');
  const later = client.listPayouts(page);
  await Promise.all([earlier, later]);
  expect(received.map(({ method }) => method)).toEqual(['GET', 'POST', 'GET']);
});
