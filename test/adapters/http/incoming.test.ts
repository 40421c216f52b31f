import { once } from 'node:events';
import { connect, Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import {
  connectionLimits as limits,
  type ConnectionEnd,
} from '../../../src/adapters/http/connection-limits.ts';
import { Connections } from '../../../src/adapters/http/connections.ts';
import { postOperation, startListeningGateway } from '../../support/running-gateway.ts';

const mebibyte = 1024 * 1024;

function connected() {
  const ends: ConnectionEnd[] = [];
  const connections = new Connections(why => ends.push(why));
  const begin = () => {
    const socket = new Socket();
    return { socket, body: connections.of(socket).beginBody() };
  };
  return { connections, ends, begin };
}

describe('bodies that have not come in whole', () => {
  it('are ended, the oldest first, where they hold too much in all', () => {
    const { connections, ends, begin } = connected();
    const bodies = Array.from({ length: 70 }, begin);
    for (const { body } of bodies) {
      body.hold(10);
      body.hold(mebibyte);
    }
    expect(connections.incomingBytes).toBe(limits.maxTotalIncomingBytes);
    const ended = bodies.map(({ socket }) => socket.destroyed);
    expect(ended).toEqual(Array.from({ length: 70 }, (_, index) => index < 6));
    expect(ends).toEqual(Array.from({ length: 6 }, () => 'incoming_in_all'));
  });

  it('are not counted once they are done with', () => {
    const { connections, ends, begin } = connected();
    for (let times = 0; times < 200; times += 1) {
      const { body } = begin();
      body.hold(mebibyte);
      body.whole();
      body.release();
      body.hold(mebibyte);
    }
    expect(connections.incomingBytes).toBe(0);
    expect(ends).toEqual([]);
  });

  it('are ended rather than those that are whole and wait for their turn', () => {
    const { connections, begin } = connected();
    const whole = Array.from({ length: 63 }, begin);
    for (const { body } of whole) {
      body.hold(mebibyte);
      body.whole();
    }
    const slow = begin();
    slow.body.hold(mebibyte);
    const other = begin();
    other.body.hold(1);
    expect([...whole, other].filter(({ socket }) => socket.destroyed)).toEqual([]);
    expect(slow.socket.destroyed).toBe(true);
    expect(connections.incomingBytes).toBe(63 * mebibyte + 1);
  });
});

/** A gateway, and what it tells of bytes that come in. */
async function flooded() {
  const gateway = await startListeningGateway({ env: { REST_PORT: '0' } });
  onTestFinished(() => gateway.close());
  const metric = async (name: string): Promise<number> => {
    const text = await (await fetch(new URL('/metrics', gateway.url))).text();
    const line = text.split('\n').find(each => each.startsWith(`${name} `));
    return Number(line?.slice(name.length));
  };
  return { ...gateway, metric };
}

describe('a gateway that is sent many large bodies, none of them whole', () => {
  it('holds 64 MiB of them, and answers whoever sends a whole one', async () => {
    const { url, restUrl = '', metric } = await flooded();
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

  it('counts those of WebSockets, in one frame or in fragments', async () => {
    const { url, metric } = await flooded();
    const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws');
    await once(socket, 'open');
    socket.send('{"type":"connection_init"', { fin: false });
    await expect.poll(() => metric('lean_payouts_incoming_bytes')).toBe(25);
    socket.send('}');
    await once(socket, 'message');
    expect(await metric('lean_payouts_incoming_bytes')).toBe(0);
    const { _socket: raw } = socket as unknown as { readonly _socket: Socket };
    // A masked frame of 60,000 bytes, of which 1000 come.
    raw.write(Buffer.concat([Buffer.from([0x81, 0xfe, 0xea, 0x60, 0, 0, 0, 0]), Buffer.alloc(1000)]));
    await expect.poll(() => metric('lean_payouts_incoming_bytes')).toBe(1000);
    socket.terminate();
    await expect.poll(() => metric('lean_payouts_incoming_bytes')).toBe(0);
  });
});
