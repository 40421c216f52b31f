import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { readBody } from '../../src/sandbox/lean-api/received-request.ts';
import type { Json } from './test-sandbox.ts';

export const secret = 'a secret of webhooks';

export interface ReceivedWebhook {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly json: Json;
}

/** Starts a server that records webhooks. It responds 200 unless a test replaces `respond`. It closes with the test. */
export async function startWebhookReceiver() {
  const received: ReceivedWebhook[] = [];
  let connections = 0;
  const receiver = {
    received,
    target: { url: '', secret },
    /** The status and the post-initiation status of each received event, oldest first. */
    statuses: () =>
      received.map(({ json }) =>
        [json.payload.status, json.payload.post_initiation_status].filter(Boolean).join(' '),
      ),
    ids: () => received.map(({ json }) => json.event_id as string),
    respond: (response: ServerResponse): unknown => response.end(),
    /** The number of connections that were opened so far. */
    connections: () => connections,
    /** Resolves when `count` webhooks have arrived in total. */
    waitForCount: async (count: number): Promise<void> => {
      while (received.length < count) await once(server, 'received');
    },
  };
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    void readBody(request).then(text => {
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
