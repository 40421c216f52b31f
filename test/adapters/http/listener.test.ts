import { request } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Environment } from '../../../src/config/config.ts';
import { examplePayoutId } from '../../../src/sandbox/fixtures.ts';
import { startListeningGateway, type ListeningGateway } from '../../support/running-gateway.ts';

/*
 * Rules for all listeners: CORS, security headers, and the check of the Host header.
 */
async function start(env: Environment = {}): Promise<ListeningGateway> {
  const gateway = await startListeningGateway({ env: { REST_PORT: '0', MCP_PORT: '0', ...env } });
  onTestFinished(() => gateway.close());
  return gateway;
}

const listedOrigin = 'https://app.example';

const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const rpc = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}';

const surfaces = [
  {
    surface: 'graphql',
    send: ({ url }: ListeningGateway, headers: object) =>
      fetch(url, { method: 'POST', headers: { ...json, ...headers }, body: '{"query":"{__typename}"}' }),
    urlOf: ({ url }: ListeningGateway) => url,
  },
  {
    surface: 'rest',
    send: ({ restUrl }: ListeningGateway, headers: object) =>
      fetch(`${restUrl ?? ''}/v1/payouts/v1/${examplePayoutId}`, { headers: { ...headers } }),
    urlOf: ({ restUrl }: ListeningGateway) => `${restUrl ?? ''}/v1/payouts/v1/payments`,
  },
  {
    surface: 'mcp',
    send: ({ mcpUrl }: ListeningGateway, headers: object) =>
      fetch(mcpUrl ?? '', { method: 'POST', headers: { ...json, ...headers }, body: rpc }),
    urlOf: ({ mcpUrl }: ListeningGateway) => mcpUrl ?? '',
  },
] as const;

const corsHeaders = (headers: Headers): string[] =>
  [...headers.keys()].filter(name => name.startsWith('access-control-'));

describe.each(surfaces)('$surface', ({ send, urlOf }) => {
  it('gives pages of unlisted origins no CORS permission', async () => {
    const gateway = await start();
    const response = await send(gateway, { origin: 'http://localhost:3000' });
    expect(corsHeaders(response.headers)).toEqual([]);
    const preflight = await fetch(urlOf(gateway), {
      method: 'OPTIONS',
      headers: { origin: listedOrigin, 'access-control-request-method': 'POST' },
    });
    expect(corsHeaders(preflight.headers)).toEqual([]);
  });

  it('gives CORS permission to pages of the listed origins only', async () => {
    const gateway = await start({ CORS_ORIGINS: `${listedOrigin},https://other.example` });
    const preflight = (origin: string) =>
      fetch(urlOf(gateway), {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization,content-type,idempotency-key',
        },
      });
    const allowed = await preflight(listedOrigin);
    expect([allowed.status, Object.fromEntries(allowed.headers)]).toMatchObject([
      204,
      {
        'access-control-allow-origin': listedOrigin,
        'access-control-allow-methods': 'GET,POST',
        'access-control-allow-headers': 'authorization,content-type,idempotency-key',
      },
    ]);
    expect(allowed.headers.get('access-control-allow-credentials')).toBeNull();
    const response = await send(gateway, { origin: listedOrigin });
    expect(response.status).toBe(200);
    expect(response.headers.get('access-control-allow-origin')).toBe(listedOrigin);
    expect(response.headers.get('vary')).toMatch(/origin/i);
    expect(response.headers.get('access-control-expose-headers')).toContain('retry-after');
    for (const origin of ['https://app.example.evil', 'null', 'https://app.example:444'])
      expect(corsHeaders((await preflight(origin)).headers)).toEqual([]);
  });

  it('sends security headers with every response', async () => {
    const { headers } = await send(await start(), {});
    expect(Object.fromEntries(headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': expect.stringMatching(/^no-(?:store|cache)/),
    });
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('server')).toBeNull();
  });

  it('refuses a Host header that is no loopback name, with AUTH=none on a loopback address', async () => {
    const gateway = await start();
    const statusFor = (host: string): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        request(urlOf(gateway), { headers: { host } }, response => {
          response.resume();
          resolve(response.statusCode);
        })
          .on('error', reject)
          .end();
      });
    for (const host of [
      'evil.example',
      'evil.example:4000',
      '127.0.0.1.evil.example',
      'localhost.evil.example',
    ])
      expect(await statusFor(host)).toBe(403);
    for (const host of ['localhost', 'localhost:4000', '127.0.0.1', '[::1]:4000', 'LOCALHOST'])
      expect(await statusFor(host)).not.toBe(403);
    expect(gateway.lean.requests.filter(({ operation }) => operation !== 'listPayouts')).toEqual([]);
  });

  it('ignores the Expect header of a request', async () => {
    const gateway = await start();
    const statusOf = (): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        request(urlOf(gateway), { headers: { expect: 'x', host: 'evil.example' } }, response => {
          response.resume();
          resolve(response.statusCode);
        })
          .on('error', reject)
          .end();
      });
    expect(await statusOf()).toBe(403);
  });

  it('answers TRACE with a 4xx', async () => {
    const gateway = await start();
    const status = await new Promise((resolve, reject) => {
      request(urlOf(gateway), { method: 'TRACE' }, response => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });
    expect([404, 405]).toContain(status);
  });
});

it.each([
  ['url', 'application/json', ['errors', 0, 'extensions', 'code'], ['errors', 0, 'message']],
  ['restUrl', 'application/problem+json', ['code'], ['detail']],
  ['mcpUrl', 'application/json', ['error', 'data', 'code'], ['error', 'message']],
] as const)(
  'the refusal of a Host header at %s has the format of the surface',
  async (name, type, code, message) => {
    const gateway = await start();
    const { contentType, body } = await new Promise<{ contentType: unknown; body: unknown }>(
      (resolve, reject) => {
        request(gateway[name] ?? '', { headers: { host: 'evil.example' } }, response => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () => {
            const contentType = response.headers['content-type'];
            resolve({ contentType, body: JSON.parse(Buffer.concat(chunks).toString()) });
          });
        })
          .on('error', reject)
          .end();
      },
    );
    const at = (path: readonly (string | number)[]): unknown =>
      path.reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], body);
    expect([contentType, at(code), at(message)]).toEqual([
      type,
      'BAD_USER_INPUT',
      'The Host header does not name this machine; accepted: localhost, 127.0.0.1 and [::1].',
    ]);
  },
);

it('a webhook is answered with the reason while webhooks are not configured', async () => {
  const { url } = await start();
  const response = await fetch(new URL('/webhooks/lean', url), { method: 'POST', body: '{}' });
  expect([response.status, await response.json()]).toMatchObject([
    404,
    { errors: [{ message: expect.stringContaining('LEAN_WEBHOOK_SECRET is not set') as string }] },
  ]);
});

it('a webhook without a signature is told that the signature is missing', async () => {
  const { url } = await start({ LEAN_WEBHOOK_SECRET: 'a-secret-for-webhooks' });
  const response = await fetch(new URL('/webhooks/lean', url), { method: 'POST', body: '{}' });
  expect([response.status, await response.json()]).toEqual([
    401,
    { status: 'the lean-signature header is missing' },
  ]);
});
