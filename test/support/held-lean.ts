import { EventEmitter, once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that the held Lean has received. */
export interface HeldRequest {
  readonly method: string;
  readonly path: string;
  /** Sends a JSON response. The client may have disconnected by then. */
  answer(status: number, body: unknown): void;
  /** Whether the client disconnected before the response. */
  readonly dropped: boolean;
  /** Resolves when the client disconnects before the response. */
  whenDropped(): Promise<void>;
}

/** Starts a Lean that holds each request until the test answers it, and that notices disconnecting clients. */
export async function startHeldLean() {
  const held: HeldRequest[] = [];
  const arrivals = new EventEmitter();
  const server = createServer((request, response) => {
    request.resume();
    // The gateway reads Lean's time by this request for one row. It is answered at once.
    if (request.url?.endsWith('?page_number=0&page_size=1') === true) {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ content: [], page: { total_elements: 0 } }));
      return;
    }
    held.push(heldRequest(request.method ?? '', request.url ?? '', response));
    arrivals.emit('request');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    /** The request at this index, from 0 on. Waits until it arrives. */
    async request(index: number): Promise<HeldRequest> {
      for (;;) {
        const request = held[index];
        if (request !== undefined) return request;
        await once(arrivals, 'request');
      }
    },
    async close(): Promise<void> {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function heldRequest(method: string, path: string, response: ServerResponse): HeldRequest {
  const dropped = new Promise<void>(resolve => {
    response.once('close', () => {
      if (!response.writableFinished) resolve();
    });
  });
  return {
    method,
    path,
    answer(status, body) {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    },
    get dropped() {
      return response.destroyed && !response.writableFinished;
    },
    whenDropped: () => dropped,
  };
}
