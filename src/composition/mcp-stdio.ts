import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { pino } from 'pino';
import { mcpTools } from '../adapters/mcp/server.ts';
import type { StdioConfig } from '../config/config.ts';
import { createCore } from './core.ts';
import { OperationCalls } from '../operations/operation-calls.ts';

/**
 * Serves the tools to the one agent that started this process. Standard output is the protocol's, so the log goes to
 * standard error.
 * @throws ConfigError when the store cannot be used; StoreUnavailable
 */
export async function startStdioTools(config: StdioConfig): Promise<{ close(): Promise<void> }> {
  const { mcpWrites, requireIdempotencyKey: requireKey, maskIban, maxUpstreamCalls, logLevel } = config;
  const log = pino(
    { level: logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination(2),
  );
  const core = createCore(config, { log });
  await core.prepareStore();
  core.loop.start();
  const calls = new OperationCalls({ ...core, requireKey, maskIban, maxUpstreamCalls });
  const serving = serveStdio(mcpTools({ calls, requireKey, writes: mcpWrites }).server, {
    onerror: error => {
      log.debug({ problem: error.message }, 'mcp');
    },
  });
  // Whoever started it has gone: what is under way is finished, and then there is nothing left to do.
  process.stdin.once('end', () => process.kill(process.pid, 'SIGTERM'));
  return {
    async close() {
      await core.creation.settled();
      await serving.close();
      await core.close();
    },
  };
}
