import { ServerResponse, IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  connectionLimits as limits,
  type ConnectionEnd,
} from '../../../src/adapters/http/connection-limits.ts';
import { Connections, type Connection } from '../../../src/adapters/http/connections.ts';

const mebibyte = 1024 * 1024;

/** A peer that reads nothing until it is told to. */
class Peer extends Writable {
  #take: (() => void) | undefined;

  override _write(_chunk: unknown, _encoding: string, taken: () => void): void {
    this.#take = taken;
  }

  /** Reads what is being written. */
  reads(): void {
    this.#take?.();
  }
}

function connected() {
  const ends: ConnectionEnd[] = [];
  const connections = new Connections(why => ends.push(why));
  const open = () => {
    const peer = new Peer();
    const connection = connections.of(peer as never);
    const write = (bytes: number): void => {
      peer.write(Buffer.alloc(bytes));
      connection.checkUnread();
    };
    return { peer, connection, write };
  };
  return { connections, ends, open };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

describe('what a peer has not read', () => {
  it('is counted as of the last second, and drops to zero after the peer reads', () => {
    const { connections, ends, open } = connected();
    const { peer, write } = open();
    write(1000);
    expect(connections.unreadBytes).toBe(1000);
    peer.reads();
    vi.advanceTimersByTime(1000);
    expect(connections.unreadBytes).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
    expect(ends).toEqual([]);
  });

  it('ends the connection at once beyond what may be unread at any moment', () => {
    const { connections, ends, open } = connected();
    const { peer, write } = open();
    write(limits.maxUnreadBytes);
    expect(peer.destroyed).toBe(false);
    write(1);
    expect(peer.destroyed).toBe(true);
    expect(ends).toEqual(['unread']);
    vi.advanceTimersByTime(1000);
    expect(connections.unreadBytes).toBe(0);
  });

  it('ends the connection beyond 1 MiB for ten seconds', () => {
    const { ends, open } = connected();
    const { peer, write } = open();
    write(mebibyte);
    write(1);
    vi.advanceTimersByTime(limits.unreadMs);
    expect(peer.destroyed).toBe(false);
    vi.advanceTimersByTime(2000);
    expect(peer.destroyed).toBe(true);
    expect(ends).toEqual(['unread']);
  });

  it('does nothing to a slow peer that comes below 1 MiB in time', () => {
    const { open } = connected();
    const { peer, write } = open();
    for (let times = 0; times < 5; times += 1) {
      write(mebibyte);
      write(1);
      vi.advanceTimersByTime(limits.unreadMs - 1000);
      peer.reads();
      peer.reads();
      vi.advanceTimersByTime(2000);
    }
    expect(peer.destroyed).toBe(false);
  });

  it('ends the connections with the most of it once it is too much in all', () => {
    const { connections, ends, open } = connected();
    const small = Array.from({ length: 30 }, () => open());
    const large = Array.from({ length: 30 }, () => open());
    for (const { write } of small) write(mebibyte / 2);
    for (const { write } of large) write(3 * mebibyte);
    expect(connections.unreadBytes).toBeLessThanOrEqual(limits.maxTotalUnreadBytes);
    expect(small.filter(({ peer }) => peer.destroyed)).toEqual([]);
    // 15 MiB of the small ones, and 16 times 3 MiB, are just below 64 MiB.
    expect(large.filter(({ peer }) => !peer.destroyed).length).toBe(16);
    expect(new Set(ends)).toEqual(new Set(['unread_in_all']));
  });

  it('counts what waits for the answer before it, where requests were sent without waiting', () => {
    const { ends, open } = connected();
    const { peer, connection } = open();
    const answer = new ServerResponse(new IncomingMessage(new Socket()));
    connection.tryBegin(answer);
    answer.write(Buffer.alloc(limits.maxUnreadBytes + 1));
    connection.checkUnread();
    expect(peer.destroyed).toBe(true);
    expect(ends).toEqual(['unread']);
  });
});

describe('requests on one connection', () => {
  const answerOn = (connection: Connection): ServerResponse | undefined => {
    const answer = new ServerResponse(new IncomingMessage(new Socket()));
    return connection.tryBegin(answer) ? answer : undefined;
  };

  it('are as many as may be at once, and one more ends it', () => {
    const { ends, open } = connected();
    const { peer, connection } = open();
    const answers = Array.from({ length: limits.requests }, () => answerOn(connection));
    expect(answers).not.toContain(undefined);
    if (answers[0] !== undefined) connection.finish(answers[0]);
    expect(answerOn(connection)).toBeDefined();
    expect(peer.destroyed).toBe(false);
    expect(answerOn(connection)).toBeUndefined();
    expect(peer.destroyed).toBe(true);
    expect(ends).toEqual(['requests']);
  });
});

it('answers whose turn has not come are closed with their connection', async () => {
  vi.useRealTimers();
  const { open } = connected();
  const { peer, connection } = open();
  const answers = Array.from({ length: 3 }, () => new ServerResponse(new IncomingMessage(new Socket())));
  const closed = answers.map(() => 0);
  for (const [index, answer] of answers.entries()) {
    answer.once('close', () => {
      closed[index] = 1;
    });
    connection.tryBegin(answer);
  }
  peer.destroy();
  await expect.poll(() => closed).toEqual([1, 1, 1]);
});

describe('while the gateway stops', () => {
  it('a peer that has not read an answer for so long is left, and one that waits for an answer is not', () => {
    const { connections, open } = connected();
    const [reading, waiting, stuck] = [open(), open(), open()];
    for (const { connection } of [reading, stuck]) {
      const answer = new ServerResponse(new IncomingMessage(new Socket()));
      connection.tryBegin(answer);
      answer.end('all of it');
      if (connection === reading.connection) connection.finish(answer);
    }
    waiting.connection.tryBegin(new ServerResponse(new IncomingMessage(new Socket())));
    // Several listeners call it at about the same time.
    for (let second = 0; second < 10; second += 1) {
      for (let listener = 0; listener < 3; listener += 1) connections.endStuck(10_000);
      expect(stuck.peer.destroyed).toBe(false);
      vi.advanceTimersByTime(1000);
    }
    connections.endStuck(10_000);
    expect([reading, waiting, stuck].map(({ peer }) => peer.destroyed)).toEqual([false, false, true]);
  });
});

it('a connection that is closed is forgotten', () => {
  vi.useRealTimers();
  const { connections, open } = connected();
  const { peer, connection } = open();
  expect(connections.of(peer as never)).toBe(connection);
  expect(connections.count).toBe(1);
  peer.destroy();
  return expect.poll(() => connections.count).toBe(0);
});
