import { createServer } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { HttpRequest, SendOptions } from '../../src/lean/upstream-request.ts';
import { SendWindow, type Clocks } from '../../src/lean/send-window.ts';
import { clientTo, createPayouts, failureOf, gate, HeldClocks, listening, transportTo } from './wiring.ts';

const tooLate = {
  name: 'LeanUnreachable',
  code: 'LEAN_TIMEOUT',
  message: 'Too much time passed between recording the payout and sending it; nothing was sent.',
  details: { retryable: true },
};

describe('a payout may be sent', () => {
  it.each([
    ['when recording took 15 s', (clocks: HeldClocks) => clocks.pass(15_000), () => undefined],
    ['2 s after it was recorded', () => undefined, (clocks: HeldClocks) => clocks.pass(2000)],
    ['when the wall clock was set by 2 s', () => undefined, (clocks: HeldClocks) => clocks.suspend(2000)],
    [
      'when the wall clock was set back by 2 s',
      () => undefined,
      (clocks: HeldClocks) => clocks.suspend(-2000),
    ],
  ])('%s', (_when, recording, connecting) => {
    const clocks = new HeldClocks();
    const window = new SendWindow(clocks);
    recording(clocks);
    window.recorded();
    connecting(clocks);
    expect(window.refusal()).toBeUndefined();
  });
});

describe('a payout must not be sent', () => {
  it.each([
    [
      'when the machine slept while it was recorded',
      (clocks: HeldClocks) => clocks.suspend(2001),
      () => undefined,
    ],
    [
      'when the machine slept after it was recorded',
      () => undefined,
      (clocks: HeldClocks) => clocks.suspend(2001),
    ],
    [
      'when the process paused after it was recorded',
      () => undefined,
      (clocks: HeldClocks) => clocks.pass(2001),
    ],
    [
      'when the wall clock was set back meanwhile',
      () => undefined,
      (clocks: HeldClocks) => clocks.suspend(-2001),
    ],
    [
      'when the machine slept twice, though never for long',
      (clocks: HeldClocks) => clocks.suspend(1500),
      (clocks: HeldClocks) => clocks.suspend(1500),
    ],
    [
      'when the wall clock was set back to hide a pause',
      () => undefined,
      (clocks: HeldClocks) => {
        clocks.pass(5000);
        clocks.suspend(-5000);
      },
    ],
  ])('%s', (_when, recording, connecting) => {
    const clocks = new HeldClocks();
    const window = new SendWindow(clocks);
    recording(clocks);
    window.recorded();
    connecting(clocks);
    expect(window.refusal()).toMatchObject(tooLate);
  });

  it('before it is recorded', () => {
    expect(new SendWindow(new HeldClocks()).refusal()).toMatchObject(tooLate);
  });
});

/** A server that counts connections, and all that arrives by them. */
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

/** A transport with one connection, and payouts whose connection takes as long as the test says. */
async function slowlyConnected() {
  const { url, seen } = await startServer();
  const clocks = new HeldClocks();
  const transport = transportTo(url, { clocks, maxConcurrency: 1 });
  const deadline = clocks.monotonic() + 20_000;
  return {
    seen,
    transport,
    options: { deadline },
    /** Sends a payout that is recorded at once. Then `meanwhile` happens, before there is a connection. */
    send(target: string, meanwhile: (clocks: HeldClocks) => void) {
      const recorded = gate();
      const options: SendOptions = { deadline, beforeSend: () => recorded.opened };
      const sending = transport.send(post(target), options);
      // The exchange has waited for it first, so it goes on first.
      void recorded.opened.then(() => {
        meanwhile(clocks);
      });
      recorded.open();
      return sending;
    },
  };
}

describe('an exchange whose record is too old when its connection stands', () => {
  it('fails as one that did not reach Lean', async () => {
    const { send } = await slowlyConnected();
    expect(await failureOf(send('/late', clocks => clocks.pass(2001)))).toMatchObject(tooLate);
  });

  it('writes not a byte', async () => {
    const { send, transport, seen } = await slowlyConnected();
    await failureOf(send('/late', clocks => clocks.suspend(60_000)));
    await transport.close();
    await expect.poll(() => [seen.connections, seen.bytes, seen.targets]).toEqual([1, 0, []]);
  });

  it('leaves its connection to the next request', async () => {
    const { send, transport, options, seen } = await slowlyConnected();
    await failureOf(send('/late', clocks => clocks.pass(2001)));
    await transport.send(post('/next'), options);
    expect([seen.connections, seen.targets]).toEqual([1, ['/next']]);
  });

  it('leaves its connection to those that come next, also when it is refused within the call', async () => {
    const { url, seen } = await startServer();
    const held = new HeldClocks();
    let jumpMs = 3000;
    const clocks: Clocks = {
      monotonic: () => held.monotonic(),
      wall() {
        held.suspend(jumpMs);
        return held.wall();
      },
    };
    const transport = transportTo(url, { clocks, maxConcurrency: 1 });
    const options = { deadline: clocks.monotonic() + 20_000 };
    const recorded = { ...options, beforeSend: () => Promise.resolve() };
    // The first makes the connection. It is not used, so that undici offers it to the second within the call.
    for (const target of ['/late', '/at-once'])
      expect(await failureOf(transport.send(post(target), recorded))).toMatchObject(tooLate);
    jumpMs = 0;
    await Promise.all(['/1', '/2', '/3'].map(target => transport.send(post(target), recorded)));
    expect([seen.connections, seen.targets]).toEqual([1, ['/1', '/2', '/3']]);
  });

  it('is no such one without a record', async () => {
    const { url, seen } = await startServer();
    const clocks = new HeldClocks();
    const sending = transportTo(url, { clocks }).send(post('/read'), {
      deadline: clocks.monotonic() + 20_000,
    });
    clocks.pass(10_000);
    await sending;
    expect(seen.targets).toEqual(['/read']);
  });
});

it('a payout whose record grew old is recorded again and sent, by the connection that stands by then', async () => {
  const { url, seen } = await startServer();
  const clocks = new HeldClocks(Math.floor(performance.now()));
  const client = clientTo(url, { transport: transportTo(url, { clocks, maxConcurrency: 1 }) });
  const first = gate();
  const told: number[] = [];
  const deadline = clocks.monotonic() + 20_000;
  const creating = createPayouts(client, '{}', 'key-1', {
    deadline,
    beforeSend: remainingMs => {
      told.push(remainingMs);
      return told.length === 1 ? first.opened : Promise.resolve();
    },
  });
  void first.opened.then(() => {
    clocks.pass(3000);
  });
  first.open();
  await creating;
  expect(told).toEqual([20_000, 17_000]);
  expect([seen.connections, seen.targets]).toEqual([1, ['/payouts/v1/payment']]);
});
