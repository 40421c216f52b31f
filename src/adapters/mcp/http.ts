import {
  localhostHostValidation,
  localhostOriginValidation,
  toNodeHandler,
  type NodeIncomingMessageLike,
} from '@modelcontextprotocol/node';
import { createMcpHandler } from '@modelcontextprotocol/server';
import type { ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { startListener, type Listener } from '../listener.ts';
import { mcpServerFactory, type McpOptions } from './server.ts';

export interface McpHttpOptions extends McpOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly log: Logger;
}

const maxBodyBytes = 256 * 1024;

/**
 * MCP by Streamable HTTP, at `/mcp` and `/`. Pages of browsers get nothing: a request with the origin of another
 * machine, or, where only this machine can be listening, another host's name, is refused (DNS rebinding).
 * @see https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#security-warning
 */
export async function startMcpServer(options: McpHttpOptions): Promise<Listener> {
  const { host, port, log } = options;
  const handler = createMcpHandler(mcpServerFactory(options), {
    maxRequestBodySize: maxBodyBytes,
    // The tools stay what they are, so there is no news to listen for.
    maxSubscriptions: 0,
    onerror: error => {
      log.debug({ problem: error.message }, 'mcp');
    },
  });
  const handle = toNodeHandler(handler, { maxRequestBodySize: maxBodyBytes });
  const hasOwnHost = /^(?:127\.|localhost$|::1$)/.test(host) ? localhostHostValidation() : () => true;
  const hasOwnOrigin = localhostOriginValidation();
  const listener = await startListener({
    host,
    port,
    surface: 'mcp',
    log,
    async route({ request, response, path, draining }) {
      if (!hasOwnHost(request, response) || !hasOwnOrigin(request, response)) return;
      if (path !== '/mcp' && path !== '/') answer(response, 404, 'MCP is at /mcp.');
      else if (draining) answer(response, 503, 'The gateway is stopping; nothing was done.');
      // A server's own requests always have a method and an address.
      else await handle(request as NodeIncomingMessageLike, response);
    },
    onBug: response => {
      answer(response, 500, 'Unexpected error.');
    },
  });
  return {
    url: listener.url,
    async drain() {
      await listener.drain();
      await handler.close();
    },
  };
}

function answer(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32_600, message } }));
}
