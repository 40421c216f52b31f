import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { pino } from 'pino';
import { createMcpTools } from '../adapters/mcp/server.ts';
import type { StdioConfig } from '../config/config.ts';
import { createCore } from './core.ts';
import { createLog } from './log.ts';
import { OperationCalls } from '../operations/operation-calls.ts';

/**
 * Serves the MCP tools on standard input and output to the agent that started this process. The log goes to standard
 * error, because standard output belongs to the protocol.
 * @throws ConfigError when the store cannot be used; StoreUnavailable
 */
export async function startStdioTools(config: StdioConfig): Promise<{ close(): Promise<void> }> {
  const { mcpWrites, requireIdempotencyKey: requireKey, maskIban, maxUpstreamCalls } = config;
  const log = createLog(config, pino.destination(2));
  const core = createCore(config, { log });
  await core.prepareStore();
  core.loop.start();
  const calls = new OperationCalls({ ...core, requireKey, maskIban, maxUpstreamCalls });
  const server = serveStdio(createMcpTools({ calls, log, requireKey, writes: mcpWrites }).serverFactory, {
    onerror: error => {
      log.debug({ problem: error.message }, 'mcp');
    },
  });
  // When the agent has ended, the process finishes the payouts in flight and ends as well.
  process.stdin.once('end', () => process.kill(process.pid, 'SIGTERM'));
  return {
    async close() {
      await core.creation.whenIdle();
      await server.close();
      await core.close();
    },
  };
}
