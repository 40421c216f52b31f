import { AsyncLocalStorage } from 'node:async_hooks';
import type { ServerResponse } from 'node:http';
import { createServer as createNetServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  LeanBadAnswer,
  LeanNotSent,
  LeanOutcomeUnknown,
  LeanUnreachable,
} from '../../src/errors/lean-errors.ts';
import type { HttpRequest } from '../../src/lean/upstream-request.ts';
import type { TransportOptions } from '../../src/lean/transport.ts';
import { sandboxCredentials } from '../../src/sandbox/fixtures.ts';
import type { FaultRule } from '../../src/sandbox/sandbox.ts';
import {
  failureOf,
  farDeadline,
  gate,
  json,
  ManualClocks,
  rawServer,
  type ReceivedRequest,
  startLean,
  transportTo,
  unusedAddress,
} from './fixtures.ts';
import { listening } from '../support/started-server.ts';

const get: HttpRequest = {
  method: 'GET',
  target: '/payouts/v1/payments?page_size=1',
  headers: { authorization: `Bearer ${sandboxCredentials.token}` },
};
const post: HttpRequest = {
  method: 'POST',
  target: '/payouts/v1/payment',
  headers: { ...get.headers, 'content-type': 'application/json' },
  body: '{"payment_details":[]}',
};

afterEach(() => {
  vi.useRealTimers();
});

function nextImmediate(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}

/** Stops the timers, so that deadlines pass only when the test advances them. */
function useManualTimers(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
}

describe('a request', () => {
  it('resolves to the response with its status, headers and bytes unchanged', async () => {
    const body = Buffer.from([0xff, 0x00, 0x7b, 0xc3, 0xa9]);
    const { url } = await rawServer(response => {
      response.writeHead(418, { 'x-one': 'a', 'set-cookie': ['b', 'c'] });
      response.write(body.subarray(0, 2));
      response.end(body.subarray(2));
    });
    const response = await transportTo(url).send(get, { deadline: farDeadline() });
    expect(response.status).toBe(418);
    expect(response.headers).toMatchObject({ 'x-one': 'a', 'set-cookie': ['b', 'c'] });
    expect(response.body.equals(body)).toBe(true);
  });

  it('is sent with the given method, target, headers and body', async () => {
    const { url, received } = await rawServer(response => json(response, {}));
    await transportTo(url).send(post, { deadline: farDeadline() });
    expect(received).toMatchObject([
      { method: 'POST', target: post.target, headers: post.headers, body: post.body },
    ]);
  });

  it('does not follow a redirect', async () => {
    const { url, received } = await rawServer(response => {
      response.writeHead(307, { location: '/elsewhere' });
      response.end();
    });
    expect((await transportTo(url).send(post, { deadline: farDeadline() })).status).toBe(307);
    expect(received).toHaveLength(1);
  });

  it('ignores an informational response', async () => {
    const { url } = await rawServer(response => {
      response.writeProcessing();
      json(response, { real: true }, 201);
    });
    expect((await transportTo(url).send(get, { deadline: farDeadline() })).status).toBe(201);
  });
});

describe('nothing is sent', () => {
  it('when the connection is refused', async () => {
    const failure = await failureOf(
      transportTo(await unusedAddress()).send(post, { deadline: farDeadline() }),
    );
    expect(failure).toBeInstanceOf(LeanNotSent);
    expect(failure).toMatchObject({ code: 'LEAN_UNAVAILABLE', details: { retryable: true } });
  });

  it('when the transport is already closed', async () => {
    const { url, received } = await rawServer(response => json(response, {}));
    const transport = transportTo(url);
    await transport.close();
    expect(await failureOf(transport.send(post, { deadline: farDeadline() }))).toBeInstanceOf(LeanNotSent);
    expect(received).toEqual([]);
  });

  it('when the transport is already closed, and its connections are replaced after that', async () => {
    const { url, received } = await rawServer(response => json(response, {}));
    const transport = transportTo(url);
    await transport.send(get, { deadline: farDeadline() });
    await transport.close();
    transport.replaceConnections();
    expect(await failureOf(transport.send(post, { deadline: farDeadline() }))).toBeInstanceOf(LeanNotSent);
    expect(received.map(({ method }) => method)).toEqual(['GET']);
  });

  it('when the deadline passes while every connection is busy, not even later', async () => {
    const firstArrived = gate();
    const release = gate();
    const { url, received } = await rawServer((response, { target }) => {
      if (target !== '/first') return json(response, {});
      firstArrived.open();
      void release.opened.then(() => json(response, {}));
    });
    const transport = transportTo(url, { maxConcurrency: 1 });
    const first = transport.send({ ...get, target: '/first' }, { deadline: farDeadline() });
    await firstArrived.opened;
    const failures = await Promise.all(
      [get, { ...get, target: '/timed-out' }].map(request =>
        failureOf(transport.send(request, { deadline: performance.now() + 20 })),
      ),
    );
    for (const failure of failures) {
      expect(failure).toBeInstanceOf(LeanNotSent);
      expect(failure).toMatchObject({ code: 'LEAN_TIMEOUT', details: { retryable: true } });
    }
    const last = transport.send({ ...get, target: '/last' }, { deadline: farDeadline() });
    release.open();
    await first;
    await last;
    expect(received.map(({ target }) => target)).toEqual(['/first', '/last']);
  });

  it('when the deadline passes while the connection is being made, not even later', async () => {
    useManualTimers();
    const { url, received } = await rawServer(response => json(response, {}));
    const transport = transportTo(url, { maxConcurrency: 1 });
    const failure = failureOf(transport.send(post, { deadline: performance.now() + 5_000 }));
    vi.advanceTimersByTime(5_000);
    expect(await failure).toBeInstanceOf(LeanNotSent);
    vi.useRealTimers();
    await transport.send({ ...get, target: '/last' }, { deadline: farDeadline() });
    expect(received.map(({ target }) => target)).toEqual(['/last']);
  });

  it('when the deadline has passed beforehand, even if a connection is free', async () => {
    const { url, received } = await rawServer(response => json(response, {}));
    const transport = transportTo(url, { maxConcurrency: 1 });
    await transport.send({ ...get, target: '/first' }, { deadline: farDeadline() });
    useManualTimers();
    const failure = await failureOf(transport.send(post, { deadline: performance.now() }));
    expect(failure).toMatchObject({ name: 'LeanNotSent', code: 'LEAN_TIMEOUT' });
    vi.useRealTimers();
    await transport.send({ ...get, target: '/last' }, { deadline: farDeadline() });
    expect(received.map(({ target }) => target)).toEqual(['/first', '/last']);
  });

  it('when the signal was aborted beforehand', async () => {
    const { url, received } = await rawServer(response => json(response, {}));
    const transport = transportTo(url, { maxConcurrency: 1 });
    const reason = new Error('cancelled by the caller');
    const sending = transport.send(get, { deadline: farDeadline(), signal: AbortSignal.abort(reason) });
    expect(await failureOf(sending)).toBe(reason);
    await transport.send({ ...get, target: '/last' }, { deadline: farDeadline() });
    expect(received.map(({ target }) => target)).toEqual(['/last']);
  });
});

describe('the outcome is unknown', () => {
  const broken: readonly FaultRule[] = [
    { kind: 'drop_before' },
    { kind: 'drop_after' },
    { kind: 'truncate' },
  ];

  it.each(broken)('when the connection breaks ($kind)', async fault => {
    const lean = await startLean();
    lean.faults.add(fault);
    for (const request of [get, post]) {
      const failure = await failureOf(transportTo(lean.url).send(request, { deadline: farDeadline() }));
      expect(failure).toBeInstanceOf(LeanOutcomeUnknown);
      expect(failure).toMatchObject({ code: 'LEAN_UNAVAILABLE', details: { retryable: true } });
    }
    expect(lean.requests).toHaveLength(2);
  });

  it('when a reused connection breaks during the request, which is not retried', async () => {
    const { url, received } = await rawServer((response, { method }) => {
      if (method === 'GET') json(response, {});
      else response.destroy();
    });
    const transport = transportTo(url, { maxConcurrency: 1 });
    await transport.send(get, { deadline: farDeadline() });
    expect(await failureOf(transport.send(post, { deadline: farDeadline() }))).toBeInstanceOf(
      LeanOutcomeUnknown,
    );
    await transport.send(get, { deadline: farDeadline() });
    expect(received.map(({ method }) => method)).toEqual(['GET', 'POST', 'GET']);
  });

  it('when the response is not HTTP', async () => {
    const sockets = new Set<Socket>();
    const server = createNetServer(socket => {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.once('data', () => socket.end('SSH-2.0-OpenSSH\r\n\r\n'));
    });
    const url = await listening(server);
    onTestFinished(() => {
      server.close();
      for (const socket of sockets) socket.destroy();
    });
    const failure = await failureOf(transportTo(url).send(post, { deadline: farDeadline() }));
    expect(failure).toBeInstanceOf(LeanOutcomeUnknown);
  });

  it('when no response headers arrive before the deadline', async () => {
    const arrived = gate();
    const { url, received } = await rawServer(() => arrived.open());
    useManualTimers();
    const failure = failureOf(transportTo(url).send(post, { deadline: performance.now() + 5_000 }));
    await arrived.opened;
    vi.advanceTimersByTime(5_000);
    expect(await failure).toMatchObject({
      name: 'LeanOutcomeUnknown',
      code: 'LEAN_TIMEOUT',
      details: { retryable: true },
    });
    expect(received).toHaveLength(1);
  });

  it('when the response body stalls until the deadline', async () => {
    const arrived = gate();
    const { url } = await rawServer(response => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('{"half":', () => arrived.open());
    });
    useManualTimers();
    const failure = failureOf(transportTo(url).send(post, { deadline: performance.now() + 5_000 }));
    await arrived.opened;
    vi.advanceTimersByTime(5_000);
    expect(await failure).toMatchObject({ name: 'LeanOutcomeUnknown', code: 'LEAN_TIMEOUT' });
  });

  it('when the transport is closed during the request', async () => {
    const arrived = gate();
    const { url } = await rawServer(() => arrived.open());
    const transport = transportTo(url);
    const failure = failureOf(transport.send(post, { deadline: farDeadline() }));
    await arrived.opened;
    await transport.close();
    expect(await failure).toBeInstanceOf(LeanOutcomeUnknown);
  });
});

describe('a cancelled request', () => {
  it.each(['headers', 'body'] as const)(
    'closes its connection while it waits for the %s of the response',
    async part => {
      const arrived = gate();
      const closed = gate();
      const { url } = await rawServer((response, _received, request) => {
        request.socket.once('close', closed.open);
        if (part === 'body') {
          response.writeHead(200, { 'content-length': 100 });
          response.write('{', arrived.open);
        } else arrived.open();
      });
      const abort = new AbortController();
      const reason = new Error('cancelled by the caller');
      const failure = failureOf(
        transportTo(url).send(get, { deadline: farDeadline(), signal: abort.signal }),
      );
      await arrived.opened;
      abort.abort(reason);
      expect(await failure).toBe(reason);
      await closed.opened;
    },
  );

  it('closes its connection when it is cancelled by its deadline', async () => {
    const arrived = gate();
    const closed = gate();
    const { url } = await rawServer((_response, _received, request) => {
      request.socket.once('close', closed.open);
      arrived.open();
    });
    useManualTimers();
    const failure = failureOf(transportTo(url).send(post, { deadline: performance.now() + 1_000 }));
    await arrived.opened;
    vi.advanceTimersByTime(1_000);
    await failure;
    await closed.opened;
  });

  it('never arrives if it was in the queue for a connection', async () => {
    const firstArrived = gate();
    const release = gate();
    const { url, received } = await rawServer((response, { target }) => {
      if (target !== '/first') return json(response, {});
      firstArrived.open();
      void release.opened.then(() => json(response, {}));
    });
    const transport = transportTo(url, { maxConcurrency: 1 });
    const first = transport.send({ ...get, target: '/first' }, { deadline: farDeadline() });
    await firstArrived.opened;
    const abort = new AbortController();
    const failure = failureOf(transport.send(get, { deadline: farDeadline(), signal: abort.signal }));
    abort.abort();
    await failure;
    release.open();
    await first;
    await transport.send({ ...get, target: '/last' }, { deadline: farDeadline() });
    expect(received.map(({ target }) => target)).toEqual(['/first', '/last']);
  });

  it('leaves no listener on the signal', async () => {
    const { url } = await rawServer(response => json(response, {}));
    const { signal } = new AbortController();
    const removed = vi.spyOn(signal, 'removeEventListener');
    const added = vi.spyOn(signal, 'addEventListener');
    await transportTo(url).send(get, { deadline: farDeadline(), signal });
    expect(removed.mock.calls.map(([, listener]) => listener)).toEqual(
      added.mock.calls.map(([, listener]) => listener),
    );
  });
});

describe('a request that waits to be started', () => {
  /** A server, and a transport to it. */
  async function startServer(options: Partial<TransportOptions> = {}) {
    const { url, received } = await rawServer(response => json(response, {}));
    const transport = transportTo(url, options);
    return {
      transport,
      /** The targets that have arrived, after one more request. */
      async arrived() {
        await transport.send({ ...get, target: '/last' }, { deadline: farDeadline() });
        return received.map(({ target }) => target);
      },
    };
  }

  it('is not sent before it is started, and once if it is started several times', async () => {
    const { transport, arrived } = await startServer();
    const request = transport.createRequest({ ...post, target: '/one' }, { deadline: farDeadline() });
    expect(await arrived()).toEqual(['/last']);
    for (let times = 0; times < 3; times += 1) request.start();
    expect((await request.outcome).status).toBe(200);
    request.start();
    expect(await arrived()).toEqual(['/last', '/one', '/last']);
  });

  it('is not sent after its deadline', async () => {
    const { transport, arrived } = await startServer();
    const request = transport.createRequest(post, { deadline: performance.now() + 20 });
    const failure = await failureOf(request.outcome);
    expect(failure).toBeInstanceOf(LeanNotSent);
    expect(failure).toMatchObject({ code: 'LEAN_TIMEOUT', details: { retryable: true } });
    request.start();
    expect(await arrived()).toEqual(['/last']);
  });

  it('is not sent after it was cancelled', async () => {
    const { transport, arrived } = await startServer();
    const abort = new AbortController();
    const request = transport.createRequest(post, { deadline: farDeadline(), signal: abort.signal });
    const reason = new Error('gone');
    abort.abort(reason);
    expect(await failureOf(request.outcome)).toBe(reason);
    request.start();
    expect(await arrived()).toEqual(['/last']);
  });

  it('is not sent after it was failed', async () => {
    const { transport, arrived } = await startServer();
    const request = transport.createRequest(post, { deadline: farDeadline() });
    const error = new Error('failed');
    request.fail(error);
    request.start();
    request.fail(new Error('again'));
    expect(await failureOf(request.outcome)).toBe(error);
    expect(await arrived()).toEqual(['/last']);
  });

  it('leaves no listener on the signal, whatever its outcome', async () => {
    const { transport } = await startServer();
    const { signal } = new AbortController();
    const removed = vi.spyOn(signal, 'removeEventListener');
    const added = vi.spyOn(signal, 'addEventListener');
    const requests = [farDeadline(), farDeadline(), performance.now() + 5].map(deadline =>
      transport.createRequest(get, { deadline, signal }),
    );
    requests[0]?.start();
    requests[1]?.fail(new Error('failed'));
    await Promise.allSettled(requests.map(({ outcome }) => outcome));
    expect(added).toHaveBeenCalledTimes(3);
    for (const [, listener] of added.mock.calls)
      expect(removed.mock.calls.map(([, gone]) => gone)).toContain(listener);
  });

  it('is not sent before beforeSend resolves, which runs in the async context of its caller', async () => {
    const { transport, arrived } = await startServer();
    const context = new AsyncLocalStorage<string>();
    const recorded = gate();
    const recordedFor: (string | undefined)[] = [];
    const request = context.run('a caller', () =>
      transport.createRequest(
        { ...post, target: '/one' },
        {
          deadline: farDeadline(),
          beforeSend: () => {
            recordedFor.push(context.getStore());
            return recorded.opened;
          },
        },
      ),
    );
    expect(recordedFor).toEqual([]);
    context.run('another caller', () => request.start());
    expect(recordedFor).toEqual(['a caller']);
    expect(await arrived()).toEqual(['/last']);
    recorded.open();
    await request.outcome;
    expect(await arrived()).toEqual(['/last', '/one', '/last']);
  });

  it('passes the remaining time to beforeSend', async () => {
    const clocks = new ManualClocks();
    const { transport } = await startServer({ clocks });
    const remaining: number[] = [];
    const beforeSend = (remainingMs: number): Promise<void> => {
      remaining.push(remainingMs);
      return Promise.resolve();
    };
    const request = transport.createRequest(post, { deadline: clocks.monotonic() + 20_000, beforeSend });
    clocks.advance(3_000);
    request.start();
    await request.outcome;
    expect(remaining).toEqual([17_000]);
  });

  it('is not sent if beforeSend rejects', async () => {
    const { transport, arrived } = await startServer();
    const failure = new Error('no record');
    const options = { deadline: farDeadline(), beforeSend: () => Promise.reject(failure) };
    expect(await failureOf(transport.send(post, options))).toBe(failure);
    expect(await arrived()).toEqual(['/last']);
  });

  it('is not sent if its deadline passes during beforeSend, and has no outcome before beforeSend resolves', async () => {
    const clocks = new ManualClocks();
    const { transport, arrived } = await startServer({ clocks });
    const recorded = gate();
    const options = { deadline: clocks.monotonic() + 20, beforeSend: () => recorded.opened };
    let settled = false;
    const failing = failureOf(transport.send(post, options)).finally(() => {
      settled = true;
    });
    clocks.advance(20);
    for (const end = performance.now() + 40; performance.now() < end;) await arrived();
    expect(settled).toBe(false);
    recorded.open();
    expect(await failing).toBeInstanceOf(LeanNotSent);
    expect(new Set(await arrived())).toEqual(new Set(['/last']));
  });
});

describe('a request that needs a minimum of time before its deadline', () => {
  const tooLittle = {
    name: 'LeanNotSent',
    code: 'LEAN_TIMEOUT',
    message: 'Too little time is left before the deadline to learn the outcome; nothing was sent.',
    details: { retryable: true },
  };

  /** A request that has 5 s until its deadline, and needs 1 s of them for its response. */
  async function createWithMinimum() {
    const { url, received } = await rawServer(response => json(response, {}));
    const clocks = new ManualClocks();
    const transport = transportTo(url, { clocks, maxConcurrency: 1 });
    const recorded = gate();
    const beforeSend = vi.fn(() => recorded.opened);
    const deadline = clocks.monotonic() + 5_000;
    const request = transport.createRequest(post, { deadline, beforeSend, minRemainingMs: 1_000 });
    return {
      clocks,
      request,
      beforeSend,
      recorded,
      /** The targets that have arrived, after one more request. */
      async arrived() {
        await transport.send({ ...get, target: '/last' }, { deadline: clocks.monotonic() + 20_000 });
        return received.map(({ target }) => target);
      },
    };
  }

  it('is sent if exactly the minimum is left', async () => {
    const { clocks, request, recorded } = await createWithMinimum();
    recorded.open();
    clocks.advance(4_000);
    request.start();
    expect((await request.outcome).status).toBe(200);
  });

  it('is neither recorded nor sent if less is left', async () => {
    const { clocks, request, beforeSend, arrived } = await createWithMinimum();
    clocks.advance(4_001);
    request.start();
    expect(await failureOf(request.outcome)).toMatchObject(tooLittle);
    expect(beforeSend).not.toHaveBeenCalled();
    expect(await arrived()).toEqual(['/last']);
  });

  it('is not sent if less is left after recording', async () => {
    const { clocks, request, recorded, arrived } = await createWithMinimum();
    request.start();
    clocks.advance(4_001);
    recorded.open();
    expect(await failureOf(request.outcome)).toMatchObject(tooLittle);
    expect(await arrived()).toEqual(['/last']);
  });

  it('is not sent if less is left after connecting', async () => {
    const { clocks, request, recorded, arrived } = await createWithMinimum();
    clocks.advance(3_500);
    request.start();
    // This runs after the request has asked for a connection, which takes until the next iteration at least.
    void recorded.opened.then(() => clocks.advance(501));
    recorded.open();
    expect(await failureOf(request.outcome)).toMatchObject(tooLittle);
    expect(await arrived()).toEqual(['/last']);
  });
});

describe('a response that is too large', () => {
  it.each(['with a content-length', 'in chunks'])('is a LeanBadAnswer %s', async how => {
    const closed = gate();
    const { url } = await rawServer((response, _received, request) => {
      request.socket.once('close', closed.open);
      response.writeHead(200, how === 'in chunks' ? {} : { 'content-length': 1_000_000 });
      response.write('x'.repeat(1001));
    });
    const failure = await failureOf(
      transportTo(url, { maxResponseBytes: 1000 }).send(get, { deadline: farDeadline() }),
    );
    expect(failure).toBeInstanceOf(LeanBadAnswer);
    expect(failure).toMatchObject({ code: 'LEAN_BAD_RESPONSE', details: { httpStatus: 200 } });
    await closed.opened;
  });

  it('is larger than maxResponseBytes', async () => {
    const { url } = await rawServer(response => response.end('x'.repeat(1000)));
    const { body } = await transportTo(url, { maxResponseBytes: 1000 }).send(get, {
      deadline: farDeadline(),
    });
    expect(body).toHaveLength(1000);
  });
});

describe('connections', () => {
  /** A server that records on which of its connections each request arrived. */
  async function recordConnections(
    respond: (response: ServerResponse, received: ReceivedRequest) => void = response => json(response, {}),
  ) {
    const sockets: Socket[] = [];
    const usedBy: number[] = [];
    const { url } = await rawServer((response, received, { socket }) => {
      if (!sockets.includes(socket)) sockets.push(socket);
      usedBy.push(sockets.indexOf(socket));
      respond(response, received);
    });
    return { url, usedBy };
  }

  it('are reused, first the one that was released last', async () => {
    const { url, usedBy } = await recordConnections();
    const transport = transportTo(url, { maxConcurrency: 3 });
    await Promise.all([1, 2, 3].map(() => transport.send(get, { deadline: farDeadline() })));
    expect(usedBy.toSorted()).toEqual([0, 1, 2]);
    usedBy.length = 0;
    for (let request = 0; request < 10; request += 1) {
      await transport.send(get, { deadline: farDeadline() });
      await nextImmediate();
    }
    expect(new Set(usedBy).size).toBe(1);
  });

  it('are reused by reads only: each write has one of its own, which is closed after it', async () => {
    const connectionHeaders: unknown[] = [];
    const { url, usedBy } = await recordConnections((response, { method, headers }) => {
      if (method === 'POST') connectionHeaders.push(headers.connection);
      json(response, {});
    });
    const transport = transportTo(url, { maxConcurrency: 1 });
    for (const request of [get, post, get, post, post, get]) {
      await transport.send(request, { deadline: farDeadline() });
      await nextImmediate();
    }
    expect(usedBy).toEqual([0, 1, 0, 2, 3, 0]);
    expect(connectionHeaders).toEqual(['close', 'close', 'close']);
  });

  it('that were replaced serve no later request, and keep the one in flight', async () => {
    const release = gate();
    const { url, usedBy } = await recordConnections(response => {
      if (usedBy.length === 2) void release.opened.then(() => json(response, {}));
      else json(response, {});
    });
    const transport = transportTo(url, { maxConcurrency: 1 });
    await transport.send(get, { deadline: farDeadline() });
    await nextImmediate();
    const inFlight = transport.send(get, { deadline: farDeadline() });
    await vi.waitFor(() => expect(usedBy).toHaveLength(2));
    transport.replaceConnections();
    await transport.send(get, { deadline: farDeadline() });
    release.open();
    expect((await inFlight).status).toBe(200);
    expect(usedBy).toEqual([0, 0, 1]);
  });

  it('that cannot be made leave their slots to other requests', async () => {
    const transport = transportTo(await unusedAddress(), { maxConcurrency: 2 });
    const failures = await Promise.all(
      Array.from({ length: 10 }, () => failureOf(transport.send(get, { deadline: farDeadline() }))),
    );
    for (const failure of failures) expect(failure).toBeInstanceOf(LeanUnreachable);
  });

  it('that the server closes after each response are replaced', async () => {
    const { url, usedBy } = await recordConnections(response => {
      response.setHeader('connection', 'close');
      json(response, {});
    });
    const transport = transportTo(url, { maxConcurrency: 2 });
    await Promise.all(Array.from({ length: 20 }, () => transport.send(get, { deadline: farDeadline() })));
    expect(usedBy).toHaveLength(20);
    expect(new Set(usedBy).size).toBe(20);
  });

  it('that break are replaced', async () => {
    let broken = 0;
    const { url } = await recordConnections(response => {
      broken += 1;
      if (broken % 2 === 1) response.destroy();
      else json(response, {});
    });
    const transport = transportTo(url, { maxConcurrency: 1 });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, () => transport.send(get, { deadline: farDeadline() })),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
  });

  it('are not used up by a request that cannot be written', async () => {
    const { url } = await recordConnections();
    const transport = transportTo(url, { maxConcurrency: 1 });
    const impossible = { ...get, headers: { authorization: 'two\nlines' } };
    for (let request = 0; request < 3; request += 1)
      expect(await failureOf(transport.send(impossible, { deadline: farDeadline() }))).toBeInstanceOf(
        LeanNotSent,
      );
    expect((await transport.send(get, { deadline: farDeadline() })).status).toBe(200);
  });

  it('are not used up by cancelled requests', async () => {
    const { url } = await recordConnections(response => void setImmediate(() => json(response, {})));
    const transport = transportTo(url, { maxConcurrency: 2 });
    for (let round = 0; round < 10; round += 1) {
      const abort = new AbortController();
      const cancelled = [1, 2, 3, 4].map(() =>
        failureOf(transport.send(get, { deadline: farDeadline(), signal: abort.signal })),
      );
      if (round % 2 === 0) await nextImmediate();
      abort.abort(new Error('gone'));
      await Promise.all(cancelled);
    }
    expect((await transport.send(get, { deadline: farDeadline() })).status).toBe(200);
  });

  it('with a new certificate serve the requests that waited for one with the former certificate', async () => {
    const release = gate();
    const { url, usedBy } = await recordConnections(response => {
      if (usedBy.length === 1) void release.opened.then(() => json(response, {}));
      else json(response, {});
    });
    const transport = transportTo(url, { maxConcurrency: 1 });
    const first = transport.send(get, { deadline: farDeadline() });
    const second = transport.send(get, { deadline: farDeadline() });
    transport.replaceCertificate({ cert: '', key: '' });
    expect((await second).status).toBe(200);
    release.open();
    expect((await first).status).toBe(200);
    expect(usedBy).toEqual([0, 1]);
  });

  it('are refused to waiting requests once the transport is closed', async () => {
    const { url } = await recordConnections(() => undefined);
    const transport = transportTo(url, { maxConcurrency: 1 });
    const failures = [1, 2, 3].map(() => failureOf(transport.send(get, { deadline: farDeadline() })));
    await transport.close();
    expect((await Promise.all(failures)).map(failure => (failure as Error).name)).toEqual([
      expect.stringMatching(/LeanUnreachable|LeanOutcomeUnknown/),
      'LeanUnreachable',
      'LeanUnreachable',
    ]);
  });
});

it('a transport never has more requests in flight than allowed', async () => {
  let running = 0;
  let most = 0;
  const { url, received } = await rawServer(response => {
    running += 1;
    most = Math.max(most, running);
    setImmediate(() => {
      running -= 1;
      json(response, {});
    });
  });
  const transport = transportTo(url, { maxConcurrency: 3 });
  await Promise.all(Array.from({ length: 20 }, () => transport.send(get, { deadline: farDeadline() })));
  expect(received).toHaveLength(20);
  expect(most).toBeLessThanOrEqual(3);
});
