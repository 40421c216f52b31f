import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { sandboxCredentials, examplePayoutId } from '../src/sandbox/fixtures.ts';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { metricOf } from './support/metric.ts';
import { runProgram } from './support/program.ts';
import { postOperation } from './support/running-gateway.ts';

/*
 * Broken and aborted connections of clients affect no other connection.
 */

/** The number of connections. `FLOOD` changes it. */
const connections = Number(process.env['FLOOD'] ?? 1500);
const seed = Number(process.env['SEED'] ?? 23);

const handshake =
  'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\nsec-websocket-protocol: graphql-transport-ws\r\n';
const query = '{"query":"{ payouts(first: 20) { nodes { id recipient { displayName } } } }"}';
const call = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"lean-getpayout","arguments":{"payment_id":"${examplePayoutId}"}}}`;

function postRequest(path: string, body: string, headers = ''): string {
  return `POST ${path} HTTP/1.1\r\nhost: HOST\r\ncontent-type: application/json\r\n${headers}content-length: ${String(body.length)}\r\n\r\n${body}`;
}

/** Requests in HTTP/1.1 wire format. `HOST` stands for the listener's host. */
const requests: readonly string[] = [
  postRequest('/graphql', query),
  postRequest(
    '/graphql',
    '{"query":"subscription { payoutUpdated { status } }"}',
    'accept: text/event-stream\r\n',
  ),
  postRequest('/graphql', `{"query":"${'{a'.repeat(5000)}"}`),
  `GET /graphql?query={__typename} HTTP/1.1\r\nhost: HOST\r\n\r\n`,
  `GET /v1/payouts/v1/${examplePayoutId} HTTP/1.1\r\nhost: HOST\r\n\r\n`,
  `GET /v1/payouts/v1/payments?page_size=50 HTTP/1.1\r\nhost: HOST\r\n\r\n`.repeat(30),
  postRequest('/v1/payouts/v1/payment', `[${'{},'.repeat(50_000)}{}]`, 'idempotency-key: k\r\n'),
  postRequest('/v1/payouts/v1/payment', '['.repeat(100_000), 'idempotency-key: k\r\n'),
  postRequest('/mcp', call, 'accept: application/json, text/event-stream\r\n'),
  postRequest('/mcp', `[${call},${call}]`, 'accept: application/json, text/event-stream\r\n'),
  'POST /graphql HTTP/1.1\r\nhost: HOST\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"que\r\nzz\r\n',
  `GET /graphql HTTP/1.1\r\nhost: HOST\r\nconnection: upgrade\r\nupgrade: websocket\r\n${handshake}\r\n`,
  // Masked frames of a WebSocket: one that is well-formed, one that is not.
  `GET /graphql HTTP/1.1\r\nhost: HOST\r\nconnection: upgrade\r\nupgrade: websocket\r\n${handshake}\r\n\x89\x80\0\0\0\0\xff\xff\xff\xff`,
  'GET /graphql HTTP/1.1\r\nhost: HOST\r\norigin: https://evil.example\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n',
  'CONNECT example.com:443 HTTP/1.1\r\nhost: example.com\r\n\r\n',
  // Pipelined responses that still wait when the socket is handed to another protocol.
  `${postRequest('/graphql', '{"query":"subscription { payoutUpdated { status } }"}', 'accept: text/event-stream\r\n').repeat(5)}CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\n`,
  `${'GET /health HTTP/1.1\r\nhost: HOST\r\n\r\n'.repeat(3)}GET /graphql HTTP/1.1\r\nhost: HOST\r\norigin: https://evil.example\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n`,
  'GET / HTTP/1.1\r\nhost: HOST\r\nexpect: x\r\n\r\n'.repeat(500),
  `POST /webhooks/lean HTTP/1.1\r\nhost: HOST\r\ntransfer-encoding: chunked\r\n\r\n${'1\r\na\r\n'.repeat(5000)}`,
  `POST /graphql HTTP/1.1\r\nhost: HOST\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n${'1\r\na\r\n'.repeat(5000)}`,
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\nhost: HOST\r\n\r\n',
  'GET /health HTTP/1.1\r\nhost: HOST\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\nhe',
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  `GET /${'x'.repeat(20_000)} HTTP/1.1\r\n`,
];

const endings = ['reset', 'end', 'destroy', 'keep'] as const;

/** A seeded generator of numbers from 0 to 1. @see https://en.wikipedia.org/wiki/Linear_congruential_generator */
function createRng(from: number): () => number {
  let state = from;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Attack {
  readonly bytes: Buffer;
  /** The number of bytes that are sent at once. The rest follows a moment later. */
  readonly firstPart: number;
  readonly ending: (typeof endings)[number];
  readonly reads: boolean;
}

function randomAttack(random: () => number, host: string): Attack {
  const pick = <Value>(values: readonly Value[]): Value =>
    values[Math.floor(random() * values.length)] as Value;
  const whole = Buffer.from(pick(requests).replaceAll('HOST', host), 'latin1');
  const length = random() < 0.5 ? whole.length : Math.floor(random() * whole.length);
  const bytes = Buffer.from(whole.subarray(0, length));
  if (random() < 0.2 && length > 0) bytes[Math.floor(random() * length)] = Math.floor(random() * 256);
  return {
    bytes,
    firstPart: Math.floor(random() * length),
    ending: pick(endings),
    reads: random() < 0.5,
  };
}

async function runAttack(
  { bytes, firstPart, ending, reads }: Attack,
  port: number,
): Promise<Socket | undefined> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  if (reads) socket.resume();
  else socket.pause();
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
  socket.write(bytes.subarray(0, firstPart));
  await pause(1);
  socket.write(bytes.subarray(firstPart));
  if (ending === 'reset') socket.resetAndDestroy();
  else if (ending === 'end') socket.end();
  else if (ending === 'destroy') socket.destroy();
  return ending === 'keep' || ending === 'end' ? socket : undefined;
}

describe('floods of broken connections', () => {
  it(`affect no other connection (seed ${String(seed)})`, async () => {
    const sandbox = await startSandbox();
    onTestFinished(() => sandbox.close());
    const program = runProgram('main', {
      LEAN_BASE_URL: sandbox.url,
      LEAN_API_TOKEN: sandboxCredentials.token,
      LEAN_WEBHOOK_SECRET: 'webhook-secret',
      AUTH: 'none',
      PORT: '0',
      REST_PORT: '0',
      MCP_PORT: '0',
    });
    const [line = ''] = await program.waitForOutput(/.*gateway is up.*/);
    const { url, rest, mcp } = JSON.parse(line) as Record<'url' | 'rest' | 'mcp', string>;
    const metric = (name: string): Promise<number> => metricOf(url, name);
    await postOperation(url, '{ payouts(first: 1) { totalCount } }');
    const residentBefore = await metric('process_resident_memory_bytes');

    const random = createRng(seed);
    const ports = [url, url, url, rest, mcp].map(each => Number(new URL(each).port));
    const kept: Socket[] = [];
    for (let started = 0; started < connections; started += 50) {
      const attacks = Array.from({ length: 50 }, async () => {
        const port = ports[Math.floor(random() * ports.length)] ?? 0;
        const socket = await runAttack(randomAttack(random, `127.0.0.1:${String(port)}`), port);
        if (socket !== undefined) kept.push(socket);
      });
      await Promise.all(attacks);
      // A well-formed request is answered during the flood.
      const { status, data } = await postOperation(url, '{ payouts(first: 1) { totalCount } }');
      expect({ status, data }).toEqual({ status: 200, data: { payouts: { totalCount: 300 } } });
    }
    for (const socket of kept) socket.destroy();
    // The request for the metrics has one connection itself.
    await expect.poll(() => metric('lean_payouts_connections'), { timeout: 30_000 }).toBeLessThanOrEqual(2);
    await expect.poll(() => metric('lean_payouts_subscribers')).toBe(0);
    await expect.poll(() => metric('lean_payouts_unread_bytes'), { timeout: 10_000 }).toBe(0);
    expect((await metric('process_resident_memory_bytes')) - residentBefore).toBeLessThan(150 * 1024 * 1024);

    program.kill('SIGTERM');
    expect(await program.ended).toEqual([0, null]);
    expect(program.stderr).toBe('');
    const levels = program.stdout
      .trimEnd()
      .split('\n')
      .map(text => (JSON.parse(text) as { readonly level: number }).level);
    expect(Math.max(...levels)).toBeLessThan(50);
    expect(sandbox.requests.filter(({ operation }) => operation === 'createPayoutPayment')).toEqual([]);
  }, 120_000);
});
