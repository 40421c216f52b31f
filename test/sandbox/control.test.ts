import { describe, expect, it } from 'vitest';
import { accounts, destinations, waitingIntentId } from '../../src/sandbox/named.ts';
import { callLean } from './lean-caller.ts';

describe('the control routes', () => {
  it('say what this is', async () => {
    const { get } = await callLean({ profile: 'ksa' });
    const { json } = await get('/sandbox');
    expect(json).toMatchObject({
      profile: 'ksa',
      credentials: { token: 'sandbox-token', clientId: 'sandbox', clientSecret: 'sandbox-secret' },
      accounts,
      destinations,
      routes: { 'POST /sandbox/reset': expect.any(String) },
    });
  });

  it('take no credentials', async () => {
    const { sandbox } = await callLean();
    expect((await fetch(`${sandbox.url}/sandbox`)).status).toBe(200);
  });

  it('set, show and remove faults', async () => {
    const { get, post, call } = await callLean();
    const fault = { kind: 'status', status: 503, times: 2, operation: 'listPayouts' };
    expect((await post('/sandbox/faults', fault)).json).toEqual({ faults: [fault] });
    expect((await get('/payouts/v1/payments')).status).toBe(503);
    expect((await get('/sandbox/faults')).json).toEqual({ faults: [{ ...fault, times: 1 }] });
    expect((await call('DELETE', '/sandbox/faults')).json).toEqual({ faults: [] });
    expect((await get('/payouts/v1/payments')).status).toBe(200);
  });

  it.each([
    [{}, /kind must be one of latency, drop_before/],
    ['drop_before', /must be an object/],
    [{ kind: 'latency' }, /latency needs ms/],
    [{ kind: 'latency', ms: -1 }, /ms of latency is out of range: -1/],
    [{ kind: 'status', status: 99 }, /status of status is out of range/],
    [{ kind: 'drop_before', status: 500 }, /drop_before takes no status/],
    [{ kind: 'html', times: 0 }, /times of html/],
    [{ kind: 'html', probability: 2 }, /probability of html/],
    [{ kind: 'html', operation: 'pay' }, /operation of html/],
    [{ kind: 'stall', part: 'tail' }, /part of stall/],
    [{ kind: 'status', status: 429, retryAfter: 'a\r\nb' }, /retryAfter of status/],
  ])('refuse the fault %j', async (fault, error) => {
    const { post, sandbox } = await callLean();
    const answered = await post('/sandbox/faults', fault);
    expect(answered.status).toBe(400);
    expect(answered.json.error).toMatch(error);
    expect(sandbox.faults.list()).toEqual([]);
  });

  it('authorise a waiting payout', async () => {
    const { post, sandbox } = await callLean({ payouts: 2 });
    const path = `/sandbox/payouts/${waitingIntentId}/authorize`;
    expect((await post(path, {})).status).toBe(200);
    expect(sandbox.payouts.all()[1]?.status).toBe('ACCEPTED_BY_BANK');
    expect((await post(path, {})).status).toBe(409);
    expect((await post('/sandbox/payouts/x/authorize', {})).status).toBe(404);
  });

  it('show and forget the requests', async () => {
    const { get, call, sandbox } = await callLean();
    await get('/payouts/v1/payments');
    expect((await get('/sandbox/requests')).json.requests).toEqual(sandbox.requests);
    await call('DELETE', '/sandbox/requests');
    expect((await get('/sandbox/requests')).json).toEqual({ requests: [] });
  });

  it('set the latency', async () => {
    const { call, sandbox } = await callLean();
    const put = (body: string) => call('PUT', '/sandbox/latency', { body });
    expect((await put('{"ms":5}')).json).toEqual({ ms: 5 });
    expect(sandbox.latencyMs).toBe(5);
    for (const wrong of ['{"ms":-1}', '{"ms":"5"}', '{}', 'null', '{'])
      expect((await put(wrong)).status).toBe(400);
    expect(sandbox.latencyMs).toBe(5);
  });

  it('reset', async () => {
    const { post, sandbox } = await callLean({ payouts: 3 });
    sandbox.payouts.clear();
    expect((await post('/sandbox/reset', {})).json).toEqual({ payouts: 3 });
    expect(sandbox.payouts.all()).toHaveLength(3);
  });

  it('list themselves where there is none', async () => {
    const { get } = await callLean();
    const { status, json } = await get('/sandbox/nothing');
    expect(status).toBe(404);
    expect(json.routes).toHaveProperty('GET /sandbox');
  });
});
