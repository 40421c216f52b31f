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
import { sandboxCredentials } from '../../src/sandbox/named.ts';
import type { FaultRule } from '../../src/sandbox/sandbox.ts';
import {
  deadAddress,
  failureOf,
  gate,
  HeldClocks,
  json,
  later,
  listening,
  rawServer,
  startLean,
  transportTo,
} from './wiring.ts';

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

function turn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}

/** Deadlines then pass when the test says so, and not before. */
function holdTime(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
}

describe('an exchange', () => {
  it('gives the answer as it came: status, headers, bytes', async () => {
    const body = Buffer.from([0xff, 0x00, 0x7b, 0xc3, 0xa9]);
    const { url } = await rawServer(response => {
      response.writeHead(418, { 'x-one': 'a', 'set-cookie': ['b', 'c'] });
      response.write(body.subarray(0, 2));
      response.end(body.subarray(2));
    });
    const answer = await transportTo(url).send(get, { deadline: later() });
    expect(answer.status).toBe(418);
    expect(answer.headers).toMatchObject({ 'x-one': 'a', 'set-cookie': ['b', 'c'] });
    expect(answer.body.equals(body)).toBe(true);
  });

  it('sends method, target, headers and body as given', async () => {
    const { url, heard } = await rawServer(response => json(response, {}));
    await transportTo(url).send(post, { deadline: later() });
    expect(heard).toMatchObject([
      { method: 'POST', target: post.target, headers: post.headers, body: post.body },
    ]);
  });

  it('does not follow a redirect', async () => {
    const { url, heard } = await rawServer(response => {
      response.writeHead(307, { location: '/elsewhere' });
      response.end();
    });
    expect((await transportTo(url).send(post, { deadline: later() })).status).toBe(307);
    expect(heard).toHaveLength(1);
  });

  it('passes over an informational answer', async () => {
    const { url } = await rawServer(response => {
      response.writeProcessing();
      json(response, { real: true }, 201);
    });
    expect((await transportTo(url).send(get, { deadline: later() })).status).toBe(201);
  });
});

describe('nothing was sent', () => {
  it('when the connection is refused', async () => {
    const failure = await failureOf(transportTo(await deadAddress()).send(post, { deadline: later() }));
    expect(failure).toBeInstanceOf(LeanNotSent);
    expect(failure).toMatchObject({ code: 'LEAN_UNAVAILABLE', details: { retryable: true } });
  });

  it('when the transport is closed already', async () => {
    const { url, heard } = await rawServer(response => json(response, {}));
    const transport = transportTo(url);
    await transport.close();
    expect(await failureOf(transport.send(post, { deadline: later() }))).toBeInstanceOf(LeanNotSent);
    expect(heard).toEqual([]);
  });

  it('when the deadline passes while every connection is busy, and it never arrives later', async () => {
    const firstArrived = gate();
    const release = gate();
    const { url, heard } = await rawServer((response, { target }) => {
      if (target !== '/first') return json(response, {});
      firstArrived.open();
      void release.opened.then(() => json(response, {}));
    });
    const transport = transportTo(url, { maxConcurrency: 1 });
    const first = transport.send({ ...get, target: '/first' }, { deadline: later() });
    await firstArrived.opened;
    const failures = await Promise.all(
      [post, { ...get, target: '/given-up' }].map(request =>
        failureOf(transport.send(request, { deadline: performance.now() + 20 })),
      ),
    );
    for (const failure of failures) {
      expect(failure).toBeInstanceOf(LeanNotSent);
      expect(failure).toMatchObject({ code: 'LEAN_TIMEOUT', details: { retryable: true } });
    }
    const last = transport.send({ ...get, target: '/last' }, { deadline: later() });
    release.open();
    await first;
    await last;
    expect(heard.map(({ target }) => target)).toEqual(['/first', '/last']);
  });

  it('when the deadline passes while the connection is being made, and it never arrives later', async () => {
    holdTime();
    const { url, heard } = await rawServer(response => json(response, {}));
    const transport = transportTo(url, { maxConcurrency: 1 });
    const failure = failureOf(transport.send(post, { deadline: performance.now() + 5_000 }));
    vi.advanceTimersByTime(5_000);
    expect(await failure).toBeInstanceOf(LeanNotSent);
    vi.useRealTimers();
    await transport.send({ ...get, target: '/last' }, { deadline: later() });
    expect(heard.map(({ target }) => target)).toEqual(['/last']);
  });

  it('when the deadline had passed beforehand, though a connection is free', async () => {
    const { url, heard } = await rawServer(response => json(response, {}));
    const transport = transportTo(url, { maxConcurrency: 1 });
    await transport.send({ ...get, target: '/first' }, { deadline: later() });
    holdTime();
    const failure = await failureOf(transport.send(post, { deadline: performance.now() }));
    expect(failure).toMatchObject({ name: 'LeanNotSent', code: 'LEAN_TIMEOUT' });
    vi.useRealTimers();
    await transport.send({ ...get, target: '/last' }, { deadline: later() });
    expect(heard.map(({ target }) => target)).toEqual(['/first', '/last']);
  });

  it('when the signal was aborted beforehand', async () => {
    const { url, heard } = await rawServer(response => json(response, {}));
    const transport = transportTo(url, { maxConcurrency: 1 });
    const reason = new Error('nobody waits');
    const sending = transport.send(get, { deadline: later(), signal: AbortSignal.abort(reason) });
    expect(await failureOf(sending)).toBe(reason);
    await transport.send({ ...get, target: '/last' }, { deadline: later() });
    expect(heard.map(({ target }) => target)).toEqual(['/last']);
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
      const failure = await failureOf(transportTo(lean.url).send(request, { deadline: later() }));
      expect(failure).toBeInstanceOf(LeanOutcomeUnknown);
      expect(failure).toMatchObject({ code: 'LEAN_UNAVAILABLE', details: { retryable: true } });
    }
    expect(lean.requests).toHaveLength(2);
  });

  it('when a kept connection dies under the request, which is not repeated', async () => {
    const { url, heard } = await rawServer((response, { method }) => {
      if (method === 'GET') json(response, {});
      else response.destroy();
    });
    const transport = transportTo(url, { maxConcurrency: 1 });
    await transport.send(get, { deadline: later() });
    expect(await failureOf(transport.send(post, { deadline: later() }))).toBeInstanceOf(LeanOutcomeUnknown);
    await transport.send(get, { deadline: later() });
    expect(heard.map(({ method }) => method)).toEqual(['GET', 'POST', 'GET']);
  });

  it('when what comes back is not HTTP', async () => {
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
    const failure = await failureOf(transportTo(url).send(post, { deadline: later() }));
    expect(failure).toBeInstanceOf(LeanOutcomeUnknown);
  });

  it('when no headers come before the deadline', async () => {
    const arrived = gate();
    const { url, heard } = await rawServer(() => arrived.open());
    holdTime();
    const failure = failureOf(transportTo(url).send(post, { deadline: performance.now() + 5_000 }));
    await arrived.opened;
    vi.advanceTimersByTime(5_000);
    expect(await failure).toMatchObject({
      name: 'LeanOutcomeUnknown',
      code: 'LEAN_TIMEOUT',
      details: { retryable: true },
    });
    expect(heard).toHaveLength(1);
  });

  it('when the body stalls until the deadline', async () => {
    const arrived = gate();
    const { url } = await rawServer(response => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('{"half":', () => arrived.open());
    });
    holdTime();
    const failure = failureOf(transportTo(url).send(post, { deadline: performance.now() + 5_000 }));
    await arrived.opened;
    vi.advanceTimersByTime(5_000);
    expect(await failure).toMatchObject({ name: 'LeanOutcomeUnknown', code: 'LEAN_TIMEOUT' });
  });

  it('when the transport is closed under it', async () => {
    const arrived = gate();
    const { url } = await rawServer(() => arrived.open());
    const transport = transportTo(url);
    const failure = failureOf(transport.send(post, { deadline: later() }));
    await arrived.opened;
    await transport.close();
    expect(await failure).toBeInstanceOf(LeanOutcomeUnknown);
  });
});

describe('a given-up exchange', () => {
  it.each(['headers', 'body'] as const)('closes its connection while it waits for the %s', async part => {
    const arrived = gate();
    const closed = gate();
    const { url } = await rawServer((response, _heard, request) => {
      request.socket.once('close', closed.open);
      if (part === 'body') {
        response.writeHead(200, { 'content-length': 100 });
        response.write('{', arrived.open);
      } else arrived.open();
    });
    const abort = new AbortController();
    const reason = new Error('nobody waits');
    const failure = failureOf(transportTo(url).send(get, { deadline: later(), signal: abort.signal }));
    await arrived.opened;
    abort.abort(reason);
    expect(await failure).toBe(reason);
    await closed.opened;
  });

  it('closes its connection at the deadline', async () => {
    const arrived = gate();
    const closed = gate();
    const { url } = await rawServer((_response, _heard, request) => {
      request.socket.once('close', closed.open);
      arrived.open();
    });
    holdTime();
    const failure = failureOf(transportTo(url).send(post, { deadline: performance.now() + 1_000 }));
    await arrived.opened;
    vi.advanceTimersByTime(1_000);
    await failure;
    await closed.opened;
  });

  it('in line for a connection never arrives', async () => {
    const firstArrived = gate();
    const release = gate();
    const { url, heard } = await rawServer((response, { target }) => {
      if (target !== '/first') return json(response, {});
      firstArrived.open();
      void release.opened.then(() => json(response, {}));
    });
    const transport = transportTo(url, { maxConcurrency: 1 });
    const first = transport.send({ ...get, target: '/first' }, { deadline: later() });
    await firstArrived.opened;
    const abort = new AbortController();
    const failure = failureOf(transport.send(get, { deadline: later(), signal: abort.signal }));
    abort.abort();
    await failure;
    release.open();
    await first;
    await transport.send({ ...get, target: '/last' }, { deadline: later() });
    expect(heard.map(({ target }) => target)).toEqual(['/first', '/last']);
  });

  it('leaves nothing behind on the signal', async () => {
    const { url } = await rawServer(response => json(response, {}));
    const { signal } = new AbortController();
    const removed = vi.spyOn(signal, 'removeEventListener');
    const added = vi.spyOn(signal, 'addEventListener');
    await transportTo(url).send(get, { deadline: later(), signal });
    expect(removed.mock.calls.map(([, listener]) => listener)).toEqual(
      added.mock.calls.map(([, listener]) => listener),
    );
  });
});

describe('an exchange that waits to be started', () => {
  /** A server, and a transport to it. */
  async function connected(options: Partial<TransportOptions> = {}) {
    const { url, heard } = await rawServer(response => json(response, {}));
    const transport = transportTo(url, options);
    return {
      transport,
      /** Targets that have arrived, when one more has made the way. */
      async arrived() {
        await transport.send({ ...get, target: '/last' }, { deadline: later() });
        return heard.map(({ target }) => target);
      },
    };
  }

  it('sends nothing before, and once however often it is', async () => {
    const { transport, arrived } = await connected();
    const exchange = transport.exchange({ ...post, target: '/one' }, { deadline: later() });
    expect(await arrived()).toEqual(['/last']);
    for (let times = 0; times < 3; times += 1) exchange.start();
    expect((await exchange.ended).status).toBe(200);
    exchange.start();
    expect(await arrived()).toEqual(['/last', '/one', '/last']);
  });

  it('is not sent once its deadline has come', async () => {
    const { transport, arrived } = await connected();
    const exchange = transport.exchange(post, { deadline: performance.now() + 20 });
    const failure = await failureOf(exchange.ended);
    expect(failure).toBeInstanceOf(LeanNotSent);
    expect(failure).toMatchObject({ code: 'LEAN_TIMEOUT', details: { retryable: true } });
    exchange.start();
    expect(await arrived()).toEqual(['/last']);
  });

  it('is not sent once it is given up', async () => {
    const { transport, arrived } = await connected();
    const abort = new AbortController();
    const exchange = transport.exchange(post, { deadline: later(), signal: abort.signal });
    const reason = new Error('gone');
    abort.abort(reason);
    expect(await failureOf(exchange.ended)).toBe(reason);
    exchange.start();
    expect(await arrived()).toEqual(['/last']);
  });

  it('is not sent once it is refused', async () => {
    const { transport, arrived } = await connected();
    const exchange = transport.exchange(post, { deadline: later() });
    const refusal = new Error('refused');
    exchange.fail(refusal);
    exchange.start();
    exchange.fail(new Error('again'));
    expect(await failureOf(exchange.ended)).toBe(refusal);
    expect(await arrived()).toEqual(['/last']);
  });

  it('leaves nothing behind on the signal, however it ends', async () => {
    const { transport } = await connected();
    const { signal } = new AbortController();
    const removed = vi.spyOn(signal, 'removeEventListener');
    const added = vi.spyOn(signal, 'addEventListener');
    const exchanges = [later(), later(), performance.now() + 5].map(deadline =>
      transport.exchange(get, { deadline, signal }),
    );
    exchanges[0]?.start();
    exchanges[1]?.fail(new Error('refused'));
    await Promise.allSettled(exchanges.map(({ ended }) => ended));
    expect(added).toHaveBeenCalledTimes(3);
    for (const [, listener] of added.mock.calls)
      expect(removed.mock.calls.map(([, gone]) => gone)).toContain(listener);
  });

  it('is not sent before what has to come first is done, for those who wanted it', async () => {
    const { transport, arrived } = await connected();
    const asked = new AsyncLocalStorage<string>();
    const recorded = gate();
    const recordedFor: (string | undefined)[] = [];
    const exchange = asked.run('a caller', () =>
      transport.exchange(
        { ...post, target: '/one' },
        {
          deadline: later(),
          beforeSend: () => {
            recordedFor.push(asked.getStore());
            return recorded.opened;
          },
        },
      ),
    );
    expect(recordedFor).toEqual([]);
    asked.run('who made room', () => exchange.start());
    expect(recordedFor).toEqual(['a caller']);
    expect(await arrived()).toEqual(['/last']);
    recorded.open();
    await exchange.ended;
    expect(await arrived()).toEqual(['/last', '/one', '/last']);
  });

  it('tells what has to come first how much time is left', async () => {
    const clocks = new HeldClocks();
    const { transport } = await connected({ clocks });
    const told: number[] = [];
    const beforeSend = (remainingMs: number): Promise<void> => {
      told.push(remainingMs);
      return Promise.resolve();
    };
    const exchange = transport.exchange(post, { deadline: clocks.monotonic() + 20_000, beforeSend });
    clocks.pass(3_000);
    exchange.start();
    await exchange.ended;
    expect(told).toEqual([17_000]);
  });

  it('is not sent when what has to come first fails', async () => {
    const { transport, arrived } = await connected();
    const failure = new Error('no record');
    const options = { deadline: later(), beforeSend: () => Promise.reject(failure) };
    expect(await failureOf(transport.send(post, options))).toBe(failure);
    expect(await arrived()).toEqual(['/last']);
  });

  it('is not sent when its deadline comes meanwhile, and does not end before that is over', async () => {
    const clocks = new HeldClocks();
    const { transport, arrived } = await connected({ clocks });
    const recorded = gate();
    const options = { deadline: clocks.monotonic() + 20, beforeSend: () => recorded.opened };
    let over = false;
    const failing = failureOf(transport.send(post, options)).finally(() => {
      over = true;
    });
    clocks.pass(20);
    for (const end = performance.now() + 40; performance.now() < end;) await arrived();
    expect(over).toBe(false);
    recorded.open();
    expect(await failing).toBeInstanceOf(LeanNotSent);
    expect(new Set(await arrived())).toEqual(new Set(['/last']));
  });
});

describe('an exchange that needs some time for its answer', () => {
  const tooLittle = {
    name: 'LeanNotSent',
    code: 'LEAN_TIMEOUT',
    message: 'Too little time is left to hear what becomes of it; nothing was sent.',
    details: { retryable: true },
  };

  /** An exchange that has 5 s until its deadline, and needs one of them. */
  async function needingASecond() {
    const { url, heard } = await rawServer(response => json(response, {}));
    const clocks = new HeldClocks();
    const transport = transportTo(url, { clocks, maxConcurrency: 1 });
    const recorded = gate();
    const beforeSend = vi.fn(() => recorded.opened);
    const deadline = clocks.monotonic() + 5_000;
    const exchange = transport.exchange(post, { deadline, beforeSend, leastTimeMs: 1_000 });
    return {
      clocks,
      exchange,
      beforeSend,
      recorded,
      /** Targets that have arrived, when one more has made the way. */
      async arrived() {
        await transport.send({ ...get, target: '/last' }, { deadline: clocks.monotonic() + 20_000 });
        return heard.map(({ target }) => target);
      },
    };
  }

  it('is sent when just that much is left', async () => {
    const { clocks, exchange, recorded } = await needingASecond();
    recorded.open();
    clocks.pass(4_000);
    exchange.start();
    expect((await exchange.ended).status).toBe(200);
  });

  it('is not sent with less, and nothing is recorded', async () => {
    const { clocks, exchange, beforeSend, arrived } = await needingASecond();
    clocks.pass(4_001);
    exchange.start();
    expect(await failureOf(exchange.ended)).toMatchObject(tooLittle);
    expect(beforeSend).not.toHaveBeenCalled();
    expect(await arrived()).toEqual(['/last']);
  });

  it('is not sent when recording leaves less', async () => {
    const { clocks, exchange, recorded, arrived } = await needingASecond();
    exchange.start();
    clocks.pass(4_001);
    recorded.open();
    expect(await failureOf(exchange.ended)).toMatchObject(tooLittle);
    expect(await arrived()).toEqual(['/last']);
  });

  it('is not sent when connecting leaves less', async () => {
    const { clocks, exchange, recorded, arrived } = await needingASecond();
    clocks.pass(3_500);
    exchange.start();
    // After the exchange has heard of it and has asked for a connection, which takes at least another turn.
    void recorded.opened.then(() => clocks.pass(501));
    recorded.open();
    expect(await failureOf(exchange.ended)).toMatchObject(tooLittle);
    expect(await arrived()).toEqual(['/last']);
  });
});

describe('an answer that is too large', () => {
  it.each(['with its length announced', 'in chunks'])('is a bad answer, %s', async how => {
    const closed = gate();
    const { url } = await rawServer((response, _heard, request) => {
      request.socket.once('close', closed.open);
      response.writeHead(200, how === 'in chunks' ? {} : { 'content-length': 1_000_000 });
      response.write('x'.repeat(1001));
    });
    const failure = await failureOf(
      transportTo(url, { maxAnswerBytes: 1000 }).send(get, { deadline: later() }),
    );
    expect(failure).toBeInstanceOf(LeanBadAnswer);
    expect(failure).toMatchObject({ code: 'LEAN_BAD_RESPONSE', details: { httpStatus: 200 } });
    await closed.opened;
  });

  it('is one byte more than allowed', async () => {
    const { url } = await rawServer(response => response.end('x'.repeat(1000)));
    const { body } = await transportTo(url, { maxAnswerBytes: 1000 }).send(get, { deadline: later() });
    expect(body).toHaveLength(1000);
  });
});

describe('connections', () => {
  /** A server that tells which of its connections each request came by. */
  async function counted(answer: (response: ServerResponse) => void = response => json(response, {})) {
    const sockets: Socket[] = [];
    const usedBy: number[] = [];
    const { url } = await rawServer((response, _heard, { socket }) => {
      if (!sockets.includes(socket)) sockets.push(socket);
      usedBy.push(sockets.indexOf(socket));
      answer(response);
    });
    return { url, usedBy };
  }

  it('are taken again, the one that came free last first', async () => {
    const { url, usedBy } = await counted();
    const transport = transportTo(url, { maxConcurrency: 3 });
    await Promise.all([1, 2, 3].map(() => transport.send(get, { deadline: later() })));
    expect(usedBy.toSorted()).toEqual([0, 1, 2]);
    usedBy.length = 0;
    for (let request = 0; request < 10; request += 1) {
      await transport.send(get, { deadline: later() });
      await turn();
    }
    expect(new Set(usedBy).size).toBe(1);
  });

  it('that do not come about take nobody else’s place', async () => {
    const transport = transportTo(await deadAddress(), { maxConcurrency: 2 });
    const failures = await Promise.all(
      Array.from({ length: 10 }, () => failureOf(transport.send(get, { deadline: later() }))),
    );
    for (const failure of failures) expect(failure).toBeInstanceOf(LeanUnreachable);
  });

  it('that the server closes after each answer are replaced', async () => {
    const { url, usedBy } = await counted(response => {
      response.setHeader('connection', 'close');
      json(response, {});
    });
    const transport = transportTo(url, { maxConcurrency: 2 });
    await Promise.all(Array.from({ length: 20 }, () => transport.send(get, { deadline: later() })));
    expect(usedBy).toHaveLength(20);
    expect(new Set(usedBy).size).toBe(20);
  });

  it('that break are replaced', async () => {
    let broken = 0;
    const { url } = await counted(response => {
      broken += 1;
      if (broken % 2 === 1) response.destroy();
      else json(response, {});
    });
    const transport = transportTo(url, { maxConcurrency: 1 });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, () => transport.send(get, { deadline: later() })),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
  });

  it('are not used up by a request that cannot be written', async () => {
    const { url } = await counted();
    const transport = transportTo(url, { maxConcurrency: 1 });
    const impossible = { ...get, headers: { authorization: 'two\nlines' } };
    for (let request = 0; request < 3; request += 1)
      expect(await failureOf(transport.send(impossible, { deadline: later() }))).toBeInstanceOf(LeanNotSent);
    expect((await transport.send(get, { deadline: later() })).status).toBe(200);
  });

  it('are not used up by requests that are given up', async () => {
    const { url } = await counted(response => void setImmediate(() => json(response, {})));
    const transport = transportTo(url, { maxConcurrency: 2 });
    for (let round = 0; round < 10; round += 1) {
      const abort = new AbortController();
      const leaving = [1, 2, 3, 4].map(() =>
        failureOf(transport.send(get, { deadline: later(), signal: abort.signal })),
      );
      if (round % 2 === 0) await turn();
      abort.abort(new Error('gone'));
      await Promise.all(leaving);
    }
    expect((await transport.send(get, { deadline: later() })).status).toBe(200);
  });

  it('with a new certificate are there for those who wait for one with the former', async () => {
    const release = gate();
    const { url, usedBy } = await counted(response => {
      if (usedBy.length === 1) void release.opened.then(() => json(response, {}));
      else json(response, {});
    });
    const transport = transportTo(url, { maxConcurrency: 1 });
    const first = transport.send(get, { deadline: later() });
    const second = transport.send(get, { deadline: later() });
    transport.present({ cert: '', key: '' });
    expect((await second).status).toBe(200);
    release.open();
    expect((await first).status).toBe(200);
    expect(usedBy).toEqual([0, 1]);
  });

  it('are waited for by nobody once the transport is closed', async () => {
    const { url } = await counted(() => undefined);
    const transport = transportTo(url, { maxConcurrency: 1 });
    const failures = [1, 2, 3].map(() => failureOf(transport.send(get, { deadline: later() })));
    await transport.close();
    expect((await Promise.all(failures)).map(failure => (failure as Error).name)).toEqual([
      expect.stringMatching(/LeanUnreachable|LeanOutcomeUnknown/),
      'LeanUnreachable',
      'LeanUnreachable',
    ]);
  });
});

it('runs no more requests side by side than allowed', async () => {
  let running = 0;
  let most = 0;
  const { url, heard } = await rawServer(response => {
    running += 1;
    most = Math.max(most, running);
    setImmediate(() => {
      running -= 1;
      json(response, {});
    });
  });
  const transport = transportTo(url, { maxConcurrency: 3 });
  await Promise.all(Array.from({ length: 20 }, () => transport.send(get, { deadline: later() })));
  expect(heard).toHaveLength(20);
  expect(most).toBeLessThanOrEqual(3);
});
