import { once } from 'node:events';
import { connect, Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Connection } from '../../../src/adapters/http/connection.ts';
import { eventLoopBatcher } from '../../../src/scheduling/event-loop-batcher.ts';
import { metricOf } from '../../support/metric.ts';
import { postOperation, startListeningGateway } from '../../support/running-gateway.ts';

const websocketHeaders = 'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n';
const protocolHeader = 'sec-websocket-protocol: graphql-transport-ws\r\n';

/** Requests that a client may send, by name. `HOST` stands for the gateway's own host. */
const requests: Readonly<Record<string, string>> = {
  'an upgrade to an unknown protocol from a page of another origin':
    'GET /graphql HTTP/1.1\r\nhost: HOST\r\norigin: https://evil.example\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n',
  'an upgrade to an unknown protocol':
    'GET /graphql HTTP/1.1\r\nhost: HOST\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n',
  'an upgrade at another path':
    'GET /health HTTP/1.1\r\nhost: HOST\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
  'a WebSocket': `GET /graphql HTTP/1.1\r\nhost: HOST\r\nconnection: upgrade\r\nupgrade: websocket\r\n${websocketHeaders}${protocolHeader}\r\n`,
  'a query':
    'POST /graphql HTTP/1.1\r\nhost: HOST\r\ncontent-type: application/json\r\ncontent-length: 24\r\n\r\n{"query":"{__typename}"}',
  'a CONNECT request': 'CONNECT example.com:443 HTTP/1.1\r\nhost: example.com\r\n\r\n',
  'the first bytes of a TLS handshake': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
};

/**
 * Connects repeatedly, sends the first bytes of a request, and resets the connection, at once or after the first bytes
 * of the response. It runs in a thread of its own, so that a reset can arrive while the gateway writes its response.
 */
const resettingClient = `
  const { connect } = require('node:net');
  const { once } = require('node:events');
  const { parentPort, workerData: { port, bytes } } = require('node:worker_threads');
  const reset = async (length, waitForResponse) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
    socket.write(bytes.subarray(0, length));
    if (waitForResponse) await Promise.race([once(socket, 'data'), once(socket, 'close')]);
    socket.resetAndDestroy();
  };
  (async () => {
    for (let length = 0; length < bytes.length; length += 1) await reset(length, false);
    for (let times = 0; times < 150; times += 1) await reset(bytes.length, false);
    for (let times = 0; times < 50; times += 1) await reset(bytes.length, true);
    parentPort.postMessage('done');
  })();
`;

/** A client that resets its connection when the gateway is about to write its response. */
const synchronizedClient = `
  const { connect } = require('node:net');
  const { parentPort, workerData: { port, bytes, flags } } = require('node:worker_threads');
  const socket = connect(port, '127.0.0.1', () => {
    socket.write(bytes, () => {
      Atomics.wait(flags, 0, 0, 5000);
      socket.resetAndDestroy();
      setTimeout(() => {
        Atomics.store(flags, 1, 1);
        Atomics.notify(flags, 1);
        parentPort.postMessage('done');
      }, 50);
    });
  });
  socket.on('error', () => undefined);
`;

/** Starts a gateway with three listeners, and collects uncaught exceptions. */
async function startGateway() {
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

describe('a client that resets its connection', () => {
  it.each(Object.entries(requests))(
    'does not disturb the gateway, at any byte of %s',
    async (_name, text) => {
      const { url, port, host, failures } = await startGateway();
      const bytes = Buffer.from(text.replace('HOST', host), 'latin1');
      const worker = new Worker(resettingClient, { eval: true, workerData: { port: Number(port), bytes } });
      await once(worker, 'message');
      await worker.terminate();
      expect(await postOperation(url, '{ payouts(first: 1) { totalCount } }')).toMatchObject({ status: 200 });
      expect(failures).toEqual([]);
    },
  );

  it('does not disturb the gateway that is writing its refusal of an upgrade', async () => {
    const { url, port, host, failures } = await startGateway();
    // [whether the gateway is about to write, whether the client has reset the connection]
    const flags = new Int32Array(new SharedArrayBuffer(8));
    const end = Socket.prototype.end;
    vi.spyOn(Socket.prototype, 'end').mockImplementation(function (this: Socket, ...args: unknown[]) {
      if (String(args[0]).includes('403')) {
        Atomics.store(flags, 0, 1);
        Atomics.notify(flags, 0);
        Atomics.wait(flags, 1, 0, 5000);
      }
      return (end as (...given: unknown[]) => Socket).apply(this, args);
    });
    const text = requests['an upgrade to an unknown protocol from a page of another origin'] ?? '';
    const bytes = Buffer.from(text.replace('HOST', host), 'latin1');
    const worker = new Worker(synchronizedClient, {
      eval: true,
      workerData: { port: Number(port), bytes, flags },
    });
    await once(worker, 'message');
    await worker.terminate();
    expect(flags[0], 'the gateway has refused the upgrade').toBe(1);
    expect(await postOperation(url, '{ payouts(first: 1) { totalCount } }')).toMatchObject({ status: 200 });
    expect(failures).toEqual([]);
  });

  it('leaves no subscription behind if its body was waiting in the event loop batcher', async () => {
    const { url, port, host } = await startGateway();
    const body = '{"query":"subscription { payoutUpdated { status } }"}';
    const subscribe = `POST /graphql HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\naccept: text/event-stream\r\ncontent-length: ${String(body.length)}\r\n\r\n${body}`;
    const waiting: (() => void)[] = [];
    const run = eventLoopBatcher.run.bind(eventLoopBatcher);
    const runSpy = vi.spyOn(eventLoopBatcher, 'run').mockImplementation((owner, work) => {
      if (owner instanceof Connection) waiting.push(work);
      else run(owner, work);
    });
    onTestFinished(() => {
      runSpy.mockRestore();
    });
    const socket = connect(Number(port), '127.0.0.1');
    socket.on('error', () => undefined);
    // Node closes the connection on CONNECT, and does not close the pipelined responses that wait for an earlier one.
    socket.write(`${subscribe.repeat(3)}CONNECT example.com:443 HTTP/1.1\r\nhost: example.com\r\n\r\n`);
    await expect.poll(() => waiting.length).toBe(3);
    socket.resume();
    // The request for the metrics has one connection itself.
    await expect.poll(() => metricOf(url, 'lean_payouts_connections')).toBe(1);
    runSpy.mockRestore();
    for (const work of waiting) work();
    expect(await postOperation(url, '{ payouts(first: 1) { totalCount } }')).toMatchObject({ status: 200 });
    expect(await metricOf(url, 'lean_payouts_subscribers')).toBe(0);
  });
});
