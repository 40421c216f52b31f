import { execFile } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { LeanOutcomeUnknown, LeanUnreachable } from '../../src/errors/lean-errors.ts';
import type { HttpRequest } from '../../src/lean/upstream-request.ts';
import type { Transport, TransportOptions } from '../../src/lean/transport.ts';
import { certify } from './certificates.ts';
import { failureOf, gate, farDeadline, ManualClocks, transportTo } from './fixtures.ts';
import { listening } from '../support/started-server.ts';

let folder = '';
const readText = (name: string): Promise<string> => readFile(join(folder, name), 'utf8');

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

/** A transport to a TCP server. The server need not speak the protocol of the transport. */
async function transportFor(
  server: Server,
  protocol: Protocol,
  options: Partial<TransportOptions> = {},
): Promise<Transport> {
  const url = await listenUntilTestEnds(server);
  // The transport has no certificate of its own. It trusts the authority that signed the server's certificate.
  const certificate = { ca: await readText('authority.pem') } as TransportOptions['certificate'];
  return transportTo(url.replace('http:', `${protocol}:`), { maxConcurrency: 1, certificate, ...options });
}

/** A server that calls `onConnection` for each connection. */
async function serverFor(protocol: Protocol, onConnection: (socket: Socket) => void): Promise<Server> {
  if (protocol === 'http') return createServer(onConnection);
  return createTlsServer(
    { cert: await readText('server.pem'), key: await readText('server.key') },
    onConnection,
  );
}

/** Lets a server listen until the test ends. Resolves to its address. */
async function listenUntilTestEnds(server: Server): Promise<string> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return listening(server);
}

/**
 * A server that stops reading when the first request begins to arrive, and responds to later requests. A TCP relay in
 * front of it observes the connection, in the same way for both protocols.
 */
async function startStalledServer(protocol: Protocol) {
  const arrived = gate();
  const ending = Promise.withResolvers<string>();
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
  const { port } = new URL(await listenUntilTestEnds(await serverFor(protocol, onConnection)));
  const relay = createServer({ allowHalfOpen: true }, socket => {
    stalled ??= socket;
    const upstream = connect(Number(port), '127.0.0.1');
    upstream.on('error', () => undefined);
    // The server's response to a broken request is not relayed: the kernel would answer it with a reset of its own.
    upstream.on('data', chunk => {
      if (socket !== stalled || requests === 0) socket.write(chunk);
    });
    upstream.on('end', () => {
      if (socket !== stalled) socket.end();
    });
    socket.on('data', chunk => upstream.write(chunk));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      ending.resolve(error.code === 'ECONNRESET' || error.code === 'EPIPE' ? 'reset' : error.message);
    });
    // libuv reports a reset as an end if it comes with the last bytes. If writing fails too, it was a reset.
    socket.on('end', () => socket.write('x', error => error ?? ending.resolve('closed')));
    onTestFinished(() => {
      upstream.destroy();
    });
  });
  return {
    transport: await transportFor(relay, protocol),
    arrived: arrived.opened,
    /** How the connection ended, after the bytes that the server has not read yet: `reset` or `closed`. */
    ending: (): Promise<string> => {
      stalled?.resume();
      return ending.promise;
    },
  };
}

/** Larger than the buffers of both kernels, so that the rest waits in the gateway. */
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
  ])('a %s write resets its connection at its deadline', async (_size, request) => {
    const { transport, arrived, ending } = await startStalledServer(protocol);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const failure = failureOf(transport.send(request, { deadline: performance.now() + 5_000 }));
    await arrived;
    vi.advanceTimersByTime(5_000);
    expect(await failure).toBeInstanceOf(LeanOutcomeUnknown);
    expect(await ending()).toBe('reset');
  });

  it('a write that its caller cancels resets its connection', async () => {
    const { transport, arrived, ending } = await startStalledServer(protocol);
    const abort = new AbortController();
    const reason = new Error('gone');
    const failure = failureOf(transport.send(large, { deadline: farDeadline(), signal: abort.signal }));
    await arrived;
    abort.abort(reason);
    expect(await failure).toBe(reason);
    expect(await ending()).toBe('reset');
  });

  it('a write in flight resets its connection when the transport is closed', async () => {
    const { transport, arrived, ending } = await startStalledServer(protocol);
    const failure = failureOf(transport.send(large, { deadline: farDeadline() }));
    await arrived;
    await transport.close();
    expect(await failure).toBeInstanceOf(LeanOutcomeUnknown);
    expect(await ending()).toBe('reset');
  });

  it('a reset connection is replaced for the next request', async () => {
    const { transport, arrived } = await startStalledServer(protocol);
    const abort = new AbortController();
    const failure = failureOf(transport.send(large, { deadline: farDeadline(), signal: abort.signal }));
    await arrived;
    const next = transport.send(small, { deadline: farDeadline() });
    abort.abort();
    await failure;
    expect((await next).status).toBe(204);
  });
});

describe.each(protocols)('over %s, a response that ends with its connection', protocol => {
  /** Sends a write, and waits until its response has begun to arrive. */
  async function beginResponse(signal?: AbortSignal) {
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
    const failure = failureOf(transport.send(small, { deadline: farDeadline(), signal }));
    await begun.opened;
    return { transport, failure };
  }

  it('is not taken for complete when the write is cancelled', async () => {
    const abort = new AbortController();
    const reason = new Error('gone');
    const { transport, failure } = await beginResponse(abort.signal);
    abort.abort(reason);
    expect(await failure).toBe(reason);
    await transport.close();
  });

  it('is not taken for complete when the transport is closed', async () => {
    const { transport, failure } = await beginResponse();
    await transport.close();
    expect(await failure).toBeInstanceOf(LeanOutcomeUnknown);
  });
});

describe('a TLS handshake', () => {
  it('may be followed at once by a reset of its connection', async () => {
    const server = await serverFor('https', socket => socket.on('error', () => undefined));
    const url = (await listenUntilTestEnds(server)).replace('http:', 'https:');
    const program = fileURLToPath(import.meta.resolve('./reset-after-handshake.ts'));
    const run = promisify(execFile)(process.execPath, [program, url, join(folder, 'authority.pem')]);
    await expect(run).resolves.toEqual({ stdout: '', stderr: '' });
  });

  it('without a response fails when the timeout for connecting has passed', async () => {
    const server = createServer(socket => socket.on('error', () => undefined));
    const transport = await transportFor(server, 'https', { connectTimeoutMs: 50 });
    const failure = await failureOf(transport.send(small, { deadline: farDeadline() }));
    expect(failure).toBeInstanceOf(LeanUnreachable);
    expect(failure).toMatchObject({ code: 'LEAN_TIMEOUT' });
  });

  it.each(['end', 'destroy', 'resetAndDestroy'] as const)(
    'that the server ends by %s sends nothing',
    async how => {
      const server = createServer(socket => {
        socket.on('error', () => undefined);
        socket[how]();
      });
      const transport = await transportFor(server, 'https');
      const failure = await failureOf(transport.send(small, { deadline: farDeadline() }));
      expect(failure).toBeInstanceOf(LeanUnreachable);
      expect(failure).toMatchObject({ code: 'LEAN_UNAVAILABLE' });
    },
  );
});

it.each(protocols)(
  'a connection that a refused write has left unused is closed and not reset over %s',
  async protocol => {
    const connected = gate();
    const closed = gate();
    const errors: unknown[] = [];
    const server = await serverFor(protocol, socket => {
      connected.open();
      socket.on('error', error => errors.push(error));
      socket.on('close', closed.open);
      socket.resume();
    });
    const clocks = new ManualClocks();
    const transport = await transportFor(server, protocol, { clocks });
    const recorded = gate();
    const refused = failureOf(
      transport.send(
        { method: 'POST', target: '/', headers: {}, body: '{}' },
        { deadline: clocks.monotonic() + 20_000, beforeSend: () => recorded.opened },
      ),
    );
    // The request has subscribed to this promise first. The connection is made after that.
    void recorded.opened.then(() => {
      clocks.advance(3_000);
    });
    recorded.open();
    expect(await refused).toBeInstanceOf(LeanUnreachable);
    await connected.opened;
    await transport.close();
    await closed.opened;
    expect(errors).toEqual([]);
  },
);
