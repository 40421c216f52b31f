import { describe, expect, it } from 'vitest';
import { examplePayoutId } from '../../src/sandbox/named.ts';
import { callLean, order } from './lean-caller.ts';

const path = `/payouts/v1/${examplePayoutId}`;

describe('faults', () => {
  it('latency makes the answer late', async () => {
    const { sandbox, get } = await callLean({ payouts: 1 });
    sandbox.faults.add({ kind: 'latency', ms: 80, times: 1 });
    const begun = performance.now();
    expect((await get(path)).status).toBe(200);
    expect(performance.now() - begun).toBeGreaterThan(75);
  });

  it('drop_before takes no payout; the request is recorded all the same', async () => {
    const { sandbox, create } = await callLean();
    sandbox.faults.add({ kind: 'drop_before' });
    await expect(create(order(), 'key-1')).rejects.toThrow();
    expect(sandbox.payouts.all()).toEqual([]);
    expect(sandbox.requests).toMatchObject([{ operation: 'createPayoutPayment', idempotencyKey: 'key-1' }]);
  });

  it('drop_after takes the payout, which the same key then finds', async () => {
    const { sandbox, create } = await callLean();
    sandbox.faults.add({ kind: 'drop_after', times: 1 });
    await expect(create(order(), 'key-1')).rejects.toThrow();
    const { json } = await create(order(), 'key-1');
    const payouts = sandbox.payouts.all();
    expect(payouts).toHaveLength(1);
    expect(json.payouts_payment_details[0].payment_intent_id).toBe(payouts[0]?.intentId);
  });

  it("status answers with Lean's envelope, as often as it was told", async () => {
    const { sandbox, get } = await callLean({ payouts: 1 });
    sandbox.faults.add({ kind: 'status', status: 429, retryAfter: 2, times: 2 });
    const { status, json, headers } = await get(path);
    expect([status, json.status, headers.get('retry-after')]).toEqual([429, 'RATE_LIMIT_EXCEEDED', '2']);
    expect((await get(path)).status).toBe(429);
    expect((await get(path)).status).toBe(200);
    expect(sandbox.faults.list()).toEqual([]);
  });

  it('status carries the code it was given', async () => {
    const { sandbox, get } = await callLean({ payouts: 1 });
    sandbox.faults.add({ kind: 'status', status: 418, code: 'TEAPOT' });
    expect((await get(path)).json.status).toBe('TEAPOT');
  });

  it.each(['status', 'html'] as const)('%s takes no payout, unless it strikes after', async kind => {
    const { sandbox, create } = await callLean();
    sandbox.faults.add({ kind, status: 502, times: 1 });
    expect((await create(order())).status).toBe(502);
    expect(sandbox.payouts.all()).toHaveLength(0);
    sandbox.faults.add({ kind, status: 502, after: true });
    expect((await create(order())).status).toBe(502);
    expect(sandbox.payouts.all()).toHaveLength(1);
  });

  it('html answers with a page, without the headers of Lean', async () => {
    const { sandbox, get } = await callLean({ payouts: 1 });
    sandbox.faults.add({ kind: 'html' });
    const { status, text, headers } = await get(path);
    expect(status).toBe(503);
    expect(text).toMatch(/^<!DOCTYPE html>/);
    expect(headers.get('content-type')).toMatch('text/html');
    expect(headers.has('lean-trace-id')).toBe(false);
  });

  it('broken_json ends in the middle as if it were whole', async () => {
    const { sandbox, call } = await callLean({ payouts: 1 });
    const whole = await call('GET', path);
    sandbox.faults.add({ kind: 'broken_json' });
    const response = await fetch(sandbox.url + path, { headers: { authorization: 'Bearer sandbox-token' } });
    const text = await response.text();
    expect(response.status).toBe(200);
    expect(Number(response.headers.get('content-length'))).toBe(text.length);
    expect(whole.text.startsWith(text)).toBe(true);
    expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
  });

  it('truncate breaks off in the middle', async () => {
    const { sandbox, get } = await callLean({ payouts: 1 });
    sandbox.faults.add({ kind: 'truncate' });
    await expect(get(path)).rejects.toThrow('terminated');
  });

  it.each([undefined, 502])('empty answers without a body, with status %s', async status => {
    const { sandbox, get } = await callLean({ payouts: 1 });
    sandbox.faults.add(status === undefined ? { kind: 'empty' } : { kind: 'empty', status });
    expect(await get(path)).toMatchObject({ status: status ?? 200, text: '' });
  });

  it('stall sends nothing at all', async () => {
    const { sandbox, call } = await callLean({ payouts: 1 });
    sandbox.faults.add({ kind: 'stall' });
    await expect(call('GET', path, { signal: AbortSignal.timeout(60) })).rejects.toThrow('timeout');
    expect(sandbox.requests).toHaveLength(1);
  });

  it('stall of the body stops after the headers', async () => {
    const { sandbox } = await callLean({ payouts: 1 });
    sandbox.faults.add({ kind: 'stall', part: 'body' });
    const caller = new AbortController();
    const response = await fetch(sandbox.url + path, {
      headers: { authorization: 'Bearer sandbox-token' },
      signal: caller.signal,
    });
    expect(response.status).toBe(200);
    // The time begins with the headers, which may come late on a busy machine.
    setTimeout(() => {
      caller.abort();
    }, 60);
    await expect(response.text()).rejects.toThrow('abort');
  });

  it('strikes its operation alone', async () => {
    const { sandbox, get } = await callLean({ payouts: 1 });
    sandbox.faults.add({ kind: 'status', status: 500, operation: 'listPayouts' });
    expect((await get(path)).status).toBe(200);
    expect((await get('/payouts/v1/payments')).status).toBe(500);
  });

  it('strikes one request with one fault, and latencies with it', async () => {
    const { sandbox, get } = await callLean({ payouts: 1 });
    sandbox.faults.add({ kind: 'status', status: 500, times: 1 });
    sandbox.faults.add({ kind: 'status', status: 502, times: 1 });
    sandbox.faults.add({ kind: 'latency', ms: 40, times: 1 });
    const begun = performance.now();
    expect((await get(path)).status).toBe(500);
    expect(performance.now() - begun).toBeGreaterThan(38);
    expect((await get(path)).status).toBe(502);
  });

  it('strikes with its probability, the same way under the same seed', async () => {
    const struck = async (seed: number) => {
      const { sandbox, get } = await callLean({ payouts: 1, seed });
      sandbox.faults.add({ kind: 'status', status: 500, probability: 0.5 });
      const statuses: number[] = [];
      for (let count = 0; count < 40; count += 1) statuses.push((await get(path)).status);
      return statuses;
    };
    const statuses = await struck(3);
    expect(new Set(statuses)).toEqual(new Set([200, 500]));
    expect(await struck(3)).toEqual(statuses);
  });
});
