import { createServer, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { json } from '../lean/fixtures.ts';
import { listening } from './started-server.ts';

interface HistoryEvent {
  readonly post_initiation_status?: unknown;
}

/** Changes the parsed body of a Lean response. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the test knows the body that Lean returns for this path
export type ResponseEdit = (body: any, path: string) => unknown;

const headersSetByFetch = new Set(['host', 'connection', 'content-length', 'accept-encoding']);

/** Starts a proxy in front of a Lean that refuses requests or changes responses. It closes with the test. */
export async function startLeanProxy(target = '') {
  const lean = {
    url: '',
    target,
    edit: (body => body) as ResponseEdit,
    /** The status to refuse a request with. Undefined forwards the request. */
    refuse: (() => undefined) as (path: string) => number | undefined,
    /** By how much its `Date` is ahead, in ms. */
    dateAheadMs: 0,
  };
  const forward = async (request: IncomingMessage) => {
    const { method = 'GET', url = '', headers } = request;
    const kept = Object.entries(headers).filter(([name]) => !headersSetByFetch.has(name));
    return fetch(lean.target + url, {
      method,
      headers: kept.map(([name, value]) => [name, String(value)] as [string, string]),
      ...(method === 'POST' && { body: await buffer(request) }),
    });
  };
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    const refused = lean.refuse(path);
    if (refused !== undefined) {
      json(response, { status: 'REFUSED', message: 'no', timestamp: '' }, refused);
      return;
    }
    forward(request)
      .then(async leanResponse => {
        const body = await leanResponse.text();
        const date = leanResponse.headers.get('date');
        if (date !== null)
          response.setHeader('date', new Date(Date.parse(date) + lean.dateAheadMs).toUTCString());
        json(response, leanResponse.ok ? lean.edit(JSON.parse(body), path) : body, leanResponse.status);
      })
      // The sandbox closes at the end of the test.
      .catch(() => response.destroy());
  });
  lean.url = await listening(server);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return lean;
}

/** An edit of the events in Lean's histories. */
export function editHistory(change: (events: readonly HistoryEvent[]) => readonly object[]): ResponseEdit {
  return (body, path) =>
    path.includes('/history')
      ? {
          ...body,
          content: body.content.map((payment: { events: readonly HistoryEvent[] }) => ({
            ...payment,
            events: change(payment.events),
          })),
        }
      : body;
}

/** An edit of the rows of Lean's list. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
export function editRows(change: (rows: any[]) => unknown[]): ResponseEdit {
  return (body, path) =>
    path.startsWith('/payouts/v1/payments?') ? { ...body, content: change(body.content as unknown[]) } : body;
}
