import { serveStdio } from '@modelcontextprotocol/server/stdio';
import type { Logger } from 'pino';
import { StdioTransport } from '../adapters/mcp/stdio-transport.ts';
import { createMcpTools } from '../adapters/mcp/server.ts';
import type { StdioConfig } from '../config/config.ts';
import { createCore } from './core.ts';
import { OperationCalls } from '../operations/operation-calls.ts';

/**
 * Serves the MCP tools on standard input and output to the agent that started this process.
 * @param log must not write to standard output
 * @throws ConfigError when the store cannot be used; StoreUnavailable
 */
export async function startStdioTools(config: StdioConfig, log: Logger): Promise<{ close(): Promise<void> }> {
  const { mcpWrites, requireIdempotencyKey: requireKey, maskIban, maxUpstreamCalls } = config;
  const core = createCore(config, { log });
  await core.prepareStore();
  core.loop.start();
  const calls = new OperationCalls({ ...core, requireKey, maskIban, maxUpstreamCalls });
  const { stdin, stdout } = process;
  const transport = new StdioTransport(stdin, stdout);
  const server = serveStdio(createMcpTools({ calls, log, requireKey, writes: mcpWrites }).serverFactory, {
    transport,
    onerror: error => {
      log.debug({ problem: error.message }, 'mcp');
    },
  });
  // When the agent has ended or closed its end, the process finishes the calls in flight and ends as well.
  const stop = (): void => void process.kill(process.pid, 'SIGTERM');
  stdin.once('end', stop).once('error', stop);
  return {
    async close() {
      await transport.drain();
      await core.creation.whenIdle();
      await server.close();
      await core.close();
    },
  };
}
