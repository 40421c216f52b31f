import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { LeanOutcomeUnknown, LeanUnreachable } from '../../src/errors/lean-errors.ts';
import type { HttpRequest } from '../../src/lean/upstream-request.ts';
import type { Transport, TransportOptions } from '../../src/lean/transport.ts';
import { certify } from './certificates.ts';
import { failureOf, gate, later, listening, transportTo } from './wiring.ts';

let folder = '';
const text = (name: string): Promise<string> => readFile(join(folder, name), 'utf8');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lean-reset-'));
  await certify(folder, 'authority');
  await certify(folder, 'server', 'authority');
});

afterAll(() => rm(folder, { recursive: true, force: true }));

afterEach(() => {
  vi.useRealTimers();
});

const protocols = ['http', 'https'] as const;
type Protocol = (typeof protocols)[number];

/** A transport to a TCP server, by a protocol that the server may or may not speak. */
async function transportFor(
  server: Server,
  protocol: Protocol,
  options: Partial<TransportOptions> = {},
): Promise<Transport> {
  const url = await served(server);
  // The client shows no certificate of its own; it only trusts the server's.
  const certificate = { ca: await text('authority.pem') } as TransportOptions['certificate'];
  return transportTo(url.replace('http:', `${protocol}:`), { maxConcurrency: 1, certificate, ...options });
}

/** A server that does what the test wants with each connection. */
async function serverFor(protocol: Protocol, onConnection: (socket: Socket) => void): Promise<Server> {
  if (protocol === 'http') return createServer(onConnection);
  return createTlsServer({ cert: await text('server.pem'), key: await text('server.key') }, onConnection);
}

/** The address of a server that is gone when the test is over. */
async function served(server: Server): Promise<string> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return listening(server);
}

/**
 * A peer that stops reading once the first request has begun to come, until it is told to go on. It answers later
 * requests. What it sees of the connection is seen by a TCP relay in front of it, for both protocols alike.
 */
async function stalledPeer(protocol: Protocol) {
  const arrived = gate();
  const over = Promise.withResolvers<string>();
  let requests = 0;
  let stalled: Socket | undefined;
  const onConnection = (socket: Socket): void => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      requests += 1;
      if (requests > 1) socket.end('HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n');
      else {
        stalled?.pause();
        arrived.open();
      }
    });
  };
  const { port } = new URL(await served(await serverFor(protocol, onConnection)));
  const relay = createServer({ allowHalfOpen: true }, socket => {
    stalled ??= socket;
    const behind = connect(Number(port), '127.0.0.1');
    behind.on('error', () => undefined);
    // What the server says to a broken request is kept back: the kernel would answer it with a reset of its own.
    behind.on('data', chunk => {
      if (socket !== stalled || requests === 0) socket.write(chunk);
    });
    behind.on('end', () => {
      if (socket !== stalled) socket.end();
    });
    socket.on('data', chunk => behind.write(chunk));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      over.resolve(error.code === 'ECONNRESET' || error.code === 'EPIPE' ? 'reset' : error.message);
    });
    // libuv calls a reset an end where it comes with the last bytes. It is none if the other way is broken as well.
    socket.on('end', () => socket.write('x', error => error ?? over.resolve('closed')));
    onTestFinished(() => {
      behind.destroy();
    });
  });
  return {
    transport: await transportFor(relay, protocol),
    arrived: arrived.opened,
    /** What the peer finds behind the bytes that it has not read yet. */
    end: (): Promise<string> => {
      stalled?.resume();
      return over.promise;
    },
  };
}

/** Larger than what the kernels of both sides take: the rest waits in the gateway. */
const large: HttpRequest = {
  method: 'POST',
  target: '/payouts/v1/payment',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ filler: 'x'.repeat(8 * 1024 * 1024) }),
};
const small: HttpRequest = { ...large, body: '{}' };

describe.each(protocols)('over %s', protocol => {
  it.each([
    ['large', large],
    ['small', small],
  ])('a %s write that is given up at the deadline resets its connection', async (_size, request) => {
    const { transport, arrived, end } = await stalledPeer(protocol);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const failure = failureOf(transport.send(request, { deadline: performance.now() + 5_000 }));
    await arrived;
    vi.advanceTimersByTime(5_000);
    expect(await failure).toBeInstanceOf(LeanOutcomeUnknown);
    expect(await end()).toBe('reset');
  });

  it('a write that its caller gives up resets its connection', async () => {
    const { transport, arrived, end } = await stalledPeer(protocol);
    const abort = new AbortController();
    const reason = new Error('gone');
    const failure = failureOf(transport.send(large, { deadline: later(), signal: abort.signal }));
    await arrived;
    abort.abort(reason);
    expect(await failure).toBe(reason);
    expect(await end()).toBe('reset');
  });

  it('a write that is under way when the transport is closed resets its connection', async () => {
    const { transport, arrived, end } = await stalledPeer(protocol);
    const failure = failureOf(transport.send(large, { deadline: later() }));
    await arrived;
    await transport.close();
    expect(await failure).toBeInstanceOf(LeanOutcomeUnknown);
    expect(await end()).toBe('reset');
  });

  it('a reset connection is replaced for the next request', async () => {
    const { transport, arrived } = await stalledPeer(protocol);
    const abort = new AbortController();
    const failure = failureOf(transport.send(large, { deadline: later(), signal: abort.signal }));
    await arrived;
    const next = transport.send(small, { deadline: later() });
    abort.abort();
    await failure;
    expect((await next).status).toBe(204);
  });
});

describe.each(protocols)('over %s, an answer that would end with its connection', protocol => {
  /** A write whose answer has begun to come. */
  async function answered(signal?: AbortSignal) {
    const server = await serverFor(protocol, socket => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{'));
    });
    const transport = await transportFor(server, protocol);
    const begun = gate();
    subscribe('undici:request:headers', begun.open);
    onTestFinished(() => {
      unsubscribe('undici:request:headers', begun.open);
    });
    const failure = failureOf(transport.send(small, { deadline: later(), signal }));
    await begun.opened;
    return { transport, failure };
  }

  it('is not taken for whole when the write is given up', async () => {
    const abort = new AbortController();
    const reason = new Error('gone');
    const { transport, failure } = await answered(abort.signal);
    abort.abort(reason);
    expect(await failure).toBe(reason);
    await transport.close();
  });

  it('is not taken for whole when the transport is closed', async () => {
    const { transport, failure } = await answered();
    await transport.close();
    expect(await failure).toBeInstanceOf(LeanOutcomeUnknown);
  });
});

describe('a TLS handshake', () => {
  it('that is not answered ends when connecting has taken its time', async () => {
    const server = createServer(socket => socket.on('error', () => undefined));
    const transport = await transportFor(server, 'https', { connectTimeoutMs: 50 });
    const failure = await failureOf(transport.send(small, { deadline: later() }));
    expect(failure).toBeInstanceOf(LeanUnreachable);
    expect(failure).toMatchObject({ code: 'LEAN_TIMEOUT' });
  });

  it.each(['end', 'destroy', 'resetAndDestroy'] as const)(
    'that the peer breaks off by %s sends nothing',
    async how => {
      const server = createServer(socket => {
        socket.on('error', () => undefined);
        socket[how]();
      });
      const transport = await transportFor(server, 'https');
      const failure = await failureOf(transport.send(small, { deadline: later() }));
      expect(failure).toBeInstanceOf(LeanUnreachable);
      expect(failure).toMatchObject({ code: 'LEAN_UNAVAILABLE' });
    },
  );
});
