import {
  localhostOriginValidation,
  toNodeHandler,
  type NodeIncomingMessageLike,
} from '@modelcontextprotocol/node';
import { createMcpHandler, type AuthInfo } from '@modelcontextprotocol/server';
import type { Authenticator } from '../../access/authenticator.ts';
import { requireScopes, scopeOf, scopes, type Caller, type Scope } from '../../access/caller.ts';
import { Unauthenticated } from '../../errors/gateway-errors.ts';
import type { PresentedError } from '../../errors/presented-error.ts';
import { JsonBoundsExceeded } from '../../json/exact-json.ts';
import { maxBodyBytes, readBodyText } from '../http/body.ts';
import type { HttpRequestContext } from '../http/http-request-context.ts';
import { startListener, type Listener, type CommonListenerOptions } from '../http/listener.ts';
import { refusalOf, stoppingRefusal } from '../http/refusal.ts';
import { ProtectedResource, type ResourceOptions } from './protected-resource.ts';
import { parseRpcMessage, toolCallProblem } from './rpc-message.ts';
import { createMcpTools, type McpOptions } from './server.ts';

export interface McpHttpOptions extends McpOptions, CommonListenerOptions {
  /** Authenticates each request. */
  readonly authenticator: Authenticator;
  /** Describes where clients get access tokens; undefined if none are needed. */
  readonly resource: ResourceOptions | undefined;
}

/**
 * Starts the MCP listener: Streamable HTTP at `/mcp` and `/`. A browser page may call it only if its origin is listed
 * or local. A client whose access token is missing, or lacks the scope of a tool, is told where to get one.
 * @see https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization
 */
export async function startMcpServer(options: McpHttpOptions): Promise<Listener> {
  const { authenticator, log, corsOrigins = [] } = options;
  const resource = options.resource && new ProtectedResource(options.resource);
  const tools = createMcpTools(options);
  const handler = createMcpHandler(tools.serverFactory, {
    maxRequestBodySize: maxBodyBytes,
    // The list of tools never changes, so there are no notifications to subscribe to.
    maxSubscriptions: 0,
    onerror: error => {
      log.debug({ problem: error.message }, 'mcp');
    },
  });
  const handle = toNodeHandler(handler, { maxRequestBodySize: maxBodyBytes });
  const isLocalOrigin = localhostOriginValidation();
  const listener = await startListener({
    ...options,
    surface: 'mcp',
    route,
    sendError: sendRefusal,
  });
  return {
    url: listener.url,
    drain: () => listener.drain(),
    async close() {
      await listener.close();
      await handler.close();
    },
  };

  async function route(context: HttpRequestContext): Promise<void> {
    const { request, response, path, draining, report } = context;
    // The metadata is readable from every origin: an agent in a browser page needs it to get its first token.
    if (resource?.isMetadataPath(path) === true) {
      response.writeHead(200, { 'content-type': 'application/json', 'access-control-allow-origin': '*' });
      response.end(JSON.stringify(resource.metadata(request)));
      return;
    }
    const { origin } = request.headers;
    const isListed = origin !== undefined && corsOrigins.includes(origin);
    if (!isListed && !isLocalOrigin(request, response)) return;
    if (path !== '/mcp' && path !== '/') sendError(context, 404, 'MCP is at /mcp.');
    else if (request.method !== 'POST')
      sendError(context, 405, 'MCP accepts only POST.', { headers: { allow: 'POST' } });
    else if (draining) sendRefusal(context, stoppingRefusal);
    else
      try {
        const { caller } = await authenticator.authenticate({ authorization: request.headers.authorization });
        report.caller = caller.subject;
        await serve(context, caller);
      } catch (error) {
        const scope = error instanceof Unauthenticated ? await neededScope(context) : undefined;
        const refusal = refusalOf(error, resource?.challenge(request, scope));
        if (refusal === undefined) throw error;
        sendRefusal(context, refusal);
      }
  }

  /** The narrowest scope for a request without a valid access token. Its body is read only to see which tool it calls. */
  async function neededScope(context: HttpRequestContext): Promise<Scope> {
    const text = await readBodyText(context, maxBodyBytes);
    const parsed = typeof text === 'string' ? parseBody(text) : undefined;
    const operation =
      parsed !== undefined && 'body' in parsed ? tools.operationCalledBy(parsed.body) : undefined;
    return operation === undefined ? scopes.read : scopeOf(operation);
  }

  async function serve(context: HttpRequestContext, caller: Caller): Promise<void> {
    const { request, response } = context;
    // The cast is safe: a request that a server receives always has a method and a URL.
    const authenticated = Object.assign(request as NodeIncomingMessageLike, { auth: authInfoOf(caller) });
    const text = await readBodyText(context, maxBodyBytes);
    if (typeof text !== 'string')
      return sendError(context, text.status, text.message, { headers: { connection: 'close' } });
    const parsed = parseBody(text);
    if ('problem' in parsed)
      return sendError(context, 400, `The body ${parsed.problem}.`, { rpcCode: -32_700 });
    const { body } = parsed;
    if (Array.isArray(body))
      return sendError(
        context,
        400,
        'A request must hold one message: MCP has no batches. Send each message in a request of its own.',
      );
    const problem = toolCallProblem(body);
    if (problem !== undefined) {
      const { id } = body as { readonly id?: unknown };
      return sendError(context, 200, problem, { rpcCode: -32_602, id });
    }
    // Scopes are checked here and not in the tool, because a client asks its user for more scopes only after HTTP 403.
    const operation = tools.operationCalledBy(body);
    if (operation !== undefined) requireScopes(caller, scopeOf(operation));
    return handle(authenticated, response, body);
  }
}

/** Passes the caller through the MCP SDK to the tool handlers, in `extra`. */
function authInfoOf(caller: Caller): AuthInfo {
  return { token: '', clientId: caller.subject, scopes: [...caller.scopes], extra: { caller } };
}

function parseBody(text: string): { readonly body: unknown } | { readonly problem: string } {
  try {
    return { body: parseRpcMessage(text) };
  } catch (error) {
    if (error instanceof JsonBoundsExceeded) return { problem: error.message };
    if (error instanceof SyntaxError) return { problem: 'is not JSON' };
    throw error;
  }
}

/** Sends a refusal as a JSON-RPC error. Its data have the members that `extensions` has in GraphQL. */
function sendRefusal(
  context: HttpRequestContext,
  { status, message, headers, code, details }: PresentedError,
): void {
  sendError(context, status, message, { headers, data: { code, ...details } });
}

/** Sends a JSON-RPC error. Its code is the outcome of the request in the log and the metrics. */
function sendError(
  { response, report }: HttpRequestContext,
  status: number,
  message: string,
  { headers = {}, rpcCode = -32_600, data, id = null }: ErrorOptions = {},
): void {
  report.outcome ??= data?.code ?? 'BAD_USER_INPUT';
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify({ jsonrpc: '2.0', id, error: { code: rpcCode, message, data } }));
}

interface ErrorOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** The JSON-RPC error code. @default -32600, an invalid request */
  readonly rpcCode?: number;
  /** The id of the message that is answered. @default null, if it is unknown */
  readonly id?: unknown;
  /** With the error code that all surfaces share, such as `UNAUTHENTICATED`. */
  readonly data?: { readonly code: string };
}
