import { request } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Environment } from '../../../src/config/config.ts';
import { examplePayoutId } from '../../../src/sandbox/named.ts';
import { startListeningGateway, type ListeningGateway } from '../../support/running-gateway.ts';

/*
 * What all listeners have in common: who may call from a browser, and what browsers are told of answers.
 */
async function start(env: Environment = {}): Promise<ListeningGateway> {
  const gateway = await startListeningGateway({ env: { REST_PORT: '0', MCP_PORT: '0', ...env } });
  onTestFinished(() => gateway.close());
  return gateway;
}

const listed = 'https://app.example';

const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const rpc = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}';

const surfaces = [
  {
    surface: 'graphql',
    ask: ({ url }: ListeningGateway, headers: object) =>
      fetch(url, { method: 'POST', headers: { ...json, ...headers }, body: '{"query":"{__typename}"}' }),
    address: ({ url }: ListeningGateway) => url,
  },
  {
    surface: 'rest',
    ask: ({ restUrl }: ListeningGateway, headers: object) =>
      fetch(`${restUrl ?? ''}/v1/payouts/v1/${examplePayoutId}`, { headers: { ...headers } }),
    address: ({ restUrl }: ListeningGateway) => `${restUrl ?? ''}/v1/payouts/v1/payments`,
  },
  {
    surface: 'mcp',
    ask: ({ mcpUrl }: ListeningGateway, headers: object) =>
      fetch(mcpUrl ?? '', { method: 'POST', headers: { ...json, ...headers }, body: rpc }),
    address: ({ mcpUrl }: ListeningGateway) => mcpUrl ?? '',
  },
] as const;

const corsHeaders = (headers: Headers): string[] =>
  [...headers.keys()].filter(name => name.startsWith('access-control-'));

describe.each(surfaces)('$surface', ({ ask, address }) => {
  it('gives pages of other origins no permission unless they are listed', async () => {
    const gateway = await start();
    const answer = await ask(gateway, { origin: 'http://localhost:3000' });
    expect(corsHeaders(answer.headers)).toEqual([]);
    const preflight = await fetch(address(gateway), {
      method: 'OPTIONS',
      headers: { origin: listed, 'access-control-request-method': 'POST' },
    });
    expect(corsHeaders(preflight.headers)).toEqual([]);
  });

  it('lets pages of the listed origins call, and none of any other', async () => {
    const gateway = await start({ CORS_ORIGINS: `${listed},https://other.example` });
    const preflight = (origin: string) =>
      fetch(address(gateway), {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization,content-type,idempotency-key',
        },
      });
    const allowed = await preflight(listed);
    expect([allowed.status, Object.fromEntries(allowed.headers)]).toMatchObject([
      204,
      {
        'access-control-allow-origin': listed,
        'access-control-allow-methods': 'GET,POST',
        'access-control-allow-headers': 'authorization,content-type,idempotency-key',
      },
    ]);
    expect(allowed.headers.get('access-control-allow-credentials')).toBeNull();
    const answer = await ask(gateway, { origin: listed });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('access-control-allow-origin')).toBe(listed);
    expect(answer.headers.get('vary')).toMatch(/origin/i);
    expect(answer.headers.get('access-control-expose-headers')).toContain('retry-after');
    for (const origin of ['https://app.example.evil', 'null', 'https://app.example:444'])
      expect(corsHeaders((await preflight(origin)).headers)).toEqual([]);
  });

  it('tells browsers to make nothing of an answer but what it is', async () => {
    const { headers } = await ask(await start(), {});
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

  it('with AUTH=none on this machine alone, serves no page whose host’s name leads here', async () => {
    const gateway = await start();
    const statusFor = (host: string): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        request(address(gateway), { headers: { host } }, response => {
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

  it('answers a request whatever it expects, and counts it like any other', async () => {
    const gateway = await start();
    const asking = (): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        request(address(gateway), { headers: { expect: 'x', host: 'evil.example' } }, response => {
          response.resume();
          resolve(response.statusCode);
        })
          .on('error', reject)
          .end();
      });
    expect(await asking()).toBe(403);
  });

  it('answers TRACE with a 4xx', async () => {
    const gateway = await start();
    const status = await new Promise((resolve, reject) => {
      request(address(gateway), { method: 'TRACE' }, response => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });
    expect([404, 405]).toContain(status);
  });
});
