import { createServer } from 'node:http';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { HttpRequest, SendOptions } from '../../src/lean/upstream-request.ts';
import { SendWindow, type Clocks } from '../../src/lean/send-window.ts';
import { clientTo, createPayouts, failureOf, gate, ManualClocks, transportTo } from './fixtures.ts';
import { listening } from '../support/started-server.ts';

const tooLate = {
  name: 'LeanUnreachable',
  code: 'LEAN_TIMEOUT',
  message: 'Too much time passed between recording the payout and sending it; nothing was sent.',
  details: { retryable: true },
};

describe('a payout may be sent', () => {
  it.each([
    ['when recording took 15 s', (clocks: ManualClocks) => clocks.advance(15_000), () => undefined],
    [
      'when 2 s have passed since it was recorded',
      () => undefined,
      (clocks: ManualClocks) => clocks.advance(2000),
    ],
    ['when the wall clock was set by 2 s', () => undefined, (clocks: ManualClocks) => clocks.suspend(2000)],
    [
      'when the wall clock was set back by 2 s',
      () => undefined,
      (clocks: ManualClocks) => clocks.suspend(-2000),
    ],
  ])('%s', (_when, duringRecord, afterRecord) => {
    const clocks = new ManualClocks();
    const window = new SendWindow(clocks);
    duringRecord(clocks);
    window.markRecorded();
    afterRecord(clocks);
    expect(window.refusal()).toBeUndefined();
  });
});

describe('a payout must not be sent', () => {
  it.each([
    [
      'when the machine was suspended while it was recorded',
      (clocks: ManualClocks) => clocks.suspend(2001),
      () => undefined,
    ],
    [
      'when the machine was suspended after it was recorded',
      () => undefined,
      (clocks: ManualClocks) => clocks.suspend(2001),
    ],
    [
      'when the process was paused after it was recorded',
      () => undefined,
      (clocks: ManualClocks) => clocks.advance(2001),
    ],
    [
      'when the wall clock was set back after it was recorded',
      () => undefined,
      (clocks: ManualClocks) => clocks.suspend(-2001),
    ],
    [
      'when the machine was suspended twice for a short time',
      (clocks: ManualClocks) => clocks.suspend(1500),
      (clocks: ManualClocks) => clocks.suspend(1500),
    ],
    [
      'when the wall clock was set back by the length of a pause',
      () => undefined,
      (clocks: ManualClocks) => {
        clocks.advance(5000);
        clocks.suspend(-5000);
      },
    ],
  ])('%s', (_when, duringRecord, afterRecord) => {
    const clocks = new ManualClocks();
    const window = new SendWindow(clocks);
    duringRecord(clocks);
    window.markRecorded();
    afterRecord(clocks);
    expect(window.refusal()).toMatchObject(tooLate);
  });

  it('before it is recorded', () => {
    expect(new SendWindow(new ManualClocks()).refusal()).toMatchObject(tooLate);
  });
});

/** A server that counts its connections and the bytes and requests that arrive. */
async function startServer() {
  const seen = { connections: 0, bytes: 0, targets: [] as string[] };
  const server = createServer((request, response) => {
    seen.targets.push(request.url ?? '');
    request.resume().on('end', () => response.end('{}'));
  });
  server.on('connection', socket => {
    seen.connections += 1;
    socket.on('close', () => (seen.bytes += socket.bytesRead));
  });
  const url = await listening(server);
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url, seen };
}

const post = (target: string): HttpRequest => ({ method: 'POST', target, headers: {}, body: '{}' });

/** A transport with one connection. A test decides what happens before the connection is made. */
async function startSlowTransport() {
  const { url, seen } = await startServer();
  const clocks = new ManualClocks();
  const transport = transportTo(url, { clocks, maxConcurrency: 1 });
  const deadline = clocks.monotonic() + 20_000;
  return {
    seen,
    transport,
    options: { deadline },
    /** Sends a payout that is recorded at once, and calls `meanwhile` before the connection is made. */
    send(target: string, meanwhile: (clocks: ManualClocks) => void) {
      const recorded = gate();
      const options: SendOptions = { deadline, beforeSend: () => recorded.opened };
      const sending = transport.send(post(target), options);
      // The request has subscribed to this promise first, so it continues first.
      void recorded.opened.then(() => {
        meanwhile(clocks);
      });
      recorded.open();
      return sending;
    },
  };
}

describe('a request whose record is too old when it gets its connection', () => {
  it('fails with LeanUnreachable', async () => {
    const { send } = await startSlowTransport();
    expect(await failureOf(send('/late', clocks => clocks.advance(2001)))).toMatchObject(tooLate);
  });

  it('writes no byte', async () => {
    const { send, transport, seen } = await startSlowTransport();
    await failureOf(send('/late', clocks => clocks.suspend(60_000)));
    await transport.close();
    await expect.poll(() => [seen.connections, seen.bytes, seen.targets]).toEqual([1, 0, []]);
  });

  it('leaves its connection to the next request', async () => {
    const { send, transport, options, seen } = await startSlowTransport();
    await failureOf(send('/late', clocks => clocks.advance(2001)));
    await transport.send(post('/next'), options);
    expect([seen.connections, seen.targets]).toEqual([1, ['/next']]);
  });

  it('leaves its connection to the next request, even if it is refused synchronously', async () => {
    const { url, seen } = await startServer();
    const manual = new ManualClocks();
    let jumpMs = 3000;
    const clocks: Clocks = {
      monotonic: () => manual.monotonic(),
      wall() {
        manual.suspend(jumpMs);
        return manual.wall();
      },
    };
    const transport = transportTo(url, { clocks, maxConcurrency: 1 });
    const options = { deadline: clocks.monotonic() + 20_000 };
    const recorded = { ...options, beforeSend: () => Promise.resolve() };
    // The first request opens the connection without using it, so undici offers it to the second one synchronously.
    for (const target of ['/late', '/at-once'])
      expect(await failureOf(transport.send(post(target), recorded))).toMatchObject(tooLate);
    jumpMs = 0;
    await transport.send(post('/next'), recorded);
    expect([seen.connections, seen.targets]).toEqual([1, ['/next']]);
  });

  it('is sent if it needs no record', async () => {
    const { url, seen } = await startServer();
    const clocks = new ManualClocks();
    const sending = transportTo(url, { clocks }).send(post('/read'), {
      deadline: clocks.monotonic() + 20_000,
    });
    clocks.advance(10_000);
    await sending;
    expect(seen.targets).toEqual(['/read']);
  });
});

it('a payout whose record is too old is recorded again and sent over the same connection', async () => {
  const { url, seen } = await startServer();
  const clocks = new ManualClocks(Math.floor(performance.now()));
  const client = clientTo(url, { transport: transportTo(url, { clocks, maxConcurrency: 1 }) });
  const first = gate();
  const remaining: number[] = [];
  const deadline = clocks.monotonic() + 20_000;
  const creating = createPayouts(client, '{}', 'key-1', {
    deadline,
    beforeSend: remainingMs => {
      remaining.push(remainingMs);
      return remaining.length === 1 ? first.opened : Promise.resolve();
    },
  });
  await vi.waitFor(() => expect(remaining).toHaveLength(1));
  void first.opened.then(() => {
    clocks.advance(3000);
  });
  first.open();
  await creating;
  expect(remaining).toEqual([20_000, 17_000]);
  expect([seen.connections, seen.targets]).toEqual([1, ['/payouts/v1/payment']]);
});
