import { EventEmitter, once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that a held Lean has received and not answered. */
export interface HeldRequest {
  readonly method: string;
  readonly path: string;
  /** Answers it; whoever sent it may be gone by then. */
  answer(status: number, body: unknown): void;
  /** Whether the other side has dropped the connection before the answer. */
  readonly dropped: boolean;
  /** Resolves when the other side drops the connection before the answer. */
  untilDropped(): Promise<void>;
}

/** A Lean that answers nothing until it is told to, and sees who goes away. */
export async function startHeldLean() {
  const held: HeldRequest[] = [];
  const arrivals = new EventEmitter();
  const server = createServer((request, response) => {
    request.resume();
    // Lean's time is asked for by one row of its list; that is not what is held.
    if (request.url?.endsWith('?page_number=0&page_size=1') === true) {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ content: [], page: { total_elements: 0 } }));
      return;
    }
    held.push(holding(request.method ?? '', request.url ?? '', response));
    arrivals.emit('request');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    /** The request in this place, from 0, also one that is yet to come. */
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

function holding(method: string, path: string, response: ServerResponse): HeldRequest {
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
    untilDropped: () => dropped,
  };
}
