import { createServer, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { json, listening } from '../lean/wiring.ts';

interface HistoryEvent {
  readonly post_initiation_status?: unknown;
}

/** Changes an answer of Lean's. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the test knows what Lean answers to this path
export type Edit = (answer: any, path: string) => unknown;

const handledByFetch = new Set(['host', 'connection', 'content-length', 'accept-encoding']);

/** Stands in front of a Lean, and answers as the test says: with another status, or with a changed body. */
export async function startEditedLean(target = '') {
  const lean = {
    url: '',
    target,
    edit: (answer => answer) as Edit,
    /** The status of an answer without a body of Lean's; undefined to pass the request on. */
    refuse: (() => undefined) as (path: string) => number | undefined,
  };
  const passOn = async (request: IncomingMessage) => {
    const { method = 'GET', url = '', headers } = request;
    const kept = Object.entries(headers).filter(([name]) => !handledByFetch.has(name));
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
    passOn(request)
      .then(async answer => {
        const body = await answer.text();
        const date = answer.headers.get('date');
        if (date !== null) response.setHeader('date', date);
        json(response, answer.ok ? lean.edit(JSON.parse(body), path) : body, answer.status);
      })
      // The test is over.
      .catch(() => response.destroy());
  });
  lean.url = await listening(server);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return lean;
}

/** Changes the events of Lean's histories. */
export function editHistory(change: (events: readonly HistoryEvent[]) => readonly object[]): Edit {
  return (answer, path) =>
    path.includes('/history')
      ? {
          ...answer,
          content: answer.content.map((payment: { events: readonly HistoryEvent[] }) => ({
            ...payment,
            events: change(payment.events),
          })),
        }
      : answer;
}

/** Changes the rows of Lean's list. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
export function editRows(change: (rows: any[]) => unknown[]): Edit {
  return (answer, path) =>
    path.startsWith('/payouts/v1/payments?')
      ? { ...answer, content: change(answer.content as unknown[]) }
      : answer;
}
