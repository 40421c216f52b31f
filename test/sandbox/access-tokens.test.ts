import { describe, expect, it } from 'vitest';
import { callLean } from './lean-caller.ts';

const form = {
  client_id: 'sandbox',
  client_secret: 'sandbox-secret',
  grant_type: 'client_credentials',
  scope: 'api',
};

async function tokenEndpoint() {
  const lean = await callLean({ payouts: 1 });
  const ask = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
    lean.call('POST', '/oauth2/token', {
      body: new URLSearchParams(fields).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded', authorization: '', ...headers },
    });
  const read = (authorization: string) =>
    lean.call('GET', '/payouts/v1/payments', { headers: { authorization } });
  return { ...lean, ask, read };
}

describe('the token endpoint', () => {
  it('issues a token that opens Lean until it expires', async () => {
    const { ask, read, pass } = await tokenEndpoint();
    const { status, json } = await ask(form);
    expect(status).toBe(200);
    expect(json).toEqual({
      access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      scope: 'api',
      token_type: 'Bearer',
      expires_in: 3599,
    });
    expect((await read(`Bearer ${json.access_token}`)).status).toBe(200);
    pass(3599);
    expect((await read(`Bearer ${json.access_token}`)).status).toBe(200);
    pass(1);
    expect((await read(`Bearer ${json.access_token}`)).status).toBe(401);
  });

  it('takes HTTP Basic', async () => {
    const { ask } = await tokenEndpoint();
    const authorization = `Basic ${btoa('sandbox:sandbox-secret')}`;
    expect((await ask({ grant_type: 'client_credentials', scope: 'api' }, { authorization })).status).toBe(
      200,
    );
  });

  it.each([
    ['a wrong secret', { ...form, client_secret: 'x' }, 401, 'invalid_client'],
    ['an unknown client', { ...form, client_id: 'x' }, 401, 'invalid_client'],
    ['another grant', { ...form, grant_type: 'password' }, 400, 'unsupported_grant_type'],
    ['no grant', { client_id: 'sandbox', client_secret: 'sandbox-secret' }, 400, 'invalid_request'],
    ['another scope', { ...form, scope: 'customer.1' }, 400, 'invalid_scope'],
  ])('refuses %s', async (_what, fields, status, error) => {
    const { ask } = await tokenEndpoint();
    const answered = await ask(fields);
    expect([answered.status, answered.json.error]).toEqual([status, error]);
    expect(answered.json.error_description).toEqual(expect.any(String));
  });

  it('refuses what is not form-encoded', async () => {
    const { ask } = await tokenEndpoint();
    expect((await ask(form, { 'content-type': 'application/json' })).json.error).toBe('invalid_request');
  });

  it('keeps the secret out of the recorded request', async () => {
    const { ask, sandbox } = await tokenEndpoint();
    await ask(form);
    expect(sandbox.requests[0]?.operation).toBe('token');
    expect(sandbox.requests[0]?.body).toContain('client_secret=redacted&');
  });
});

it.each(['', 'Bearer wrong', 'Basic c2FuZGJveA==', 'sandbox-token'])(
  "answers 401 with Lean's envelope to the authorization %j",
  async authorization => {
    const { read } = await tokenEndpoint();
    const { status, json } = await read(authorization);
    expect(status).toBe(401);
    expect(json).toEqual({
      timestamp: '2026-06-01T12:00:00Z',
      status: 'INVALID_TOKEN',
      message: expect.any(String),
      metadata: null,
    });
  },
);
