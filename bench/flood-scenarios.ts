import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { WebSocket } from 'ws';

/** The ports of the gateway that is flooded. */
export interface FloodTarget {
  readonly port: number;
  readonly restPort: number;
  readonly mcpPort: number;
}

/** A flood of requests or connections, as an attacker would send it. */
export interface Flood {
  readonly name: string;
  /**
   * Sends the flood. Resolves with a function that closes its connections, to be called after the measurement.
   * @param share the part of the full flood to send, from 0 to 1
   */
  send(target: FloodTarget, share: number): Promise<() => Promise<void>>;
}

/** How long a flood keeps its connections open, in ms. */
const holdMs = 6000;

const listQuery =
  '{ payouts(first: 100) { nodes { id intentId description status leanStatus createdAt updatedAt recipient { displayName iban } amount { amount currency } } } }';

function scaled(count: number, share: number): number {
  return Math.max(1, Math.round(count * share));
}

async function openWebSocket({ port }: FloodTarget, isInitialised: boolean): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${String(port)}/graphql`, 'graphql-transport-ws');
  socket.on('error', () => undefined);
  await once(socket, 'open');
  if (isInitialised) {
    socket.send('{"type":"connection_init"}');
    await once(socket, 'message');
  }
  return socket;
}

async function openUnreadSocket(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.pause();
  await once(socket, 'connect');
  return socket;
}

function closer(sockets: readonly (WebSocket | Socket)[]): () => Promise<void> {
  return async () => {
    for (const socket of sockets)
      if (socket instanceof WebSocket) socket.terminate();
      else socket.destroy();
    await pause(200);
  };
}

const nothingToClose = (): Promise<void> => Promise.resolve();

async function post(port: number, path: string, body: string, headers: Record<string, string> = {}) {
  const response = await fetch(`http://127.0.0.1:${String(port)}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
  await response.arrayBuffer();
}

/** The bytes of an HTTP request with a query. */
function rawQuery(port: number): string {
  const body = JSON.stringify({ query: listQuery });
  return `POST /graphql HTTP/1.1\r\nhost: 127.0.0.1:${String(port)}\r\ncontent-type: application/json\r\ncontent-length: ${String(body.length)}\r\n\r\n${body}`;
}

/** Opens connections that announce a body of 256 KB, send its first `bytes`, and then nothing. */
async function openIncompletePosts(port: number, count: number, bytes: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  const request = `POST /v1/payouts/v1/payment HTTP/1.1\r\nhost: 127.0.0.1:${String(port)}\r\ncontent-type: application/json\r\nidempotency-key: flood\r\ncontent-length: ${String(256 * 1024)}\r\n\r\n${'x'.repeat(bytes)}`;
  await withEightInFlight(count, async () => {
    const socket = await openUnreadSocket(port);
    sockets.push(socket);
    socket.write(request);
  });
  return sockets;
}

/** Calls `send` `count` times, with eight calls in flight. */
async function withEightInFlight(count: number, send: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      while (next < count) {
        next += 1;
        await send(next);
      }
    }),
  );
}

function subscribeMessage(id: number): string {
  return JSON.stringify({
    id: String(id),
    type: 'subscribe',
    payload: { query: 'subscription { payoutUpdated { status } }' },
  });
}

export const floods: readonly Flood[] = [
  {
    name: '60 KB pings before connection_init, pongs never read',
    async send(target, share) {
      const sockets = await Promise.all(Array.from({ length: 4 }, () => openWebSocket(target, false)));
      for (const socket of sockets) socket.pause();
      const data = Buffer.alloc(120);
      const text = JSON.stringify({ type: 'ping', payload: { data: 'x'.repeat(60_000) } });
      for (let times = 0; times < scaled(2500, share); times += 1) {
        for (const socket of sockets) {
          if (socket.readyState !== WebSocket.OPEN) continue;
          socket.ping(data);
          socket.send(text);
        }
        await pause(2);
      }
      return closer(sockets);
    },
  },
  {
    name: '60 KB pings after connection_init, pongs never read',
    async send(target, share) {
      const sockets = await Promise.all(Array.from({ length: 4 }, () => openWebSocket(target, true)));
      for (const socket of sockets) socket.pause();
      const text = JSON.stringify({ type: 'ping', payload: { data: 'x'.repeat(60_000) } });
      for (let times = 0; times < scaled(1500, share); times += 1) {
        for (const socket of sockets) if (socket.readyState === WebSocket.OPEN) socket.send(text);
        await pause(2);
      }
      return closer(sockets);
    },
  },
  {
    name: '900 queries on one WebSocket, responses never read',
    async send(target, share) {
      const socket = await openWebSocket(target, true);
      socket.pause();
      for (let id = 0; id < scaled(900, share); id += 1)
        socket.send(JSON.stringify({ id: String(id), type: 'subscribe', payload: { query: listQuery } }));
      await pause(holdMs * share);
      return closer([socket]);
    },
  },
  {
    name: '20,000 subscriptions on one WebSocket',
    async send(target, share) {
      const socket = await openWebSocket(target, true);
      for (let id = 0; id < scaled(20_000, share); id += 1) {
        socket.send(subscribeMessage(id));
        if (id % 500 === 0) await pause(5);
      }
      await pause(holdMs * share);
      return closer([socket]);
    },
  },
  {
    name: '20,000 subscriptions on 200 WebSockets',
    async send(target, share) {
      const sockets: WebSocket[] = [];
      for (let index = 0; index < scaled(200, share); index += 1) {
        const socket = await openWebSocket(target, true);
        sockets.push(socket);
        for (let id = 0; id < 100; id += 1) socket.send(subscribeMessage(id));
        await pause(2);
      }
      await pause(holdMs * share);
      return closer(sockets);
    },
  },
  {
    name: '26 documents of 100 operations, each sent 12 times',
    async send({ port }, share) {
      for (let document = 0; document < scaled(26, share); document += 1) {
        const fragment = `fragment F on PayoutConnection { nodes { ${'id intentId description status leanStatus createdAt updatedAt '.repeat(2)} d${String(document)}: id } }`;
        const names = Array.from({ length: 100 }, (_, index) => `Q${String(index)}`);
        const query = `${fragment} ${names.map(name => `query ${name}{payouts(first:1){...F}}`).join(' ')}`;
        await withEightInFlight(12 * names.length, index =>
          post(port, '/graphql', JSON.stringify({ query, operationName: names[index % names.length] })),
        );
      }
      return nothingToClose;
    },
  },
  {
    name: '1,024 documents of 60 KB',
    async send({ port }, share) {
      await withEightInFlight(scaled(1024, share), index =>
        post(
          port,
          '/graphql',
          JSON.stringify({ query: `# ${'x'.repeat(60_000)}\n{ a${String(index)}: __typename }` }),
        ),
      );
      return nothingToClose;
    },
  },
  {
    name: 'MCP: 300 batches of 100 calls',
    async send({ mcpPort }, share) {
      const call = {
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'lean-listpayouts', arguments: { page_size: 100 } },
      };
      const body = JSON.stringify(Array.from({ length: 100 }, () => call));
      const headers = { accept: 'application/json, text/event-stream' };
      await withEightInFlight(scaled(300, share), () => post(mcpPort, '/mcp', body, headers));
      return nothingToClose;
    },
  },
  {
    name: 'REST: 600 bodies of 255 KB of empty objects',
    async send({ restPort }, share) {
      const body = `{"payment_details":[${'{},'.repeat(86_000)}{}]}`;
      const headers = { 'idempotency-key': 'flood' };
      await withEightInFlight(scaled(600, share), () =>
        post(restPort, '/v1/payouts/v1/payment', body, headers),
      );
      return nothingToClose;
    },
  },
  {
    name: 'REST: 600 bodies of 120,000 open brackets',
    async send({ restPort }, share) {
      const headers = { 'idempotency-key': 'flood' };
      await withEightInFlight(scaled(600, share), () =>
        post(restPort, '/v1/payouts/v1/payment', '['.repeat(120_000), headers),
      );
      return nothingToClose;
    },
  },
  {
    name: '100 connections with 100 pipelined requests, responses never read',
    async send({ port }, share) {
      const request = rawQuery(port);
      const sockets: Socket[] = [];
      for (let index = 0; index < scaled(100, share); index += 1) {
        const socket = await openUnreadSocket(port);
        sockets.push(socket);
        socket.write(request.repeat(100));
      }
      await pause(holdMs * share);
      return closer(sockets);
    },
  },
  {
    name: '2,000 connections that query 100 payouts, responses never read',
    async send({ port }, share) {
      const request = rawQuery(port);
      const sockets: Socket[] = [];
      for (let index = 0; index < scaled(2000, share); index += 1) {
        const socket = await openUnreadSocket(port);
        sockets.push(socket);
        socket.write(request);
      }
      await pause(holdMs * share);
      return closer(sockets);
    },
  },
  {
    name: 'REST: 1,700 bodies of one byte and 260 of 255 KB, none of them complete',
    async send({ restPort }, share) {
      const small = await openIncompletePosts(restPort, scaled(1700, share), 1);
      const large = await openIncompletePosts(restPort, scaled(260, share), 255 * 1024);
      await pause(holdMs * share);
      return closer([...small, ...large]);
    },
  },
  {
    name: '5,000 WebSockets with 60 KB of a message before connection_init',
    async send(target, share) {
      const sockets: WebSocket[] = [];
      await withEightInFlight(scaled(5000, share), async () => {
        const socket = await openWebSocket(target, false);
        sockets.push(socket);
        // A fragment without a last one: the message is never complete.
        socket.send('x'.repeat(60_000), { fin: false });
      });
      await pause(holdMs * share);
      return closer(sockets);
    },
  },
  {
    name: '5,000 connections that the client resets',
    async send({ port }, share) {
      await withEightInFlight(scaled(5000, share), async () => {
        const socket = await openUnreadSocket(port);
        socket.write(
          'GET /graphql HTTP/1.1\r\nhost: x\r\norigin: https://evil.example\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n',
        );
        socket.resetAndDestroy();
      });
      return nothingToClose;
    },
  },
];
