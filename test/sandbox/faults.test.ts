import { describe, expect, it } from 'vitest';
import { examplePayoutId } from '../../src/sandbox/fixtures.ts';
import { startTestSandbox, creationBody } from './test-sandbox.ts';

const path = `/payouts/v1/${examplePayoutId}`;

describe('faults', () => {
  it('latency delays the response', async () => {
    const { sandbox, get } = await startTestSandbox({ payouts: 1 });
    sandbox.faults.add({ kind: 'latency', ms: 80, times: 1 });
    const startedAt = performance.now();
    expect((await get(path)).status).toBe(200);
    expect(performance.now() - startedAt).toBeGreaterThan(75);
  });

  it('drop_before creates no payout, but the request is recorded', async () => {
    const { sandbox, create } = await startTestSandbox();
    sandbox.faults.add({ kind: 'drop_before' });
    await expect(create(creationBody(), 'key-1')).rejects.toThrow();
    expect(sandbox.payouts.all()).toEqual([]);
    expect(sandbox.requests).toMatchObject([{ operation: 'createPayoutPayment', idempotencyKey: 'key-1' }]);
  });

  it('drop_after creates the payout, and the same key then returns it', async () => {
    const { sandbox, create } = await startTestSandbox();
    sandbox.faults.add({ kind: 'drop_after', times: 1 });
    await expect(create(creationBody(), 'key-1')).rejects.toThrow();
    const { json } = await create(creationBody(), 'key-1');
    const payouts = sandbox.payouts.all();
    expect(payouts).toHaveLength(1);
    expect(json.payouts_payment_details[0].payment_intent_id).toBe(payouts[0]?.intentId);
  });

  it("status responds with Lean's error envelope as often as `times` says", async () => {
    const { sandbox, get } = await startTestSandbox({ payouts: 1 });
    sandbox.faults.add({ kind: 'status', status: 429, retryAfter: 2, times: 2 });
    const { status, json, headers } = await get(path);
    expect([status, json.status, headers.get('retry-after')]).toEqual([429, 'RATE_LIMIT_EXCEEDED', '2']);
    expect((await get(path)).status).toBe(429);
    expect((await get(path)).status).toBe(200);
    expect(sandbox.faults.list()).toEqual([]);
  });

  it('status responds with the given code', async () => {
    const { sandbox, get } = await startTestSandbox({ payouts: 1 });
    sandbox.faults.add({ kind: 'status', status: 418, code: 'TEAPOT' });
    expect((await get(path)).json.status).toBe('TEAPOT');
  });

  it.each(['status', 'html'] as const)('%s creates a payout only if `after` is true', async kind => {
    const { sandbox, create } = await startTestSandbox();
    sandbox.faults.add({ kind, status: 502, times: 1 });
    expect((await create(creationBody())).status).toBe(502);
    expect(sandbox.payouts.all()).toHaveLength(0);
    sandbox.faults.add({ kind, status: 502, after: true });
    expect((await create(creationBody())).status).toBe(502);
    expect(sandbox.payouts.all()).toHaveLength(1);
  });

  it('html responds with a page without the headers of Lean', async () => {
    const { sandbox, get } = await startTestSandbox({ payouts: 1 });
    sandbox.faults.add({ kind: 'html' });
    const { status, text, headers } = await get(path);
    expect(status).toBe(503);
    expect(text).toMatch(/^<!DOCTYPE html>/);
    expect(headers.get('content-type')).toMatch('text/html');
    expect(headers.has('lean-trace-id')).toBe(false);
  });

  it('broken_json sends half of the JSON with a matching content-length', async () => {
    const { sandbox, call } = await startTestSandbox({ payouts: 1 });
    const whole = await call('GET', path);
    sandbox.faults.add({ kind: 'broken_json' });
    const response = await fetch(sandbox.url + path, { headers: { authorization: 'Bearer sandbox-token' } });
    const text = await response.text();
    expect(response.status).toBe(200);
    expect(Number(response.headers.get('content-length'))).toBe(text.length);
    expect(whole.text.startsWith(text)).toBe(true);
    expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
  });

  it('truncate drops the connection in the middle of the body', async () => {
    const { sandbox, get } = await startTestSandbox({ payouts: 1 });
    sandbox.faults.add({ kind: 'truncate' });
    await expect(get(path)).rejects.toThrow('terminated');
  });

  it.each([undefined, 502])('empty responds without a body, with the status %s', async status => {
    const { sandbox, get } = await startTestSandbox({ payouts: 1 });
    sandbox.faults.add(status === undefined ? { kind: 'empty' } : { kind: 'empty', status });
    expect(await get(path)).toMatchObject({ status: status ?? 200, text: '' });
  });

  it('stall sends nothing', async () => {
    const { sandbox, call } = await startTestSandbox({ payouts: 1 });
    sandbox.faults.add({ kind: 'stall' });
    await expect(call('GET', path, { signal: AbortSignal.timeout(60) })).rejects.toThrow('timeout');
    expect(sandbox.requests).toHaveLength(1);
  });

  it('stall with the part body stops after the headers', async () => {
    const { sandbox } = await startTestSandbox({ payouts: 1 });
    sandbox.faults.add({ kind: 'stall', part: 'body' });
    const caller = new AbortController();
    const response = await fetch(sandbox.url + path, {
      headers: { authorization: 'Bearer sandbox-token' },
      signal: caller.signal,
    });
    expect(response.status).toBe(200);
    // The timer starts after the headers, because they may come late on a busy machine.
    setTimeout(() => {
      caller.abort();
    }, 60);
    await expect(response.text()).rejects.toThrow('abort');
  });

  it('a fault with an operation affects no other operation', async () => {
    const { sandbox, get } = await startTestSandbox({ payouts: 1 });
    sandbox.faults.add({ kind: 'status', status: 500, operation: 'listPayouts' });
    expect((await get(path)).status).toBe(200);
    expect((await get('/payouts/v1/payments')).status).toBe(500);
  });

  it('one request is affected by one fault and by all latencies', async () => {
    const { sandbox, get } = await startTestSandbox({ payouts: 1 });
    sandbox.faults.add({ kind: 'status', status: 500, times: 1 });
    sandbox.faults.add({ kind: 'status', status: 502, times: 1 });
    sandbox.faults.add({ kind: 'latency', ms: 40, times: 1 });
    const startedAt = performance.now();
    expect((await get(path)).status).toBe(500);
    expect(performance.now() - startedAt).toBeGreaterThan(38);
    expect((await get(path)).status).toBe(502);
  });

  it('a fault with a probability affects the same requests for the same seed', async () => {
    const statusesFor = async (seed: number) => {
      const { sandbox, get } = await startTestSandbox({ payouts: 1, seed });
      sandbox.faults.add({ kind: 'status', status: 500, probability: 0.5 });
      const statuses: number[] = [];
      for (let count = 0; count < 40; count += 1) statuses.push((await get(path)).status);
      return statuses;
    };
    const statuses = await statusesFor(3);
    expect(new Set(statuses)).toEqual(new Set([200, 500]));
    expect(await statusesFor(3)).toEqual(statuses);
  });
});
