import { describe, expect, it } from 'vitest';
import { accounts, destinations, waitingIntentId } from '../../src/sandbox/fixtures.ts';
import { startTestSandbox } from './test-sandbox.ts';

describe('the control routes', () => {
  it('describe the sandbox', async () => {
    const { get } = await startTestSandbox({ profile: 'ksa' });
    const { json } = await get('/sandbox');
    expect(json).toMatchObject({
      profile: 'ksa',
      credentials: { token: 'sandbox-token', clientId: 'sandbox', clientSecret: 'sandbox-secret' },
      accounts,
      destinations,
      routes: { 'POST /sandbox/reset': expect.any(String) },
    });
  });

  it('answer 500 with the error if the sandbox has a bug', async () => {
    const { sandbox, get } = await startTestSandbox();
    sandbox.faults.list = () => {
      throw new Error('a bug');
    };
    expect(await get('/sandbox/faults')).toMatchObject({ status: 500, json: { error: 'Error: a bug' } });
  });

  it('need no credentials', async () => {
    const { sandbox } = await startTestSandbox();
    expect((await fetch(`${sandbox.url}/sandbox`)).status).toBe(200);
  });

  it('add, show and remove faults', async () => {
    const { get, post, call } = await startTestSandbox();
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
    [{ kind: 'latency' }, /ms of latency is missing/],
    [{ kind: 'latency', ms: -1 }, /ms of latency must be a number from 0 to 600000/],
    [{ kind: 'status', status: 99 }, /status of status must be a whole number from 200 to 599/],
    [
      { kind: 'drop_before', status: 500 },
      /unknown field status of drop_before; accepted fields: operation, times, probability/,
    ],
    [{ kind: 'html', times: 0 }, /times of html/],
    [{ kind: 'html', probability: 2 }, /probability of html/],
    [{ kind: 'html', operation: 'pay' }, /operation of html/],
    [{ kind: 'stall', part: 'tail' }, /part of stall/],
    [{ kind: 'status', status: 429, retryAfter: 'a\r\nb' }, /retryAfter of status/],
  ])('refuse the fault %j', async (fault, error) => {
    const { post, sandbox } = await startTestSandbox();
    const response = await post('/sandbox/faults', fault);
    expect(response.status).toBe(400);
    expect(response.json.error).toMatch(error);
    expect(sandbox.faults.list()).toEqual([]);
  });

  it('authorise a waiting payout', async () => {
    const { post, sandbox } = await startTestSandbox({ payouts: 2 });
    const path = `/sandbox/payouts/${waitingIntentId}/authorize`;
    expect((await post(path, {})).status).toBe(200);
    expect(sandbox.payouts.all()[1]?.status).toBe('ACCEPTED_BY_BANK');
    expect((await post(path, {})).status).toBe(409);
    expect((await post('/sandbox/payouts/x/authorize', {})).status).toBe(404);
  });

  it('show and remove the recorded requests', async () => {
    const { get, call, sandbox } = await startTestSandbox();
    await get('/payouts/v1/payments');
    expect((await get('/sandbox/requests')).json.requests).toEqual(sandbox.requests);
    await call('DELETE', '/sandbox/requests');
    expect((await get('/sandbox/requests')).json).toEqual({ requests: [] });
  });

  it('set the latency', async () => {
    const { call, sandbox } = await startTestSandbox();
    const put = (body: string) => call('PUT', '/sandbox/latency', { body });
    expect((await put('{"ms":5}')).json).toEqual({ ms: 5 });
    expect(sandbox.latencyMs).toBe(5);
    for (const invalid of ['{"ms":-1}', '{"ms":"5"}', '{}', 'null', '{'])
      expect((await put(invalid)).status).toBe(400);
    expect(sandbox.latencyMs).toBe(5);
  });

  it('reset the sandbox', async () => {
    const { post, sandbox } = await startTestSandbox({ payouts: 3 });
    sandbox.payouts.clear();
    expect((await post('/sandbox/reset', {})).json).toEqual({ payouts: 3 });
    expect(sandbox.payouts.all()).toHaveLength(3);
  });

  it('respond to an unknown route with 404 and a list of all routes', async () => {
    const { get } = await startTestSandbox();
    const { status, json } = await get('/sandbox/nothing');
    expect(status).toBe(404);
    expect(json.routes).toHaveProperty('GET /sandbox');
  });
});
