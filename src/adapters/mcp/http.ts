import {
  localhostOriginValidation,
  toNodeHandler,
  type NodeIncomingMessageLike,
} from '@modelcontextprotocol/node';
import { createMcpHandler, type AuthInfo } from '@modelcontextprotocol/server';
import type { ServerResponse } from 'node:http';
import type { Authenticator } from '../../access/authenticator.ts';
import { demandScopes, scopeOf, type Caller } from '../../access/caller.ts';
import { JsonBeyondBounds, parseExactJson } from '../../json/exact-json.ts';
import { readBody, tooLarge } from '../http/body.ts';
import type { HttpRequestContext } from '../http/http-request-context.ts';
import { startListener, type Listener, type ListenerBasics } from '../http/listener.ts';
import { refusalOf } from '../http/refusal.ts';
import { ProtectedResource, type ResourceOptions } from './protected-resource.ts';
import { mcpTools, type McpOptions } from './server.ts';

export interface McpHttpOptions extends McpOptions, ListenerBasics {
  /** Lets callers in. */
  readonly authenticator: Authenticator;
  /** Tells where access tokens are had; undefined where none are wanted. */
  readonly resource: ResourceOptions | undefined;
}

const maxBodyBytes = 256 * 1024;

/**
 * MCP by Streamable HTTP, at `/mcp` and `/`. Pages of browsers get nothing unless their origin is listed. Who has no
 * access token, or one without the scope that a tool needs, is told where to get one.
 * @see https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization
 */
export async function startMcpServer(options: McpHttpOptions): Promise<Listener> {
  const { authenticator, log, corsOrigins = [] } = options;
  const resource = options.resource && new ProtectedResource(options.resource);
  const tools = mcpTools(options);
  const handler = createMcpHandler(tools.server, {
    maxRequestBodySize: maxBodyBytes,
    // The tools stay what they are, so there is no news to listen for.
    maxSubscriptions: 0,
    onerror: error => {
      log.debug({ problem: error.message }, 'mcp');
    },
  });
  const handle = toNodeHandler(handler, { maxRequestBodySize: maxBodyBytes });
  const isOwnOrigin = localhostOriginValidation();
  const listener = await startListener({
    ...options,
    surface: 'mcp',
    route,
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

  async function route(exchange: HttpRequestContext): Promise<void> {
    const { request, response, path, draining, report } = exchange;
    // For everybody: without it an agent in a page could not learn where to get a token.
    if (resource?.isMetadata(path) === true) {
      response.writeHead(200, { 'content-type': 'application/json', 'access-control-allow-origin': '*' });
      response.end(JSON.stringify(resource.metadata(request)));
      return;
    }
    const { origin } = request.headers;
    const listed = origin !== undefined && corsOrigins.includes(origin);
    if (!listed && !isOwnOrigin(request, response)) return;
    if (path !== '/mcp' && path !== '/') answer(response, 404, 'MCP is at /mcp.');
    else if (request.method !== 'POST')
      answer(response, 405, 'MCP takes POST.', { headers: { allow: 'POST' } });
    else if (draining) answer(response, 503, 'The gateway is stopping; nothing was done.');
    else
      try {
        const { caller } = await authenticator.authenticate({ authorization: request.headers.authorization });
        report.caller = caller.subject;
        await serve(exchange, caller);
      } catch (error) {
        const refusal = refusalOf(error, resource?.challenge(request));
        if (refusal === undefined) throw error;
        report.outcome = refusal.code;
        answer(response, refusal.status, refusal.message, { headers: refusal.headers, code: refusal.code });
      }
  }

  async function serve(exchange: HttpRequestContext, caller: Caller): Promise<void> {
    const { request, response } = exchange;
    // A server's own requests always have a method and an address.
    const asked = Object.assign(request as NodeIncomingMessageLike, { auth: authInfoOf(caller) });
    const text = await readBody(exchange, maxBodyBytes);
    if (text === undefined) return answer(response, 413, tooLarge(maxBodyBytes));
    const read = parsed(text);
    if ('problem' in read) return answer(response, 400, `The body ${read.problem}.`, { rpcCode: -32_700 });
    const { body } = read;
    if (Array.isArray(body))
      return answer(response, 400, 'A request holds one message: MCP has no batches. Send each by itself.');
    // Told by HTTP, which is what makes a client ask its user for more.
    const operation = tools.operationCalledBy(body);
    if (operation !== undefined) demandScopes(caller, scopeOf(operation));
    return handle(asked, response, body);
  }
}

/** How the caller travels through the protocol's library, which wants to know no more of it. */
function authInfoOf(caller: Caller): AuthInfo {
  return { token: '', clientId: caller.subject, scopes: [...caller.scopes], extra: { caller } };
}

function parsed(text: string): { readonly body: unknown } | { readonly problem: string } {
  try {
    return { body: parseExactJson(text) };
  } catch (error) {
    if (error instanceof JsonBeyondBounds) return { problem: error.message };
    if (error instanceof SyntaxError) return { problem: 'is not JSON' };
    throw error;
  }
}

function answer(
  response: ServerResponse,
  status: number,
  message: string,
  { headers = {}, rpcCode = -32_600, code }: AnswerOptions = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  const data = code === undefined ? {} : { data: { code } };
  response.end(JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: rpcCode, message, ...data } }));
}

interface AnswerOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly rpcCode?: number;
  /** As all surfaces have it. */
  readonly code?: string;
}
