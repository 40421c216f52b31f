import { describe, expect, it } from 'vitest';
import { startTestSandbox } from './test-sandbox.ts';

const form = {
  client_id: 'sandbox',
  client_secret: 'sandbox-secret',
  grant_type: 'client_credentials',
  scope: 'api',
};

async function tokenEndpoint() {
  const lean = await startTestSandbox({ payouts: 1 });
  const requestToken = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
    lean.call('POST', '/oauth2/token', {
      body: new URLSearchParams(fields).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded', authorization: '', ...headers },
    });
  const readList = (authorization: string) =>
    lean.call('GET', '/payouts/v1/payments', { headers: { authorization } });
  return { ...lean, requestToken, readList };
}

describe('the token endpoint', () => {
  it('issues a token that is accepted until it expires', async () => {
    const { requestToken, readList, advance } = await tokenEndpoint();
    const { status, json } = await requestToken(form);
    expect(status).toBe(200);
    expect(json).toEqual({
      access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      scope: 'api',
      token_type: 'Bearer',
      expires_in: 3599,
    });
    expect((await readList(`Bearer ${json.access_token}`)).status).toBe(200);
    advance(3599);
    expect((await readList(`Bearer ${json.access_token}`)).status).toBe(200);
    advance(1);
    expect((await readList(`Bearer ${json.access_token}`)).status).toBe(401);
  });

  it('accepts client credentials by HTTP Basic', async () => {
    const { requestToken } = await tokenEndpoint();
    const authorization = `Basic ${btoa('sandbox:sandbox-secret')}`;
    expect(
      (await requestToken({ grant_type: 'client_credentials', scope: 'api' }, { authorization })).status,
    ).toBe(200);
  });

  it.each([
    ['a wrong secret', { ...form, client_secret: 'x' }, 401, 'invalid_client'],
    ['an unknown client', { ...form, client_id: 'x' }, 401, 'invalid_client'],
    ['another grant', { ...form, grant_type: 'password' }, 400, 'unsupported_grant_type'],
    ['no grant', { client_id: 'sandbox', client_secret: 'sandbox-secret' }, 400, 'invalid_request'],
    ['another scope', { ...form, scope: 'customer.1' }, 400, 'invalid_scope'],
  ])('refuses %s', async (_case, fields, status, error) => {
    const { requestToken } = await tokenEndpoint();
    const response = await requestToken(fields);
    expect([response.status, response.json.error]).toEqual([status, error]);
    expect(response.json.error_description).toEqual(expect.any(String));
  });

  it('refuses a body that is not form-encoded', async () => {
    const { requestToken } = await tokenEndpoint();
    expect((await requestToken(form, { 'content-type': 'application/json' })).json.error).toBe(
      'invalid_request',
    );
  });

  it('records its requests without the client secret', async () => {
    const { requestToken, sandbox } = await tokenEndpoint();
    await requestToken(form);
    expect(sandbox.requests[0]?.operation).toBe('token');
    expect(sandbox.requests[0]?.body).toContain('client_secret=redacted&');
  });
});

it.each(['', 'Bearer wrong', 'Basic c2FuZGJveA==', 'sandbox-token'])(
  "a request with the authorization %j gets 401 with Lean's error envelope",
  async authorization => {
    const { readList } = await tokenEndpoint();
    const { status, json } = await readList(authorization);
    expect(status).toBe(401);
    expect(json).toEqual({
      timestamp: '2026-06-01T12:00:00Z',
      status: 'INVALID_TOKEN',
      message: expect.any(String),
      metadata: null,
    });
  },
);
