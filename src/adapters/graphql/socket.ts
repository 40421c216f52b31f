import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { GraphQLError, type ExecutionArgs, type ExecutionResult, type parse as parseDocument } from 'graphql';
import { handleProtocols, makeServer } from 'graphql-ws';
import type { Logger } from 'pino';
import { WebSocketServer, type ServerOptions } from 'ws';
import type { Authenticator } from '../../access/authenticator.ts';
import { Unauthenticated } from '../../errors/gateway-errors.ts';
import { keepDigits } from '../../json/exact-json.ts';
import { connectionLimits as limits } from '../http/connection-limits.ts';
import type { Connections } from '../http/connections.ts';
import type { FinishedRequest } from '../http/listener.ts';
import { refusalOf } from '../http/refusal.ts';
import { currentReport } from '../observability/request-report.ts';
import { formatResult } from './format-result.ts';
import { documentFor, type PersistedOperations } from './persisted-operations.ts';
import type { RequestContext } from './request-context.ts';
import type { GraphqlServer } from './graphql-server.ts';
import { forgetParams } from './subscribed-request.ts';
import { SocketConnection, unauthorizedCode, type RunningOperation } from './socket-connection.ts';

export interface GraphqlSocketOptions {
  readonly graphql: GraphqlServer;
  readonly authenticator: Authenticator;
  readonly persisted?: PersistedOperations | undefined;
  /** Origins whose pages may connect, beside the gateway's own. */
  readonly corsOrigins: readonly string[];
  readonly connections: Connections;
  readonly log: Logger;
  /** Told of each operation when it is over. */
  readonly onRequest?: (request: FinishedRequest) => void;
}

export interface GraphqlSocket {
  /** Takes over a connection that asks for a WebSocket. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  close(): Promise<void>;
}

const maxMessageBytes = 64 * 1024;

/** Pieces of one message; of each, however small, the library keeps some hundred bytes. */
const maxFragments = 64;

/** How long to wait for the peer's close frame, in ms. */
const closeTimeoutMs = 5000;

type Extra = { readonly connection: SocketConnection };

/**
 * GraphQL over WebSocket, by the same rules as over HTTP. The access token comes in `connectionParams.authorization`,
 * or in the header where a program connects; when it is over, so is the connection.
 * @see https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
 */
export function graphqlSocket(options: GraphqlSocketOptions): GraphqlSocket {
  const { graphql, authenticator, persisted, corsOrigins, connections, log } = options;
  // Messages that come in together are handled one in each round of the event loop, so that others are not held up.
  // The types of ws do not have `closeTimeout` and `maxFragments` yet.
  const serverOptions: ServerOptions & { readonly closeTimeout: number; readonly maxFragments: number } = {
    noServer: true,
    maxPayload: maxMessageBytes,
    maxFragments,
    autoPong: false,
    allowSynchronousEvents: false,
    closeTimeout: closeTimeoutMs,
    handleProtocols,
  };
  const websockets = new WebSocketServer(serverOptions);
  const protocol = makeServer<Record<string, unknown>, Extra>({
    connectionInitWaitTimeout: limits.connectionInitMs,
    async onConnect(context) {
      const { connectionParams, extra } = context;
      const { connection } = extra;
      const given = connectionParams?.['authorization'] ?? connectionParams?.['Authorization'];
      // The library would keep them as long as the connection.
      Object.assign(context, { connectionParams: undefined });
      const { headers } = connection.request;
      try {
        const admission = await authenticator.authenticate({
          authorization: typeof given === 'string' ? given : headers.authorization,
          routerSecret: header(headers['x-router-secret']),
        });
        connection.letIn(admission);
      } catch (error) {
        const refusal = refusalOf(error);
        if (refusal === undefined) throw error;
        const code = error instanceof Unauthenticated ? unauthorizedCode : 4000 + refusal.status;
        connection.close(code, refusal.message);
        return false;
      }
      return true;
    },
    async onSubscribe({ extra: { connection } }, id, payload) {
      const { admission } = connection;
      if (admission === undefined) throw new TypeError('the connection has not come in by the authenticator');
      const { report, over } = connection.begin();
      report.caller = admission.caller.subject;
      const context: SocketContext = { admission, signal: over.signal, over, log, report };
      try {
        await authenticator.count(admission.caller);
        if (connection.isOverfull) return [tooManyOperations()];
        if (id.length > limits.operationIdLength) return [idTooLong()];
        const query = documentFor(persisted, payload as never, admission);
        const variableValues = payload.variables ?? null;
        const operationName = payload.operationName ?? null;
        const enveloped = graphql.getEnveloped({ ...context, params: { ...payload, query } } as never);
        const document = enveloped.parse(query) as ReturnType<typeof parseDocument>;
        const errors = enveloped.validate(enveloped.schema, document) as readonly GraphQLError[];
        if (errors.length > 0) return [...errors];
        forgetParams(payload);
        return {
          schema: enveloped.schema,
          document,
          operationName,
          variableValues,
          contextValue: await enveloped.contextFactory(),
          rootValue: enveloped,
        } as ExecutionArgs;
      } catch (error) {
        if (error instanceof GraphQLError) return [error];
        const refusal = refusalOf(error);
        if (refusal === undefined) throw error;
        return [new GraphQLError(refusal.message, { extensions: { code: refusal.code } })];
      }
    },
    execute: args => rootOf(args).execute(args),
    subscribe: async args => endingAtOnce(await rootOf(args).subscribe(args), args),
    // Amounts keep their digits, as in a request's body.
    jsonMessageReviver: keepDigits,
    onNext(_context, _id, _payload, _args, result) {
      noteOutcome((result as ExecutionResult).errors);
      return formatResult(result as ExecutionResult, log) as never;
    },
    onError(_context, _id, _payload, errors) {
      noteOutcome(errors as readonly GraphQLError[]);
      return (formatResult({ errors: errors as readonly GraphQLError[] }, log) as { errors: never }).errors;
    },
  });

  /** Leaves the line of an operation that is over, as requests leave theirs. */
  function tell({ report, startedAt }: RunningOperation): void {
    const ms = performance.now() - startedAt;
    const { caller, operation, leanCalls, outcome = 'ok' } = report;
    const line = {
      surface: 'graphql',
      socket: true,
      durationMs: Math.round(ms),
      caller,
      operation,
      leanCalls,
      outcome,
    };
    log.info(line, 'request');
    options.onRequest?.({ ...report, surface: 'graphql', outcome, seconds: ms / 1000 });
  }

  return {
    upgrade(request, socket, head) {
      if (!mayConnect(request, corsOrigins)) {
        // A peer that does not close its side would keep the socket half open.
        socket.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n', () => {
          socket.destroy();
        });
        return;
      }
      websockets.handleUpgrade(request, socket, head, websocket => {
        const connection = new SocketConnection({
          socket: websocket,
          request,
          connection: connections.of(socket),
          log,
          onOver: tell,
        });
        const closed = protocol.opened(connection, { connection });
        websocket.once('close', (code, reason) => {
          closed(code, reason.toString()).catch((error: unknown) => {
            log.error({ err: error }, 'unexpected error');
          });
        });
      });
    },
    async close() {
      for (const websocket of websockets.clients) websocket.close(1001, 'Going away');
      await new Promise<void>(resolve => {
        websockets.close(() => {
          resolve();
        });
      });
    },
  };
}

function tooManyOperations(): GraphQLError {
  return new GraphQLError(
    `This connection already runs ${String(limits.operations)} operations, the maximum. End some, or open another ` +
      'connection.',
    { extensions: { code: 'TOO_MANY_OPERATIONS' } },
  );
}

function idTooLong(): GraphQLError {
  return new GraphQLError(
    `The id of the operation is longer than ${String(limits.operationIdLength)} characters.`,
    { extensions: { code: 'BAD_USER_INPUT' } },
  );
}

/**
 * A subscription that ends when its subscriber says so: by itself it would hear of that only with the next update that
 * is for it, which may never come.
 */
function endingAtOnce(result: AsyncGenerator | ExecutionResult, { contextValue }: ExecutionArgs): never {
  if (!(Symbol.asyncIterator in result)) return result as never;
  const { over } = contextValue as SocketContext;
  const results = result[Symbol.asyncIterator]();
  return {
    next: () => results.next(),
    return: () => {
      over.abort();
      return results.return(undefined);
    },
    throw: (error: unknown) => results.throw(error),
    [Symbol.asyncIterator]() {
      return this;
    },
  } as never;
}

function noteOutcome(errors: readonly GraphQLError[] | undefined): void {
  const report = currentReport();
  const code = errors?.[0]?.extensions?.['code'];
  if (report !== undefined && code !== undefined) report.outcome ??= String(code);
}

interface SocketContext extends RequestContext {
  readonly over: AbortController;
}

interface Enveloped {
  execute(args: ExecutionArgs): never;
  subscribe(args: ExecutionArgs): Promise<AsyncGenerator | ExecutionResult>;
}

function rootOf({ rootValue }: ExecutionArgs): Enveloped {
  return rootValue as Enveloped;
}

/** Browsers ask nobody before a page of any origin connects: here it is asked whose page it is. */
function mayConnect({ headers }: IncomingMessage, corsOrigins: readonly string[]): boolean {
  const { origin, host } = headers;
  if (origin === undefined || corsOrigins.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}

function header(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.[0];
}
