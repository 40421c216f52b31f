import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { loggedPathOf } from '../../../src/adapters/http/logged-path.ts';
import { logLines } from '../../support/log-lines.ts';
import { postOperation, startListeningGateway } from '../../support/running-gateway.ts';

/*
 * What callers do wrong is no failure of the gateway's: its log stays quiet, and nothing is written beside it.
 */
async function start() {
  const { log, lines, line } = logLines();
  const console = (['error', 'warn', 'log'] as const).map(name => vi.spyOn(globalThis.console, name));
  const gateway = await startListeningGateway({ log, env: { REST_PORT: '0', MCP_PORT: '0' } });
  onTestFinished(async () => {
    await gateway.close();
    vi.restoreAllMocks();
  });
  const loud = () => lines.filter(({ level }) => level >= 40).map(({ msg, err }) => ({ msg, err }));
  const beside = () => console.flatMap(({ mock }) => mock.calls as unknown[]);
  return { gateway, line, loud, beside };
}

describe('a caller who hangs up in the middle', () => {
  it.each(['graphql', 'rest', 'mcp'] as const)(
    'of a request to %s leaves a line, and no error',
    async surface => {
      const { gateway, line, loud, beside } = await start();
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
      expect(loud()).toEqual([]);
      expect(beside()).toEqual([]);
    },
  );

  it('of a read that is under way leaves no error', async () => {
    const { gateway, line, loud, beside } = await start();
    gateway.lean.faults.add({ kind: 'latency', ms: 300 });
    const leaving = new AbortController();
    const asking = fetch(`${gateway.restUrl ?? ''}/v1/payouts/v1/payments`, { signal: leaving.signal });
    await expect.poll(() => gateway.lean.requests.length).toBeGreaterThan(0);
    leaving.abort();
    await expect(asking).rejects.toThrow();
    await line(({ msg }) => msg === 'request given up by the caller');
    expect(loud()).toEqual([]);
    expect(beside()).toEqual([]);
  });
});

it('frames that break the WebSocket protocol leave no error', async () => {
  const { gateway, line, loud, beside } = await start();
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
  expect(loud()).toEqual([]);
  expect(beside()).toEqual([]);
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
  ])('of %s is %s', (path, logged) => {
    expect(loggedPathOf(path)).toBe(logged);
  });

  it('holds no account number, whatever is asked for', async () => {
    const { gateway, line } = await start();
    await fetch(
      `${gateway.restUrl ?? ''}/v1/payouts/v1/AE070331234567890123456?iban=AE070331234567890123456`,
    );
    const written = await line(({ msg, surface }) => msg === 'request' && surface === 'rest');
    expect(JSON.stringify(written)).not.toContain('AE07');
    expect(written['path']).toBe('/v1/payouts/v1/…');
  });
});

describe('the name of an operation in the log', () => {
  it.each([
    ['Payouts', 'Payouts'],
    ['AE070331234567890123456', '…'],
    ['a'.repeat(60_000), '…'],
  ])('%.30s is %s', async (name, logged) => {
    const { gateway, line } = await start();
    await postOperation(gateway.url, `query ${name} { __typename }`);
    expect(await line(({ surface }) => surface === 'graphql')).toMatchObject({ operation: logged });
  });
});
