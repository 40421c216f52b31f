import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { loggedPathOf } from '../../../src/adapters/http/logged-path.ts';
import { captureLog } from '../../support/log-lines.ts';
import { postOperation, startListeningGateway } from '../../support/running-gateway.ts';

/*
 * A mistake of a caller is no failure of the gateway: the log has no warning or error, and nothing is written to the
 * console.
 */
async function start() {
  const { log, lines, line } = captureLog();
  const consoleSpies = (['error', 'warn', 'log'] as const).map(name => vi.spyOn(console, name));
  const gateway = await startListeningGateway({ log, env: { REST_PORT: '0', MCP_PORT: '0' } });
  onTestFinished(async () => {
    await gateway.close();
    vi.restoreAllMocks();
  });
  const warnings = () => lines.filter(({ level }) => level >= 40).map(({ msg, err }) => ({ msg, err }));
  const consoleCalls = () => consoleSpies.flatMap(({ mock }) => mock.calls as unknown[]);
  return { gateway, line, warnings, consoleCalls };
}

describe('a caller who disconnects in the middle', () => {
  it.each(['graphql', 'rest', 'mcp'] as const)(
    'of a request to %s causes a log line and no error',
    async surface => {
      const { gateway, line, warnings, consoleCalls } = await start();
      const address = {
        graphql: gateway.url,
        rest: `${gateway.restUrl ?? ''}/v1/payouts/v1/payment`,
        mcp: gateway.mcpUrl,
      };
      const { port, host, pathname } = new URL(address[surface] ?? '');
      for (const framing of ['content-length: 500', 'content-length: 60000', 'transfer-encoding: chunked']) {
        const socket = connect(Number(port), '127.0.0.1');
        await once(socket, 'connect');
        const requestId = `gone-${surface}-${String(framing.length)}`;
        socket.write(
          `POST ${pathname} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\n` +
            `accept: application/json, text/event-stream\r\nx-request-id: ${requestId}\r\nidempotency-key: k\r\nexpect: 100-continue\r\n${framing}\r\n\r\n`,
        );
        // The gateway has read the headers.
        await once(socket, 'data');
        socket.write(framing.startsWith('transfer') ? '3\r\n{"q\r\n' : '{"q');
        socket.resetAndDestroy();
        await line(({ requestId: id, surface: of }) => id === requestId && of === surface);
      }
      expect(warnings()).toEqual([]);
      expect(consoleCalls()).toEqual([]);
    },
  );

  it('of a read that is in flight causes no error', async () => {
    const { gateway, line, warnings, consoleCalls } = await start();
    gateway.lean.faults.add({ kind: 'latency', ms: 300 });
    const caller = new AbortController();
    const reading = fetch(`${gateway.restUrl ?? ''}/v1/payouts/v1/payments`, { signal: caller.signal });
    await expect.poll(() => gateway.lean.requests.length).toBeGreaterThan(0);
    caller.abort();
    await expect(reading).rejects.toThrow();
    await line(({ msg }) => msg === 'request aborted by the caller');
    expect(warnings()).toEqual([]);
    expect(consoleCalls()).toEqual([]);
  });
});

it('frames that violate the WebSocket protocol cause no error', async () => {
  const { gateway, line, warnings, consoleCalls } = await start();
  const frames = [
    // Reserved bits, an unmasked frame, text that is not UTF-8, a control frame that is too long.
    Buffer.from([0xf1, 0x80, 0, 0, 0, 0]),
    Buffer.from([0x81, 0x01, 0x61]),
    Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0xff]),
    Buffer.from([0x89, 0xfe, 0x01, 0x00, 0, 0, 0, 0]),
  ];
  for (const frame of frames) {
    const socket = new WebSocket(gateway.url.replace('http', 'ws'), 'graphql-transport-ws');
    socket.on('error', () => undefined);
    await once(socket, 'open');
    (socket as unknown as { readonly _socket: { write(bytes: Buffer): void } })._socket.write(frame);
    await once(socket, 'close');
  }
  await line(({ msg }) => msg === 'websocket');
  expect(warnings()).toEqual([]);
  expect(consoleCalls()).toEqual([]);
});

describe('the path in the log', () => {
  it.each([
    ['/v1/payouts/v1/payments', '/v1/payouts/v1/payments'],
    [
      '/v1/payouts/v1/intents/b0000000-0000-4000-8000-000000000001',
      '/v1/payouts/v1/intents/b0000000-0000-4000-8000-000000000001',
    ],
    ['/v1/payouts/v1/AE070331234567890123456', '/v1/payouts/v1/…'],
    ['/v1/payouts/v1/ae07%200331', '/v1/payouts/v1/…'],
    ['/v1/payouts/v1/payments/1015000000601/history', '/v1/payouts/v1/payments/…/history'],
    ['/.well-known/oauth-protected-resource/mcp', '/.well-known/oauth-protected-resource/mcp'],
    ['/openapi.json', '/openapi.json'],
    ['/', '/'],
    [`/${'x'.repeat(100)}`, '/…'],
  ])('of %s is logged as %s', (path, logged) => {
    expect(loggedPathOf(path)).toBe(logged);
  });

  it('contains no account number of the requested URL', async () => {
    const { gateway, line } = await start();
    await fetch(
      `${gateway.restUrl ?? ''}/v1/payouts/v1/AE070331234567890123456?iban=AE070331234567890123456`,
    );
    const logged = await line(({ msg, surface }) => msg === 'request' && surface === 'rest');
    expect(JSON.stringify(logged)).not.toContain('AE07');
    expect(logged['path']).toBe('/v1/payouts/v1/…');
  });
});

describe('the name of an operation in the log', () => {
  it.each([
    ['Payouts', 'Payouts', 'Payouts'],
    ['an account number', '…', 'AE070331234567890123456'],
    ['60,000 characters', '…', 'a'.repeat(60_000)],
  ])('%s is logged as %s', async (_kind, logged, name) => {
    const { gateway, line } = await start();
    await postOperation(gateway.url, `query ${name} { __typename }`);
    expect(await line(({ surface }) => surface === 'graphql')).toMatchObject({ operation: logged });
  });
});
