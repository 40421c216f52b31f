import { describe, expect, it } from 'vitest';
import { exampleIntentId, examplePayoutId } from '../../src/sandbox/fixtures.ts';
import { createSandbox } from '../../src/sandbox/sandbox.ts';
import { startTestSandbox, creationBody } from './test-sandbox.ts';

describe('every response', () => {
  it("has Lean's headers, with the date of the sandbox's clock", async () => {
    const { get, advance } = await startTestSandbox({ payouts: 1 });
    const { headers, text } = await get('/payouts/v1/payments');
    expect(headers.get('date')).toBe('Mon, 01 Jun 2026 12:00:00 GMT');
    expect(headers.get('lean-correlation-id')).toMatch(/^[A-Za-z]{16}$/);
    expect(headers.get('lean-trace-id')).toMatch(/^[0-9a-f]{32}$/);
    expect(headers.get('content-type')).toBe('application/json');
    expect(headers.get('cache-control')).toBe('no-cache, no-store');
    expect(headers.get('content-length')).toBe(String(Buffer.byteLength(text)));
    advance(61);
    expect((await get('/nowhere')).headers.get('date')).toBe('Mon, 01 Jun 2026 12:01:01 GMT');
  });

  it('is delayed by `latencyMs`', async () => {
    const { get, sandbox } = await startTestSandbox({ latencyMs: 60 });
    const startedAt = performance.now();
    await get('/payouts/v1/payments');
    expect(performance.now() - startedAt).toBeGreaterThan(58);
    expect(sandbox.latencyMs).toBe(60);
  });

  it('is the same, byte for byte, from two sandboxes with the same seed and clock', async () => {
    const collectResponses = async () => {
      const { get, create, advance, post } = await startTestSandbox({ payouts: 40, seed: 5 });
      const responses: Awaited<ReturnType<typeof get>>[] = [];
      await post('/sandbox/faults', { kind: 'status', status: 503, probability: 0.3 });
      for (const path of ['/payouts/v1/payments', `/payouts/v1/${examplePayoutId}`, '/nowhere']) {
        responses.push(await get(path));
      }
      for (let count = 0; count < 5; count += 1)
        responses.push(await create(creationBody(), `key-${String(count)}`));
      advance(9);
      responses.push(await get('/payouts/v1/payments?page_size=6'));
      return responses.map(({ status, text, headers }) => [status, text, ...headers]);
    };
    expect(await collectResponses()).toEqual(await collectResponses());
  });
});

describe('recorded requests', () => {
  it('contain all Lean requests, with only the scheme of their credentials', async () => {
    const { get, create, sandbox } = await startTestSandbox({ payouts: 1 });
    await create(creationBody(), 'key-1');
    await get('/payouts/v1/payments?page_size=3&from=2026-01-01T00%3A00%3A00Z');
    await get(`/payouts/v1/payments/${exampleIntentId}/history`);
    await get(`/payouts/v1/${examplePayoutId}`);
    await get(`/payouts/v1/intents/${exampleIntentId}`);
    await get('/payouts/v1/payment/destinations/x');
    await get('/elsewhere');
    expect(sandbox.requests.map(request => request.operation)).toEqual([
      'createPayoutPayment',
      'listPayouts',
      'getPayoutPaymentHistory',
      'getPayout',
      'getPayoutIntent',
      'getDestination',
      'unknown',
    ]);
    const [created, listed] = sandbox.requests;
    expect(created).toMatchObject({
      method: 'POST',
      path: '/payouts/v1/payment',
      body: JSON.stringify(creationBody()),
      idempotencyKey: 'key-1',
    });
    expect(created?.headers).toMatchObject({ authorization: 'Bearer', 'content-type': 'application/json' });
    expect(listed?.query).toEqual({ page_size: '3', from: '2026-01-01T00:00:00Z' });
    expect(listed).not.toHaveProperty('idempotencyKey');
  });

  it('do not contain control requests', async () => {
    const { get, sandbox } = await startTestSandbox();
    await get('/sandbox');
    expect(sandbox.requests).toEqual([]);
  });
});

describe('reset', () => {
  it('restores the seeded state', async () => {
    const { sandbox, create, get } = await startTestSandbox({ payouts: 4 });
    const before = sandbox.payouts.all();
    await create(creationBody(), 'key-1');
    sandbox.faults.add({ kind: 'drop_before', operation: 'token' });
    sandbox.latencyMs = 1;
    sandbox.reset();
    expect(sandbox.payouts.all()).toEqual(before);
    expect([sandbox.requests, sandbox.faults.list(), sandbox.latencyMs]).toEqual([[], [], 0]);
    expect((await create(creationBody(), 'key-1')).status).toBe(200);
    expect((await get('/payouts/v1/payments')).json.page.total_elements).toBe(5);
  });
});

describe('the ids of created payouts', () => {
  it('are new after each reset and each start, because gateways keep their records', async () => {
    let now = Date.UTC(2026, 5, 1);
    const clock = (): number => now;
    const ids: unknown[] = [];
    for (let starts = 0; starts < 2; starts += 1) {
      const { sandbox, create } = await startTestSandbox({ payouts: 1, clock });
      for (let resets = 0; resets < 3; resets += 1) {
        expect((await create(creationBody(), 'key-1')).status).toBe(200);
        ids.push(...sandbox.payouts.all().flatMap(({ intentId, paymentId }) => [intentId, paymentId]));
        sandbox.reset();
      }
      now += 1;
    }
    const created = ids.filter(id => id !== null && id !== exampleIntentId && id !== examplePayoutId);
    expect(created.length).toBeGreaterThanOrEqual(6);
    expect(new Set(created).size).toBe(created.length);
  });
});

describe('added payouts', () => {
  it('have the given fields', async () => {
    const { sandbox, get } = await startTestSandbox();
    const added = sandbox.payouts.add({
      intentId: 'an-intent',
      paymentId: 'a-payment',
      status: 'SOMETHING_NEW',
      createdAt: '2026-05-01T00:00:00.123456Z',
      updatedAt: '2026-05-01T00:01:00Z',
      externalReference: 'mine',
    });
    expect(added).toEqual(sandbox.payouts.all()[0]);
    expect((await get('/payouts/v1/a-payment')).json).toMatchObject({ status: 'SOMETHING_NEW' });
    expect((await get('/payouts/v1/intents/an-intent')).json.external_reference).toBe('mine');
    expect((await get('/payouts/v1/payments')).json.content[0]).toMatchObject({
      created_at: '2026-05-01T00:00:00.123456Z',
      updated_at: '2026-05-01T00:01:00Z',
    });
    sandbox.payouts.clear();
    expect((await get('/payouts/v1/a-payment')).status).toBe(404);
  });

  it.each([{ amount: 'much' }, { createdAt: 'today' }, { accountId: 'x' }, { destinationId: 'x' }])(
    'cannot have the fields %j',
    fields => {
      expect(() => createSandbox({ payouts: 0 }).payouts.add(fields)).toThrow(RangeError);
    },
  );

  it('cannot have the same payment id', () => {
    const { payouts } = createSandbox({ payouts: 0 });
    payouts.add({ paymentId: 'one' });
    expect(() => payouts.add({ paymentId: 'one' })).toThrow('already');
  });
});
