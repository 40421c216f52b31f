import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { bodyOf } from '../../src/sandbox/lean-api/received-request.ts';
import type { Json } from './lean-caller.ts';

export const secret = 'a secret of webhooks';

export interface Received {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly json: Json;
}

/** A place for webhooks to go to, which closes with its test. It says 200 until it is told to say something else. */
export async function receiveWebhooks() {
  const received: Received[] = [];
  let connections = 0;
  const receiver = {
    received,
    target: { url: '', secret },
    /** The status of a received event, and what its bank found, oldest first. */
    standings: () =>
      received.map(({ json }) =>
        [json.payload.status, json.payload.post_initiation_status].filter(Boolean).join(' '),
      ),
    ids: () => received.map(({ json }) => json.event_id as string),
    respond: (response: ServerResponse): unknown => response.end(),
    /** How many connections there have been. */
    connections: () => connections,
    /** Resolves when so many have come in all. */
    come: async (count: number): Promise<void> => {
      while (received.length < count) await once(server, 'received');
    },
  };
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    void bodyOf(request).then(text => {
      const { method = '', headers } = request;
      received.push({ method, headers, text, json: JSON.parse(text) });
      receiver.respond(response);
      server.emit('received');
    });
  });
  server.on('connection', () => {
    connections += 1;
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  receiver.target.url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/hooks?from=lean`;
  return receiver;
}
