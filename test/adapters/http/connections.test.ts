import { ServerResponse, IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  connectionLimits as limits,
  type ConnectionEndReason,
} from '../../../src/adapters/http/connection-limits.ts';
import type { Connection } from '../../../src/adapters/http/connection.ts';
import { Connections } from '../../../src/adapters/http/connections.ts';

const mebibyte = 1024 * 1024;

/** A client that reads nothing until `readChunk` is called. */
class Client extends Writable {
  #done: (() => void) | undefined;

  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    this.#done = done;
  }

  /** Reads the chunk that is being written. */
  readChunk(): void {
    this.#done?.();
  }
}

function createConnections() {
  const endReasons: ConnectionEndReason[] = [];
  const connections = new Connections(reason => endReasons.push(reason));
  const open = () => {
    const client = new Client();
    const connection = connections.forSocket(client as never);
    const write = (bytes: number): void => {
      client.write(Buffer.alloc(bytes));
      connection.checkUnread();
    };
    return { client, connection, write };
  };
  return { connections, endReasons, open };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

describe('unread bytes', () => {
  it('are counted every second, and drop to zero after the client has read them', () => {
    const { connections, endReasons, open } = createConnections();
    const { client, write } = open();
    write(1000);
    expect(connections.unreadBytes).toBe(1000);
    client.readChunk();
    vi.advanceTimersByTime(1000);
    expect(connections.unreadBytes).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
    expect(endReasons).toEqual([]);
  });

  it('above maxUnreadBytes close the connection at once', () => {
    const { connections, endReasons, open } = createConnections();
    const { client, write } = open();
    write(limits.maxUnreadBytes);
    expect(client.destroyed).toBe(false);
    write(1);
    expect(client.destroyed).toBe(true);
    expect(endReasons).toEqual(['unread']);
    vi.advanceTimersByTime(1000);
    expect(connections.unreadBytes).toBe(0);
  });

  it('above 1 MiB for ten seconds close the connection', () => {
    const { endReasons, open } = createConnections();
    const { client, write } = open();
    write(mebibyte);
    write(1);
    vi.advanceTimersByTime(limits.unreadMs);
    expect(client.destroyed).toBe(false);
    vi.advanceTimersByTime(2000);
    expect(client.destroyed).toBe(true);
    expect(endReasons).toEqual(['unread']);
  });

  it('do not close the connection of a slow client that falls below 1 MiB in time', () => {
    const { open } = createConnections();
    const { client, write } = open();
    for (let times = 0; times < 5; times += 1) {
      write(mebibyte);
      write(1);
      vi.advanceTimersByTime(limits.unreadMs - 1000);
      client.readChunk();
      client.readChunk();
      vi.advanceTimersByTime(2000);
    }
    expect(client.destroyed).toBe(false);
  });

  it('above maxTotalUnreadBytes close the connections that have the most of them', () => {
    const { connections, endReasons, open } = createConnections();
    const small = Array.from({ length: 30 }, () => open());
    const large = Array.from({ length: 30 }, () => open());
    for (const { write } of small) write(mebibyte / 2);
    for (const { write } of large) write(3 * mebibyte);
    expect(connections.unreadBytes).toBeLessThanOrEqual(limits.maxTotalUnreadBytes);
    expect(small.filter(({ client }) => client.destroyed)).toEqual([]);
    // The small connections hold 15 MiB. With 16 times 3 MiB of the large ones the total is just below 64 MiB.
    expect(large.filter(({ client }) => !client.destroyed).length).toBe(16);
    expect(new Set(endReasons)).toEqual(new Set(['unread_in_all']));
  });

  it('include those of a pipelined response that waits for an earlier one', () => {
    const { endReasons, open } = createConnections();
    const { client, connection } = open();
    const response = new ServerResponse(new IncomingMessage(new Socket()));
    connection.tryBegin(response);
    response.write(Buffer.alloc(limits.maxUnreadBytes + 1));
    connection.checkUnread();
    expect(client.destroyed).toBe(true);
    expect(endReasons).toEqual(['unread']);
  });
});

describe('requests in flight on one connection', () => {
  const beginRequest = (connection: Connection): ServerResponse | undefined => {
    const response = new ServerResponse(new IncomingMessage(new Socket()));
    return connection.tryBegin(response) ? response : undefined;
  };

  it('above the limit close the connection', () => {
    const { endReasons, open } = createConnections();
    const { client, connection } = open();
    const responses = Array.from({ length: limits.requests }, () => beginRequest(connection));
    expect(responses).not.toContain(undefined);
    if (responses[0] !== undefined) connection.finish(responses[0]);
    expect(beginRequest(connection)).toBeDefined();
    expect(client.destroyed).toBe(false);
    expect(beginRequest(connection)).toBeUndefined();
    expect(client.destroyed).toBe(true);
    expect(endReasons).toEqual(['requests']);
  });
});

it('pipelined responses that wait for an earlier one are closed with their connection', async () => {
  vi.useRealTimers();
  const { open } = createConnections();
  const { client, connection } = open();
  const responses = Array.from({ length: 3 }, () => new ServerResponse(new IncomingMessage(new Socket())));
  const closed = responses.map(() => 0);
  for (const [index, response] of responses.entries()) {
    response.once('close', () => {
      closed[index] = 1;
    });
    connection.tryBegin(response);
  }
  client.destroy();
  await expect.poll(() => closed).toEqual([1, 1, 1]);
});

describe('closeStuck', () => {
  it('closes a connection whose client does not read its response, and none whose client waits for one', () => {
    const { connections, open } = createConnections();
    const [reading, waiting, stuck] = [open(), open(), open()];
    for (const { connection } of [reading, stuck]) {
      const response = new ServerResponse(new IncomingMessage(new Socket()));
      connection.tryBegin(response);
      response.end('the whole body');
      if (connection === reading.connection) connection.finish(response);
    }
    waiting.connection.tryBegin(new ServerResponse(new IncomingMessage(new Socket())));
    // Several listeners call it at about the same time.
    for (let second = 0; second < 10; second += 1) {
      for (let listener = 0; listener < 3; listener += 1) connections.closeStuck(10_000);
      expect(stuck.client.destroyed).toBe(false);
      vi.advanceTimersByTime(1000);
    }
    connections.closeStuck(10_000);
    expect([reading, waiting, stuck].map(({ client }) => client.destroyed)).toEqual([false, false, true]);
  });
});

it('a closed connection is no longer tracked', () => {
  vi.useRealTimers();
  const { connections, open } = createConnections();
  const { client, connection } = open();
  expect(connections.forSocket(client as never)).toBe(connection);
  expect(connections.count).toBe(1);
  client.destroy();
  return expect.poll(() => connections.count).toBe(0);
});
