import { once } from 'node:events';
import { connect, Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import {
  connectionLimits as limits,
  type ConnectionEndReason,
} from '../../../src/adapters/http/connection-limits.ts';
import { Connections } from '../../../src/adapters/http/connections.ts';
import { metricOf } from '../../support/metric.ts';
import { postOperation, startListeningGateway } from '../../support/running-gateway.ts';

const mebibyte = 1024 * 1024;

function createConnections() {
  const endReasons: ConnectionEndReason[] = [];
  const connections = new Connections(reason => endReasons.push(reason));
  const begin = () => {
    const socket = new Socket();
    return { socket, body: connections.forSocket(socket).beginBody() };
  };
  return { connections, endReasons, begin };
}

describe('incomplete bodies', () => {
  it('above maxTotalIncomingBytes have their connections closed, the oldest of equal ones first', () => {
    const { connections, endReasons, begin } = createConnections();
    const bodies = Array.from({ length: 33 }, begin);
    for (const { body } of bodies) {
      body.hold(10);
      body.hold(mebibyte);
    }
    // The largest ones are closed down to 90 % of the limit.
    expect(connections.incomingBytes).toBe(29 * mebibyte);
    const closed = bodies.map(({ socket }) => socket.destroyed);
    expect(closed).toEqual(Array.from({ length: 33 }, (_, index) => index < 4));
    expect(endReasons).toEqual(Array.from({ length: 4 }, () => 'incoming_in_all'));
  });

  it('of slow clients stay open while larger ones fill the memory', () => {
    const { connections, begin } = createConnections();
    const slow = Array.from({ length: 100 }, begin);
    for (const { body } of slow) body.hold(3000);
    for (let index = 0; index < 1000; index += 1) begin().body.hold(255 * 1024);
    expect(slow.filter(({ socket }) => socket.destroyed)).toEqual([]);
    expect(connections.incomingBytes).toBeLessThanOrEqual(limits.maxTotalIncomingBytes);
  });

  it('of one byte each, by the thousand, do not keep large ones from being closed', () => {
    const { connections, begin } = createConnections();
    for (let index = 0; index < 9000; index += 1) begin().body.hold(1);
    for (let index = 0; index < 300; index += 1) begin().body.hold(255 * 1024);
    expect(connections.incomingBytes).toBeLessThanOrEqual(limits.maxTotalIncomingBytes);
  });

  it('are not counted after they are released', () => {
    const { connections, endReasons, begin } = createConnections();
    for (let times = 0; times < 200; times += 1) {
      const { body } = begin();
      body.hold(mebibyte);
      body.complete();
      body.release();
      body.hold(mebibyte);
    }
    expect(connections.incomingBytes).toBe(0);
    expect(endReasons).toEqual([]);
  });

  it('are closed before bodies that are complete and wait to be handled', () => {
    const { connections, begin } = createConnections();
    const complete = Array.from({ length: 31 }, begin);
    for (const { body } of complete) {
      body.hold(mebibyte);
      body.complete();
    }
    const slow = begin();
    slow.body.hold(mebibyte);
    const other = begin();
    other.body.hold(1);
    expect([...complete, other].filter(({ socket }) => socket.destroyed)).toEqual([]);
    expect(slow.socket.destroyed).toBe(true);
    expect(connections.incomingBytes).toBe(31 * mebibyte + 1);
  });
});

/** Starts a gateway, and reads its metrics. */
async function startGateway() {
  const gateway = await startListeningGateway({ env: { REST_PORT: '0' } });
  onTestFinished(() => gateway.close());
  const metric = (name: string): Promise<number> => metricOf(gateway.url, name);
  return { ...gateway, metric };
}

describe('a gateway that receives many incomplete bodies', () => {
  it('holds at most maxTotalIncomingBytes of them, and still answers complete requests', async () => {
    const { url, restUrl = '', metric } = await startGateway();
    const { port, host } = new URL(restUrl);
    const head = `POST /v1/payouts/v1/payment HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\nidempotency-key: k\r\ncontent-length: 262144\r\n\r\n`;
    const part = Buffer.alloc(255 * 1024, ' ');
    const sockets: Socket[] = [];
    for (let index = 0; index < 300; index += 1) {
      const socket = connect(Number(port), '127.0.0.1');
      socket.on('error', () => undefined);
      sockets.push(socket);
      await once(socket, 'connect');
      socket.write(head);
      socket.write(part);
    }
    await expect
      .poll(() => metric('lean_payouts_connections_ended_total{reason="incoming_in_all"}'))
      .toBeGreaterThanOrEqual(40);
    expect(await metric('lean_payouts_incoming_bytes')).toBeLessThanOrEqual(limits.maxTotalIncomingBytes);
    expect(await postOperation(url, '{ payouts(first: 1) { totalCount } }')).toMatchObject({ status: 200 });
    for (const socket of sockets) socket.destroy();
    await expect.poll(() => metric('lean_payouts_incoming_bytes')).toBe(0);
  });

  it('closes a WebSocket that sends much before its caller is authenticated', async () => {
    const { url, metric } = await startGateway();
    const refused = metric.bind(undefined, 'lean_payouts_connections_ended_total{reason="connection_init"}');
    for (const message of ['{'.padEnd(limits.connectionInitBytes + 1), { fin: false }] as const) {
      const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws');
      await once(socket, 'open');
      if (typeof message === 'string') socket.send(message);
      else socket.send('{'.padEnd(limits.connectionInitBytes + 1), message);
      await once(socket, 'close');
    }
    expect(await refused()).toBe(2);
  });

  it('counts the incomplete messages of WebSockets, in one frame or in fragments', async () => {
    const { url, metric } = await startGateway();
    const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws');
    await once(socket, 'open');
    socket.send('{"type":"connection_init"', { fin: false });
    await expect.poll(() => metric('lean_payouts_incoming_bytes')).toBe(25);
    socket.send('}');
    await once(socket, 'message');
    expect(await metric('lean_payouts_incoming_bytes')).toBe(0);
    const { _socket: raw } = socket as unknown as { readonly _socket: Socket };
    // A masked frame of 60,000 bytes, of which 1000 are sent.
    raw.write(Buffer.concat([Buffer.from([0x81, 0xfe, 0xea, 0x60, 0, 0, 0, 0]), Buffer.alloc(1000)]));
    await expect.poll(() => metric('lean_payouts_incoming_bytes')).toBe(1000);
    socket.terminate();
    await expect.poll(() => metric('lean_payouts_incoming_bytes')).toBe(0);
  });
});
