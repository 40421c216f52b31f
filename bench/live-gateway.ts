import { subscribe } from 'node:diagnostics_channel';
import type { ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { parseConfig, startGateway } from '../src/composition/gateway.ts';
import { sandboxCredentials } from '../src/sandbox/named.ts';

/** The whole gateway as a process of its own, with webhooks; tells its memory, and who does not read. */
const [leanUrl = '', folder = '', secret = ''] = process.argv.slice(2);

const answering = new Set<ServerResponse>();
subscribe('http.server.request.start', message => {
  const { response } = message as { readonly response: ServerResponse };
  answering.add(response);
  response.once('close', () => answering.delete(response));
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
    DATA_DIR: folder,
  }),
  // What it would find at Lean would be counted as the price of an event.
  { compareEveryMs: 24 * 60 * 60 * 1000 },
);

const answers: Record<string, () => unknown> = {
  /** In KiB, once it has cleared up. */
  async 'needed memory'() {
    for (let times = 0; times < 4; times += 1) {
      void gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
      await pause(250);
    }
    return process.memoryUsage.rss() / 1024;
  },
  connected: () => answering.size,
  /** How many cannot be sent any more before they read. */
  stuck: () => [...answering].filter(({ writableNeedDrain }) => writableNeedDrain).length,
};
process.on('message', question => {
  const answer = answers[String(question)];
  if (answer !== undefined) void Promise.resolve(answer()).then(figure => process.send?.(figure));
});
