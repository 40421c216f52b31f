import { subscribe } from 'node:diagnostics_channel';
import type { ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { parseConfig, startGateway } from '../src/composition/gateway.ts';
import { sandboxCredentials } from '../src/sandbox/fixtures.ts';

/**
 * Runs the whole gateway with webhooks. It responds to messages about its memory and its open responses. The store is a
 * folder for SQLite, or the address of a PostgreSQL database. By default it runs no backfill, whose Lean calls would count
 * as the cost of an event.
 */
const [leanUrl = '', store = '', secret = '', backfillIntervalMs = 24 * 60 * 60 * 1000] =
  process.argv.slice(2);

const openResponses = new Set<ServerResponse>();
subscribe('http.server.request.start', message => {
  const { response } = message as { readonly response: ServerResponse };
  openResponses.add(response);
  response.once('close', () => openResponses.delete(response));
});

await startGateway(
  parseConfig({
    LEAN_BASE_URL: leanUrl,
    LEAN_API_TOKEN: sandboxCredentials.token,
    LEAN_WEBHOOK_SECRET: secret,
    AUTH: 'none',
    PORT: '0',
    REST_PORT: 'off',
    MCP_PORT: 'off',
    LOG_LEVEL: 'silent',
    ...(store.startsWith('postgres:') ? { DATABASE_URL: store } : { DATA_DIR: store }),
  }),
  { backfillIntervalMs: Number(backfillIntervalMs) },
);

const commands: Record<string, () => unknown> = {
  /** The resident memory in KiB after garbage collection. */
  async 'needed memory'() {
    for (let times = 0; times < 4; times += 1) {
      void gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
      await pause(250);
    }
    return process.memoryUsage.rss() / 1024;
  },
  connected: () => openResponses.size,
  /** The number of responses whose buffer is full, because the client does not read. */
  'full buffers': () => [...openResponses].filter(({ writableNeedDrain }) => writableNeedDrain).length,
};
process.on('message', name => {
  const command = commands[String(name)];
  if (command !== undefined) void Promise.resolve(command()).then(result => process.send?.(result));
});
