import { once } from 'node:events';
import { connect, Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Connection } from '../../../src/adapters/http/connections.ts';
import { eventLoop } from '../../../src/scheduling/event-loop-batcher.ts';
import { postOperation, startListeningGateway } from '../../support/running-gateway.ts';

const key = 'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n';
const protocol = 'sec-websocket-protocol: graphql-transport-ws\r\n';

/** What a peer may send, by its name; `HOST` stands for the gateway's own. */
const exchanges: Readonly<Record<string, string>> = {
  'an upgrade to something unknown from a foreign page':
    'GET /graphql HTTP/1.1\r\nhost: HOST\r\norigin: https://evil.example\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n',
  'an upgrade to something unknown':
    'GET /graphql HTTP/1.1\r\nhost: HOST\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n',
  'an upgrade at another path':
    'GET /health HTTP/1.1\r\nhost: HOST\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
  'a WebSocket': `GET /graphql HTTP/1.1\r\nhost: HOST\r\nconnection: upgrade\r\nupgrade: websocket\r\n${key}${protocol}\r\n`,
  'a query':
    'POST /graphql HTTP/1.1\r\nhost: HOST\r\ncontent-type: application/json\r\ncontent-length: 24\r\n\r\n{"query":"{__typename}"}',
  'a tunnel': 'CONNECT example.com:443 HTTP/1.1\r\nhost: example.com\r\n\r\n',
  'the beginning of TLS': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
};

/**
 * Connects again and again, sends the first bytes of a text, and resets the connection: at once, or when something has
 * come back. It has a thread of its own, so that a reset can come while the gateway is about to answer.
 */
const peer = `
  const { connect } = require('node:net');
  const { once } = require('node:events');
  const { parentPort, workerData: { port, bytes } } = require('node:worker_threads');
  const reset = async (length, patient) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
    socket.write(bytes.subarray(0, length));
    if (patient) await Promise.race([once(socket, 'data'), once(socket, 'close')]);
    socket.resetAndDestroy();
  };
  (async () => {
    for (let length = 0; length < bytes.length; length += 1) await reset(length, false);
    for (let times = 0; times < 150; times += 1) await reset(bytes.length, false);
    for (let times = 0; times < 50; times += 1) await reset(bytes.length, true);
    parentPort.postMessage('done');
  })();
`;

/** Resets its connection when the gateway is about to answer. */
const resettingPeer = `
  const { connect } = require('node:net');
  const { parentPort, workerData: { port, bytes, turns } } = require('node:worker_threads');
  const socket = connect(port, '127.0.0.1', () => {
    socket.write(bytes, () => {
      Atomics.wait(turns, 0, 0, 5000);
      socket.resetAndDestroy();
      setTimeout(() => {
        Atomics.store(turns, 1, 1);
        Atomics.notify(turns, 1);
        parentPort.postMessage('done');
      }, 50);
    });
  });
  socket.on('error', () => undefined);
`;

/** A gateway with its three listeners, and what nobody has caught meanwhile. */
async function attacked() {
  const gateway = await startListeningGateway({
    env: { REST_PORT: '0', MCP_PORT: '0', LEAN_WEBHOOK_SECRET: 'secret' },
  });
  const failures: unknown[] = [];
  const noteFailure = (error: unknown): void => void failures.push(error);
  process.on('uncaughtException', noteFailure);
  onTestFinished(async () => {
    process.off('uncaughtException', noteFailure);
    await gateway.close();
  });
  const { port, host } = new URL(gateway.url);
  return { ...gateway, port, host, failures };
}

describe('a peer that resets its connection', () => {
  it.each(Object.entries(exchanges))('ends nothing but that, at any byte of %s', async (_name, text) => {
    const { url, port, host, failures } = await attacked();
    const bytes = Buffer.from(text.replace('HOST', host), 'latin1');
    const worker = new Worker(peer, { eval: true, workerData: { port: Number(port), bytes } });
    await once(worker, 'message');
    await worker.terminate();
    expect(await postOperation(url, '{ payouts(first: 1) { totalCount } }')).toMatchObject({ status: 200 });
    expect(failures).toEqual([]);
  });

  it('ends nothing but that while the gateway is writing its refusal of an upgrade', async () => {
    const { url, port, host, failures } = await attacked();
    // [whether the gateway is about to write, whether the peer has reset the connection]
    const turns = new Int32Array(new SharedArrayBuffer(8));
    const end = Socket.prototype.end;
    vi.spyOn(Socket.prototype, 'end').mockImplementation(function (this: Socket, ...args: unknown[]) {
      if (String(args[0]).includes('403')) {
        Atomics.store(turns, 0, 1);
        Atomics.notify(turns, 0);
        Atomics.wait(turns, 1, 0, 5000);
      }
      return (end as (...given: unknown[]) => Socket).apply(this, args);
    });
    const text = exchanges['an upgrade to something unknown from a foreign page'] ?? '';
    const bytes = Buffer.from(text.replace('HOST', host), 'latin1');
    const worker = new Worker(resettingPeer, {
      eval: true,
      workerData: { port: Number(port), bytes, turns },
    });
    await once(worker, 'message');
    await worker.terminate();
    expect(turns[0], 'the gateway has refused the upgrade').toBe(1);
    expect(await postOperation(url, '{ payouts(first: 1) { totalCount } }')).toMatchObject({ status: 200 });
    expect(failures).toEqual([]);
  });

  it('leaves no subscription behind whose body was waiting for its turn', async () => {
    const { url, port, host } = await attacked();
    const body = '{"query":"subscription { payoutUpdated { status } }"}';
    const subscribe = `POST /graphql HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\naccept: text/event-stream\r\ncontent-length: ${String(body.length)}\r\n\r\n${body}`;
    const waiting: (() => void)[] = [];
    const run = eventLoop.run.bind(eventLoop);
    const held = vi.spyOn(eventLoop, 'run').mockImplementation((whose, work) => {
      if (whose instanceof Connection) waiting.push(work);
      else run(whose, work);
    });
    onTestFinished(() => {
      held.mockRestore();
    });
    const socket = connect(Number(port), '127.0.0.1');
    socket.on('error', () => undefined);
    // What asks for a tunnel loses its connection; Node does not close the answers whose turn has not come.
    socket.write(`${subscribe.repeat(3)}CONNECT example.com:443 HTTP/1.1\r\nhost: example.com\r\n\r\n`);
    await expect.poll(() => waiting.length).toBe(3);
    socket.resume();
    const metric = async (name: string): Promise<number> => {
      const text = await (await fetch(new URL('/metrics', url))).text();
      return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
    };
    // The connection that asks for the metrics is one.
    await expect.poll(() => metric('lean_payouts_connections')).toBe(1);
    held.mockRestore();
    for (const work of waiting) work();
    expect(await postOperation(url, '{ payouts(first: 1) { totalCount } }')).toMatchObject({ status: 200 });
    expect(await metric('lean_payouts_subscribers')).toBe(0);
  });
});
