import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { connectionLimits as limits } from '../../../../src/adapters/http/connection-limits.ts';
import type { Environment } from '../../../../src/config/config.ts';
import { exampleIntentId } from '../../../../src/sandbox/fixtures.ts';
import { startIssuer } from '../../../support/issuer.ts';
import { captureLog } from '../../../support/log-lines.ts';
import { metricOf } from '../../../support/metric.ts';
import { payoutInput } from '../../../support/payout-input.ts';
import {
  postOperation,
  startListeningGateway,
  type ListeningGateway,
} from '../../../support/running-gateway.ts';

const secret = 'webhook-secret';
const routerSecret = 'secret-of-the-router';

async function start(env: Environment = {}): Promise<ListeningGateway> {
  const gateway = await startListeningGateway({ env: { LEAN_WEBHOOK_SECRET: secret, ...env } });
  onTestFinished(() => gateway.close());
  return gateway;
}

/** A plain WebSocket, on which the test sends and receives each message itself. */
async function connect(
  { url }: ListeningGateway,
  { acknowledged = true, headers = {} }: { acknowledged?: boolean; headers?: Record<string, string> } = {},
) {
  const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws', {
    autoPong: false,
    headers,
  });
  onTestFinished(() => {
    socket.terminate();
  });
  const received: Record<string, unknown>[] = [];
  socket.on('message', (data: Buffer) =>
    received.push(JSON.parse(data.toString()) as Record<string, unknown>),
  );
  let pongs = 0;
  socket.on('pong', () => (pongs += 1));
  await once(socket, 'open');
  const send = (message: object): void => {
    socket.send(JSON.stringify(message));
  };
  const acknowledge = async (): Promise<void> => {
    send({ type: 'connection_init' });
    await expect.poll(() => received.map(({ type }) => type)).toContain('connection_ack');
  };
  if (acknowledged) await acknowledge();
  return { socket, received, send, acknowledge, pongs: () => pongs };
}

/** The code and the reason of the close. */
async function closeOf(socket: WebSocket): Promise<readonly [code: number, reason: string]> {
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
  return [code, reason.toString()];
}

const subscription = { query: 'subscription { payoutUpdated { status } }' };
const subscribe = (id: number): object => ({ id: String(id), type: 'subscribe', payload: subscription });

describe('a WebSocket', () => {
  it('answers no ping before the caller is authenticated', async () => {
    const client = await connect(await start(), { acknowledged: false });
    client.send({ type: 'ping', payload: { data: 'x'.repeat(10_000) } });
    client.socket.ping(Buffer.alloc(100));
    await client.acknowledge();
    expect(client.received).toEqual([{ type: 'connection_ack' }]);
    expect(client.pongs()).toBe(0);
    client.send({ type: 'ping', payload: { data: 'x' } });
    client.socket.ping();
    await expect.poll(() => client.received.at(-1)).toEqual({ type: 'pong', payload: { data: 'x' } });
    await expect.poll(client.pongs).toBe(1);
  });

  it('is terminated when its client does not read', async () => {
    const gateway = await start();
    const client = await connect(gateway);
    client.socket.pause();
    const closed = once(client.socket, 'close');
    const flood = { type: 'ping', payload: { data: 'x'.repeat(60_000) } };
    const terminated = () =>
      metricOf(gateway.origin, 'lean_payouts_connections_ended_total{reason="unread"}');
    for (let batches = 0; batches < 100 && (await terminated()) === 0; batches += 1)
      for (let times = 0; times < 20; times += 1) client.send(flood);
    expect(await terminated()).toBe(1);
    client.socket.resume();
    expect((await closed)[0]).toBe(1006);
    await expect.poll(() => metricOf(gateway.origin, 'lean_payouts_unread_bytes'), { timeout: 5000 }).toBe(0);
  });

  it('does not keep a gateway from stopping when its client sends pongs, but does not read', async () => {
    const gateway = await startListeningGateway();
    const client = await connect(gateway);
    client.socket.pause();
    const closed = once(client.socket, 'close');
    const unread = () => metricOf(gateway.origin, 'lean_payouts_unread_bytes');
    // It seems to answer pings that it has not read. Otherwise they would end the connection.
    const pongs = setInterval(() => {
      client.socket.pong();
    }, 1000);
    onTestFinished(() => {
      clearInterval(pongs);
    });
    // The answers fill the buffers of the kernel, which grow for some seconds. The rest stays in the gateway, less than the
    // limit for a connection. The bytes are counted every second.
    for (let fullFor = 0; fullFor < 3; await pause(1100)) {
      const isFull = (await unread()) > 500_000;
      fullFor = isFull ? fullFor + 1 : 0;
      if (!isFull)
        for (let times = 0; times < 8; times += 1)
          client.send({ type: 'ping', payload: { data: 'x'.repeat(60_000) } });
    }
    const query = `{ payoutByIntent(intentId: "${exampleIntentId}") { id } }`;
    client.send({ id: '1', type: 'subscribe', payload: { query } });
    const reads = () => gateway.lean.requests.filter(({ operation }) => operation === 'getPayoutIntent');
    await expect.poll(() => reads().length).toBe(1);
    await gateway.close();
    client.socket.resume();
    expect((await closed)[0]).toBe(1006);
  });

  it('runs a hundred operations, and refuses one more with TOO_MANY_OPERATIONS', async () => {
    const gateway = await start();
    const client = await connect(gateway);
    for (let id = 0; id < limits.operations; id += 1) client.send(subscribe(id));
    await expect
      .poll(() => metricOf(gateway.origin, 'lean_payouts_subscribers'), { timeout: 5000 })
      .toBe(limits.operations);
    client.send(subscribe(1000));
    await expect
      .poll(() => client.received.at(-1))
      .toMatchObject({
        id: '1000',
        type: 'error',
        payload: [{ extensions: { code: 'TOO_MANY_OPERATIONS', retryable: true, retryAfterSeconds: 1 } }],
      });
    client.send({ id: '0', type: 'complete' });
    await expect.poll(() => metricOf(gateway.origin, 'lean_payouts_subscribers')).toBe(limits.operations - 1);
    client.send(subscribe(1001));
    await expect.poll(() => metricOf(gateway.origin, 'lean_payouts_subscribers')).toBe(limits.operations);
    client.socket.terminate();
    await expect.poll(() => metricOf(gateway.origin, 'lean_payouts_subscribers')).toBe(0);
  });

  it('counts an operation until its execution has ended, even if the client has completed it', async () => {
    const gateway = await start();
    const client = await connect(gateway);
    gateway.lean.faults.add({ kind: 'latency', ms: 5000, operation: 'listPayouts' });
    const query = '{ payouts(first: 1) { totalCount } }';
    for (let times = 0; times < limits.operations; times += 1) {
      client.send({ id: 'a', type: 'subscribe', payload: { query } });
      client.send({ id: 'a', type: 'complete' });
    }
    client.send({ id: 'b', type: 'subscribe', payload: { query } });
    await expect
      .poll(() => client.received.at(-1), { timeout: 5000 })
      .toMatchObject({ id: 'b', payload: [{ extensions: { code: 'TOO_MANY_OPERATIONS' } }] });
  });

  it('executes no operation while it closes', async () => {
    const gateway = await start();
    const client = await connect(gateway);
    client.send(subscribe(1));
    // The protocol closes a connection on which an id is used twice.
    client.send(subscribe(1));
    const mutation = 'mutation ($input: CreatePayoutInput!) { createPayout(input: $input) { __typename } }';
    const payload = { query: mutation, variables: { input: payoutInput('key-1') } };
    client.send({ id: '2', type: 'subscribe', payload });
    const [code] = (await once(client.socket, 'close')) as [number];
    expect(code).toBe(4409);
    await postOperation(gateway.url, mutation, { input: payoutInput('key-2') });
    const created = gateway.lean.requests.filter(({ operation }) => operation === 'createPayoutPayment');
    expect(created).toHaveLength(1);
  });

  it('is closed for a message that is nested too deeply or has too many values', async () => {
    const gateway = await start();
    for (const [text, problem] of [
      ['['.repeat(60_000), 'is nested more than 32 levels deep'],
      [`[${'1,'.repeat(20_000)}1]`, 'holds more than 10000 values'],
    ] as const) {
      const client = await connect(gateway);
      client.socket.send(text);
      expect(await closeOf(client.socket)).toEqual([4400, `Invalid message: it ${problem}.`]);
    }
  });

  it.each([
    ['{"type":', 'it is not valid JSON.'],
    ['{"id":"1"}', "Message is missing the 'type' property"],
    [
      '{"id":"1","type":"subscribe","payload":{"query":"{ __typename }","operationName":5}}',
      'operationName: is a number; accepted: the name of an operation of the document as a string.',
    ],
    [
      '{"id":"1","type":"subscribe","payload":{"query":{}}}',
      'query: is an object; accepted: a GraphQL document as a string.',
    ],
  ])('is closed with the cause for the message %s', async (text, problem) => {
    const client = await connect(await start());
    client.socket.send(text);
    expect(await closeOf(client.socket)).toEqual([4400, `Invalid message: ${problem}`]);
  });

  it('is closed with a cause of at most 123 bytes, whatever the message contains', async () => {
    const client = await connect(await start());
    client.socket.send(JSON.stringify({ type: 'ping', payload: '\u20ac'.repeat(500) }));
    const [code, reason] = await closeOf(client.socket);
    expect(code).toBe(4400);
    expect(reason).toMatch(/^Invalid message: "ping" message expects/);
    expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123);
  });

  it('is closed for a message with more than 64 fragments', async () => {
    const client = await connect(await start());
    for (let piece = 0; piece < 100; piece += 1) client.socket.send('x', { fin: false });
    expect(await closeOf(client.socket)).toEqual([1008, 'A message may have at most 64 fragments.']);
  });

  it.each([
    ['the router', 1024, { 'x-router-secret': routerSecret }],
    ['another caller', 64, {}],
    ['a caller with a wrong router secret', 64, { 'x-router-secret': 'another secret' }],
  ])(
    'of %s answers messages of up to %i KiB, and is closed with 1009 for a larger one',
    async (_, kib, headers) => {
      const gateway = await start({ ROUTER_SECRET: routerSecret });
      const client = await connect(gateway, { headers });
      const payload = { query: '{ __typename }' };
      const message = JSON.stringify({ id: '1', type: 'subscribe', payload });
      client.socket.send(message.padEnd(kib * 1024));
      await expect
        .poll(() => client.received)
        .toContainEqual({ id: '1', type: 'next', payload: { data: { __typename: 'Query' } } });
      client.socket.send(message.padEnd(kib * 1024 + 1));
      expect(await closeOf(client.socket)).toEqual([
        1009,
        `A message may have at most ${String(kib * 1024)} bytes.`,
      ]);
      await expect.poll(() => metricOf(gateway.origin, 'lean_payouts_incoming_bytes')).toBe(0);
    },
  );

  it('of the router answers a message with more values than that of another caller may have', async () => {
    const gateway = await start({ ROUTER_SECRET: routerSecret });
    const payload = { query: '{ __typename }', variables: { list: Array(50_000).fill(1) as number[] } };
    const message = { id: '1', type: 'subscribe', payload };
    const client = await connect(gateway, { headers: { 'x-router-secret': routerSecret } });
    client.send(message);
    await expect
      .poll(() => client.received)
      .toContainEqual({ id: '1', type: 'next', payload: { data: { __typename: 'Query' } } });
    client.send({
      ...message,
      payload: { ...payload, variables: { list: Array(100_001).fill(1) as number[] } },
    });
    expect((await once(client.socket, 'close'))[0]).toBe(4400);
  });

  it('before its caller is authenticated may not send more than 16 KiB, even with the router secret', async () => {
    const gateway = await start({ ROUTER_SECRET: routerSecret });
    const headers = { 'x-router-secret': routerSecret };
    const client = await connect(gateway, { acknowledged: false, headers });
    client.socket.send('{"type":"connection_init"}'.padEnd(limits.connectionInitBytes + 1));
    expect((await once(client.socket, 'close'))[0]).toBe(1006);
    expect(client.received).toEqual([]);
  });

  it('is closed with the code 4409 when an id is used twice, even a long id', async () => {
    const client = await connect(await start());
    const message = { id: 'x'.repeat(128), type: 'subscribe', payload: subscription };
    client.send(message);
    client.send(message);
    expect((await once(client.socket, 'close'))[0]).toBe(4409);
  });

  it('is closed when its client does not send connection_init in time', async () => {
    const client = await connect(await start(), { acknowledged: false });
    expect((await once(client.socket, 'close'))[0]).toBe(4408);
  }, 20_000);
});

it('an operation that its document does not have is refused, and its names are listed', async () => {
  const client = await connect(await start());
  const payload = { query: 'query A { __typename } query B { __typename }', operationName: 'C' };
  client.send({ id: '1', type: 'subscribe', payload });
  await expect
    .poll(() => client.received.at(-1))
    .toMatchObject({
      type: 'error',
      payload: [{ message: 'operationName: is not an operation of the document; accepted: A, B.' }],
    });
});

describe('the log of a WebSocket', () => {
  it('has one line for each operation, with a request id that its other lines share', async () => {
    const { log, lines, line } = captureLog();
    const gateway = await startListeningGateway({ log });
    onTestFinished(() => gateway.close());
    const client = await connect(gateway);
    gateway.lean.faults.add({ kind: 'status', status: 418, operation: 'getPayoutIntent' });
    const query = `{ payoutByIntent(intentId: "${exampleIntentId}") { id } }`;
    client.send({ id: '1', type: 'subscribe', payload: { query } });
    await line(({ outcome }) => outcome === 'LEAN_REFUSED');
    client.send({ id: '2', type: 'subscribe', payload: { query: '{ __typename }' } });
    await line(({ outcome }) => outcome === 'ok');
    const requests = lines.filter(({ msg, socket }) => msg === 'request' && socket === true);
    const [connection = '', first] = String(requests[0]?.['requestId']).split('.');
    expect(connection).toMatch(/^[\da-f-]{36}$/);
    expect([first, requests[1]?.['requestId']]).toEqual(['1', `${connection}.2`]);
    const failure = lines.find(({ code }) => code === 'LEAN_REFUSED');
    expect(failure?.['requestId']).toBe(`${connection}.1`);
  });

  it('has a line for a connection that is refused', async () => {
    const { log, line } = captureLog();
    const issuer = await startIssuer();
    onTestFinished(() => issuer.close());
    const gateway = await startListeningGateway({ log, env: issuer.env });
    onTestFinished(() => gateway.close());
    const client = await connect(gateway, { acknowledged: false });
    client.send({ type: 'connection_init', payload: { authorization: 'Bearer wrong' } });
    expect((await closeOf(client.socket))[0]).toBe(4401);
    expect(await line(({ msg }) => msg === 'connection refused')).toMatchObject({
      requestId: expect.stringMatching(/^[\da-f-]{36}$/) as string,
      surface: 'graphql',
      socket: true,
      closeCode: 4401,
      outcome: 'UNAUTHENTICATED',
    });
  });
});

it('one caller may have 5000 subscriptions over all connections, and one more is refused with a code', async () => {
  const gateway = await start();
  const sockets = limits.subscriptionsPerCaller / limits.operations;
  const clients = await Promise.all(Array.from({ length: sockets + 1 }, () => connect(gateway)));
  for (const { send } of clients.slice(0, sockets))
    for (let id = 0; id < limits.operations; id += 1) send(subscribe(id));
  await expect
    .poll(() => metricOf(gateway.origin, 'lean_payouts_subscribers'), { timeout: 60_000 })
    .toBe(limits.subscriptionsPerCaller);
  const last = clients[sockets];
  last?.send(subscribe(1));
  await expect
    .poll(() => last?.received.find(({ id }) => id === '1'))
    .toMatchObject({
      payload: {
        errors: [{ extensions: { code: 'TOO_MANY_SUBSCRIPTIONS', retryable: true, retryAfterSeconds: 5 } }],
      },
    });
  const overHttp = await fetch(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify(subscription),
  });
  expect(await overHttp.text()).toContain('TOO_MANY_SUBSCRIPTIONS');
}, 90_000);
