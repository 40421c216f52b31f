import { describe, expect, it } from 'vitest';
import { exampleIntentId, examplePayoutId } from '../../src/sandbox/named.ts';
import { createSandbox } from '../../src/sandbox/sandbox.ts';
import { callLean, order } from './lean-caller.ts';

describe('every answer', () => {
  it("carries Lean's headers, with the date of the sandbox's clock", async () => {
    const { get, pass } = await callLean({ payouts: 1 });
    const { headers, text } = await get('/payouts/v1/payments');
    expect(headers.get('date')).toBe('Mon, 01 Jun 2026 12:00:00 GMT');
    expect(headers.get('lean-correlation-id')).toMatch(/^[A-Za-z]{16}$/);
    expect(headers.get('lean-trace-id')).toMatch(/^[0-9a-f]{32}$/);
    expect(headers.get('content-type')).toBe('application/json');
    expect(headers.get('cache-control')).toBe('no-cache, no-store');
    expect(headers.get('content-length')).toBe(String(Buffer.byteLength(text)));
    pass(61);
    expect((await get('/nowhere')).headers.get('date')).toBe('Mon, 01 Jun 2026 12:01:01 GMT');
  });

  it('comes later by the latency', async () => {
    const { get, sandbox } = await callLean({ latencyMs: 60 });
    const begun = performance.now();
    await get('/payouts/v1/payments');
    expect(performance.now() - begun).toBeGreaterThan(58);
    expect(sandbox.latencyMs).toBe(60);
  });

  it('is the same, byte for byte, from two sandboxes with one seed and one clock', async () => {
    const tell = async () => {
      const { get, create, pass, post } = await callLean({ payouts: 40, seed: 5 });
      const told: unknown[] = [];
      await post('/sandbox/faults', { kind: 'status', status: 503, probability: 0.3 });
      for (const path of ['/payouts/v1/payments', `/payouts/v1/${examplePayoutId}`, '/nowhere']) {
        told.push(await get(path));
      }
      for (let count = 0; count < 5; count += 1) told.push(await create(order(), `key-${String(count)}`));
      pass(9);
      told.push(await get('/payouts/v1/payments?page_size=6'));
      return told.map(answered => {
        const { status, text, headers } = answered as Awaited<ReturnType<typeof get>>;
        return [status, text, ...headers];
      });
    };
    expect(await tell()).toEqual(await tell());
  });
});

describe('recorded requests', () => {
  it('hold what Lean was asked, the credentials cut to their scheme', async () => {
    const { get, create, sandbox } = await callLean({ payouts: 1 });
    await create(order(), 'key-1');
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
      body: JSON.stringify(order()),
      idempotencyKey: 'key-1',
    });
    expect(created?.headers).toMatchObject({ authorization: 'Bearer', 'content-type': 'application/json' });
    expect(listed?.query).toEqual({ page_size: '3', from: '2026-01-01T00:00:00Z' });
    expect(listed).not.toHaveProperty('idempotencyKey');
  });

  it('leave control requests out', async () => {
    const { get, sandbox } = await callLean();
    await get('/sandbox');
    expect(sandbox.requests).toEqual([]);
  });
});

describe('reset', () => {
  it('goes back to the seeded state', async () => {
    const { sandbox, create, get } = await callLean({ payouts: 4 });
    const before = sandbox.payouts.all();
    const first = await create(order(), 'key-1');
    sandbox.faults.add({ kind: 'drop_before', operation: 'token' });
    sandbox.latencyMs = 1;
    sandbox.reset();
    expect(sandbox.payouts.all()).toEqual(before);
    expect([sandbox.requests, sandbox.faults.list(), sandbox.latencyMs]).toEqual([[], [], 0]);
    expect((await create(order(), 'key-1')).text).toBe(first.text);
    expect((await get('/payouts/v1/payments')).json.page.total_elements).toBe(5);
  });
});

describe('planted payouts', () => {
  it('are what they were planted as', async () => {
    const { sandbox, get } = await callLean();
    const planted = sandbox.payouts.add({
      intentId: 'an-intent',
      paymentId: 'a-payment',
      status: 'SOMETHING_NEW',
      createdAt: '2026-05-01T00:00:00.123456Z',
      updatedAt: '2026-05-01T00:01:00Z',
      externalReference: 'mine',
    });
    expect(planted).toEqual(sandbox.payouts.all()[0]);
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
    'cannot be %j',
    planted => {
      expect(() => createSandbox({ payouts: 0 }).payouts.add(planted)).toThrow(RangeError);
    },
  );

  it('cannot share a payment id', () => {
    const { payouts } = createSandbox({ payouts: 0 });
    payouts.add({ paymentId: 'one' });
    expect(() => payouts.add({ paymentId: 'one' })).toThrow('already');
  });
});
